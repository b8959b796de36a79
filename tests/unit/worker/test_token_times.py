"""When tokens are renewed and looked at: early, over weeks, and awake for each end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.tokens.token import Facts
from worker.tokens.times import LOOK_EVERY, WARN_AHEAD, moments_of, next_look, renewal

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_long_lived_one_is_renewed_from_its_18th_to_its_39th_day() -> None:
    facts = Facts(expires_at=NOW + 60 * DAY)

    found = [renewal(facts, since=NOW, now=NOW) for _ in range(500)]
    days = sorted((at - NOW) / DAY for at in found if at is not None)

    assert len(days) == 500
    assert 18 <= days[0] < 20
    assert 37 < days[-1] <= 39
    assert len({int(day / 7) for day in days}) >= 4, "no week has them all"


@pytest.mark.parametrize(
    ("facts", "since", "earliest", "latest"),
    [
        (Facts(never_ends=True), NOW, None, None),
        (Facts(expires_at=NOW + timedelta(hours=1)), NOW, NOW, NOW),
        (Facts(expires_at=NOW + 3 * DAY), NOW, NOW, NOW),
        (Facts(expires_at=NOW - DAY), NOW - 61 * DAY, NOW, NOW),
        (Facts(expires_at=NOW + 10 * DAY), NOW - 50 * DAY, NOW, NOW),
        (Facts(), None, NOW, NOW),
        (Facts(), NOW, NOW + DAY, NOW + 1.5 * DAY),
        (Facts(), NOW - 9 * DAY, NOW, NOW),
    ],
    ids=["no end", "an hour", "three days", "over", "late", "nothing known", "just stored", "stored long ago"],
)
def test_what_has_another_life_is_renewed_at_once_or_never(
    facts: Facts, since: datetime | None, earliest: datetime | None, latest: datetime | None
) -> None:
    for _ in range(20):
        at = renewal(facts, since=since, now=NOW)
        if earliest is None or latest is None:
            assert at is None
        else:
            assert at is not None
            assert earliest <= at <= latest


def test_it_is_looked_at_daily_and_the_moment_that_people_are_to_be_told() -> None:
    end = NOW + 20 * DAY
    moments = moments_of(Facts(expires_at=end, data_access_expires_at=end + 30 * DAY))

    assert sorted(moments) == [end - WARN_AHEAD, end, end + 30 * DAY - WARN_AHEAD, end + 30 * DAY]
    assert WARN_AHEAD == 14 * DAY
    assert all(0.75 * LOOK_EVERY <= next_look(now=NOW, moments=moments) - NOW <= 1.25 * LOOK_EVERY for _ in range(50))
    just_before = end - WARN_AHEAD - timedelta(hours=1)
    assert next_look(now=just_before, moments=moments) == end - WARN_AHEAD
    assert next_look(now=end - WARN_AHEAD, moments=[None, *moments]) > end - WARN_AHEAD
