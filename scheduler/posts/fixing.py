"""Having files made right: asked for with the post that needs them, once for each input and recipe."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from models.posts import conversion as conversions
from models.posts.conversion import Conversion, ConversionState
from models.posts.need import hold, owed_of, write_needs
from models.reading.upkeep.conversions import unready
from scheduler.posts.examined import Examined
from scheduler.posts.wish import ColumnProblem

if TYPE_CHECKING:
    from scheduler.posts.preflight import Preflight

Key = tuple[str, str]
"""Digest of the input, key of the recipe."""


def commission(
    tx: Session,
    preflights: Sequence[tuple[Preflight, int, datetime]],
    *,
    now: datetime,
    moved: Mapping[int, datetime] | None = None,
) -> list[Preflight]:
    """Ask for all that has to be made right, each beside the account that asks and when its post is due; returns them
    with what was asked.

    Before any post is locked: whoever settles a conversion goes on to its posts.

    Args:
        moved: posts that are due at another time now: what they wait for already is made in time for that.
    """
    moved = moved or {}
    wanted: dict[Key, tuple[Examined, int, datetime]] = {}
    for preflight, account_id, at in sorted(preflights, key=lambda given: given[2]):
        for one in _files(preflight):
            key = _key(one)
            if key is not None:
                wanted.setdefault(key, (one, account_id, at))  # of the post that is due first
    needed, held = owed_of(tx, moved) if moved else set(), []
    rows: dict[Key, Conversion] = {}
    # What is asked for and what is moved in one order: two who edit do not wait for each other in a circle. What is to
    # be moved is locked before it is asked for: a share of it may be another's, too, and could not be raised.
    for key in sorted(wanted.keys() | needed):
        if key in needed and (number := hold(tx, key)) is not None:
            held.append(number)
        if key in wanted:
            rows[key] = _ask(tx, key, *wanted[key], now=now)
    write_needs(tx, held, moved)
    return [_with(preflight, rows) for preflight, _, _ in preflights]


def failed_before(tx: Session, preflight: Preflight) -> list[tuple[str, str]]:
    """(source, why) of the files that were tried by the same recipe and could not be made right."""
    keys = {key: one for one in _files(preflight) if (key := _key(one)) is not None}
    return [(keys[key].source, why) for key, why in conversions.failures(tx, list(keys)).items()]


def waiting(preflight: Preflight) -> int:
    """How many of the files wait to be made right: those that were asked for, and are not done."""
    return sum(one.conversion_id is not None and one.recipe is not None for one in _files(preflight))


def too_slow(tx: Session, posts: Collection[int], *, now: datetime) -> list[tuple[int, ColumnProblem]]:
    """Of these posts those whose files can hardly be made right in time, as far as the work before them tells."""
    found = unready(tx, now=now, has_hands=True, posts=posts)
    return [(one.post_id, ColumnProblem("publish_at", str(one), "media.late")) for one in found]


def _files(preflight: Preflight) -> Iterable[Examined]:
    return [*preflight.media, *([preflight.cover] if preflight.cover else [])]


def _key(one: Examined) -> Key | None:
    return (one.sha256, one.recipe.key) if one.recipe is not None and one.sha256 is not None else None


def _ask(tx: Session, key: Key, one: Examined, account_id: int, at: datetime, *, now: datetime) -> Conversion:
    asked = {
        "source_sha256": key[0],
        "recipe_key": key[1],
        "recipe": json.dumps(one.recipe.as_json() if one.recipe else {}),
    }
    return conversions.ask(tx, **asked, asked_by=account_id, now=now, needed_at=at)


def _with(preflight: Preflight, rows: Mapping[Key, Conversion]) -> Preflight:
    def asked(one: Examined) -> Examined:
        key = _key(one)
        if key is None:
            return one
        row = rows[key]
        if row.state != ConversionState.DONE.value:
            return replace(one, conversion_id=row.id)
        # What it looks like stays: it is compared with what people have seen, and the same picture.
        looks = {name: value for name, value in one.probe.items() if name == "likeness"}
        known = one.probe if row.probe is None else {**row.probe, **looks}
        return replace(
            one,
            sha256=row.result_sha256,
            extension=row.result_extension,
            probe=known,
            recipe=None,
            conversion_id=row.id,
        )

    cover = asked(preflight.cover) if preflight.cover else None
    return replace(preflight, media=tuple(asked(one) for one in preflight.media), cover=cover)
