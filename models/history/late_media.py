"""Readings of media that come after a newer one was stored, as in `late_points`, for rows of many metrics.

Each metric goes by its own time (`media_latest.told_at`): what a late answer tells and no newer one did becomes the
newest known value; everything else of it is a point of its time only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.meanings.metrics import MEDIA_COLUMNS

_NAMES = ", ".join(MEDIA_COLUMNS)
_TYPED = ", ".join(f"{name} bigint" for name in MEDIA_COLUMNS)
_NOTHING: Final = object()


def _told_by(row: str) -> str:
    """SQL: what a row tells, columns and `extra` alike, as one object."""
    pairs = ", ".join(f"'{name}', {row}.{name}" for name in MEDIA_COLUMNS)
    return f"jsonb_strip_nulls(jsonb_build_object({pairs})) || coalesce({row}.extra, jsonb_build_object())"


# What each metric was at the time of the late reading: where nothing changed since, the newest row says it, also of a
# month that retention has dropped; else the last point until then that told it.
_BEFORE = ", ".join(
    f"""'{name}', CASE WHEN l.captured_at <= r.captured_at OR l.{name} IS NULL THEN l.{name} ELSE (
            SELECT p.{name} FROM media_snapshots p
             WHERE p.media_id = l.media_id AND p.captured_at <= r.captured_at AND p.{name} IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END"""  # noqa: S608 - constants
    for name in MEDIA_COLUMNS
)
_LOOK = text(f"""
    SELECT l.media_id, l.captured_at, l.told_at, {_told_by("l")} AS stands,
           jsonb_strip_nulls(jsonb_build_object({_BEFORE})) || coalesce(
               CASE WHEN l.captured_at <= r.captured_at THEN l.extra ELSE (
                    SELECT jsonb_object_agg(e.key, e.value ORDER BY p.captured_at)
                      FROM media_snapshots p CROSS JOIN LATERAL jsonb_each(p.extra) e
                     WHERE p.media_id = l.media_id AND p.captured_at <= r.captured_at) END,
               jsonb_build_object()) AS before,
           after.run_id AS after_run_id, CASE WHEN after.run_id IS NOT NULL THEN {_told_by("after")} END AS after_told
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(media_id bigint, captured_at timestamptz)
      JOIN media_latest l USING (media_id)
      LEFT JOIN LATERAL (SELECT p.* FROM media_snapshots p
                          WHERE p.media_id = l.media_id AND p.captured_at > r.captured_at
                          ORDER BY p.captured_at LIMIT 1) after ON true
     WHERE l.last_checked_at > r.captured_at
""")  # noqa: S608 - the only insertions are the constants above

_TOLD_SINCE = text(f"""
    SELECT DISTINCT k.name FROM media_snapshots p CROSS JOIN LATERAL jsonb_object_keys({_told_by("p")}) AS k(name)
     WHERE p.media_id = :media_id AND p.captured_at > :at
""")  # noqa: S608 - the only insertions are the constants above

_ADD = text(f"""
    INSERT INTO media_snapshots (media_id, captured_at, run_id, {_NAMES}, extra)
    SELECT media_id, captured_at, run_id, {_NAMES}, extra FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(media_id bigint, captured_at timestamptz, run_id bigint, {_TYPED}, extra jsonb)
    ON CONFLICT (media_id, captured_at) DO NOTHING
""")  # noqa: S608 - the only insertions are the constants above

_ADOPT = text(f"""
    UPDATE media_latest l
       SET {", ".join(f"{name} = coalesce(r.{name}, l.{name})" for name in MEDIA_COLUMNS)},
           extra = CASE WHEN r.extra IS NULL THEN l.extra
                        ELSE coalesce(l.extra, jsonb_build_object()) || r.extra END,
           told_at = coalesce(l.told_at, jsonb_build_object()) || r.told_at,
           captured_at = greatest(l.captured_at, r.captured_at)
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(media_id bigint, captured_at timestamptz, {_TYPED}, extra jsonb, told_at jsonb)
     WHERE l.media_id = r.media_id
""")  # noqa: S608 - the only insertions are the constants above


def store_late(tx: Session, rows: Sequence[Mapping[str, Any]], *, run_id: int | None) -> int:
    """Add late readings to the history; returns how many points were written. Those that are not late add nothing.

    Args:
        rows: as `models.history.media` writes them; each media once, its row of `media_latest` locked.
    """
    by_media = {row["media_id"]: row for row in rows}
    points: list[dict[str, Any]] = []
    adopted: list[dict[str, Any]] = []
    for found in tx.execute(_LOOK, {"rows": json.dumps(rows)}):
        late = _Late(by_media[found.media_id], found, run_id)
        news = late.news()
        again = late.again(tx, news)
        if news:
            points += [{**late.row, "run_id": run_id}, *again]
        adopted += late.adopted(news, again)
    if adopted:
        tx.execute(_ADOPT, {"rows": json.dumps(adopted)})
    if not points:
        return 0
    result: Any = tx.execute(_ADD, {"rows": json.dumps(points)})
    return int(result.rowcount)


class _Late:
    """One late reading beside what is known of its media."""

    def __init__(self, row: Mapping[str, Any], found: Row[Any], run_id: int | None) -> None:
        self.row, self._found = row, found
        self._told = {name: row[name] for name in MEDIA_COLUMNS if name in row} | (row["extra"] or {})
        self._at = datetime.fromisoformat(row["captured_at"])
        is_its_run = run_id is not None and found.after_run_id == run_id
        self._told_by_run: Mapping[str, Any] = found.after_told if is_its_run else {}
        self._told_at: Mapping[str, str] = found.told_at or {}

    def news(self) -> set[str]:
        """What differs from what was known then, and is not told a moment later by the same run."""
        return {
            name
            for name, value in self._told.items()
            if self._found.before.get(name, _NOTHING) != value and self._told_by_run.get(name, _NOTHING) != value
        }

    def is_newest(self, name: str) -> bool:
        """Whether no later answer told it. When that was is not known of what an old release has stored."""
        if name in self._told_at:
            return datetime.fromisoformat(self._told_at[name]) < self._at
        return name not in self._found.stands

    def again(self, tx: Session, news: set[str]) -> list[dict[str, Any]]:
        """The last readings, by time, of values that have stood unchanged from before the late answer until now."""
        standing = [name for name in news if name in self._told_at and not self.is_newest(name)]
        if not standing:
            return []
        since = set(tx.scalars(_TOLD_SINCE, {"media_id": self.row["media_id"], "at": self._at}))
        by_time: dict[datetime, dict[str, Any]] = {}
        for name in sorted(set(standing) - since):
            at = datetime.fromisoformat(self._told_at[name])
            by_time.setdefault(at, {})[name] = self._found.stands[name]
        return [_row(self.row["media_id"], at.isoformat(), told) for at, told in sorted(by_time.items())]

    def adopted(self, news: set[str], again: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The change of `media_latest`: none, or what becomes the newest value and the time of the newest change."""
        newest = {name: value for name, value in self._told.items() if self.is_newest(name)}
        times = [datetime.fromisoformat(point["captured_at"]) for point in again]
        if news & newest.keys():
            times.append(self._at)
        if not newest and not times:
            return []
        changed_at = max([self._found.captured_at, *times])
        told_at = dict.fromkeys(newest, self.row["captured_at"])
        return [{**_row(self.row["media_id"], changed_at.isoformat(), newest), "told_at": told_at}]


def _row(media_id: int, at: str, told: Mapping[str, Any]) -> dict[str, Any]:
    extra = {name: value for name, value in told.items() if name not in MEDIA_COLUMNS}
    columns = {name: value for name, value in told.items() if name in MEDIA_COLUMNS}
    return {"media_id": media_id, "captured_at": at, **columns, "extra": extra or None}
