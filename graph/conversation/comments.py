"""Comments and replies (graph-api.md §5.3).

Warning:
    Writing is not idempotent and has no idempotency key: after an error that is not `definite`, list the comments
    before sending again (§8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from graph.answers import fields as names
from graph.answers.paging import Page, checked_limit, read_page
from graph.answers.reading import Node, created_id, succeeded
from graph.calls import Call, Caller
from graph.wire.endpoints import Endpoint


@dataclass(frozen=True)
class Comment:
    """One comment; `timestamp` in UTC. `replies` holds those that were asked for along with it, as far as they fit."""

    id: str
    text: str | None = None
    username: str | None = None
    timestamp: datetime | None = None
    like_count: int | None = None
    parent_id: str | None = None
    media_id: str | None = None
    hidden: bool | None = None
    replies: tuple[Comment, ...] = ()
    has_more_replies: bool = False
    has_whole_replies: bool = True
    """False when some of them could not be read, or nothing tells whether more follow."""
    extra: dict[str, Any] = field(default_factory=dict)


def read_comment(node: Node) -> Comment:
    """A comment with its replies; replies have none of their own."""
    replies = node.raw("replies")
    paging = replies.get("paging") if isinstance(replies, dict) else None
    has_more = isinstance(paging, dict) and paging.get("next") is not None
    comment = _read(node, node.each("replies", lambda reply: _read(reply, ())))
    is_odd = paging is not None and not isinstance(paging, dict)
    return replace(comment, has_more_replies=has_more, has_whole_replies=not (has_more or is_odd or node.dropped))


def _read(node: Node, replies: tuple[Comment, ...]) -> Comment:
    media, author = node.node("media"), node.node("from")
    origin = {name: node.raw(name) for name in ("from", "media") if node.has(name)}
    return Comment(
        id=node.id(),
        text=node.text("text"),
        username=node.text("username") or (author.text("username") if author else None),
        timestamp=node.instant("timestamp"),
        like_count=node.whole("like_count"),
        parent_id=node.maybe_id("parent_id"),
        media_id=media.maybe_id("id") if media else None,
        hidden=node.flag("hidden"),
        replies=replies,
        extra=node.rest() | origin,
    )


class Comments:
    """`client.comments`. Every call raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def page(
        self, media_id: str, after: str | None = None, *, limit: int = 50, fields: Sequence[str] = names.COMMENT
    ) -> Page[Comment]:
        """Top-level comments, newest first, at most 50 a page, each with its first replies."""
        nested = names.expand("replies", names.COMMENT)
        answer = self._caller.get(
            Endpoint.COMMENTS,
            media_id,
            "comments",
            fields=names.join([*fields, nested]),
            limit=checked_limit(limit, 50),
            after=after,
        )
        return read_page(answer, Endpoint.COMMENTS, read_comment)

    def get(self, comment_id: str, fields: Sequence[str] = (*names.COMMENT, "media{id}")) -> Comment:
        """One comment on the account's own media, with the media it belongs to."""
        answer = self._caller.get(Endpoint.COMMENT, comment_id, fields=names.join(fields))
        return read_comment(Node(answer, Endpoint.COMMENT))

    def create(self, media_id: str, message: str, *, deadline_s: float | None = None) -> str:
        """Comment on a media; the comment's id."""
        return self._write(Endpoint.COMMENT_CREATE, media_id, "comments", message, deadline_s)

    def replies(
        self, comment_id: str, after: str | None = None, *, limit: int = 50, fields: Sequence[str] = names.COMMENT
    ) -> Page[Comment]:
        answer = self._caller.get(
            Endpoint.REPLIES,
            comment_id,
            "replies",
            fields=names.join(fields),
            limit=checked_limit(limit, 50),
            after=after,
        )
        return read_page(answer, Endpoint.REPLIES, read_comment)

    def reply(self, comment_id: str, message: str, *, deadline_s: float | None = None) -> str:
        """Reply to a comment on the account's own media; the reply's id."""
        return self._write(Endpoint.REPLY_CREATE, comment_id, "replies", message, deadline_s)

    def hide(self, comment_id: str, hidden: bool = True) -> None:
        succeeded(self._caller.post(Endpoint.COMMENT_HIDE, comment_id, hide=hidden), Endpoint.COMMENT_HIDE)

    def delete(self, comment_id: str) -> None:
        succeeded(self._caller.delete(Endpoint.COMMENT_DELETE, comment_id), Endpoint.COMMENT_DELETE)

    def _write(self, endpoint: Endpoint, parent: str, edge: str, message: str, deadline_s: float | None) -> str:
        call = Call(endpoint, "POST", (parent, edge), {"message": message}, deadline_s=deadline_s)
        return created_id(self._caller.run(call), endpoint)
