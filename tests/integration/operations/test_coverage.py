"""What is missing of the history, as people and machines ask for it, and as `doctor` tells of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from models.harvests.coverage import DayRead, note_day
from operations.history.coverage import LACKING, State, parse_day, parse_state, show
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from operations.upkeep.system import examine
from pressrun import clock
from pressrun.errors import Invalid, Unknown, UsageError
from pressrun.finding import Finding
from pressrun.instagram.pacific import Day, days
from tests.factories.rows import make_account, make_harvest

DAY = timedelta(days=1)


@pytest.fixture
def span() -> list[Day]:
    """Twelve days that have ended, and the running one: of this moment, since a suite may see Pacific midnight."""
    return days(clock.now(), closed=12)


@pytest.fixture
def standing(ctx: Context, span: list[Day]) -> Context:
    """Two accounts of ten days; of `bakery` all but two days are read, of `studio` nothing ever was."""
    with ctx.database.transaction() as tx:
        for name in ("bakery", "studio"):
            account = make_account(tx, name=name, created_at=clock.now() - 10 * DAY)
            for kind in ("account", "profile"):
                make_harvest(tx, account, kind=kind)
            if name == "bakery":
                for day in (*span[:-6], *span[-4:-1]):
                    note_day(tx, account.id, DayRead(day, 0), read_at=day.until + 50 * timedelta(hours=1))
    return ctx


def test_what_is_missing_is_named_with_its_state_and_why(standing: Context, span: list[Day]) -> None:
    found = show(standing, OWNER, "bakery", kind="account")

    assert [(one.account, one.kind, one.day, one.state) for one in found] == [
        ("bakery", "account", span[-6].on, "missed"),
        ("bakery", "account", span[-5].on, "missed"),
        ("bakery", "account", span[-1].on, "missed"),
    ]
    assert all("Instagram tells it until" in (one.why or "") for one in found)


def test_all_states_and_all_accounts_are_there_on_request(standing: Context, span: list[Day]) -> None:
    everything = show(standing, OWNER, everything=True, since=span[-6].on, until=span[-1].on)
    lost = show(standing, OWNER, state=State.LOST)

    assert {(one.account, one.kind) for one in everything} == {
        (account, kind) for account in ("bakery", "studio") for kind in ("account", "profile")
    }
    assert len(everything) == 4 * 5
    assert State.READ in {one.state for one in everything}
    assert {(one.account, one.kind) for one in lost} == {("bakery", "profile"), ("studio", "profile")}


@pytest.mark.parametrize(
    ("wish", "error", "field", "said"),
    [
        ({"account": "nobody"}, Unknown, "account", "nobody"),
        ({"kind": "weather"}, Invalid, "kind", "weather"),
        (
            {"since": date(2026, 2, 1), "until": date(2026, 2, 1)},
            Invalid,
            "until",
            "the end is not after the beginning",
        ),
        ({"since": date(2199, 1, 1)}, Invalid, "since", "2199-01-01 has not begun"),
        ({"until": date(2016, 1, 1)}, Invalid, "until", "2016-01-01 lies before the days that are shown"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    standing: Context, wish: dict[str, Any], error: type[UsageError], field: str, said: str
) -> None:
    with pytest.raises(error, match=said) as refused:
        show(standing, OWNER, **wish)

    assert refused.value.field == field


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "2026-11-01T08:00Z", "20261101x"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_day(text, field="since")

    assert (refused.value.field, refused.value.type) == ("since", "time.bad")


@pytest.mark.parametrize(("text", "state"), [(None, None), ("lost", State.LOST), ("missed", State.MISSED)])
def test_states_as_people_write_them(text: str | None, state: State | None) -> None:
    assert parse_state(text) is state


def test_a_state_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(Invalid, match="lost for good") as refused:
        parse_state("gone")

    assert refused.value.field == "state"
    assert State.READ not in LACKING


def test_who_may_not_read_sees_nothing(standing: Context) -> None:
    with pytest.raises(NotAllowed):
        show(standing, Asker("somebody", frozenset({Scope.PUBLISH})))


def test_doctor_tells_what_is_missed_and_what_is_lost(standing: Context, span: list[Day]) -> None:
    told: dict[str, Finding] = {one.name: one for one in examine(standing, OWNER)}

    assert not told["days missed"].is_failure
    assert f"bakery account: 2 ({span[-6].on} to {span[-5].on})" in told["days missed"].detail
    assert "studio profile: 7" in told["days lost"].detail


def test_doctor_is_silent_where_nothing_is_missing(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_harvest(tx, make_account(tx, name="new"), kind="account")

    assert not {one.name for one in examine(ctx, OWNER)} & {"days missed", "days lost"}
