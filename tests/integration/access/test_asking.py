"""Who asks over HTTP: a key, a cookie, or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Form
from sqlalchemy import text

from console import problems
from console.access.asking import COOKIE, asked_by, csrf_of
from models.access.session import begin_session, end_sessions
from operations.access import door, keys
from operations.access.door import DOOR
from operations.operation import OWNER, Asker, Context, Face, Scope
from pressrun import clock
from pressrun.network.trust import authorities
from tests.factories.rows import make_account
from tests.support.web import serve


@pytest.fixture
def http(ctx: Context) -> Iterator[httpx.Client]:
    """A console that says who asks."""
    app = FastAPI()
    problems.install(app)
    asked = Depends(asked_by(ctx))

    @app.api_route("/who", methods=["GET", "POST"])
    def who(asker: Asker = asked) -> dict[str, Any]:
        return {"name": asker.name, "face": asker.face, "scopes": sorted(asker.scopes), "session": asker.session_id}

    @app.post("/form")
    def form(caption: Annotated[str, Form()], asker: Asker = asked) -> str:
        return caption

    with serve(app) as url, httpx.Client(base_url=url, timeout=30, verify=authorities()) as client:
        yield client


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _sign_in(ctx: Context) -> str:
    with ctx.database.transaction() as tx:
        return begin_session(tx, None, way="link", agent=None, address=None, now=clock.now())


@pytest.mark.parametrize(
    "headers",
    [{}, _bearer("pr_wrong"), {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}, {"Cookie": f"{COOKIE}=x"}],
)
def test_nobody_is_told_how_to_say_who_they_are(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.get("/who", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="Pressrun"')
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_says_who_asks_until_it_is_revoked(ctx: Context, http: httpx.Client) -> None:
    made = keys.add(ctx, OWNER, "planner", scopes=["read", "publish"])

    assert made.key.startswith("pr_")
    answer = http.post("/who", headers=_bearer(made.key))
    assert answer.json() == {"name": "planner", "face": "api", "scopes": ["publish", "read"], "session": None}

    keys.revoke(ctx, OWNER, "planner")

    assert http.get("/who", headers=_bearer(made.key)).status_code == 401
    assert [one.state for one in keys.list_keys(ctx, OWNER, revoked=True)] == ["revoked"]


def test_of_a_key_only_its_digest_is_kept(ctx: Context) -> None:
    made = keys.add(ctx, OWNER, "planner", scopes=["read"])

    with ctx.database.transaction() as tx:
        rows = tx.execute(text("SELECT t::text FROM api_keys t UNION ALL SELECT t::text FROM audit t")).scalars().all()
    assert len(rows) == 2
    assert not any(made.key in row or made.key[10:] in row for row in rows)


def test_a_rotated_key_and_the_one_before_are_both_honoured_for_a_while(ctx: Context, http: httpx.Client) -> None:
    first = keys.add(ctx, OWNER, "planner", scopes=["read"])
    second = keys.rotate(ctx, OWNER, "planner", keep_old=timedelta(hours=1))

    assert [http.get("/who", headers=_bearer(one.key)).status_code for one in (first, second)] == [200, 200]

    third = keys.rotate(ctx, OWNER, "planner", keep_old=timedelta(0))

    statuses = [http.get("/who", headers=_bearer(one.key)).status_code for one in (first, second, third)]
    assert statuses == [401, 401, 200]


def test_an_expired_key_lets_nobody_in(ctx: Context, http: httpx.Client) -> None:
    made = keys.add(ctx, OWNER, "planner", scopes=["read"], expires_at=clock.now() + timedelta(hours=1))
    with ctx.database.transaction() as tx:
        tx.execute(text("UPDATE api_keys SET expires_at = now() - interval '1 second'"))

    assert http.get("/who", headers=_bearer(made.key)).status_code == 401
    assert [one.state for one in keys.list_keys(ctx, OWNER)] == ["expired"]


def test_a_key_for_accounts_that_went_sees_nothing_rather_than_all(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account_id = make_account(tx, name="bakery").id
    made = keys.add(ctx, OWNER, "agency", scopes=["read"], accounts=["bakery"])

    found = door.by_key(ctx, DOOR, made.key)
    assert found is not None
    assert (found.accounts, found.scopes, found.face) == (frozenset({account_id}), frozenset({Scope.READ}), Face.API)

    with ctx.database.transaction() as tx:
        tx.execute(text("DELETE FROM grants"))

    found = door.by_key(ctx, DOOR, made.key)
    assert found is not None
    assert found.accounts == frozenset()


def test_the_use_of_a_key_is_noted(ctx: Context) -> None:
    made = keys.add(ctx, OWNER, "planner", scopes=["read"])
    assert [one.last_used_at for one in keys.list_keys(ctx, OWNER)] == [None]

    door.by_key(ctx, DOOR, made.key)

    assert all(one.last_used_at is not None for one in keys.list_keys(ctx, OWNER))


def test_a_cookie_reads_and_changes_only_with_the_token_of_a_page(ctx: Context, http: httpx.Client) -> None:
    cookie = _sign_in(ctx)
    http.cookies.set(COOKIE, cookie)
    token = csrf_of(cookie)

    assert http.get("/who").json()["name"] == "owner"
    assert http.post("/who").status_code == 403
    assert http.post("/who", headers={"X-CSRF-Token": csrf_of("another")}).status_code == 403
    assert http.post("/who", headers={"X-CSRF-Token": token}).json()["face"] == "page"
    assert http.post("/form", data={"caption": "hi"}).status_code == 403
    assert http.post("/form", data={"caption": "hi", "csrf_token": token}).json() == "hi"
    assert http.post("/form", files={"x": b"y"}, data={"caption": "hi", "csrf_token": token}).json() == "hi"


def test_a_session_that_was_ended_lets_nobody_in(ctx: Context, http: httpx.Client) -> None:
    cookie = _sign_in(ctx)
    http.cookies.set(COOKIE, cookie)
    asker = door.by_cookie(ctx, DOOR, cookie)
    assert asker is not None
    assert door.held(ctx, DOOR, [asker, OWNER]) == {asker}

    with ctx.database.transaction() as tx:
        end_sessions(tx, now=clock.now(), session_id=asker.session_id)

    assert http.get("/who").status_code == 401
    assert door.held(ctx, DOOR, [asker]) == set()
