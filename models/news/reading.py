"""Rows that tell of something, in the order of their numbers, of which none is passed over.

A number is taken before its row is committed, so a row may appear below one that was seen already. What follows without
a gap can be told at once; what lies behind a gap is told once nobody can fill it any more: when every transaction that
was under way after the gap was seen has ended (`pg_snapshot_xmin`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.news.place import Place, told_to

AT_ONCE = 500


class Source(StrEnum):
    POST = "post"
    NOTICE = "notice"
    COVERAGE = "coverage"


Numbers = Mapping[Source, int]
"""The number up to which everything of a source was told."""

_SELECTS: Mapping[Source, str] = {
    Source.POST: """
        SELECT e.id, e.at, p.account_id, jsonb_build_object('post', p.id, 'key', p.key, 'account', a.name, 'from_state',
               e.from_state, 'to_state', e.to_state, 'reason', e.reason, 'message', e.message) AS told
          FROM post_events e JOIN posts p ON p.id = e.post_id JOIN accounts a ON a.id = p.account_id""",
    Source.NOTICE: """
        SELECT e.id, e.at, e.account_id, jsonb_build_object('kind', e.kind, 'account', e.account_name, 'post',
               e.post_id, 'message', e.message, 'detail', e.detail) AS told
          FROM notices e""",
    Source.COVERAGE: """
        SELECT e.id, e.at, e.account_id, jsonb_build_object('account', a.name, 'kind', e.kind, 'status', e.status)
               AS told
          FROM coverage_news e JOIN accounts a ON a.id = e.account_id""",
}
_COLUMNS = {Source.POST: "p.account_id", Source.NOTICE: "e.account_id", Source.COVERAGE: "e.account_id"}


@dataclass(frozen=True)
class News:
    """One thing that happened. `account_id` None: it is of no account."""

    source: Source
    id: int
    at: datetime
    account_id: int | None
    told: Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """What is there behind some numbers, and between which transactions it was seen."""

    news: Mapping[Source, Sequence[News]]
    oldest: int
    """Every transaction before this one has ended."""
    next: int
    """No transaction has this number yet, or a larger one."""


def _part(source: Source, limits: str) -> str:
    return f"(SELECT '{source}' AS source, n.* FROM ({_SELECTS[source]} WHERE {limits} ORDER BY e.id LIMIT :limit) n)"  # noqa: S608


_LOOK = text(
    " UNION ALL ".join(_part(source, f"e.id > :{source}") for source in Source)  # noqa: S608
    + " UNION ALL SELECT 'horizon', CAST(CAST(pg_snapshot_xmin(s) AS text) AS bigint), now(), NULL,"
    " jsonb_build_object('next', CAST(CAST(pg_snapshot_xmax(s) AS text) AS bigint)) FROM pg_current_snapshot() s"
)
_BETWEEN = (
    "e.id >= :first AND e.id <= :upto AND (e.id > :behind OR e.id = ANY(CAST(:missing AS bigint[])))"
    " AND e.id <> ALL(CAST(:absent AS bigint[]))"
)
_PAST = {source: text(_part(source, f"{_BETWEEN} AND {SEEN.format(column=_COLUMNS[source])}")) for source in Source}
_NEWEST = text("""
    SELECT (SELECT coalesce(max(id), 0) FROM post_events) AS post, (SELECT coalesce(max(id), 0) FROM notices) AS notice,
           (SELECT coalesce(max(id), 0) FROM coverage_news) AS coverage
""")


def newest(tx: Session) -> dict[Source, int]:
    """The largest number of each source."""
    row = tx.execute(_NEWEST).one()
    return {source: int(row._mapping[source.value]) for source in Source}


def look(tx: Session | Connection, numbers: Numbers) -> Look:
    """What is there behind the numbers, at most 500 of each source: one statement, one snapshot."""
    found: dict[Source, list[News]] = {source: [] for source in Source}
    oldest = next_ = 0
    for row in tx.execute(_LOOK, {**{source.value: numbers[source] for source in Source}, "limit": AT_ONCE}):
        if row.source == "horizon":
            oldest, next_ = int(row.id), int(row.told["next"])
        else:
            found[Source(row.source)].append(_news(row))
    return Look({source: sorted(rows, key=lambda one: one.id) for source, rows in found.items()}, oldest, next_)


def past(tx: Session, source: Source, *, behind: Place, upto: Place) -> list[News]:
    """At most 500 of a source that one place has and another has not, of the accounts that whoever asks may see."""
    values = {
        "first": min(behind.missing, default=behind.top + 1),
        "behind": behind.top,
        "missing": sorted(behind.missing),
        "upto": upto.top,
        "absent": sorted(upto.missing),
        "limit": AT_ONCE,
        "seen": seen_accounts(tx),
    }
    return sorted((_news(row) for row in tx.execute(_PAST[source], values)), key=lambda one: one.id)


def _news(row: Any) -> News:
    return News(Source(row.source), int(row.id), row.at, row.account_id, row.told)


@dataclass
class Line:
    """How far one source was told, and what is waited for."""

    number: int
    """Up to which everything was told."""
    _ahead: frozenset[int] = frozenset()
    """Told beyond that: what was there when the line began, though something below it may still come."""
    _upto: int | None = None
    _next: int | None = None

    @property
    def place(self) -> Place:
        return told_to(self.number, self._ahead)

    def begin(self, seen: Look, source: Source) -> None:
        """From what is there now on."""
        self._ahead = frozenset(one.id for one in seen.news[source])
        self.advance(seen, source)

    def advance(self, seen: Look, source: Source) -> list[tuple[Place, News]]:
        """What can be told after this look, in order, each with the place behind it."""
        ahead, rows, told = self._ahead, seen.news[source], []
        for one in rows:
            if one.id == self.number + 1:
                self.number = one.id
                told.append(one)
        behind = [one for one in rows if one.id > self.number]
        if not behind:
            self._upto = None
        elif self._upto is None or self._upto <= self.number:
            self._upto, self._next = behind[-1].id, None
        elif self._next is None:
            # Not at the look that saw the gap: a number is taken a moment before its transaction has one.
            self._next = seen.next
        elif seen.oldest >= self._next:
            told += [one for one in behind if one.id <= self._upto]
            self.number, self._upto = self._upto, None
        self._ahead = frozenset(one for one in ahead if one > self.number)
        return [(told_to(one.id, ahead), one) for one in told if one.id not in ahead]
