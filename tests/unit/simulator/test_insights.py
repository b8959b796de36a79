"""Insights of accounts: rules, shapes, growth and restatement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pressrun.clock import now
from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id

TOTALS = (
    "reach,views,accounts_engaged,total_interactions,likes,comments,saves,shares,replies,reposts,"
    "follows_and_unfollows,profile_links_taps"
)
DAY = 86_400


def _ask(sim: Sim, account: int = 0, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sim.get(f"/{ig_id(account)}/insights", as_account=account, **params)["data"]
    return rows


def _days_ago(days: float) -> int:
    return int((now() - timedelta(days=days)).timestamp())


@pytest.mark.parametrize("account", [0, INSTAGRAM])
def test_all_totals_of_an_account(shared: Sim, account: int) -> None:
    rows = _ask(shared, account, metric=TOTALS, period="day", metric_type="total_value", since=_days_ago(7))

    assert [row["name"] for row in rows] == TOTALS.split(",")
    for row in rows:
        assert row["period"] == "day"
        assert row["id"] == f"{ig_id(account)}/insights/{row['name']}/day"
        assert isinstance(row["total_value"]["value"], int)


def test_days_end_at_pacific_midnight(sim: Sim) -> None:
    found = sim.get(f"/{ig_id(0)}/insights", metric="reach,follower_count", period="day", since=_days_ago(20))

    for row in found["data"]:
        assert 17 <= len(row["values"]) <= 20
        for value in row["values"]:
            end = datetime.strptime(value["end_time"], "%Y-%m-%dT%H:%M:%S%z")
            assert (end.astimezone(UTC).hour, end.minute, end.second) in {(7, 0, 0), (8, 0, 0)}
    assert set(found["paging"]) == {"previous", "next"}


def test_the_running_day_is_the_same_whether_asked_up_to_now_or_further(sim: Sim) -> None:
    today = now().astimezone(ZoneInfo("America/Los_Angeles")).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = (today + timedelta(days=1)).astimezone(UTC)
    sim.advance((midnight + timedelta(hours=15, minutes=7) - now()).total_seconds())
    since = int(midnight.timestamp())

    told = [
        _ask(sim, metric=TOTALS, period="day", metric_type="total_value", since=since, until=since + seconds)
        for seconds in (15 * 3600, 15 * 3600 + 300, 16 * 3600, DAY)
    ]

    assert told[0][0]["total_value"]["value"] > 0
    assert all(rows == told[0] for rows in told)


@pytest.mark.parametrize("period", ["week", "days_28"])
def test_reach_over_longer_periods(shared: Sim, period: str) -> None:
    day = _ask(shared, metric="reach", period="day", since=_days_ago(9))[0]["values"][0]["value"]
    longer = _ask(shared, metric="reach", period=period, since=_days_ago(9))[0]["values"][0]["value"]

    assert longer > day


@pytest.mark.parametrize("breakdown", ["media_product_type", "follow_type", "follower_type"])
def test_a_breakdown_adds_up(shared: Sim, breakdown: str) -> None:
    (row,) = _ask(shared, metric="views", period="day", metric_type="total_value", breakdown=breakdown)

    total = row["total_value"]
    assert total["breakdowns"][0]["dimension_keys"] == [breakdown]
    assert sum(result["value"] for result in total["breakdowns"][0]["results"]) == total["value"]


@pytest.mark.parametrize("breakdown", ["age", "city", "country", "gender", "age,gender"])
@pytest.mark.parametrize("metric", ["follower_demographics", "engaged_audience_demographics"])
def test_demographics_have_at_most_45_rows(shared: Sim, metric: str, breakdown: str) -> None:
    (row,) = _ask(
        shared, metric=metric, period="lifetime", metric_type="total_value", breakdown=breakdown, timeframe="this_month"
    )

    (part,) = row["total_value"]["breakdowns"]
    assert part["dimension_keys"] == breakdown.split(",")
    assert 0 < len(part["results"]) <= 45
    assert all(len(result["dimension_values"]) == len(breakdown.split(",")) for result in part["results"])


def test_online_followers_are_a_map_of_hours(sim: Sim) -> None:
    (row,) = _ask(sim, metric="online_followers", period="lifetime", since=_days_ago(5))

    assert set(row["values"][0]["value"]) == {str(hour) for hour in range(24)}


@pytest.mark.parametrize(
    ("params", "expected", "status"),
    [
        ({"period": "day"}, (100, None), 400),
        ({"metric": "reach"}, (100, None), 400),
        ({"metric": "impressions", "period": "day"}, (100, None), 400),
        ({"metric": "reach,profile_views", "period": "day"}, (100, None), 400),
        ({"metric": "views", "period": "day"}, (100, None), 400),
        ({"metric": "views", "period": "day", "metric_type": "time_series"}, (100, None), 400),
        ({"metric": "follower_count", "period": "day", "metric_type": "total_value"}, (100, None), 400),
        ({"metric": "reach", "period": "month"}, (100, None), 400),
        ({"metric": "views", "period": "week", "metric_type": "total_value"}, (100, None), 400),
        ({"metric": "reach", "period": "day", "metric_type": "average"}, (100, None), 400),
        ({"metric": "reach", "period": "day", "since": "1000000", "until": "9000000"}, (100, None), 400),
        (
            {"metric": "likes", "period": "day", "metric_type": "total_value", "breakdown": "follow_type"},
            (1, None),
            500,
        ),
        ({"metric": "reach", "period": "day", "breakdown": "follow_type"}, (1, None), 500),
        (
            {
                "metric": "engaged_audience_demographics",
                "period": "lifetime",
                "metric_type": "total_value",
                "breakdown": "age",
                "timeframe": "last_30_days",
            },
            (100, None),
            400,
        ),
    ],
)
def test_what_does_not_fit_fails_the_whole_call(
    shared: Sim, params: dict[str, Any], expected: tuple[int, int | None], status: int
) -> None:
    assert shared.refused("GET", f"/{ig_id(0)}/insights", status=status, **params) == expected


def test_thirty_days_are_the_longest_range(shared: Sim) -> None:
    until = _days_ago(0)
    ask: dict[str, Any] = {"metric": "reach", "period": "day", "until": until}

    assert shared.get(f"/{ig_id(0)}/insights", **ask, since=until - 30 * DAY)["data"]
    assert shared.refused("GET", f"/{ig_id(0)}/insights", **ask, since=until - 30 * DAY - 1) == (100, None)


def test_the_timeframe_can_be_required(simulate: Callable[..., Sim]) -> None:
    sim = simulate(readings={"audience_timeframe": "required"})
    ask: dict[str, Any] = {
        "metric": "follower_demographics",
        "period": "lifetime",
        "metric_type": "total_value",
        "breakdown": "age",
    }

    assert sim.refused("GET", f"/{ig_id(0)}/insights", **ask) == (100, None)


def test_small_accounts_get_no_data_instead_of_zero(sim: Sim) -> None:
    sim.control("POST", "account", account=0, followers=99)
    ask: dict[str, Any] = {"metric_type": "total_value", "breakdown": "age"}

    assert _ask(sim, metric="follower_demographics", period="lifetime", **ask) == []
    assert _ask(sim, metric="online_followers", period="lifetime") == []
    assert _ask(sim, metric="follower_count", period="day", since=_days_ago(3)) == []
    assert _ask(sim, metric="follows_and_unfollows", period="day", metric_type="total_value", since=_days_ago(3)) == []
    assert _ask(sim, metric="reach", period="day", since=_days_ago(3))


def test_what_is_older_than_ninety_days_is_gone(sim: Sim) -> None:
    assert _ask(sim, metric="reach", period="day", since=_days_ago(120), until=_days_ago(100)) == []


def test_a_day_is_restated_for_48_hours_and_then_stands_still(sim: Sim) -> None:
    def values() -> dict[str, int]:
        since, until = _days_ago(3), _days_ago(0)
        (row,) = _ask(sim, metric="reach", period="day", since=since, until=until)
        return {value["end_time"]: value["value"] for value in row["values"]}

    seen = []
    for _ in range(8):
        seen.append(values())
        sim.advance(9 * 3600)
    newest = max(seen[-1])
    assert len({day[newest] for day in seen if newest in day}) > 1, "the youngest day never changed"
    sim.advance(3 * DAY)
    settled = values()
    sim.advance(10 * DAY)
    assert values() == settled


def test_the_fields_of_an_insight_can_be_chosen(shared: Sim) -> None:
    ask: dict[str, Any] = {"metric": "reach", "period": "day", "since": _days_ago(9)}
    (whole,) = _ask(shared, **ask)

    (row,) = _ask(shared, **ask, fields="name,values")

    assert row == {name: whole[name] for name in ("name", "values", "id")}
    assert shared.refused("GET", f"/{ig_id(0)}/insights", **ask, fields="name,unheard_of") == (100, None)


def test_totals_have_no_paging(shared: Sim) -> None:
    ask = {"metric": "views", "period": "day", "metric_type": "total_value"}

    assert set(shared.get(f"/{ig_id(0)}/insights", **ask)) == {"data"}


def test_a_day_is_told_only_some_time_after_its_end_and_at_most_48_hours_later(sim: Sim) -> None:
    pacific = ZoneInfo("America/Los_Angeles")
    at_once = []
    for _ in range(5):
        today = datetime.fromtimestamp(sim.control("GET", "clock")["seconds"], pacific).date()
        end = datetime.combine(today + timedelta(days=1), time(), pacific).timestamp()
        sim.advance(end + 5 - sim.control("GET", "clock")["seconds"])
        at_once.append(bool(_ask(sim, metric="reach", period="day", since=int(end) - 1, until=int(end))))

    assert not all(at_once)
    sim.advance(48 * 3600)
    assert _ask(sim, metric="reach", period="day", since=int(end) - 1, until=int(end))


def test_two_runs_of_the_same_seed_agree(simulate: Callable[..., Sim]) -> None:
    ask: dict[str, Any] = {
        "metric": "views",
        "period": "day",
        "metric_type": "total_value",
        "since": _days_ago(9),
        "until": _days_ago(5),
    }
    first, second, other = simulate(seed=7), simulate(seed=7), simulate(seed=8)

    assert _ask(first, **ask) == _ask(second, **ask)
    assert _ask(first, **ask) != _ask(other, **ask)


def test_by_one_reading_days_end_where_the_account_lives(sim: Sim) -> None:
    sim.control("POST", "account", account=0, timezone="Asia/Tokyo")
    sim.control("POST", "readings", insight_day="account")

    (row,) = _ask(sim, metric="reach", period="day", since=_days_ago(20))

    ends = [datetime.strptime(value["end_time"], "%Y-%m-%dT%H:%M:%S%z") for value in row["values"]]
    assert len(ends) >= 17
    assert {end.astimezone(UTC).time() for end in ends} == {time(15, 0)}
    assert sim.http.post("/_sim/account", json={"account": 0, "timezone": "Mars/Base"}).status_code == 400
