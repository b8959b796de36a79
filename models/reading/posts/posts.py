"""Posts as lists and pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account, Login, Terms
from models.posts import conversion as conversions
from models.posts.event import PostEvent, timeline
from models.posts.part import Part, PartKind, parts_of
from models.posts.post import MADE_KEY, Post, get_post, lateness_ms
from models.posts.states import PostState
from models.publishing.container import Container
from pressrun.media.routes import GIVEN, Choice, Ways

COLUMNS = (
    "id",
    "key",
    "account",
    "type",
    "state",
    "publish_at",
    "published_at",
    "media_id",
    "permalink",
    "lateness_ms",
    "error",
)
"""How a post is shown everywhere: the keys of its JSON; its table has some of them."""


@dataclass(frozen=True)
class PostShown:
    """A post in a list. Times are UTC; `timezone` is the zone its person meant."""

    id: int
    key: str
    account: str
    type: str
    state: str
    publish_at: datetime
    published_at: datetime | None
    media_id: str | None
    permalink: str | None
    lateness_ms: int | None
    error: str | None
    timezone: str
    next_action_at: datetime | None
    wait_reason: str | None
    """What it waits for, other than its time, until `next_action_at`."""
    version: int
    """Raised by each change of what people want of it: an edit may name the one that it was made for."""
    caption: str

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for something other than its time."""
        return self.wait_reason is not None and self.next_action_at is not None

    @property
    def has_own_key(self) -> bool:
        """Whether a person gave it its key."""
        return not self.key.startswith(MADE_KEY)

    def columns(self) -> dict[str, Any]:
        """Under the keys of `COLUMNS`."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class PartShown:
    """One media of a post, or the whole of a carousel."""

    position: int
    kind: str
    source: str | None
    alt_text: str | None
    media_id: str | None
    permalink: str | None
    published_at: datetime | None
    route: str | None
    """The way of its media to Instagram: that of its newest container, else the one that it would take now."""
    route_why: str | None
    is_kept: bool
    """Its file is kept here."""
    sha256: str | None
    """Of that file: `kept:` and it name the media of another post."""


@dataclass(frozen=True)
class FixShown:
    """A file of a post that is made right, or was. `made` tells before, after and each change with its reason."""

    source: str | None
    """None: the cover."""
    state: str
    made: dict[str, Any] | None
    error: str | None


@dataclass(frozen=True)
class EventShown:
    """One line of a post's timeline. `id`: our number of it, rising with time."""

    id: int
    at: datetime
    from_state: str | None
    to_state: str
    reason: str
    message: str | None
    error_class: str | None
    code: str | None
    subcode: str | None
    fbtrace_id: str | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class PostPage:
    """One post: what it holds, and everything that happened to it."""

    post: PostShown
    caption: str
    first_comment: str | None
    comment_id: str | None
    params: dict[str, Any]
    max_lateness_s: int
    if_late: str
    lacks: tuple[str, ...]
    """What a published post lacks for good."""
    parts: tuple[PartShown, ...]
    fixes: tuple[FixShown, ...]
    events: tuple[EventShown, ...]


def list_posts(
    tx: Session, *, account_id: int | None = None, state: PostState | None = None, limit: int | None = None
) -> list[PostShown]:
    """Posts by the time they are due."""
    query = select(Post, Account.name).join(Account, Account.id == Post.account_id)
    if account_id is not None:
        query = query.where(Post.account_id == account_id)
    if state is not None:
        query = query.where(Post.state == state.value)
    rows = tx.execute(query.order_by(Post.publish_at, Post.id).limit(limit))
    return [shown(post, name) for post, name in rows]


def show_post(tx: Session, post_id: int) -> PostShown:
    """One post as lists show it."""
    post = get_post(tx, post_id)
    return shown(post, _account_name(tx, post))


def post_page(tx: Session, post: Post, ways: Ways) -> PostPage:
    """One post with its parts and its timeline, oldest event first. `ways`: what the installation can offer now."""
    account = tx.execute(select(Account.name, Account.login).where(Account.id == post.account_id)).one()
    parts = parts_of(tx, post.id)
    on_facebook = account.login == Login.FACEBOOK.value
    shown_parts = _parts(parts, _taken(tx, post.id), ways, on_facebook=on_facebook)
    return _page(post, account.name, shown_parts, timeline(tx, post.id), _fixes(tx, post, parts))


def new_page(post: Post, account: Terms, parts: Sequence[Part], event: PostEvent, ways: Ways) -> PostPage:
    """The same of a post that was queued just now, from the rows as they were written; it waits for no file."""
    shown_parts = _parts(parts, {}, ways, on_facebook=account.login == Login.FACEBOOK.value)
    return _page(post, account.name, shown_parts, [event], ())


def _page(
    post: Post, account: str, parts: tuple[PartShown, ...], events: Sequence[PostEvent], fixes: tuple[FixShown, ...]
) -> PostPage:
    return PostPage(
        post=shown(post, account),
        caption=post.caption,
        first_comment=post.first_comment,
        comment_id=post.comment_id,
        params=post.params,
        max_lateness_s=post.max_lateness_s,
        if_late=post.if_late,
        lacks=tuple(post.missing or ()),
        parts=parts,
        events=events_shown(events),
        fixes=fixes,
    )


def shown(post: Post, account: str) -> PostShown:
    """The row of a post, with the name of its account."""
    return PostShown(
        id=post.id,
        key=post.key,
        account=account,
        type=post.type,
        state=post.state,
        publish_at=post.publish_at,
        published_at=post.published_at,
        media_id=post.media_id,
        permalink=post.permalink,
        lateness_ms=lateness_ms(post.publish_at, post.sent_at),
        error=post.error,
        timezone=post.timezone,
        next_action_at=post.next_action_at,
        wait_reason=post.wait_reason,
        version=post.version,
        caption=post.caption,
    )


def _account_name(tx: Session, post: Post) -> str:
    return tx.scalars(select(Account.name).where(Account.id == post.account_id)).one()


def _taken(tx: Session, post_id: int) -> dict[int, tuple[str, str | None]]:
    """Way, and why, of the newest container of each part that has one."""
    query = select(Container.part_id, Container.route, Container.route_why).join(Part, Part.id == Container.part_id)
    rows = tx.execute(query.where(Part.post_id == post_id, Container.route.is_not(None)).order_by(Container.id))
    return {row.part_id: (row.route, row.route_why) for row in rows}


def _would_take(part: Part, ways: Ways, *, on_facebook: bool) -> Choice | None:
    if part.kind == PartKind.CAROUSEL.value:
        return None
    if part.media_sha256 is None:
        return GIVEN
    return ways.choose(is_video=part.kind == PartKind.VIDEO.value, on_facebook=on_facebook)


def _fixes(tx: Session, post: Post, parts: Sequence[Part]) -> tuple[FixShown, ...]:
    sources = {part.conversion_id: part.source for part in parts if part.conversion_id is not None}
    numbers = [*sources, *([post.cover_conversion_id] if post.cover_conversion_id else [])]
    return tuple(
        FixShown(sources.get(row.id), row.state, row.made, row.error) for row in conversions.in_order(tx, numbers)
    )


def _parts(
    parts: Sequence[Part], taken: Mapping[int, tuple[str, str | None]], ways: Ways, *, on_facebook: bool
) -> tuple[PartShown, ...]:
    def way(part: Part) -> tuple[str | None, str | None]:
        choice = _would_take(part, ways, on_facebook=on_facebook)
        return taken.get(part.id) or ((choice.route.value, choice.why) if choice else (None, None))

    return tuple(
        PartShown(
            position=part.position,
            kind=part.kind,
            source=part.source,
            alt_text=part.alt_text,
            media_id=part.media_id,
            permalink=part.permalink,
            published_at=part.published_at,
            route=way(part)[0],
            route_why=way(part)[1],
            is_kept=part.media_sha256 is not None,
            sha256=part.media_sha256,
        )
        for part in parts
    )


def events_shown(events: Sequence[PostEvent]) -> tuple[EventShown, ...]:
    """Lines of a timeline as they are shown."""
    return tuple(
        EventShown(
            id=event.id,
            at=event.at,
            from_state=event.from_state,
            to_state=event.to_state,
            reason=event.reason,
            message=event.message,
            error_class=event.error_class,
            code=event.code,
            subcode=event.subcode,
            fbtrace_id=event.fbtrace_id,
            detail=event.detail,
        )
        for event in events
    )
