"""The calendar: what is due in a span, which slots are free in it, and what moving a post would come to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from models.reading.posts import cards
from models.reading.posts.cards import Beside, Card, Due
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.folding import fold
from pressrun.paging import cursor_of, place_of
from scheduler.posts import moving
from scheduler.posts.moving import Consequences, FreeSlot, free_at

__all__ = ["Card", "Columns", "Consequences", "FreeSlot", "Run", "Span"]

MOST = 300
"""Posts that a span shows: a busy week. Of more, each part of it shows as many of its first ones as fit."""
MOST_FREE = 4
"""Free slots of a part that are shown."""
BESIDE = 12
"""Accounts beside each other at a time."""
MOST_BESIDE = 240
"""Posts that those show: their many cells weigh something too."""
LISTED = 50
"""Posts of a list at a time."""
_LIST = "calendar"
_FREE_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Span:
    """What is due from one instant to before another, which marks divide into parts."""

    posts: Sequence[Card]
    """All of them, or the first ones of each part."""
    counts: Sequence[int]
    """How many are due in each part."""
    free: Sequence[FreeSlot]
    """The first ones of each part."""
    free_counts: Sequence[int]


@dataclass(frozen=True)
class Columns:
    """Some accounts beside each other, and what is due of each in the same parts of a span.

    By name; where not all fit, those with posts come first.
    """

    spans: Sequence[tuple[str, Span]]
    first: int
    """Which one the first of them is, from 1."""
    total: int
    """How many accounts there are."""
    busy: int
    """How many of all have posts in the span."""
    count: int
    """Posts of all."""

    @property
    def number(self) -> int:
        """Of the page."""
        return (self.first - 1) // BESIDE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.spans) - 1

    @property
    def has_more(self) -> bool:
        return self.last < self.total


@dataclass(frozen=True)
class Run:
    """Some posts in order of their times. `earlier`, `later`: cursors to what is before and behind; None: nothing."""

    posts: Sequence[Card]
    free: Sequence[tuple[datetime, int]]
    """When slots are free among them, and how many; of some weeks at most."""
    earlier: str | None
    later: str | None


@operation("calendar.show", effect=Effect.READS, scope=Scope.READ)
def show(
    ctx: Context,
    asker: Asker,
    since: datetime,
    until: datetime,
    *,
    account: str | None = None,
    marks: Sequence[datetime] = (),
    each: int = MOST,
) -> Span:
    """Posts and free slots from `since` to before `until`.

    Args:
        marks: instants between the two, in order, at each of which another part begins.
        each: posts that are shown of a part at most. One is shown of each at least, whatever `MOST` says.

    Raises Unknown for the account, Invalid for the span.
    """
    bounds = _bounds(since, marks, until)
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account)
        counts = cards.due(tx, account_id, bounds=bounds)
        busy = [(bounds[at], bounds[at + 1]) for at, count in enumerate(counts) if count]
        fitting = min(each, fold(counts, MOST))
        found = cards.first_of(tx, account_id, spans=busy, each=fitting) if busy else []
        free = free_at(tx, account_id, since=max(since, clock.now()), until=until)
    return Span(found, counts, *_shown(free, bounds))


def _bounds(since: datetime, marks: Sequence[datetime], until: datetime) -> list[datetime]:
    bounds = [since, *marks, until]
    if any(one >= other for one, other in pairwise(bounds)):
        raise Invalid("the end is not after the beginning", type="calendar.empty_span", field="until")
    return bounds


def _shown(
    free: Iterable[tuple[datetime, Sequence[str]]], bounds: Sequence[datetime]
) -> tuple[list[FreeSlot], list[int]]:
    found, counts = [], [0] * (len(bounds) - 1)
    for at, names in free:
        part = bisect_right(bounds, at) - 1
        found += [FreeSlot(name, at) for name in names[: max(MOST_FREE - counts[part], 0)]]
        counts[part] += len(names)
    return found, counts


@operation("calendar.columns", effect=Effect.READS, scope=Scope.READ)
def columns(
    ctx: Context,
    asker: Asker,
    since: datetime,
    until: datetime,
    *,
    account: str | None = None,
    marks: Sequence[datetime] = (),
    page: int = 1,
) -> Columns:
    """Posts and free slots from `since` to before `until`, of each account by itself.

    Args:
        marks: instants between the two, in order, at each of which another part begins.
        page: of accounts, from 1; one beyond the last is the last.

    Raises Unknown for the account, Invalid for the span.
    """
    bounds = _bounds(since, marks, until)
    with ctx.database.transaction() as tx:
        due = cards.due_of_each(tx, account_id_of(tx, account), bounds=bounds)
        if len(due) > BESIDE:
            due.sort(key=lambda one: not any(one.counts))  # by name where all fit; a change shall not reorder them
        number = min(max(page, 1), max(-(-len(due) // BESIDE), 1))
        shown = due[(number - 1) * BESIDE : number * BESIDE]
        busy = [
            (one.account_id, bounds[at], bounds[at + 1])
            for one in shown
            for at, count in enumerate(one.counts)
            if count
        ]
        fitting = fold((count for one in shown for count in one.counts), MOST_BESIDE)
        found = cards.first_of_each(tx, busy, each=fitting) if busy else []
        account_id = shown[0].account_id if len(due) == 1 else None
        free = list(free_at(tx, account_id, since=max(since, clock.now()), until=until))
    spans = [(one.account, _span_of(one, found, free, bounds)) for one in shown]
    count, with_posts = sum(sum(one.counts) for one in due), sum(any(one.counts) for one in due)
    return Columns(spans, (number - 1) * BESIDE + 1, len(due), with_posts, count)


def _span_of(
    due: Due, posts: Iterable[Card], free: Iterable[tuple[datetime, Sequence[str]]], bounds: Sequence[datetime]
) -> Span:
    own = [(at, [due.account]) for at, names in free if due.account in names]
    return Span([one for one in posts if one.account == due.account], due.counts, *_shown(own, bounds))


@operation("calendar.list", effect=Effect.READS, scope=Scope.READ)
def list_posts(
    ctx: Context,
    asker: Asker,
    begin: datetime,
    *,
    account: str | None = None,
    within: tuple[datetime, datetime] | None = None,
    before: str | None = None,
    after: str | None = None,
) -> Run:
    """Posts in order of their times, `LISTED` at a time: from `begin` on, or where a cursor leads.

    Args:
        within: only what is due from the one instant to before the other.
        before: a cursor to what is earlier.
        after: a cursor to what is later.

    Raises Unknown for the account, Invalid for a cursor.
    """
    place: Any = place_of(_LIST, before or after, datetime, int) or (begin, 0)
    since, until = within or (None, None)
    back, on = (Beside(one, since, until) for one in (True, False))
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account)
        found = cards.beside(tx, account_id, *place, wish=back if before else on, limit=LISTED + 1)
        if before:
            has_earlier, posts = len(found) > LISTED, found[-LISTED:]
            has_later = _is_any(tx, account_id, posts[-1] if posts else place, on)
        else:
            has_later, posts = len(found) > LISTED, found[:LISTED]
            has_earlier = _is_any(tx, account_id, posts[0] if posts else place, back)
        first, last = (_place(posts[0]), _place(posts[-1])) if posts else (place, place)
        least = first[0] if before or after else begin
        most = min([least + _FREE_FOR, *([last[0]] if has_later else []), *([until] if until else [])])
        free = [(at, len(those)) for at, those in free_at(tx, account_id, since=max(least, clock.now()), until=most)]
    earlier, later = cursor_of(_LIST, *first) if has_earlier else None, cursor_of(_LIST, *last) if has_later else None
    return Run(posts, free, earlier, later)


def _place(post: Card) -> tuple[datetime, int]:
    return post.publish_at, post.id


def _is_any(tx: Session, account_id: int | None, of: Card | tuple[datetime, int], wish: Beside) -> bool:
    at, number = _place(of) if isinstance(of, Card) else of
    return bool(cards.beside(tx, account_id, at, number, wish=wish, limit=1))


@operation("calendar.consequences", effect=Effect.READS, scope=Scope.READ)
def consequences(ctx: Context, asker: Asker, post: str, publish_at: str, *, other: str | None = None) -> Consequences:
    """What it would come to if a post were moved to a time as a person writes it, in the post's own zone.

    Args:
        other: a post that it may change places with instead: what that would come to, for both.

    Raises Unknown; Invalid for the time.
    """
    with ctx.database.transaction() as tx:
        return moving.consequences(tx, ctx.settings, post, publish_at, now=clock.now(), other=other)
