"""What the database refuses and is no error of ours: it is told to whoever asked, by all faces alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg.errors
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.access.key import add_key
from models.access.user import User
from models.telling.endpoint import Way, add_endpoint
from operations.access import keys, users
from operations.accounts import standing
from operations.operation import OWNER, Context
from operations.posts import posts
from operations.refusals import Contended, told_as
from operations.upkeep import notices
from pressrun.errors import Invalid, PressrunError
from tests.support.beside import under_way


def _take_user(tx: Session) -> None:
    tx.add(User(name="race", role="viewer", created_by="ana"))
    tx.flush()


ADDRESS = "https://1.1.1.1/race"
NAMES: dict[str, tuple[Callable[[Session, Context], object], Callable[[Context], object]]] = {
    "key": (
        lambda tx, _: add_key(tx, "race", ["read"], is_limited=False, created_by="ana", expires_at=None),
        lambda ctx: keys.add(ctx, OWNER, "race", scopes=["read"]),
    ),
    "user": (
        lambda tx, _: _take_user(tx),
        lambda ctx: users.invite(ctx, OWNER, "race", role="viewer"),
    ),
    "endpoint": (
        lambda tx, ctx: add_endpoint(tx, "race", Way.WEBHOOK, ADDRESS, ADDRESS, ctx.vault()),
        lambda ctx: notices.add(ctx, OWNER, webhook_url=ADDRESS, name="race"),
    ),
}


@pytest.mark.parametrize("taken", NAMES)
def test_whoever_is_a_moment_late_with_a_name_is_told_so(
    ctx: Context, taken: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They have looked for it before the other one's commit: only the constraint tells them, once it has waited."""
    take, ask = NAMES[taken]

    with ThreadPoolExecutor(1) as pool:
        with ctx.database.transaction() as tx:
            take(tx, ctx)
            late = under_way(pool, ctx.database, lambda: ask(ctx))
            assert not late.done()
        with pytest.raises(Contended, match="try again"):
            late.result()
    assert "operation.refused_by_database" in caplog.text


@pytest.mark.parametrize("ask", [posts.show, standing.show], ids=["a post", "an account"])
def test_a_text_that_no_text_can_be_is_told_as_such(ctx: Context, ask: Callable[..., object]) -> None:
    with pytest.raises(Invalid, match="no text") as told:
        ask(ctx, OWNER, "bread\0")

    assert told.value.type == "request.invalid"


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (psycopg.errors.UniqueViolation, Contended),
        (psycopg.errors.DeadlockDetected, Contended),
        (psycopg.errors.LockNotAvailable, Contended),
        (psycopg.errors.SerializationFailure, Contended),
        (psycopg.errors.NotNullViolation, None),
        (psycopg.errors.CheckViolation, None),
        (psycopg.errors.NumericValueOutOfRange, None),
        (psycopg.errors.AdminShutdown, None),
        (psycopg.OperationalError, None),
    ],
)
def test_what_the_database_refuses_for_another_reason_is_not_taken_for_that(
    problem: type[psycopg.Error], told: type[PressrunError] | None
) -> None:
    found = told_as(DBAPIError("", {}, problem("told by the server")))

    assert (found and type(found)) is told
