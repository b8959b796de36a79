"""Kept files held to the rules, and made right: what `pressrun media check|fix` do to files that lie here.

Making a file right is work for a worker of the queue `media`: it is asked for, and looked at until it is done. The same
file by the same words is one piece of work, whoever asks and however often.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from models.accounts.account import find_account
from models.library.item import PREFIX, find_item
from models.posts import conversion as conversions
from models.posts.conversion import Conversion
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.kept import kept_file
from operations.posts.uploads import KeptMedia, kept_media
from pressrun import clock
from pressrun.errors import Invalid, PressrunError, Unknown
from pressrun.media.checking import judge
from pressrun.media.fixing.picture import wanted
from pressrun.media.fixing.recipe import Recipe, shape_of_all, use_of
from pressrun.media.fixing.said import Said
from pressrun.media.fixing.told import Change, Facts, Made
from pressrun.media.grid import hidden_part
from pressrun.media.probe import MediaUnreadable, Probe, probe
from pressrun.media.rules import section_of
from pressrun.media.store import BY_CONTENT

__all__ = ["Change", "Facts", "Fix", "Judgement", "Said"]


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with a file where it is to serve as that. `section`: the row of the rules."""

    use: str
    field: str
    severity: str
    message: str
    section: str
    type: str


@dataclass(frozen=True)
class Judgement:
    """A kept file held to the rules. `fits`: what Instagram takes it for as it is."""

    media: KeptMedia
    fits: tuple[str, ...]
    faults: tuple[Fault, ...]
    grid_hides_percent: int
    """How much of it the grid of a profile does not show."""
    shape: float | None
    """Width by height to which it would be brought for the use that was named."""


@dataclass(frozen=True)
class Fix:
    """A kept file that is made right: `asked`, `done` (with what it became) or `failed` (with why)."""

    source: str
    """The original, as posts name it; it stays."""
    key: str
    """Names what is done to it."""
    state: str
    media: KeptMedia | None
    """What it became; the original where nothing had to be changed."""
    before: Facts | None
    after: Facts | None
    changes: tuple[dict[str, str], ...]
    """Field, before, after, reason and section of each."""
    notes: tuple[str, ...]
    error: str | None


@operation("media.check", effect=Effect.READS, scope=Scope.READ)
def check(ctx: Context, asker: Asker, media: str, *, use: str | None = None, first: str | None = None) -> Judgement:
    """Hold a kept file to the rules of one use, or of all that it can be.

    Args:
        media: `kept:` and a SHA-256, or `lib:` and a name.
        use: feed, reel, story, cover or carousel.
        first: of a carousel, the item whose shape all of them get.

    Raises Unknown, and Invalid for the use.
    """
    path, sha256, found = _kept(ctx, media)
    judged = judge(path, use)
    faults = tuple(
        Fault(word, one.field, one.severity, one.message, section_of(one.field), one.type)
        for word, problems in judged.found.items()
        for one in problems
    )
    hidden = round(100 * hidden_part(*found.shown_size))
    shape = None if use is None else _shape_for(found, use, _shape_of_first(ctx, use, first, found.kind == "video"))
    return Judgement(kept_media(path, sha256, found), judged.fits, faults, hidden, shape)


@operation("media.fix", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def fix(
    ctx: Context, asker: Asker, media: str, said: Said, *, first: str | None = None, account: str | None = None
) -> Fix:
    """Have a kept file made right; asked again it tells how far it is.

    Args:
        first: of a carousel, the item whose shape all of them get.
        account: whose it is, if it is somebody's.

    Raises Unknown, and Invalid for what was said.
    """
    _, sha256, found = _kept(ctx, media)
    recipe = said.recipe(found.kind, _shape_of_first(ctx, said.use, first, found.kind == "video"))
    now = clock.now()
    with ctx.database.transaction() as tx:
        asked_by = find_account(tx, account).id if account else 0
        row = _asked(tx, sha256, recipe, asked_by=asked_by, now=now)
    return _shown(ctx, row)


@operation("media.fixed", effect=Effect.READS, scope=Scope.READ)
def fixed(ctx: Context, asker: Asker, sha256: str, key: str) -> Fix:
    """How far making a file right is, or what came of it. Raises Unknown for what nobody has asked for."""
    with ctx.database.transaction() as tx:
        row = conversions.find(tx, sha256, key)
        if row is None:
            raise Unknown("nobody has asked for that", type="fix.unknown", field="key")
    return _shown(ctx, row)


@operation("media.origins", effect=Effect.READS, scope=Scope.READ)
def origins(ctx: Context, asker: Asker, media: Sequence[str]) -> dict[str, Fix]:
    """Of kept files those that were made from others, by their references, with what was done."""
    sha256s = [one.removeprefix(BY_CONTENT) for one in media if one.startswith(BY_CONTENT)]
    if not sha256s:
        return {}
    with ctx.database.transaction() as tx:
        found = conversions.made_into(tx, sha256s)
    return {f"{BY_CONTENT}{sha256}": _shown(ctx, row) for sha256, row in found.items()}


def _kept(ctx: Context, media: str) -> tuple[Path, str, Probe]:
    """Raises Unknown, and Invalid when it cannot be read."""
    if media.startswith(PREFIX):
        with ctx.database.transaction() as tx:
            sha256 = find_item(tx, media).sha256
    else:
        sha256 = media.removeprefix(BY_CONTENT)
    path = kept_file(ctx.settings, sha256, field="media")
    try:
        return path, sha256, probe(path)
    except MediaUnreadable as problem:
        raise Invalid(problem.reason, type=problem.type, field="media") from None


def _shape_of_first(ctx: Context, use: str | None, first: str | None, has_video: bool) -> float | None:
    if use != "carousel" or not first:
        return None
    _, _, found = _kept(ctx, first)
    return shape_of_all(found.ratio, has_video=has_video or found.kind == "video")


def _shape_for(found: Probe, use: str, shape: float | None) -> float:
    return wanted(Recipe(use_of(use, found.kind), shape=shape)).shape_for(found.ratio)


def _asked(tx: Session, sha256: str, recipe: Recipe, *, asked_by: int, now: datetime) -> Conversion:
    return conversions.ask(
        tx,
        source_sha256=sha256,
        recipe=json.dumps(recipe.as_json()),
        recipe_key=recipe.key,
        asked_by=asked_by,
        now=now,
    )


def _shown(ctx: Context, row: Conversion) -> Fix:
    """Reads the file that it became: not in a transaction, which would stay open meanwhile."""
    made = None if row.made is None else Made.from_json(row.made)
    return Fix(
        source=f"{BY_CONTENT}{row.source_sha256}",
        key=row.recipe_key,
        state=row.state,
        media=_result(ctx, row.result_sha256),
        before=made.before if made else None,
        after=made.after if made else None,
        changes=tuple(one.as_json() for one in made.changes) if made else (),
        notes=made.notes if made else (),
        error=row.error,
    )


def _result(ctx: Context, sha256: str | None) -> KeptMedia | None:
    """None too where the file has gone since."""
    if sha256 is None:
        return None
    try:
        path, _, found = _kept(ctx, f"{BY_CONTENT}{sha256}")
    except PressrunError:
        return None
    return kept_media(path, sha256, found)
