"""Media of the account (graph-api.md §5.2, §5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from graph.accounts.insights import Insight, insights_in, nested_insights
from graph.accounts.users import Profile, read_profile
from graph.answers import fields as names
from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import Page, checked_limit, read_page
from graph.answers.reading import Node, succeeded
from graph.calls import Caller, checked_id
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid

_T = TypeVar("_T")
_MOST_IDS = 50


@dataclass(frozen=True)
class Media:
    """One media as Instagram shows it; None means that it did not say. `timestamp` is in UTC.

    `insights` is None when none were asked for. `like_count` is absent through other users' edges when hidden.
    """

    id: str
    media_type: str | None = None
    media_product_type: str | None = None
    caption: str | None = None
    permalink: str | None = None
    timestamp: datetime | None = None
    username: str | None = None
    shortcode: str | None = None
    media_url: str | None = None
    thumbnail_url: str | None = None
    like_count: int | None = None
    comments_count: int | None = None
    view_count: int | None = None
    alt_text: str | None = None
    is_comment_enabled: bool | None = None
    is_shared_to_feed: bool | None = None
    owner_id: str | None = None
    children: tuple[str, ...] = ()
    insights: tuple[Insight, ...] | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaggedProduct:
    """A product tagged on a published media; `x` and `y` from 0 to 1, absent on videos."""

    product_id: str
    name: str | None = None
    x: float | None = None
    y: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def read_media(node: Node) -> Media:
    owner = node.node("owner")
    return Media(
        id=node.id(),
        media_type=node.text("media_type"),
        media_product_type=node.text("media_product_type"),
        caption=node.text("caption"),
        permalink=node.text("permalink"),
        timestamp=node.instant("timestamp"),
        username=node.text("username"),
        shortcode=node.text("shortcode"),
        media_url=node.text("media_url"),
        thumbnail_url=node.text("thumbnail_url"),
        like_count=node.whole("like_count"),
        comments_count=node.whole("comments_count"),
        view_count=node.whole("view_count"),
        alt_text=node.text("alt_text"),
        is_comment_enabled=node.flag("is_comment_enabled"),
        is_shared_to_feed=node.flag("is_shared_to_feed"),
        owner_id=owner.maybe_id("id") if owner else None,
        children=node.each("children", Node.id),
        insights=insights_in(node, "insights") if node.has("insights") else None,
        extra=node.rest(),
    )


class MediaFields:
    """Which media fields to ask for when the caller names none: all of ours, without the contested ones once they
    have been refused (they are contested on Instagram Login only, graph-api.md §5.2)."""

    def __init__(self, caller: Caller) -> None:
        self._login = caller.login
        self._contested_refused = False

    def read(self, fields: Sequence[str] | None, ask: Callable[[Sequence[str]], _T]) -> _T:
        if fields is not None:
            return ask(fields)
        settled = [name for name in names.MEDIA if name not in names.MEDIA_CONTESTED]
        if self._contested_refused:
            return ask(settled)
        try:
            return ask(names.MEDIA)
        except GraphError as refusal:
            if self._login is Login.FACEBOOK or not _names_a_contested_field(refusal):
                raise
        answer = ask(settled)
        self._contested_refused = True
        return answer


class MediaCalls:
    """`client.media`. Every call raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._fields = MediaFields(caller)

    def page(
        self,
        limit: int = 25,
        after: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        insight_metrics: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        allow_unknown: bool = False,
    ) -> Page[Media]:
        """The account's media, newest first, at most 100 a page; no stories, the 10,000 newest at most.

        `insight_metrics` reads insights within the same call. Warning: one that does not fit one of the media can
        fail the whole page. One that no media has is refused before the call, as by `insights.media`.
        """
        nested = nested_insights(self._caller, insight_metrics, allow_unknown=allow_unknown)

        def ask(wanted: Sequence[str]) -> Page[Media]:
            answer = self._caller.get(
                Endpoint.MEDIA_LIST,
                self._caller.ig_id,
                "media",
                fields=names.media(self._caller.login, [*wanted, *nested]),
                limit=checked_limit(limit, 100),
                after=after,
                since=since,
                until=until,
            )
            return read_page(answer, Endpoint.MEDIA_LIST, read_media)

        return self._fields.read(fields, ask)

    def get(self, media_id: str, fields: Sequence[str] | None = None) -> Media:
        def ask(wanted: Sequence[str]) -> Media:
            answer = self._caller.get(Endpoint.MEDIA, media_id, fields=names.media(self._caller.login, wanted))
            return read_media(Node(answer, Endpoint.MEDIA))

        return self._fields.read(fields, ask)

    def many(self, ids: Sequence[str], fields: Sequence[str] | None = None) -> dict[str, Media]:
        """Up to 50 media in one request (Instagram counts one call each); ids it does not return are absent."""
        if not 1 <= len(ids) <= _MOST_IDS:
            raise Invalid(f"one request reads 1 to {_MOST_IDS} ids, not {len(ids)}", type="ids.count", field="ids")

        def ask(wanted: Sequence[str]) -> dict[str, Media]:
            named = ",".join(map(checked_id, ids))
            answer = self._caller.get(Endpoint.MULTI_GET, ids=named, fields=names.media(self._caller.login, wanted))
            node = Node(answer, Endpoint.MULTI_GET)
            return {media_id: media for media_id in ids if (media := node.one(media_id, read_media)) is not None}

        return self._fields.read(fields, ask)

    def permalink(self, media_id: str) -> str | None:
        """The public address, None when Instagram gives none.

        An error 100/33 here says nothing about the post: it is known to last minutes after publishing (§8).
        """
        answer = self._caller.get(Endpoint.MEDIA_PERMALINK, media_id, fields="permalink")
        return Node(answer, Endpoint.MEDIA_PERMALINK).text("permalink")

    def children(self, media_id: str, fields: Sequence[str] = names.CHILD) -> tuple[Media, ...]:
        """The items of a carousel."""
        answer = self._caller.get(
            Endpoint.MEDIA_CHILDREN, media_id, "children", fields=names.media(self._caller.login, fields)
        )
        return read_page(answer, Endpoint.MEDIA_CHILDREN, read_media).items

    def collaborators(self, media_id: str) -> tuple[Profile, ...]:
        """Facebook Login only."""
        self._caller.require(Login.FACEBOOK, "GET /{media}/collaborators")
        answer = self._caller.get(Endpoint.MEDIA_COLLABORATORS, media_id, "collaborators")
        return read_page(answer, Endpoint.MEDIA_COLLABORATORS, read_profile).items

    def product_tags(self, media_id: str) -> tuple[TaggedProduct, ...]:
        """Facebook Login only."""
        self._caller.require(Login.FACEBOOK, "GET /{media}/product_tags")
        answer = self._caller.get(Endpoint.MEDIA_PRODUCT_TAGS, media_id, "product_tags")
        return read_page(answer, Endpoint.MEDIA_PRODUCT_TAGS, _read_product_tag).items

    def live(self, fields: Sequence[str] = names.LIVE) -> tuple[Media, ...]:
        """The broadcast under way, if any."""
        answer = self._caller.get(
            Endpoint.LIVE_MEDIA, self._caller.ig_id, "live_media", fields=names.media(self._caller.login, fields)
        )
        return read_page(answer, Endpoint.LIVE_MEDIA, read_media).items

    def set_comments_enabled(self, media_id: str, enabled: bool) -> None:
        answer = self._caller.post(Endpoint.MEDIA_UPDATE, media_id, comment_enabled=enabled)
        succeeded(answer, Endpoint.MEDIA_UPDATE)

    def delete(self, media_id: str) -> None:
        """Facebook Login only; never a single item of a carousel."""
        self._caller.require(Login.FACEBOOK, "DELETE /{media}")
        succeeded(self._caller.delete(Endpoint.MEDIA_DELETE, media_id), Endpoint.MEDIA_DELETE)


def _read_product_tag(node: Node) -> TaggedProduct:
    return TaggedProduct(
        product_id=node.id("product_id"),
        name=node.text("name"),
        x=node.number("x"),
        y=node.number("y"),
        extra=node.rest(),
    )


def _names_a_contested_field(refusal: GraphError) -> bool:
    plain = refusal.error_class is ErrorClass.INVALID_REQUEST and refusal.code == 100
    return plain and any(name in refusal.message for name in names.MEDIA_CONTESTED)
