"""What harvests remember of media: kept beside what was learned before, and forgotten in time."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from models.accounts.account import Account
from models.harvests.media_state import MediaState, Told, keep_states
from models.history.media import SeenMedia, see_media
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account
from tests.integration.models.racing import race
from worker.harvests.kinds.known import known_media, not_on_facebook

NOW = clock.now().replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def account(shared: Database) -> Account:
    with shared.transaction() as tx:
        return make_account(tx)


def see(database: Database, account: Account, count: int = 1) -> list[int]:
    with database.transaction() as tx:
        return list(see_media(tx, account.id, [SeenMedia(str(one)) for one in range(count)], now=NOW).values())


def keep(database: Database, told: dict[int, Told]) -> None:
    with database.transaction() as tx:
        keep_states(tx, told)


def test_what_is_not_told_stays_and_what_is_told_to_be_nothing_is_nothing(shared: Database, account: Account) -> None:
    first, second = see(shared, account, 2)
    keep(shared, {first: {"read_at": NOW, "gone_at": NOW, "has_no_insights": True}, second: {}})
    keep(shared, {first: {"gone_at": None, "comments_told": 3, "comments_after": "QVF"}})

    with shared.transaction() as tx:
        state = tx.get_one(MediaState, first)
        assert (state.read_at, state.gone_at, state.has_no_insights) == (NOW, None, True)
        assert (state.comments_told, state.comments_after, state.not_on_facebook) == (3, "QVF", None)
        assert tx.get(MediaState, second) is None


def test_metrics_that_were_refused_keep_when_they_are_asked_for_again(shared: Database, account: Account) -> None:
    [media_id] = see(shared, account)
    keep(shared, {media_id: {"not_on_facebook": not_on_facebook({"facebook_views": NOW})}})

    with shared.transaction() as tx:
        assert known_media(tx, account.id)["0"].not_on_facebook == {"facebook_views": NOW}
        keep_states(tx, {media_id: {"not_on_facebook": None}})
        assert known_media(tx, account.id)["0"].not_on_facebook == {}


def test_those_who_keep_the_same_states_at_once_wait_for_each_other_in_no_ring(
    shared: Database, account: Account
) -> None:
    ids = see(shared, account, 40)
    ways: list[dict[int, Told]] = [
        {one: {"read_at": NOW} for one in ids},
        {one: {"own_read_at": NOW} for one in reversed(ids)},
        {one: {"gone_at": NOW} if one % 2 else {"unlisted_at": NOW} for one in ids},
    ]

    race([partial(keep, shared, way) for way in ways * 3])

    with shared.transaction() as tx:
        states = [tx.get_one(MediaState, one) for one in ids]
    assert all(one.read_at == one.own_read_at == NOW for one in states)
    assert all((one.gone_at or one.unlisted_at) == NOW for one in states)
