"""Who asks for the same file, and who moves what needs it: no need is lost, and nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.posts.conversion import Conversion, ask
from models.posts.need import need_by
from models.store.session import Database
from tests.factories.rows import make_account, make_conversion, make_post
from tests.support.beside import under_way

EARLY = datetime(2026, 7, 1, 9, tzinfo=UTC)
MIDDLE = EARLY + timedelta(hours=1)
LATE = EARLY + timedelta(days=1)


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def needing(tx: Session, *conversions: Conversion, at: datetime) -> int:
    """A post that needs these."""
    account = make_account(tx)
    post = make_post(tx, account, parts=len(conversions), publish_at=at)
    for position, one in enumerate(conversions):
        told = {"id": one.id, "post": post.id, "position": position}
        tx.execute(text("UPDATE parts SET conversion_id = :id WHERE post_id = :post AND position = :position"), told)
    return post.id


def needed_at(database: Database, conversion_id: int) -> datetime:
    with database.transaction() as tx:
        return tx.get_one(Conversion, conversion_id).needed_at


def started(pool: ThreadPoolExecutor, database: Database, change: Callable[[Session], object]) -> Future[None]:
    """The change under way in a transaction of its own, where it waits for a lock."""

    def make() -> None:
        with database.transaction() as tx:
            change(tx)

    return under_way(pool, database, make)


def test_of_two_that_move_posts_of_one_file_neither_forgets_the_other(
    loose: Database, beside: ThreadPoolExecutor
) -> None:
    with loose.transaction() as tx:
        file = make_conversion(tx, make_account(tx), needed_at=MIDDLE)
        first, second = (needing(tx, file, at=MIDDLE) for _ in range(2))

    with loose.transaction() as tx:
        need_by(tx, {second: EARLY})
        tx.execute(text("UPDATE posts SET publish_at = :at WHERE id = :id"), {"id": second, "at": EARLY})
        other = started(beside, loose, lambda other: need_by(other, {first: LATE}))
        assert not other.done()
    other.result(20)

    assert needed_at(loose, file.id) == EARLY


def test_a_file_that_is_put_off_while_somebody_asks_for_it_is_made_in_time_for_both(
    loose: Database, beside: ThreadPoolExecutor
) -> None:
    with loose.transaction() as tx:
        file = make_conversion(tx, make_account(tx), needed_at=EARLY)
        post = needing(tx, file, at=EARLY)

    with loose.transaction() as tx:
        need_by(tx, {post: LATE})
        other = started(beside, loose, lambda other: asked(other, file, at=MIDDLE))
        assert not other.done()
    other.result(20)

    assert needed_at(loose, file.id) == MIDDLE


def asked(tx: Session, file: Conversion, *, at: datetime) -> Conversion:
    key = {"source_sha256": file.source_sha256, "recipe_key": file.recipe_key}
    return ask(tx, **key, recipe="{}", asked_by=file.asked_by, now=EARLY, needed_at=at)


def test_those_who_ask_for_a_file_that_is_needed_sooner_do_not_wait_for_each_other(loose: Database) -> None:
    with loose.transaction() as tx:
        file = make_conversion(tx, make_account(tx), needed_at=EARLY)

    with loose.transaction() as tx, ThreadPoolExecutor(1) as pool:
        asked(tx, file, at=MIDDLE)
        other = started(pool, loose, lambda other: asked(other, file, at=LATE))
        assert other.done(), "it waits"
        other.result()

    assert needed_at(loose, file.id) == EARLY


def test_who_asks_sooner_moves_it_up(loose: Database) -> None:
    with loose.transaction() as tx:
        file = make_conversion(tx, make_account(tx), needed_at=LATE)
    with loose.transaction() as tx:
        assert asked(tx, file, at=EARLY).needed_at == EARLY


def test_files_are_locked_in_the_order_in_which_they_are_asked_for(loose: Database, beside: ThreadPoolExecutor) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        last, first = (make_conversion(tx, account, source_sha256=digest * 64) for digest in "ba")
        posts = [needing(tx, one, at=EARLY) for one in (last, first)]

    with loose.transaction() as tx:
        hold = text("SELECT FROM conversions WHERE id = :id FOR UPDATE NOWAIT")
        tx.execute(hold, {"id": first.id})
        other = started(beside, loose, lambda other: need_by(other, dict.fromkeys(posts, LATE)))
        assert not other.done()
        tx.execute(hold, {"id": last.id})
    other.result(20)

    assert [needed_at(loose, one.id) for one in (first, last)] == [LATE, LATE]
