"""When each harvest is owed: crons in the account's zone, spread by a stable offset per account, never in a heap.

The worker ends a run with an empty slot; `plan` gives the next one. Slots that passed while nobody looked are not made
up for one by one: the latest of them stands for all. A harvest that never ran is owed at once.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.harvests.company import TOGETHER
from models.harvests.crons import DEFAULT_CRONS, STANDING_CRONS, WATCHES_OF
from models.harvests.harvest import HarvestKind
from models.harvests.planning import settle, unplanned
from models.owed.claims import wake_schedulers
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.errors import UsageError
from scheduler.harvests.crontab import Crontab

SPREAD_PART = 0.8
"""Share of a cron's period over which accounts are spread."""
LONGEST_SPREAD = timedelta(hours=2)
"""A daily harvest stays where its cron puts it on the day."""
PLAN_LIMIT = 4
PLAN_FOR_S = 0.0015
"""How many are planned at a time, and for how long: posts that fall due meanwhile wait for no more than that."""
_STORY_LIFE, _STORY_YOUNG, _STORY_LAST = timedelta(hours=24), timedelta(hours=2), timedelta(hours=1)
_QUIET_CRON = DEFAULT_CRONS[HarvestKind.MEDIA]
"""When stories are read otherwise: with the list of media, which costs no call more."""
_TOGETHER_STEP, _TOGETHER_STEPS = 900, 4
"""Seconds, of which the period of each kind that is read together is a multiple; and how many of these are used."""
_SAFE_ZONE = ZoneInfo("UTC")
_WATCHED = {kind.value: watched.value for kind, watched in WATCHES_OF.items()}

_log = log.get(__name__)


def next_slot(cron: str, zone: ZoneInfo, account_id: int, after: datetime, *, kind: str = "") -> datetime:
    """The first slot after that instant, in UTC: an occurrence of the cron, shifted by the account's own offset.

    Raises Invalid when the cron cannot be read or never comes true.
    """
    offset = offset_of(cron, account_id, kind)
    return _crontab(cron).next(zone, after - offset) + offset


def offset_of(cron: str, account_id: int, kind: str = "") -> timedelta:
    """How far this account's slots lie behind the cron: the same each time, shorter than the cron's period.

    Kinds that are read together fall due together, as far as their crons do.
    """
    if kind in TOGETHER:
        number = _number(f"{account_id}:together")
        within = int(_TOGETHER_STEP * SPREAD_PART)
        behind = number % within + number // within % _TOGETHER_STEPS * _TOGETHER_STEP
        return timedelta(seconds=behind % max(1, int(_shortest_gap(cron).total_seconds())))
    return timedelta(seconds=_number(f"{account_id}:{kind}") % max(1, int(_spread(cron).total_seconds())))


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())


def owed_slot(
    cron: str, zone: ZoneInfo, account_id: int, *, kind: str, done_at: datetime | None, now: datetime
) -> datetime:
    """The slot to run next: now for a harvest that never ran, else the latest one missed, else the next one."""
    if done_at is None:
        return now
    if done_at >= now:
        return next_slot(cron, zone, account_id, done_at, kind=kind)
    # Look back in growing steps: an outage of a year must not be walked through quarter by quarter of an hour.
    step = _spread(cron) * 2
    while True:
        since = max(done_at, now - step)
        slot = next_slot(cron, zone, account_id, since, kind=kind)
        if slot <= now:
            while (later := next_slot(cron, zone, account_id, slot, kind=kind)) <= now:
                slot = later
            return slot
        if since == done_at:
            return slot
        step *= 4


def read_standard_crons() -> None:
    """Work out beforehand what each of these costs milliseconds once, in steps for which posts would wait."""
    for kind, cron in DEFAULT_CRONS.items():
        offset_of(cron, 0, kind)
    _shortest_gap(_QUIET_CRON)


def plan(tx: Session, now: datetime) -> int:
    """Settle the next harvests that wait for a slot; returns how many. Several schedulers may plan at once.

    It takes two statements and some milliseconds, whatever their past: whoever asks goes on until none is left, and
    does what is urgent in between. `tx` need be no transaction. A harvest that has nothing to read is laid aside,
    without a slot, until something is watched.
    """
    waiting = unplanned(tx, _WATCHED, limit=PLAN_LIMIT, now=now)
    if not waiting:
        return 0
    budget = Deadline.after(PLAN_FOR_S)
    planned: list[tuple[Row[Any], datetime | None, datetime | None]] = []
    for harvest in waiting:
        if planned and budget.passed:
            break  # those that are left wait for the next time
        slot_at = _slot_of(harvest, now) if harvest.is_wanted else None
        planned.append((harvest, slot_at, None if slot_at is None else max(slot_at, now)))
    return settle(tx, planned)


def request_run(tx: Session, account_id: int | None = None, kind: HarvestKind | None = None) -> list[int]:
    """Make these harvests due at once; returns their ids. A slot that is owed already, or being run, is that run.

    What Instagram has refused is asked for again: whoever asks by hand may have given the permission, or shared the
    media, that was lacking.
    """
    # A leased row belongs to a worker (or to a hint on its way): its read is as fresh as one that would start now, and
    # a slot moved under it would be lost when it finishes.
    rows = tx.execute(
        text(f"""
            UPDATE harvests
               SET slot_at = CASE WHEN leased_until > now() OR slot_at <= now() THEN slot_at ELSE now() END,
                   next_action_at = CASE WHEN leased_until > now() THEN next_action_at ELSE now() END,
                   tries = CASE WHEN leased_until > now() THEN tries ELSE 0 END,
                   refused = CASE WHEN leased_until > now() THEN refused ELSE coalesce(
                       (SELECT jsonb_object_agg(name, now() - interval '1 minute')
                          FROM jsonb_object_keys(refused) AS name), refused) END
             WHERE (CAST(:account_id AS bigint) IS NULL OR account_id = :account_id)
               AND {SEEN.format(column="account_id")}
               AND (CAST(:kind AS text) IS NULL OR kind = :kind)
               AND (slot_at IS NOT NULL OR next_action_at IS NOT NULL)  -- what is laid aside has nothing to read
            RETURNING id
        """),  # noqa: S608 - a constant
        {"account_id": account_id, "kind": None if kind is None else kind.value, "seen": seen_accounts(tx)},
    )
    ids = sorted(row.id for row in rows)
    tx.execute(_FORGET_REFUSALS_OF_MEDIA, {"ids": ids})
    if ids:
        wake_schedulers(tx)
    return ids


# Of media that are still read so often that it matters (`worker/harvests/kinds/costly.py`). What is read once in some
# days is read by this run.
_FORGET_REFUSALS_OF_MEDIA = text("""
    UPDATE media_states s SET not_on_facebook = NULL, own_read_at = NULL
      FROM media m
     WHERE m.id = s.media_id AND s.not_on_facebook IS NOT NULL AND m.posted_at > now() - interval '31 days'
       AND m.account_id IN (SELECT account_id FROM harvests WHERE id = ANY(:ids) AND kind IN ('media', 'stories'))
""")


def add_missing_harvests(tx: Session) -> int:
    """Give accounts that are harvested the kinds that came with a newer release; returns how many were added."""
    result: Any = tx.execute(
        text("""
            INSERT INTO harvests (account_id, kind, cron, next_action_at)
            SELECT a.account_id, k.kind, k.cron, now()
              FROM (SELECT DISTINCT h.account_id FROM harvests h
                      JOIN accounts o ON o.id = h.account_id AND o.state <> 'removed') a
             CROSS JOIN jsonb_to_recordset(CAST(:kinds AS jsonb)) AS k(kind text, cron text)
             WHERE NOT EXISTS (SELECT FROM harvests h WHERE h.account_id = a.account_id AND h.kind = k.kind)
            ON CONFLICT DO NOTHING
        """),
        {"kinds": json.dumps([{"kind": kind.value, "cron": cron} for kind, cron in STANDING_CRONS.items()])},
    )
    return int(result.rowcount)


def _slot_of(harvest: Row[Any], now: datetime) -> datetime:
    try:
        return _slot_by(harvest, harvest.cron, clock.zone(harvest.timezone), now)
    except UsageError as problem:
        # One account's bad cron or zone must not stop the planning of all others.
        _log.warning("harvest.bad_schedule", account_id=harvest.account_id, kind=harvest.kind, error=str(problem))
        return _slot_by(harvest, DEFAULT_CRONS[HarvestKind(harvest.kind)], _SAFE_ZONE, now)


def _slot_by(harvest: Row[Any], cron: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The slot by that cron; of stories by the standard one only such as have something to read.

    That is what stands beside the list of media, or in the first hours of a story or its last one: between these it is
    read hourly. One that appears is found within the hour, which leaves it 23 to be read in. A cron of a person's own
    is kept to.
    """
    kind, done_at = harvest.kind, harvest.done_at
    if kind != HarvestKind.STORIES or cron != DEFAULT_CRONS[HarvestKind.STORIES]:
        return owed_slot(cron, zone, harvest.account_id, kind=kind, done_at=done_at, now=now)
    quiet = owed_slot(_QUIET_CRON, zone, harvest.account_id, kind=kind, done_at=done_at, now=now)
    if quiet <= now or not harvest.stories:
        return quiet
    slot = owed_slot(cron, zone, harvest.account_id, kind=kind, done_at=done_at, now=now)
    while slot < quiet and not any(_is_read_often(max(slot, now) - posted_at) for posted_at in harvest.stories):
        slot = next_slot(cron, zone, harvest.account_id, slot, kind=kind)
    return min(slot, quiet)


def _is_read_often(age: timedelta) -> bool:
    return age < _STORY_YOUNG or _STORY_LIFE - _STORY_LAST <= age < _STORY_LIFE


@lru_cache(maxsize=1024)
def _spread(cron: str) -> timedelta:
    return min(_shortest_gap(cron) * SPREAD_PART, LONGEST_SPREAD)


@lru_cache(maxsize=1024)
def _shortest_gap(cron: str) -> timedelta:
    return _crontab(cron).shortest_gap()


@lru_cache(maxsize=1024)
def _crontab(cron: str) -> Crontab:
    return Crontab(cron)
