"""What moving a post comes to, told before it is moved; and the slots that are free to be moved to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Account, terms_of
from models.part import Part
from models.post import Post, find_post
from models.slot import Slot, WeeklyTime, occurrences
from models.states import ACTIVE, CANCELABLE, PostState
from pressrun import clock
from pressrun.settings import Settings
from scheduler.posts import pace
from scheduler.posts.changing import read_time

_TAKING = (*(state.value for state in ACTIVE), "draft", "needs_review", "published")


@dataclass(frozen=True)
class Consequences:
    """`problems`: why it cannot be moved there. `warnings`: what would come of it."""

    publish_at: datetime
    timezone: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class FreeSlot:
    """An instant at which an account likes to post, and nothing is due."""

    account: str
    at: datetime


def consequences(tx: Session, settings: Settings, reference: str, text: str, *, now: datetime) -> Consequences:
    """What it would come to. Raises Unknown for the post, Invalid for the time."""
    post = find_post(tx, reference)
    at = read_time(tx, post.id, text, now=now)
    account = tx.get_one(Account, post.account_id)
    problems, warnings = [], []
    if PostState(post.state) not in CANCELABLE:
        problems.append(f"It is {post.state}: its time can no longer be changed.")
    if at < now:
        problems.append("That time is in the past.")
    elif post.state != PostState.DRAFT.value and at < now + settings.stage_ahead:
        minutes = max(int((at - now).total_seconds() // 60), 0)
        warnings.append(f"Only {minutes} min are left for Instagram to prepare its media.")
    warnings += _crowding(tx, post, account, at)
    return Consequences(at, post.timezone, tuple(problems), tuple(warnings))


def _crowding(tx: Session, post: Post, account: Account, at: datetime) -> list[str]:
    """What stands near it: a full window, and neighbours closer than the account wants them."""
    terms = terms_of(tx, [account.name])[account.name]
    total, duration = pace.window_of(terms)
    tops = select(Part.id).where(Part.post_id == post.id, Part.parent_id.is_(None), Part.dropped_at.is_(None))
    places = max(len(list(tx.scalars(tops))), 1)
    known = pace.planned(tx, terms, since=min(at, post.publish_at) - 2 * duration)
    for _ in range(places):
        if post.publish_at in known:
            known.remove(post.publish_at)
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


def free_slots(tx: Session, account_id: int | None, *, since: datetime, until: datetime) -> list[FreeSlot]:
    """Slots of accounts in that span at which nothing is due, in order."""
    if since >= until:
        return []
    query = select(Slot.account_id, Slot.weekday, Slot.wall_time, Account.name, Account.timezone)
    query = query.join(Account, Account.id == Slot.account_id)
    if account_id is not None:
        query = query.where(Slot.account_id == account_id)
    times: dict[tuple[int, str, str], list[WeeklyTime]] = {}
    for row in tx.execute(query):
        times.setdefault((row.account_id, row.name, row.timezone), []).append(WeeklyTime(row.weekday, row.wall_time))
    taken = set(_taken(tx, since, until)) if times else set()
    return sorted(
        (
            FreeSlot(name, at)
            for (owner, name, zone), those in times.items()
            for at in _within(those, zone, since, until)
            if (owner, at) not in taken
        ),
        key=lambda one: (one.at, one.account),
    )


def _taken(tx: Session, since: datetime, until: datetime) -> Sequence[tuple[int, datetime]]:
    query = select(Post.account_id, Post.publish_at).where(
        Post.publish_at >= since, Post.publish_at < until, Post.state.in_(_TAKING)
    )
    return [(row.account_id, row.publish_at) for row in tx.execute(query)]


def _within(times: Sequence[WeeklyTime], zone: str, since: datetime, until: datetime) -> list[datetime]:
    found = []
    for at in occurrences(times, clock.zone(zone), after=since):
        if at >= until:
            break
        found.append(at)
    return found
