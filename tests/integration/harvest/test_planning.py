"""The scheduler's side of harvests: slots, requests by hand, and what can be seen of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import text

from models.harvests.company import TOGETHER
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind, add_harvests
from models.harvests.watch import WatchKind
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.reading.history.harvests import HarvestStatus, harvest_status
from pressrun import clock
from pressrun.network.hints import Queue
from scheduler.harvests import planning as harvesting
from scheduler.harvests.planning import next_slot, request_run
from scheduler.harvests.watching import watch
from tests.integration.harvest.conftest import Field
from tests.integration.harvest.instagram import publish
from tests.support.clocks import clock_off_by
from tests.support.statements import after_first, statements_of

T = TypeVar("T")
HARVESTS = next(work for work in WORKS if work.queue is Queue.HARVEST)


def slots(field: Field) -> dict[str, datetime | None]:
    return {row.kind: row.slot_at for row in field.rows("SELECT kind, slot_at FROM harvests")}


def status(field: Field, ids: list[int] | None = None) -> list[HarvestStatus]:
    with field.database.transaction() as tx:
        return harvest_status(tx, ids)


def test_a_new_account_is_read_at_once(field_: Field) -> None:
    field_.account(0)

    planned = field_.plan()

    assert planned == len(STANDING_CRONS)
    with field_.database.transaction() as tx:
        assert len(claim_due(tx, HARVESTS, limit=100, lease_s=1)) == len(STANDING_CRONS)


def test_what_has_a_slot_is_not_planned_again(field_: Field) -> None:
    field_.account(0)
    field_.plan()
    first = slots(field_)

    assert field_.plan() == 0
    assert slots(field_) == first


def test_after_a_run_the_next_slot_lies_ahead(field_: Field) -> None:
    account = field_.account(0)
    field_.plan()
    field_.harvest(HarvestKind.PROFILE, account)

    assert field_.plan() == len(TOGETHER)  # they were due together, and have been read together

    slot = slots(field_)["profile"]
    assert slot is not None
    assert timedelta(0) < slot - clock.now() <= timedelta(hours=1)
    assert field_.value("SELECT next_action_at FROM harvests WHERE kind = 'profile'") == slot


def test_after_an_outage_one_slot_stands_for_all(field_: Field) -> None:
    account = field_.account(0)
    run = field_.harvest(HarvestKind.STORIES, account)
    field_.sql("UPDATE harvest_runs SET slot_at = :at, finished_at = :at", at=clock.now() - timedelta(days=3))
    field_.recount()

    field_.plan()

    slot = slots(field_)["stories"]
    assert slot is not None
    assert timedelta(0) <= clock.now() - slot < timedelta(hours=1)  # none is up
    assert field_.value("SELECT next_action_at FROM harvests WHERE id = :id", id=run.harvest_id) >= slot


def test_stories_are_looked_for_hourly_but_in_the_first_and_last_hours_of_one(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(HarvestKind.STORIES, account)
    done_at = field_.value("SELECT done_at FROM harvests WHERE kind = 'stories'")

    def next_slots() -> tuple[datetime | None, datetime]:
        field_.sql("UPDATE harvests SET slot_at = NULL, next_action_at = now() WHERE kind = 'stories'")
        field_.plan()
        return slots(field_)["stories"], next_slot("0 * * * *", clock.zone("UTC"), account.id, done_at, kind="media")

    slot, with_media = next_slots()
    assert slot == with_media
    publish(field_.simulator, 0, story=True)
    field_.harvest(HarvestKind.STORIES, account)
    for posted_h, is_busy in (
        (0, True),
        (1.5, True),
        (2.1, False),
        (21.9, False),
        (23.1, True),
        (23.5, True),
        (25, False),
    ):
        field_.sql("UPDATE media SET posted_at = now() - make_interval(mins => :mins)", mins=int(posted_h * 60))
        done_at = field_.value("SELECT done_at FROM harvests WHERE kind = 'stories'")
        slot, with_media = next_slots()
        assert slot is not None
        if is_busy:
            assert slot - done_at <= timedelta(minutes=15)
        else:
            assert slot == with_media


@pytest.mark.parametrize("until_it_is_read_often_min", [5, 20, 35, 50])
def test_no_slot_looks_for_stories_between_the_hours_in_which_one_is_read_often(
    field_: Field, until_it_is_read_often_min: int
) -> None:
    account = field_.account(0)
    publish(field_.simulator, 0, story=True)
    field_.harvest(HarvestKind.STORIES, account)
    last_hour_at = clock.now() + timedelta(minutes=until_it_is_read_often_min)
    field_.sql("UPDATE media SET posted_at = :at", at=last_hour_at - timedelta(hours=23))

    field_.plan()

    done_at = field_.value("SELECT done_at FROM harvests WHERE kind = 'stories'")
    with_media = next_slot("0 * * * *", clock.zone("UTC"), account.id, done_at, kind="media")
    in_last_hour = next_slot("*/15 * * * *", clock.zone("UTC"), account.id, last_hour_at, kind="stories")
    assert slots(field_)["stories"] == min(with_media, in_last_hour)


def test_what_is_watched_while_it_is_planned_is_not_laid_aside(field_: Field) -> None:
    account = field_.account(0)
    field_.plan()
    with field_.database.transaction() as tx:
        add_harvests(tx, account.id, {HarvestKind.COMPETITORS: "0 * * * *"})

    def begin_to_watch() -> None:
        with field_.database.transaction() as tx:
            watch(tx, account, WatchKind.COMPETITOR, "someone")

    with after_first(field_.database, "waiting AS MATERIALIZED", lambda: _elsewhere(begin_to_watch)):
        assert field_.plan() == 0, "it is for the next step"

    assert field_.plan() == 1
    assert slots(field_)["competitors"] is not None


def test_what_is_asked_for_by_hand_while_it_is_planned_is_read_now(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(HarvestKind.PROFILE, account)
    field_.sql("UPDATE harvests SET slot_at = now() + interval '1 day' WHERE kind <> 'profile'")

    def request() -> None:
        with field_.database.transaction() as tx:
            request_run(tx, account.id, HarvestKind.PROFILE)

    with after_first(field_.database, "waiting AS MATERIALIZED", lambda: _elsewhere(request)):
        field_.plan()

    slot = slots(field_)["profile"]
    assert slot is not None
    assert slot <= field_.value("SELECT now()")


def test_what_somebody_is_writing_is_not_waited_for(field_: Field) -> None:
    field_.account(0)

    with field_.database.transaction() as tx:
        tx.execute(text("SELECT FROM harvests WHERE kind = 'profile' FOR UPDATE"))
        planned = _elsewhere(field_.plan)

    assert planned < len(STANDING_CRONS)
    assert slots(field_)["profile"] is None


def test_a_plan_that_is_lost_is_made_again_to_the_same_instants(field_: Field) -> None:
    account = field_.account(0)
    publish(field_.simulator, 0, story=True)
    kinds = (HarvestKind.STORIES, HarvestKind.COMMENTS, HarvestKind.TAGS)
    for kind in kinds:
        field_.harvest(kind, account)
    field_.sql("UPDATE harvests SET slot_at = now() + interval '1 day' WHERE NOT kind = ANY(:kinds)", kinds=list(kinds))
    field_.plan()
    planned = slots(field_)

    field_.sql("UPDATE harvests SET slot_at = NULL, next_action_at = now() WHERE kind = ANY(:kinds)", kinds=list(kinds))
    with clock_off_by((min(filter(None, planned.values())) - clock.now()).total_seconds() - 1):
        field_.plan()

    assert slots(field_) == planned


def _elsewhere(act: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result(20)


def test_a_step_of_planning_is_two_statements(field_: Field) -> None:
    account = field_.account(0)
    publish(field_.simulator, 0, story=True)
    field_.harvest(HarvestKind.STORIES, account)
    with field_.database.transaction() as tx:
        add_harvests(tx, account.id, {HarvestKind.COMPETITORS: "0 * * * *", HarvestKind.HASHTAGS: "0 * * * *"})
        kinds = ["competitors", "hashtags", "stories", "media"]
        tx.execute(text("UPDATE harvests SET slot_at = now() WHERE NOT kind = ANY(:kinds)"), {"kinds": kinds})

    with statements_of(field_.database) as statements:
        planned = field_.plan()

    assert planned == len(kinds)
    # Where others use the processors a step may end early; the last look finds that nothing is left.
    steps, looks = divmod(len(statements), 2)
    assert ["UPDATE harvests" in one for one in statements] == [False, True] * steps + [False] * looks
    assert looks == 1
    assert {kind for kind, slot in slots(field_).items() if slot} >= {"stories", "media"}


def test_and_as_a_person_has_said_where_one_has(field_: Field) -> None:
    account = field_.account(0)
    field_.sql("UPDATE harvests SET cron = '*/20 * * * *' WHERE kind = 'stories'")
    field_.harvest(HarvestKind.STORIES, account)

    field_.plan()

    slot = slots(field_)["stories"]
    assert slot is not None
    assert slot - clock.now() <= timedelta(minutes=20)


def test_a_slot_that_was_run_late_is_not_followed_by_those_it_stands_for(field_: Field) -> None:
    account = field_.account(0)
    run = field_.harvest(HarvestKind.STORIES, account)
    field_.sql("UPDATE harvest_runs SET slot_at = slot_at - interval '5 hours'")
    field_.recount()

    field_.plan()

    assert field_.value("SELECT slot_at FROM harvests WHERE id = :id", id=run.harvest_id) > clock.now()


def test_two_schedulers_share_the_planning(field_: Field) -> None:
    for index in range(4):
        field_.account(index)
    together = threading.Barrier(2)
    planned: list[int] = []

    def plan() -> None:
        with field_.database.transaction() as tx:
            together.wait(60)
            planned.append(harvesting.plan(tx, clock.now()))

    threads = [threading.Thread(target=plan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    field_.plan()

    assert sum(planned) <= 4 * len(STANDING_CRONS)
    assert None not in slots(field_).values()


def test_a_step_plans_a_few_so_that_posts_never_wait_for_all(field_: Field) -> None:
    for index in range(4):
        field_.account(index)
    in_all = 4 * len(STANDING_CRONS)

    steps: list[int] = []
    while not steps or steps[-1]:
        with field_.database.transaction() as tx:
            tx.execute(text("SET LOCAL synchronous_commit = on"))
            steps.append(harvesting.plan(tx, clock.now()))
            waits_for_disk = tx.scalar(text("SHOW synchronous_commit"))
            assert waits_for_disk == ("off" if steps[-1] else "on")

    assert sum(steps) == in_all
    assert max(steps) <= harvesting.PLAN_LIMIT < in_all / 3


def test_one_accounts_bad_zone_or_cron_does_not_stop_the_others(field_: Field) -> None:
    broken, whole = field_.account(0, timezone="Mars/Olympus"), field_.account(2)
    for account in (broken, whole):
        field_.harvest(HarvestKind.PROFILE, account)
    field_.sql("UPDATE harvests SET cron = 'now and then' WHERE account_id = :id AND kind = 'tags'", id=whole.id)

    assert field_.plan() == 2 * len(STANDING_CRONS)
    assert None not in slots(field_).values()


def test_a_request_makes_harvests_due_now(field_: Field) -> None:
    account, _ = field_.account(0), field_.account(1)
    field_.plan()
    ahead = clock.now() + timedelta(minutes=30)  # not by their crons: one of them may strike while the test runs
    field_.sql("UPDATE harvests SET slot_at = :ahead, next_action_at = :ahead", ahead=ahead)
    assert not any(one.is_pending for one in status(field_))

    with field_.database.transaction() as tx:
        ids = request_run(tx, account.id, HarvestKind.TAGS)

    assert [one.kind for one in status(field_, ids)] == ["tags"]
    assert [one.id for one in status(field_) if one.is_pending] == ids
    with field_.database.transaction() as tx:
        assert [hint.id for hint in claim_due(tx, HARVESTS, limit=10, lease_s=1)] == ids


def test_a_request_may_name_an_account_a_kind_or_neither(field_: Field) -> None:
    account, _ = field_.account(0), field_.account(1)

    with field_.database.transaction() as tx:
        assert len(request_run(tx, account.id, None)) == len(STANDING_CRONS)
        assert len(request_run(tx, None, HarvestKind.MEDIA)) == 2
        assert len(request_run(tx)) == 2 * len(STANDING_CRONS)
        assert request_run(tx, 999_999) == []


def test_a_request_leaves_a_run_that_is_under_way_alone(field_: Field) -> None:
    account = field_.account(0)
    lease = field_.lease(HarvestKind.PROFILE, account)
    held = "UPDATE harvests SET refused = jsonb_build_object('reach', CAST(:until AS text)) WHERE id = :id"
    field_.sql(held, id=lease.id, until="2100-01-01T00:00:00+00:00")
    before = field_.row("SELECT * FROM harvests WHERE id = :id", id=lease.id)

    with field_.database.transaction() as tx:
        assert request_run(tx, account.id, HarvestKind.PROFILE) == [lease.id]

    assert field_.row("SELECT * FROM harvests WHERE id = :id", id=lease.id) == before


def test_a_request_hurries_a_slot_that_was_put_off(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.fault(endpoint="user", mode="refuse_500", count=3)
    postponed = field_.harvest(HarvestKind.PROFILE, account)

    with field_.database.transaction() as tx:
        request_run(tx, account.id, HarvestKind.PROFILE)

    row = field_.latest_run(HarvestKind.PROFILE, account)
    assert row.owed_slot == postponed.slot_at
    assert row.next_action_at <= clock.now()
    assert row.tries == 0


def test_the_status_tells_of_the_latest_run(field_: Field) -> None:
    account = field_.account(0)
    run = field_.harvest(HarvestKind.PROFILE, account)

    one = next(one for one in status(field_) if one.kind == "profile")
    never = next(one for one in status(field_) if one.kind == "tags")

    assert (one.account, one.is_pending, one.status, one.rows, one.calls) == (account.name, False, "done", 3, 1)
    assert (one.last_slot_at, one.errors, one.finished_at) == (run.slot_at, [], run.finished_at)
    assert (never.status, never.rows, never.finished_at, never.is_pending) == (None, None, None, False)
    assert [one.kind for one in status(field_)] == sorted(kind.value for kind in STANDING_CRONS)
    assert status(field_, []) == []


def test_a_kind_that_came_with_a_newer_release_is_left_to_its_schedulers(field_: Field) -> None:
    field_.account(0)
    field_.sql("ALTER TABLE harvests DROP CONSTRAINT ck_harvests_kind")
    field_.sql("UPDATE harvests SET kind = 'newer' WHERE kind = 'tags'")

    assert field_.plan() == len(STANDING_CRONS) - 1
    assert slots(field_)["newer"] is None
