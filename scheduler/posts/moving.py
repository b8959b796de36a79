"""What moving a post comes to, told before it is moved; and the slots that are free to be moved to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, DateTime, any_, bindparam, select
from sqlalchemy.orm import Session

from models.accounts.account import Account, terms_of
from models.posts.part import Part
from models.posts.post import Post, find_post
from models.posts.slot import Slot, WeeklyTime, occurrences
from models.posts.states import ACTIVE, CANCELABLE, PostState
from pressrun import clock
from pressrun.settings import Settings
from scheduler.posts import pace
from scheduler.posts.changing import read_time

_TAKING = (*(state.value for state in ACTIVE), "draft", "needs_review", "published")


@dataclass(frozen=True)
class Consequences:
    """`problems`: why it cannot be moved there. `warnings`: what would come of it.

    `swap`: the same of it and of another post, if the two changed places; empty if none was named.
    """

    publish_at: datetime
    timezone: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    swap: tuple[Consequences, ...] = ()


@dataclass(frozen=True)
class FreeSlot:
    """An instant at which an account likes to post, and nothing is due."""

    account: str
    at: datetime


def consequences(
    tx: Session, settings: Settings, reference: str, text: str, *, now: datetime, other: str | None = None
) -> Consequences:
    """What it would come to, also if it and another post changed places. Raises Unknown, Invalid for the time."""
    post = find_post(tx, reference)
    found = _of_one(tx, settings, post, read_time(tx, post.id, text, now=now), now=now)
    if other is None:
        return found
    pair = post, find_post(tx, other)
    swap = [_of_one(tx, settings, one, leaves.publish_at, now=now, leaves=leaves) for one, leaves in (pair, pair[::-1])]
    return replace(found, swap=tuple(swap))


def _of_one(
    tx: Session, settings: Settings, post: Post, at: datetime, *, now: datetime, leaves: Post | None = None
) -> Consequences:
    """Of one post. `leaves`: the one that stands there now, and takes its time in exchange."""
    account = tx.get_one(Account, post.account_id)
    problems, warnings = [], []
    if PostState(post.state) not in CANCELABLE:
        problems.append(f"It is {post.state}: its time can no longer be changed.")
    if at < now and leaves is None:
        problems.append("That time is in the past.")
    elif at < now:
        warnings.append("That time is in the past: it would be late at once.")
    elif post.state != PostState.DRAFT.value and at < now + settings.stage_ahead:
        minutes = max(int((at - now).total_seconds() // 60), 0)
        warnings.append(f"Only {minutes} min are left for Instagram to prepare its media.")
    warnings += _crowding(tx, post, account, at, leaves)
    return Consequences(at, post.timezone, tuple(problems), tuple(warnings))


def _crowding(tx: Session, post: Post, account: Account, at: datetime, leaves: Post | None) -> list[str]:
    """What stands near it: a full window, and neighbours closer than the account wants them."""
    terms = terms_of(tx, [account.name])[account.name]
    total, duration = pace.window_of(terms)
    places = _places(tx, post)
    known = pace.planned(tx, terms, since=min(at, post.publish_at) - 2 * duration)
    _take(known, post, places)
    if leaves is not None and leaves.account_id == post.account_id:
        others = _places(tx, leaves)
        _take(known, leaves, others)
        known += [post.publish_at] * others
    told = []
    full = pace.crowded(known, [at] * places, total=total, duration=duration)
    if full:
        told.append(
            f"{account.name} would have {full[at]} posts in {duration.total_seconds() / 3600:g} h, Instagram allows "
            f"{total}: it would wait until the window frees."
        )
    if at in known:
        told.append("Another post of the account is due at the same instant.")
    spacing = timedelta(seconds=account.min_spacing_s)
    if spacing and any(abs(one - at) < spacing for one in known if one != at):
        told.append(
            f"Another post is closer than the {clock.format_duration(spacing)} that the account keeps between two."
        )
    return told


def _places(tx: Session, post: Post) -> int:
    """How many of the window it takes."""
    tops = select(Part.id).where(Part.post_id == post.id, Part.parent_id.is_(None), Part.dropped_at.is_(None))
    return max(len(list(tx.scalars(tops))), 1)


def _take(known: list[datetime], post: Post, places: int) -> None:
    for _ in range(places):
        if post.publish_at in known:
            known.remove(post.publish_at)


def free_slots(tx: Session, account_id: int | None, *, since: datetime, until: datetime) -> list[FreeSlot]:
    """Slots of accounts in that span at which nothing is due, in order."""
    return [FreeSlot(name, at) for at, names in free_at(tx, account_id, since=since, until=until) for name in names]


def free_at(
    tx: Session, account_id: int | None, *, since: datetime, until: datetime
) -> list[tuple[datetime, list[str]]]:
    """Instants of that span, in order, and the accounts of which a slot is then free."""
    if since >= until:
        return []
    query = select(Slot.account_id, Slot.weekday, Slot.wall_time, Account.name, Account.timezone)
    query = query.join(Account, Account.id == Slot.account_id)
    if account_id is not None:
        query = query.where(Slot.account_id == account_id)
    # By the time of a week and not by the account: a hundred accounts with the same slots are worked out once.
    owners: dict[tuple[str, WeeklyTime], list[tuple[int, str]]] = defaultdict(list)
    for row in tx.execute(query):
        owners[row.timezone, WeeklyTime(row.weekday, row.wall_time)].append((row.account_id, row.name))
    found: dict[datetime, dict[int, str]] = defaultdict(dict)
    for (zone, time), those in owners.items():
        for at in _within([time], zone, since, until):
            found[at].update(those)
    for account, at in _taken(tx, list(found)) if found else ():
        found[at].pop(account, None)
    return [(at, sorted(names.values())) for at, names in sorted(found.items()) if names]


def _taken(tx: Session, instants: Sequence[datetime]) -> Sequence[tuple[int, datetime]]:
    query = select(Post.account_id, Post.publish_at).where(
        Post.publish_at == any_(bindparam("instants", instants, ARRAY(DateTime(timezone=True)))),
        Post.state.in_(_TAKING),
    )
    return [(row.account_id, row.publish_at) for row in tx.execute(query)]


def _within(times: Sequence[WeeklyTime], zone: str, since: datetime, until: datetime) -> list[datetime]:
    found = []
    for at in occurrences(times, clock.zone(zone), after=since - timedelta(microseconds=1)):
        if at >= until:
            break
        found.append(at)
    return found
