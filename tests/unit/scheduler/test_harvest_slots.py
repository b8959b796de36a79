"""Slots of harvests: the cron, shifted by an offset of the account's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from models.harvests.company import TOGETHER
from models.harvests.crons import DEFAULT_CRONS
from models.harvests.harvest import HarvestKind
from pressrun.errors import Invalid
from scheduler.harvests.crontab import Crontab
from scheduler.harvests.planning import LONGEST_SPREAD, next_slot, offset_of, owed_slot

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 5, 5, 12, 7, tzinfo=UTC)
CRONS = sorted(set(DEFAULT_CRONS.values()))

instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"])


def test_every_kind_has_a_cron() -> None:
    assert set(DEFAULT_CRONS) == set(HarvestKind)


@settings(deadline=None)
@given(st.sampled_from(CRONS), st.integers(1, 10**9), st.sampled_from(list(HarvestKind)))
def test_an_offset_is_shorter_than_the_period_and_always_the_same(cron: str, account: int, kind: HarvestKind) -> None:
    offset = offset_of(cron, account, kind)

    assert timedelta(0) <= offset < min(Crontab(cron).shortest_gap(), LONGEST_SPREAD + timedelta(seconds=1))
    assert offset == offset_of(cron, account, kind)


def test_a_thousand_accounts_do_not_start_together() -> None:
    hourly = [next_slot("0 * * * *", UTC_ZONE, account, NOW, kind="media") for account in range(1000)]

    busiest = max(sum(1 for slot in hourly if slot.minute == minute) for minute in range(60))
    assert busiest < 60
    assert len(set(hourly)) > 700


def test_the_kinds_of_one_account_do_not_start_together_unless_they_are_read_together() -> None:
    assert len({offset_of("0 * * * *", 7, kind) for kind in HarvestKind}) == len(HarvestKind) - len(TOGETHER) + 1


def test_a_slot_is_found_in_a_few_steps_of_the_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    def owed(account: int) -> None:
        for kind, cron in DEFAULT_CRONS.items():
            owed_slot(cron, UTC_ZONE, account, kind=kind, done_at=NOW - timedelta(hours=9), now=NOW)

    owed(1)  # each cron is read once
    steps: list[bool] = []
    walk: Any = vars(croniter)["_calc_next"]

    def counted(self: Any, is_prev: bool) -> datetime:
        steps.append(is_prev)
        found: datetime = walk(self, is_prev)
        return found

    monkeypatch.setattr(croniter, "_calc_next", counted)
    monkeypatch.setattr(croniter, "_expand", None)  # and never again

    owed(2)

    assert len(steps) <= 8 * len(DEFAULT_CRONS)


@given(st.integers(1, 10**9), zones, instants)
def test_each_slot_of_a_slower_kind_is_one_of_the_quicker(account: int, zone: str, after: datetime) -> None:
    kinds = (HarvestKind.TAGS, HarvestKind.MEDIA, HarvestKind.PROFILE, HarvestKind.STORIES)
    slot = next_slot(DEFAULT_CRONS[kinds[0]], ZoneInfo(zone), account, after, kind=kinds[0])

    just_before = slot - timedelta(seconds=1)
    assert {next_slot(DEFAULT_CRONS[kind], ZoneInfo(zone), account, just_before, kind=kind) for kind in kinds} == {slot}


@settings(deadline=None)
@given(st.sampled_from(CRONS), zones, st.integers(1, 10**6), instants)
def test_a_slot_is_an_occurrence_plus_the_offset(cron: str, zone: str, account: int, after: datetime) -> None:
    offset = offset_of(cron, account, "media")

    slot = next_slot(cron, ZoneInfo(zone), account, after, kind="media")

    assert slot > after
    assert Crontab(cron).next(ZoneInfo(zone), slot - offset - timedelta(seconds=1)) == slot - offset
    assert slot == next_slot(cron, ZoneInfo(zone), account, slot - timedelta(microseconds=1), kind="media")


def test_an_account_is_read_early_in_its_own_morning() -> None:
    zone = ZoneInfo("Asia/Tokyo")

    for account in range(50):
        slot = next_slot(DEFAULT_CRONS[HarvestKind.ACCOUNT], zone, account, NOW, kind="account").astimezone(zone)
        assert 5 <= slot.hour < 7


def test_a_harvest_that_never_ran_is_owed_at_once() -> None:
    assert owed_slot("0 5 * * *", UTC_ZONE, 1, kind="account", done_at=None, now=NOW) == NOW


@settings(deadline=None)
@given(st.sampled_from(CRONS), zones, st.integers(1, 10**6), instants, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_after_an_outage_only_the_latest_slot_counts(
    cron: str, zone: str, account: int, done_at: datetime, outage: timedelta
) -> None:
    now, where = done_at + outage, ZoneInfo(zone)

    slot = owed_slot(cron, where, account, kind="tags", done_at=done_at, now=now)

    following = next_slot(cron, where, account, slot, kind="tags")
    assert slot > done_at
    assert slot <= now < following or slot == next_slot(cron, where, account, now, kind="tags")
    assert slot <= now or next_slot(cron, where, account, done_at, kind="tags") == slot


def test_an_outage_of_years_is_not_walked_through_slot_by_slot() -> None:
    slot = owed_slot("*/15 * * * *", UTC_ZONE, 3, kind="stories", done_at=NOW - timedelta(days=4000), now=NOW)

    assert timedelta(0) <= NOW - slot < timedelta(minutes=15)


def test_a_run_in_the_future_is_not_run_again_before_it() -> None:
    later = NOW + timedelta(hours=3)

    assert owed_slot("0 * * * *", UTC_ZONE, 3, kind="media", done_at=later, now=NOW) > later


def test_a_bad_cron_is_named() -> None:
    with pytest.raises(Invalid, match="'often' is not a cron expression"):
        next_slot("often", UTC_ZONE, 1, NOW)
