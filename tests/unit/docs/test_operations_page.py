"""docs/operations.md: every state, reason, check and invariant is in it, and its numbers are those of the code."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from graph.answers.errors import ErrorClass
from machine.stack import WORKERS
from models.accounts import block, quota
from models.accounts.account import AccountState
from models.owed import gate, presence, works
from models.posts.states import PostState
from models.publishing import container
from models.store import partitions
from models.upkeep.invariants import INVARIANTS
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from tests.unit.docs.pages import ROOT, Page, names_in
from worker import backoff, outcomes, pull, reply
from worker.harvests.answers import refusals
from worker.once import reading
from worker.publishing import first_comment, media_publish, poll

PAGE = Page.of("docs/operations.md")
SETTINGS = Settings()


def seconds(value: timedelta) -> str:
    return f"{value.total_seconds():g} s"


def source(folder: str) -> str:
    return "\n".join(path.read_text() for path in (ROOT / folder).rglob("*.py"))


def test_every_state_of_a_post_is_there() -> None:
    assert sorted(names_in(row["state"])[0] for row in _states("what a person does")) == sorted(PostState)


def test_every_state_of_an_account_is_there() -> None:
    assert [names_in(row["state"])[0] for row in _states("ends")] == [one.value for one in AccountState]


def _states(last: str) -> list[dict[str, str]]:
    return PAGE.table("state", "means", last)


def test_the_states_that_can_be_changed_are_the_possible_ones() -> None:
    remedies = {names_in(row["state"])[0]: row["what a person does"] for row in _states("what a person does")}

    assert {state for state, remedy in remedies.items() if "`pressrun post" in remedy} == {
        "draft",
        "needs_review",
        "failed",
        "expired",
    }


def test_every_reason_to_wait_is_there() -> None:
    told = {names_in(row["`wait_reason`"])[0] for row in PAGE.table("`wait_reason`", "waits for")}
    written = set(re.findall(r'(?:wait_reason=|Park\([^"\n]*, )"(\w+)"', source("worker") + source("scheduler")))

    assert written <= told
    reasons = {
        "paused",
        "account",
        "quota",
        "spacing",
        "throttled",
        "clock",
        "container_budget",
        "reconcile",
        "worker",
    } | {"media"}
    assert reasons == told


def test_every_check_of_doctor_is_there() -> None:
    told = {name for row in PAGE.table("check", "what it looks at", "when it fails") for name in names_in(row["check"])}
    checks = "".join(
        (ROOT / name).read_text()
        for name in ("machine/checks.py", "machine/rehearsing.py", "operations/upkeep/system.py")
    )
    made = set(re.findall(r'(?:Finding|_told)\(\s*"([\w ]+)"', checks))

    assert {name.split(" NAME")[0] for name in told} == made


def test_every_invariant_is_there() -> None:
    told = [name for row in PAGE.table("invariant", "a line means") for name in names_in(row["invariant"])]

    assert sorted(told) == sorted(INVARIANTS)


def test_every_queue_has_its_line() -> None:
    told = [names_in(row["command"])[0] for row in PAGE.table("process", "command", "does")]

    assert [line.split()[-1] for line in told if "--queue" in line] == [queue.value for queue in Queue]


def test_the_processes_of_up_are_as_told() -> None:
    queues = ["` with `".join(queue.value for queue in found) for found, _ in WORKERS.values()]

    assert f"one scheduler, workers for `{'`, for `'.join(queues)}`, one console" in PAGE.prose


@pytest.mark.parametrize("event", [names for row in PAGE.table("event", "means") for names in names_in(row["event"])])
def test_an_event_worth_an_alert_is_logged(event: str) -> None:
    assert any(
        f'"{event}"' in source(folder) for folder in ("scheduler", "worker", "console", "operations", "pressrun")
    )


LOOK = media_publish.FIRST_READ_AFTER
NEVER = SETTINGS.settle + SETTINGS.settle_gap
TRIES = outcomes.STAGING[ErrorClass.TRANSIENT].most
STAGING_TAKES = timedelta(seconds=sum((2, 5, 15, 45, *[120] * (TRIES - 5))))
MISSED_S = presence.GONE_AFTER_S + 2 * presence.LOOK_EVERY_S
FACTS = (
    f"go out {pull.OVERDUE_S:g} to {pull.LONGEST_NAP_S:g} s late, the first ones up to {seconds(SETTINGS.hint_lease)}",
    f"hints: {seconds(SETTINGS.hint_lease)}",
    f"the posts of an account {seconds(SETTINGS.backlog_spacing)} apart",
    f"falls due again and goes out. | {MISSED_S:g} s |",
    f"recorded with its media id. | {MISSED_S:g} s, and a few more |",
    f"has been gone for {presence.GONE_AFTER_S:g} s, schedulers and other workers",
    f"the same container is sent again. | {seconds(NEVER)}, and a few more |",
    f"{seconds(LOOK)} after the call has broken off, or after {seconds(SETTINGS.call_deadline)}",
    f"| a lost hint | `PRESSRUN_HINT_LEASE` | {seconds(SETTINGS.hint_lease)} |",
    f"| a worker that died before it sent | its absence, seen for {presence.GONE_AFTER_S:g} s | {MISSED_S:g} s |",
    f"| a worker whose end Postgres does not see | `PRESSRUN_LEASE` | {seconds(SETTINGS.lease)} |",
    f"| {LOOK.seconds} to {seconds(LOOK + SETTINGS.call_deadline)} |",
    f"`PRESSRUN_SETTLE` + `PRESSRUN_SETTLE_GAP`, from the beginning of the call | {seconds(NEVER)} |",
    f"tried {TRIES} times over about {STAGING_TAKES.total_seconds() / 60:.0f} minutes",
    f"its containers, {SETTINGS.stage_ahead.total_seconds() / 60:g} minutes before it is due",
    f"After {poll.STUCK_AFTER.total_seconds() / 60:g} minutes a container is replaced",
    f"It ends within {reading.GIVE_UP_AFTER.total_seconds() / 3600:g} hours",
    f"After {first_comment.MOST_SENDS} calls without an answer that had no effect, {first_comment.MOST_TRIES} refusals "
    "in passing, or when Instagram refuses it for good",
    f"{block.LIVE_FOR.total_seconds() / 3600:g} hour after the suspicion",
    f"After {block.LADDER[0].total_seconds() / 3600:g} hours; after {block.LADDER[1].total_seconds() / 3600:g} hours",
    f"{outcomes.RESTRICTED_FOR.total_seconds() / 3600:g} hours where the account is restricted",
    f"{quota.FALLBACK_TOTAL} in {quota.FALLBACK_DURATION_S / 3600:g} hours",
    f"create {container.CAP} in {container.CAP_WINDOW.total_seconds() / 3600:g} hours",
    f"From {gate.SLOW_PERCENT} % on",
    f"from {gate.RESERVED_PERCENT} % on only publishing goes on, at {gate.SHUT_PERCENT} %",
    "asked for again after a week (after a day if the refusal was vague, or the metric was not asked alone)",
    f"it is sent again, {['', 'one', 'two', 'three'][reply.MOST_SENDS]} times at most",
    f"this month and the next {['', 'one', 'two', 'three'][partitions.MONTHS_AHEAD]}",
)


@pytest.mark.parametrize("fact", FACTS)
def test_a_number_is_the_one_of_the_code(fact: str) -> None:
    assert fact in PAGE.prose


def test_the_numbers_in_words_are_those_of_the_code() -> None:
    waits = [backoff.staging_wait(tries) for tries in range(TRIES - 1) for _ in range(50)]

    assert timedelta(weeks=1) == refusals.ASK_AGAIN_AFTER
    assert timedelta(days=1) == refusals.ASK_SOON_AFTER
    assert timedelta(hours=1) == gate.SHUT_FOR
    assert abs(sum(waits, timedelta()) / 50 - STAGING_TAKES) < STAGING_TAKES / 5
    assert {outcomes.COMES_AND_GOES[code] for code in (2207052, 2207077)} == {TRIES}
    assert {work.queue for work in works.WORKS} == set(Queue)
