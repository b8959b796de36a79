"""Drafts: posts that somebody is still writing. They are kept as they were written, judged, and never sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.accounts.account import find_account
from models.posts.draft import add_draft, find_draft, write_draft
from models.reading.posts.drafts import DraftRow, newest_drafts
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.imports import Added, keeping
from operations.posts.posts import PostFields
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid, Unknown
from pressrun.paging import Page, page, place_of
from pressrun.versions import Seen
from scheduler.posts.importing import RowProblem, import_fields
from scheduler.posts.wish import read_wish

__all__ = ["DraftShown", "Judged", "add", "edit", "judge", "list_drafts", "queue", "remove", "show"]

_SOME_TIME = "+1d"
"""Nothing else of a post is looked at without a time."""


@dataclass(frozen=True)
class DraftShown:
    """A draft, and what is missing or wrong before it can be queued. Its media are looked at when it is."""

    id: int
    account: str | None
    fields: dict[str, str]
    """Column of a campaign → text, as it was written; several media and alternative texts are separated by |."""
    version: int
    author: str
    created_at: datetime
    updated_at: datetime
    problems: tuple[RowProblem, ...]

    @classmethod
    def of(cls, row: DraftRow) -> DraftShown:
        fields = row.fields | ({"account": row.account} if row.account else {})
        zone = clock.zone(row.timezone or "UTC")
        _, problems = read_wish(fields, zone=zone, reference=clock.now())
        told: dict[str, Any] = {name: getattr(row, name) for name in ("id", "account", "version", "author")}
        return cls(
            **told,
            fields=row.fields,
            created_at=row.created_at,
            updated_at=row.updated_at,
            problems=tuple(RowProblem.of(1, one) for one in problems),
        )


@dataclass(frozen=True)
class Judged:
    """What keeps a post from being queued, and what is doubted about it."""

    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]


@operation("draft.list", effect=Effect.READS, scope=Scope.READ)
def list_drafts(
    ctx: Context, asker: Asker, account: str | None = None, *, cursor: str | None = None, limit: int = 50
) -> Page[DraftShown]:
    """Drafts, newest first, of one or all accounts. Raises Unknown for the account, Invalid for the cursor."""
    place = place_of("drafts", cursor, int)
    with ctx.database.transaction() as tx:
        before = None if place is None else place[0]
        rows = newest_drafts(tx, account_id_of(tx, account), limit=limit + 1, before=before)
    return page("drafts", [DraftShown.of(row) for row in rows], lambda one: (one.id,), limit=limit)


@operation("draft.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, draft: int) -> DraftShown:
    """One draft, with what is missing or wrong. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return _shown(tx, draft)


@operation("draft.add", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def add(ctx: Context, asker: Asker, fields: PostFields) -> DraftShown:
    """Keep what somebody has written so far, complete or not. Raises Unknown for the account."""
    said = _said(fields)
    with ctx.database.transaction() as tx:
        draft = add_draft(tx, said, account_id=_account(tx, asker, said), author=asker.name)
        return _shown(tx, draft.id)


@operation("draft.edit", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def edit(ctx: Context, asker: Asker, draft: int, fields: PostFields, *, version: Seen = None) -> DraftShown:
    """Change fields of a draft; an empty text takes a field away.

    Args:
        version: the one that the asker has seen: nothing is changed if there is a newer one.

    Raises Unknown; Conflict when somebody else has changed it.
    """
    with ctx.database.transaction() as tx:
        found = find_draft(tx, draft, version=version)
        said = {name: text for name, text in {**found.fields, **fields.said()}.items() if text.strip()}
        write_draft(tx, found, said, account_id=_account(tx, asker, said), now=clock.now())
        return _shown(tx, draft)


@operation("draft.judge", effect=Effect.READS, scope=Scope.PUBLISH)
def judge(ctx: Context, asker: Asker, fields: PostFields) -> Judged:
    """What queueing would say of what was written so far; where no time was said, nothing is told about one."""
    said = _said(fields)
    has_time = "publish_at" in said
    with ctx.rehearsal() as dry:
        report = import_fields(dry.database, dry.settings, {"publish_at": _SOME_TIME} | said, base=None)
    if has_time:
        return Judged(tuple(report.problems), tuple(report.warnings))
    problems, warnings = ([one for one in told if not _is_of_time(one)] for told in (report.problems, report.warnings))
    return Judged((RowProblem(1, "publish_at", "is missing"), *problems), tuple(warnings))


@operation("draft.remove", effect=Effect.DESTROYS, scope=Scope.PUBLISH)
def remove(ctx: Context, asker: Asker, draft: int) -> None:
    """Throw a draft away. Raises Unknown."""
    with ctx.database.transaction() as tx:
        tx.delete(find_draft(tx, draft))


@operation("draft.queue", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def queue(
    ctx: Context,
    asker: Asker,
    draft: int,
    *,
    keep_media: bool = False,
    late: bool = False,
    version: Seen = None,
) -> Added:
    """Make a post of a draft, checked like any other; the draft goes with it. With problems, it stays.

    Raises Unknown; Conflict when somebody else has changed it.
    """
    with ctx.database.transaction() as tx:
        seen = find_draft(tx, draft, version=version)
    report = import_fields(ctx.database, keeping(ctx.settings, keep_media), seen.fields, base=None, late=late)
    queued = Added.shown(ctx, report)
    if not queued.problems:
        # Where this is not reached, the draft is there still, and queueing it again finds the same post.
        with ctx.database.transaction() as tx:
            tx.delete(find_draft(tx, draft))
    return queued


def _said(fields: PostFields) -> dict[str, str]:
    return {name: text for name, text in fields.said().items() if text.strip()}


def _is_of_time(told: RowProblem) -> bool:
    return told.column == "publish_at" or told.type == "media.late"


def _account(tx: Session, asker: Asker, said: dict[str, str]) -> int | None:
    if "account" in said:
        return find_account(tx, said["account"].strip()).id
    if asker.accounts is not None:
        said_ = "name the account: a draft of none is for those who see all"
        raise Invalid(said_, type="draft.no_account", field="account")
    return None


def _shown(tx: Session, draft_id: int) -> DraftShown:
    rows = newest_drafts(tx, None, limit=1, id_=draft_id)
    if not rows:
        raise Unknown(f"there is no draft {draft_id}", type="draft.unknown", field="draft", ids={"draft": draft_id})
    return DraftShown.of(rows[0])
