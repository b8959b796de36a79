"""What one call for several harvests costs, and that it tells each of them what a call of its own would have told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from models.accounts.account import Account
from models.harvests.company import TOGETHER, one_of_each
from models.harvests.crons import DEFAULT_CRONS
from models.harvests.harvest import HarvestKind
from models.harvests.raw_answer import text_of
from models.harvests.watch import WatchKind
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.store.session import Database
from pressrun import clock
from pressrun.network.hints import Queue
from scheduler.harvests.planning import next_slot
from scheduler.harvests.watching import watch
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import advance, publish
from tests.integration.harvest.test_reread import SNAPSHOTS, ask, forget, work
from tests.support.clocks import clock_off_by
from tests.support.simulator import Simulator

HARVESTS = next(work for work in WORKS if work.queue is Queue.HARVEST)
A_DAY_ALONE = 52
"""Calls of a day of an account for all that is not read together."""
KINDS = [kind.value for kind in TOGETHER]
SINGLE = {"stories", "tags", "user_media"}
"""What each of them asks alone, as the simulator calls it; the profile is `user`, which the call for all is too."""


@pytest.fixture
def account(field_: Field) -> Account:
    """One that has stories up, media and tags."""
    for _ in range(3):
        field_.simulator.post("/_sim/tag", account=0)
    publish(field_.simulator, 0, story=True, count=2)
    publish(field_.simulator, 0)
    advance(field_, hours=3)
    return field_.account(0)


def make_due(field: Field, *kinds: HarvestKind) -> None:
    names = [kind.value for kind in kinds or TOGETHER]
    field.sql(
        "UPDATE harvests SET slot_at = now(), next_action_at = now(), leased_until = NULL, tries = 0"
        " WHERE kind = ANY(:kinds)",
        kinds=names,
    )


def calls(field: Field) -> Counter[str]:
    return Counter(field.simulator.report()["calls"])


def read(field: Field, account: Account, kind: HarvestKind = HarvestKind.MEDIA) -> Counter[str]:
    """Have all of them due and this one begun; the calls that were made."""
    before = calls(field)
    make_due(field)
    field.harvest(kind, account)
    return calls(field) - before


def runs(field: Field) -> list[Row[Any]]:
    return field.rows(
        """
        SELECT h.kind, r.status, r.calls, r.rows, r.errors, r.covers, r.api_version, h.slot_at, h.leased_until
          FROM harvests h JOIN harvest_runs r ON r.id = h.last_run_id WHERE h.kind = ANY(:kinds) ORDER BY h.kind
        """,
        kinds=KINDS,
    )


@pytest.mark.parametrize("kind", TOGETHER)
def test_whichever_begins_one_call_lists_for_all_that_are_due(
    field_: Field, account: Account, kind: HarvestKind
) -> None:
    made = read(field_, account, kind)

    assert made["user"] == 1
    assert not SINGLE & {name for name, count in made.items() if count} - {"tags"}
    assert [(run.kind, run.status, run.errors) for run in runs(field_)] == [(k, "done", []) for k in sorted(KINDS)]
    assert sum(run.calls for run in runs(field_)) == made.total(), "each call stands with one run"
    assert all(run.rows and run.covers and run.api_version == "v25.0" for run in runs(field_))
    assert all(run.slot_at is None and run.leased_until is None for run in runs(field_))


@pytest.mark.parametrize("index", [0, 1])
def test_single_calls_have_nothing_to_add(field_: Field, index: int) -> None:
    publish(field_.simulator, index, story=True, count=2)
    advance(field_, hours=3)
    account = field_.account(index)
    read(field_, account)
    together = read(field_, account)  # the stories are known now: their numbers come with the list
    field_.sql("UPDATE media_states SET read_at = read_at - interval '8 days', own_read_at = NULL")
    field_.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '8 days'")
    stored = field_.history()

    for kind in TOGETHER:
        make_due(field_, kind)
        run = field_.harvest(kind, account)
        assert (run.calls > 0, run.rows) == (True, 0), kind

    assert together["user"] == 1
    assert field_.history() == stored


def test_known_stories_are_read_with_the_list(field_: Field, account: Account) -> None:
    read(field_, account)
    field_.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '1 hour'")
    advance(field_, hours=1)

    made = read(field_, account)

    assert made["media_insights"] == 0, "navigation comes along, its parts when the story is older"
    checked = (
        "SELECT count(*) FROM media_snapshots s JOIN media m ON m.id = s.media_id WHERE media_product_type = 'STORY'"
    )
    assert field_.value(checked) == 2 * 2


def test_what_of_it_was_set_aside_stands_with_the_run_that_lacks_it(field_: Field, account: Account) -> None:
    bad = [{"pointer": "/media/data/1", "value": None}, {"pointer": "/follows_count", "value": "many"}]
    field_.simulator.fault(endpoint="user", mode="altered", changes=bad)

    read(field_, account)

    noted = {run.kind: [one["what"] for one in run.errors] for run in runs(field_)}
    assert noted == {
        "media": ["GET /{ig}/media: data[]"],
        "profile": ["GET /{ig}: follows_count"],
        "stories": [],
        "tags": [],
    }


@pytest.mark.parametrize("kinds", [(HarvestKind.PROFILE, HarvestKind.STORIES), (HarvestKind.TAGS, HarvestKind.MEDIA)])
def test_only_what_is_due_is_read(field_: Field, account: Account, kinds: tuple[HarvestKind, ...]) -> None:
    make_due(field_, *kinds)
    field_.harvest(kinds[0], account)

    assert [run.kind for run in runs(field_)] == sorted(kind.value for kind in kinds)


def test_a_refused_call_costs_itself_and_nothing_else(field_: Field, account: Account) -> None:
    field_.simulator.fault(endpoint="user", mode="refuse", code=100, count=1)

    made = read(field_, account)
    again = read(field_, account)

    assert {name: made[name] for name in SINGLE} == {"stories": 1, "user_media": 1, "tags": 2}
    assert made["user"] == 2
    assert all(run.status == "done" for run in runs(field_))
    assert again["user"] == 1, "the profile: all in one is left alone for a while"
    assert again["user_media"] == again["stories"] == 1
    hand = "UPDATE harvests SET refused = (SELECT jsonb_object_agg(k, now()) FROM jsonb_object_keys(refused) k)"
    field_.sql(hand + " WHERE kind = 'media'")
    assert read(field_, account)["user_media"] == 0, "and then asked again"


def test_a_missing_permission_of_one_does_not_keep_the_others(field_: Field, account: Account) -> None:
    field_.simulator.fault(endpoint="tags", mode="refuse", code=10, status=403, message="(#10) no permission")
    field_.simulator.fault(endpoint="user", mode="refuse", code=10, status=403, message="(#10) no permission", count=1)

    read(field_, account)

    assert {run.kind: run.rows > 0 for run in runs(field_)} == {
        "profile": True,
        "stories": True,
        "media": True,
        "tags": False,
    }


def test_a_story_without_viewers_does_not_cost_the_others_their_call(field_: Field, account: Account) -> None:
    read(field_, account)
    publish(field_.simulator, 0, story=True)

    first, second = read(field_, account), read(field_, account)

    assert first["user"] in (1, 2), "it was not known to be there"
    assert second["user"] == 1
    assert not second["user_media"]
    assert all(run.status == "done" for run in runs(field_))


def test_each_run_keeps_its_part_and_it_can_be_read_again(field_: Field, account: Account) -> None:
    read(field_, account)
    field_.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '1 hour'")
    advance(field_, hours=1)
    read(field_, account)
    snapshots, observations = field_.rows(SNAPSHOTS), field_.count("account_observations")

    ask(field_, account)
    nothing_new = work(field_)
    forget(field_)
    ask(field_, account)
    done = work(field_)

    parts = field_.rows("SELECT DISTINCT endpoint FROM raw_answers WHERE asked ? 'part_of' ORDER BY 1")
    assert [row.endpoint for row in parts] == ["GET /{ig}", "GET /{ig}/media", "GET /{ig}/stories", "GET /{ig}/tags"]
    assert (nothing_new.cursor["rows"], nothing_new.cursor["errors"]) == (0, [])
    assert done.cursor["errors"] == []
    assert field_.rows(SNAPSHOTS) == snapshots
    assert field_.count("account_observations") == observations
    answers = [text_of(row.body) for row in field_.rows("SELECT body FROM raw_answers")]
    assert not any(b"SIM-TOKEN" in answer for answer in answers)


def test_one_hint_is_sent_for_all(field_: Field) -> None:
    accounts = [field_.account(index) for index in range(2)]
    field_.plan()
    with field_.database.transaction() as tx:
        hints = claim_due(tx, HARVESTS, limit=100, lease_s=10, by_broker=True)
        sent = one_of_each(tx, hints)

    field_.sql("UPDATE harvests SET claim = claim + 1 WHERE id = :id", id=sent[0].id)
    assert len(hints) - len(sent) == len(accounts) * (len(TOGETHER) - 1)
    made = Counter(
        row.kind for row in field_.rows("SELECT kind FROM harvests WHERE id = ANY(:i)", i=[h.id for h in sent])
    )
    assert sum(made[kind] for kind in KINDS) == len(accounts)


def test_what_was_claimed_with_the_hint_is_taken_by_who_follows_it(field_: Field) -> None:
    account = field_.account(0)
    field_.plan()
    with field_.database.transaction() as tx:
        claim_due(tx, HARVESTS, limit=100, lease_s=10, by_broker=True)

    field_.harvest(HarvestKind.PROFILE, account)

    assert [run.kind for run in runs(field_)] == sorted(KINDS)


def test_what_somebody_works_on_is_left_to_them(field_: Field, account: Account) -> None:
    make_due(field_)
    field_.lease(HarvestKind.STORIES, account)

    field_.harvest(HarvestKind.PROFILE, account)

    assert [run.kind for run in runs(field_)] == ["media", "profile", "tags"]


@pytest.fixture
def living(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=1, **STILL | {"speed": 1.0})
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


def test_a_day_of_an_account_with_a_story_each_day_leaves_120_calls_room_for_all_else(living: Field) -> None:
    account = living.account(0)
    read(living, account)
    publish(living.simulator, 0, story=True)
    before = calls(living)

    began_at = clock.now()
    while (slot := next_slot_of(living)) < began_at + timedelta(hours=24):
        due = living.rows(
            "SELECT kind FROM harvests WHERE slot_at <= :slot AND kind = ANY(:kinds)", slot=slot, kinds=KINDS
        )
        make_due(living, *(HarvestKind(one.kind) for one in due))
        with clock_off_by((slot - clock.now()).total_seconds()):
            living.harvest(HarvestKind(due[0].kind), account)

    made = calls(living) - before
    points = "SELECT count(*) FROM media_snapshots s JOIN media m ON m.id = s.media_id WHERE media_product_type = :kind"
    assert made["user"] <= 24 + 2
    assert made["stories"] <= 6 + 3, "the quarters of its first two hours and its last one"
    assert made.total() <= 120 - A_DAY_ALONE, made
    assert living.value(points, kind="STORY") >= 22 + 6
    assert living.value("SELECT count(*) FROM account_observations WHERE metric = 'followers_count'") >= 20
    finals = living.row("SELECT * FROM story_final")
    assert finals.is_final
    assert {name for name, is_final in finals.are_final.items() if not is_final} == set()
    assert {"navigation", "tap_forward", "tap_exit", "facebook_views"} <= set(finals.are_final)


def next_slot_of(field: Field) -> datetime:
    """The slot that the scheduler gives whatever is read together next."""
    done_at = field.value("SELECT max(done_at) FROM harvests")
    with clock_off_by((done_at - clock.now()).total_seconds()):
        field.plan()
    slot: datetime = field.value("SELECT min(slot_at) FROM harvests WHERE kind = ANY(:kinds)", kinds=KINDS)
    return slot


def test_a_day_of_all_that_is_read_alone_is_less_than_half_of_120_calls(field_: Field) -> None:
    account = field_.account(0)
    with field_.database.transaction() as tx:
        watch(tx, account, WatchKind.COMPETITOR, "sim_brand_1")
        watch(tx, account, WatchKind.HASHTAG, "sourdough")
    field_.harvest(HarvestKind.MEDIA, account)
    alone = [kind for kind in HarvestKind if kind not in TOGETHER]
    for kind in alone:
        field_.harvest(kind, account)
    field_.sql("UPDATE covered_days SET read_at = read_at - interval '1 day'")

    a_day = {kind: field_.harvest(kind, account).calls * runs_a_day(kind, account) for kind in alone}

    assert {kind for kind, made in a_day.items() if not made} <= {HarvestKind.COMMENTS}, "no count has changed"
    assert sum(a_day.values()) <= A_DAY_ALONE, a_day


def runs_a_day(kind: HarvestKind, account: Account) -> int:
    at = clock.now()
    slots = [at]
    while slots[-1] <= at + timedelta(days=1):
        slots.append(next_slot(DEFAULT_CRONS[kind], clock.zone("UTC"), account.id, slots[-1], kind=kind))
    return len(slots) - 2
