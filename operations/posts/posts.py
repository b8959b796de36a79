"""Posts: queueing one, seeing where they stand, and what a person may still want of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from sqlalchemy.orm import Session

from models.access.audit import note
from models.accounts.account import find_account
from models.posts.post import find_post
from models.posts.states import PostState
from models.reading.posts import posts as reading
from models.reading.posts.posts import COLUMNS, EventShown, FixShown, PartShown, PostPage, PostShown
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.imports import Added, keeping
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.media.routes import Ways
from pressrun.versions import Seen
from scheduler.posts import changing, completing
from scheduler.posts.editing import edit_post
from scheduler.posts.importing import RowProblem, import_fields

__all__ = [
    "COLUMNS",
    "Edited",
    "EventShown",
    "FixShown",
    "PartShown",
    "PostFields",
    "PostPage",
    "PostShown",
    "RowProblem",
]


@dataclass(frozen=True, kw_only=True)
class PostFields:
    """A post as a person writes it: texts that are read like the columns of a campaign. None: not said."""

    account: str | None = None
    publish_at: str | None = None
    type: str | None = None
    media: tuple[str, ...] | None = None
    caption: str | None = None
    alt_text: tuple[str, ...] | None = None
    first_comment: str | None = None
    location_id: str | None = None
    user_tags: str | None = None
    collaborators: str | None = None
    product_tags: tuple[str, ...] | None = None
    poll_options: tuple[str, ...] | None = None
    poll_extended: str | None = None
    comment_prompt: str | None = None
    cover_url: str | None = None
    cover_at: str | None = None
    thumb_offset_ms: str | None = None
    share_to_feed: str | None = None
    trial: str | None = None
    max_lateness: str | None = None
    if_late: str | None = None
    fix: str | None = None
    key: str | None = None

    def said(self) -> dict[str, str]:
        """Column and text of each field that was said."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: "|".join(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if value is not None
        }


@dataclass(frozen=True)
class Edited:
    """What an edit came to. With problems, nothing was changed."""

    post: PostShown
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]


@operation("post.list", effect=Effect.READS, scope=Scope.READ)
def list_posts(
    ctx: Context, asker: Asker, *, account: str | None = None, state: str | None = None, limit: int | None = None
) -> list[PostShown]:
    """Posts by the time they are due. Raises Unknown for the account, Invalid for the state."""
    wanted = _state(state) if state else None
    with ctx.database.transaction() as tx:
        account_id = find_account(tx, account, removed=True).id if account else None
        return reading.list_posts(tx, account_id=account_id, state=wanted, limit=limit)


@operation("post.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, post: str) -> PostPage:
    """One post by number or key: what it holds, and everything that happened to it. Raises Unknown."""
    with ctx.database.look() as tx:
        return reading.post_page(tx, find_post(tx, post), Ways.of(ctx.settings))


@operation("post.add", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def add(
    ctx: Context, asker: Asker, fields: PostFields, *, base: Path | None, keep_media: bool = False, late: bool = False
) -> Added:
    """Queue one post; the same key again, or all the same again, adds nothing.

    Args:
        base: the folder that media paths are relative to; None: no file of this machine may be named.
        keep_media: keep what is behind URLs too, as the settings may say for all posts.
        late: accept a time in the past; the post goes out at once.
    """
    settings = keeping(ctx.settings, keep_media)
    return Added.shown(ctx, import_fields(ctx.database, settings, fields.said(), base=base, late=late))


@operation("post.edit", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def edit(
    ctx: Context,
    asker: Asker,
    post: str,
    fields: PostFields,
    *,
    base: Path | None,
    late: bool = False,
    version: Seen = None,
) -> Edited:
    """Change a queued post; an empty text takes a field away. What was prepared from the old content is dropped.

    Args:
        version: the one that the asker has seen (`PostShown.version`): nothing is changed if there is a newer one.

    Raises Unknown; Conflict when somebody else has changed it; Invalid for a field that cannot be edited; NotPossible
    once it may have been sent.
    """
    with ctx.database.transaction() as tx:
        post_id = find_post(tx, post).id
    report = edit_post(ctx.database, ctx.settings, post_id, fields.said(), base=base, late=late, version=version)
    with ctx.database.transaction() as tx:
        return Edited(reading.show_post(tx, post_id), tuple(report.problems), tuple(report.warnings))


@operation("post.cancel", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def cancel(ctx: Context, asker: Asker, post: str, *, why: str | None = None) -> PostShown:
    """Take a post back. Raises Unknown, and NotPossible once it may have been sent."""
    return _change(ctx, post, lambda tx, post_id: changing.cancel(tx, post_id, why=why))


@operation("post.pause", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def pause(ctx: Context, asker: Asker, post: str) -> PostShown:
    """Hold a post until it is resumed. Raises Unknown, and NotPossible once it may have been sent."""
    return _change(ctx, post, changing.pause)


@operation("post.resume", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def resume(ctx: Context, asker: Asker, post: str) -> PostShown:
    """Let a paused post go on. Raises Unknown and NotPossible."""
    return _change(ctx, post, lambda tx, post_id: changing.resume(tx, post_id, ctx.settings))


@operation("post.retry", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def retry(ctx: Context, asker: Asker, post: str, *, publish_at: str | None = None) -> PostShown:
    """Queue a failed or expired post again, for now or for a time as in a campaign.

    Raises Unknown; Invalid for the time; NotPossible in any other state.
    """

    def change(tx: Session, post_id: int) -> None:
        now = clock.now()
        at = changing.read_time(tx, post_id, publish_at, now=now) if publish_at else None
        changing.retry(tx, post_id, ctx.settings, now=now, publish_at=at)

    return _change(ctx, post, change)


@operation("post.retry_missing", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def retry_missing(ctx: Context, asker: Asker, post: str) -> PostShown:
    """Try once more what a published post lacks: its first comment, its address. Raises Unknown and NotPossible."""
    return _change(ctx, post, lambda tx, post_id: completing.retry_missing(tx, post_id, now=clock.now()))


@operation("post.resolve_comment", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def resolve_comment(ctx: Context, asker: Asker, post: str, *, was_sent: bool) -> PostShown:
    """Decide about a first comment of which only a person can tell whether it stands, or that they wrote by hand.

    Raises Unknown, and NotPossible when there is nothing to decide.
    """

    def change(tx: Session, post_id: int) -> None:
        completing.resolve_comment(tx, post_id, was_sent=was_sent, now=clock.now())

    return _change(ctx, post, change)


@operation("post.resolve", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def resolve(ctx: Context, asker: Asker, post: str, *, media_id: str | None) -> PostShown:
    """Decide about a post of which only a person can tell whether it is live: as this media, or not (None).

    Raises Unknown; Invalid and Conflict for the media; NotPossible when there is nothing to decide, or when Instagram's
    late answer has decided.
    """

    def change(tx: Session, post_id: int) -> None:
        if media_id is None:
            changing.resolve_not_published(tx, post_id, now=clock.now())
        else:
            changing.resolve_published(tx, post_id, media_id, now=clock.now())

    return _change(ctx, post, change)


def _state(text: str) -> PostState:
    try:
        return PostState(text)
    except ValueError:
        known = ", ".join(PostState)
        raise Invalid(f"unknown state {text!r}; the states are {known}", type="post.state", field="state") from None


def _change(ctx: Context, reference: str, change: Callable[[Session, int], None]) -> PostShown:
    with ctx.database.transaction() as tx:
        found = find_post(tx, reference)
        post_id, before = found.id, found.state
        change(tx, post_id)
        shown = reading.show_post(tx, post_id)
        note(tx, before={"state": before}, after={"state": shown.state})
        return shown
