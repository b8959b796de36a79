"""Campaigns that are handed in over the network: rows, or a file as it was sent, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from models.posts.campaign import Campaign, find_campaign, record_campaign
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.imports import Queued, keeping
from operations.posts.posts import PostFields
from pressrun.errors import Unknown
from pressrun.paging import Page, page, place_of
from scheduler.posts.files.reading import read_file
from scheduler.posts.files.rows import Row, Unreadable
from scheduler.posts.importing import RowProblem, import_rows

__all__ = ["CampaignShown", "RowProblem", "hand_in", "hand_in_file", "list_campaigns", "show"]


@dataclass(frozen=True)
class CampaignShown:
    """An import: how many posts it added, had added before, or was refused for. Of those with problems nothing was
    queued."""

    id: int
    at: datetime
    author: str
    name: str | None
    added: int
    unchanged: int
    problems: int
    posts: list[int]
    """Numbers of the posts that are its rows."""
    flaws: list[RowProblem]
    warnings: list[RowProblem]


@operation("import.add", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def hand_in(
    ctx: Context,
    asker: Asker,
    rows: Sequence[PostFields],
    *,
    name: str | None = None,
    keep_media: bool = False,
    late: bool = False,
) -> CampaignShown:
    """Queue all rows of a campaign, or none if one of them is wrong. The same again adds nothing.

    Media are addresses or kept files: no file of this machine can be named.
    """
    numbered = [Row(number, one.said()) for number, one in enumerate(rows, start=1)]
    return _hand_in(ctx, asker, numbered, name, keep_media=keep_media, late=late)


@operation("import.add_file", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def hand_in_file(
    ctx: Context,
    asker: Asker,
    file: Path,
    *,
    name: str | None = None,
    keep_media: bool = False,
    late: bool = False,
) -> CampaignShown:
    """The same of a CSV, XLSX or JSON file that was sent. Raises Invalid when it cannot be read as a campaign."""
    try:
        rows = read_file(file)
    except Unreadable as problem:
        raise problem.called(name or "the file") from None
    return _hand_in(ctx, asker, rows, name, keep_media=keep_media, late=late)


@operation("import.list", effect=Effect.READS, scope=Scope.READ)
def list_campaigns(ctx: Context, asker: Asker, *, cursor: str | None = None, limit: int = 50) -> Page[CampaignShown]:
    """Imports, newest first; whoever is limited to accounts sees their own. Raises Invalid for the cursor."""
    place = place_of("imports", cursor, int)
    query = select(Campaign).order_by(Campaign.id.desc()).limit(limit + 1)
    if asker.accounts is not None:
        query = query.where(Campaign.author == asker.name)
    if place is not None:
        query = query.where(Campaign.id < place[0])
    with ctx.database.transaction() as tx:
        rows = [_shown(one) for one in tx.scalars(query)]
    return page("imports", rows, lambda one: (one.id,), limit=limit)


@operation("import.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, campaign: int) -> CampaignShown:
    """What became of an import. Raises Unknown."""
    with ctx.database.transaction() as tx:
        found = find_campaign(tx, campaign)
    if asker.accounts is not None and found.author != asker.name:
        raise Unknown(f"there is no import {campaign}", type="import.unknown", field="import", ids={"import": campaign})
    return _shown(found)


def _hand_in(
    ctx: Context, asker: Asker, rows: Sequence[Row], name: str | None, *, keep_media: bool, late: bool
) -> CampaignShown:
    report = import_rows(ctx.database, keeping(ctx.settings, keep_media), rows, base=None, late=late)
    queued = Queued.of(report)
    with ctx.database.transaction() as tx:
        told: dict[str, Any] = {
            "posts": sorted({*queued.added, *queued.unchanged}),
            "flaws": [asdict(one) for one in queued.problems],
            "warnings": [asdict(one) for one in queued.warnings],
        }
        written = Campaign(
            author=asker.name,
            name=name,
            added=len(queued.added),
            unchanged=len(queued.unchanged),
            problems=len(queued.problems),
            report=told,
        )
        return _shown(record_campaign(tx, written))


def _shown(one: Campaign) -> CampaignShown:
    rows: dict[str, list[RowProblem]] = {
        name: [RowProblem(**row) for row in one.report[name]] for name in ("flaws", "warnings")
    }
    return CampaignShown(
        id=one.id,
        at=one.at,
        author=one.author,
        name=one.name,
        added=one.added,
        unchanged=one.unchanged,
        problems=one.problems,
        posts=one.report["posts"],
        flaws=rows["flaws"],
        warnings=rows["warnings"],
    )
