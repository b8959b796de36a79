"""Containers: one live one per part, every creation counted, whatever became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.accounts.account import Account
from models.posts.part import drop_parts, parts_of
from models.posts.post import Post
from models.publishing.container import (
    CAP,
    CAP_WINDOW,
    Container,
    container_budget,
    containers_created,
    drop_container,
    drop_containers,
    live_containers,
)
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_container, make_post

NOW = clock.now().replace(microsecond=0)


def _post(database: Database, **over: Any) -> tuple[Account, Post]:
    with database.transaction() as tx:
        account = make_account(tx)
        return account, make_post(tx, account, **over)


def _dropped(database: Database, container_id: int) -> tuple[Any, Any]:
    with database.transaction() as tx:
        found = tx.get_one(Container, container_id)
        return found.dropped_at, found.drop_reason


class TestLive:
    def test_a_part_has_one_at_most(self, shared: Database) -> None:
        account, post = _post(shared)
        with shared.transaction() as tx:
            make_container(tx, first_part(tx, post), account)

        with pytest.raises(IntegrityError, match="uq_containers_live"), shared.transaction() as tx:
            make_container(tx, first_part(tx, post), account)

    def test_a_dropped_one_makes_room_and_stays_as_history(self, shared: Database) -> None:
        account, post = _post(shared)
        with shared.transaction() as tx:
            part = first_part(tx, post)
            old = make_container(tx, part, account)
            drop_container(tx, old.id, reason="stuck", now=NOW)
            new = make_container(tx, part, account)

        with shared.transaction() as tx:
            assert {part_id: one.id for part_id, one in live_containers(tx, post.id).items()} == {part.id: new.id}
            assert containers_created(tx, part.id) == 2
        assert _dropped(shared, old.id) == (NOW, "stuck")

    def test_why_one_was_dropped_first_stands(self, shared: Database) -> None:
        account, post = _post(shared)
        with shared.transaction() as tx:
            container = make_container(tx, first_part(tx, post), account)
            drop_container(tx, container.id, reason="first", now=NOW)
            drop_container(tx, container.id, reason="second", now=NOW + timedelta(hours=1))

        assert _dropped(shared, container.id) == (NOW, "first")

    def test_each_part_of_a_post_has_its_own(self, shared: Database) -> None:
        account, post = _post(shared, parts=3)
        with shared.transaction() as tx:
            parts = parts_of(tx, post.id)
            made = {part.id: make_container(tx, part, account).id for part in parts[:2]}

        with shared.transaction() as tx:
            assert {part_id: one.id for part_id, one in live_containers(tx, post.id).items()} == made

    def test_dropping_all_of_a_post_leaves_what_has_gone_out(self, shared: Database) -> None:
        account, post = _post(shared, parts=2)
        _, other = _post(shared)
        with shared.transaction() as tx:
            gone, waiting = parts_of(tx, post.id)
            gone.media_id = f"media-{post.id}"
            kept, dropped = (make_container(tx, part, account).id for part in (gone, waiting))
            foreign = make_container(tx, first_part(tx, other), account).id
            drop_containers(tx, post.id, reason="edited", now=NOW)

        assert [_dropped(shared, one)[1] for one in (kept, dropped, foreign)] == [None, "edited", None]

    def test_those_of_parts_that_an_edit_replaced_are_not_live(self, shared: Database) -> None:
        account, post = _post(shared)
        with shared.transaction() as tx:
            make_container(tx, first_part(tx, post), account)
            drop_parts(tx, post.id, now=NOW)

        with shared.transaction() as tx:
            assert live_containers(tx, post.id) == {}
            assert parts_of(tx, post.id) == []


class TestBudget:
    def _fill(self, database: Database, account: Account, post: Post, count: int, age: timedelta) -> None:
        with database.transaction() as tx:
            tx.execute(
                text("""
                    INSERT INTO containers (part_id, account_id, created_at, dropped_at)
                    SELECT :part, :account, CAST(:at AS timestamptz) + n * interval '1 millisecond', now()
                      FROM generate_series(0, :count - 1) n
                """),
                {"part": first_part(tx, post).id, "account": account.id, "at": NOW - age, "count": count},
            )

    def test_every_creation_of_the_last_day_counts_dropped_or_not(self, shared: Database) -> None:
        account, post = _post(shared)
        self._fill(shared, account, post, 5, CAP_WINDOW)  # the first of them has just left
        with shared.transaction() as tx:
            make_container(tx, first_part(tx, post), account, created_at=NOW)
            make_container(tx, first_part(tx, _post(shared)[1]), make_account(tx), created_at=NOW)

        with shared.transaction() as tx:
            assert container_budget(tx, account.id, now=NOW) == (CAP - 5, None)

    def test_a_used_up_one_says_when_its_next_place_frees(self, shared: Database) -> None:
        account, post = _post(shared)
        self._fill(shared, account, post, CAP, timedelta(hours=20))

        with shared.transaction() as tx:
            assert container_budget(tx, account.id, now=NOW) == (0, NOW + timedelta(hours=4))
            assert container_budget(tx, account.id, now=NOW + timedelta(hours=4)) == (1, None)

    def test_one_that_is_overdrawn_has_nothing_left(self, shared: Database) -> None:
        account, post = _post(shared)
        self._fill(shared, account, post, CAP + 3, timedelta(hours=20))

        with shared.transaction() as tx:
            assert container_budget(tx, account.id, now=NOW)[0] == 0
