"""Instagram restates, delays, refuses metrics and leaves numbers out, round after round, by a seed.

After every round the history, asked as of each earlier moment in plain SQL, says exactly what had been told by then:
every number that was allowed is there, none is invented, none was overwritten. A slot that is run again adds nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from models.harvests.harvest import HarvestKind
from models.store.session import Database
from pressrun import clock
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import advance, publish
from tests.integration.harvest.moody import Book, Moody
from tests.support.simulator import Simulator

ROUNDS = 6
KINDS = (HarvestKind.ACCOUNT, HarvestKind.MEDIA)
MEDIA_COLUMNS = {
    "reach": "reach",
    "views": "views",
    "likes": "likes",
    "comments": "comments",
    "saved": "saved",
    "shares": "shares",
    "reposts": "reposts",
    "total_interactions": "total_interactions",
    "follows": "follows",
    "profile_visits": "profile_visits",
    "ig_reels_avg_watch_time": "avg_watch_time_ms",
    "ig_reels_video_view_total_time": "total_watch_time_ms",
}
MAY_BE_REFUSED = ("saves", "replies", "profile_links_taps", "views", "reposts", "saved", "follows", "total_likes")


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator]) -> Simulator:
    return simulator_factory(accounts=1, seed=11, quota_total=100, **STILL)


def moody(simulator: Simulator, seed: int) -> Iterator[Moody]:
    server = Moody(simulator.url, seed)
    yield server
    server.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_history_is_what_was_told_at_every_moment(database: Database, simulator: Simulator, seed: int) -> None:
    dice = random.Random(seed)
    publish(simulator, 0, count=30)
    for between in moody(simulator, seed):
        field = Field(database, settings_for(between.url), simulator)
        account = field.account(0)
        known: list[tuple[datetime, Book]] = []
        refused_ever: set[str] = set()
        for mood in range(ROUNDS):
            between.mood, between.asked = mood, set()
            between.refused = {dice.choice(MAY_BE_REFUSED)} if mood % 2 else set()
            refused_ever |= between.refused
            advance(field, hours=dice.uniform(0.5, 20))
            field.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
            for kind in KINDS:
                field.harvest(kind, account)
                stored = settled(field)
                field.repeat_slot(kind, account)
                assert field.harvest(kind, account).status in {"done", "partial"}
                assert settled(field) == stored  # that slot again adds nothing
            known.append((clock.now(), dict(between.told)))
            assert {"reach", "likes", "shares", "total_interactions", "accounts_engaged"} <= between.asked
            assert {*MAY_BE_REFUSED[:5]} - refused_ever <= between.asked  # what is allowed goes on being read

        for at, book in known:
            assert account_as_of(field, at) == {key[1:]: value for key, value in book.items() if key[0] == "account"}
            assert media_as_of(field, at) == {
                (key[1], MEDIA_COLUMNS[key[2]]): value
                for key, value in book.items()
                if key[0] == "media" and key[2] in MEDIA_COLUMNS
            }
        assert known[0][1] != known[-1][1]
        assert restated(field) > 20
        field.transport.close()


def settled(field: Field) -> dict[str, int]:
    """The rows of the history; the day that is running is another one a second later."""
    closed = "SELECT count(*) FROM account_observations WHERE period_end <= now()"
    return field.history() | {"account_observations": int(field.value(closed))}


def account_as_of(field: Field, at: datetime) -> dict[tuple[str, ...], int]:
    rows = field.rows(
        """
        SELECT DISTINCT ON (metric, breakdown, period_end) metric, breakdown, period_end, value
          FROM account_observations WHERE period = 'day' AND captured_at <= :at
         ORDER BY metric, breakdown, period_end, captured_at DESC
        """,
        at=at,
    )
    return {(row.metric, row.breakdown, row.period_end.astimezone(UTC).isoformat()): int(row.value) for row in rows}


def media_as_of(field: Field, at: datetime) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for column in MEDIA_COLUMNS.values():
        rows = field.rows(
            f"""
            SELECT DISTINCT ON (s.media_id) m.ig_id, s.{column} AS value
              FROM media_snapshots s JOIN media m ON m.id = s.media_id
             WHERE s.captured_at <= :at AND s.{column} IS NOT NULL
             ORDER BY s.media_id, s.captured_at DESC
            """,  # noqa: S608
            at=at,
        )
        found |= {(row.ig_id, column): row.value for row in rows}
    return found


def restated(field: Field) -> int:
    """Days of which more than one value is known."""
    return int(
        field.value(
            """
            SELECT count(*) FROM (
                SELECT FROM account_observations WHERE period = 'day'
                 GROUP BY account_id, metric, breakdown, period_end HAVING count(*) > 1) r
            """
        )
    )
