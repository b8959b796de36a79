"""Mentions of the account by others (graph-api.md §5.3, §7).

Only webhooks announce them; there is no list. What a notification names is read here, and answered here.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.accounts.media import Media, read_media
from graph.answers import fields as names
from graph.answers.errors import unreadable
from graph.answers.reading import Node, created_id
from graph.calls import Call, Caller, checked_id
from graph.conversation.comments import Comment, read_comment
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint


class Mentions:
    """`client.mentions`. Every call raises GraphError; the two reads exist on Facebook Login only."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def mentioned_media(self, media_id: str, fields: Sequence[str] = names.MENTIONED_MEDIA) -> Media:
        """A media whose caption mentions the account."""
        self._caller.require(Login.FACEBOOK, "mentioned_media")
        return read_media(
            self._read(
                Endpoint.MENTIONED_MEDIA,
                "mentioned_media",
                names.expand("mentioned_media", fields, media_id=checked_id(media_id)),
            )
        )

    def mentioned_comment(self, comment_id: str, fields: Sequence[str] = names.MENTIONED_COMMENT) -> Comment:
        """A comment that mentions the account; an error when comments are disabled on its media."""
        self._caller.require(Login.FACEBOOK, "mentioned_comment")
        return read_comment(
            self._read(
                Endpoint.MENTIONED_COMMENT,
                "mentioned_comment",
                names.expand("mentioned_comment", fields, comment_id=checked_id(comment_id)),
            )
        )

    def create(
        self, media_id: str, message: str, comment_id: str | None = None, *, deadline_s: float | None = None
    ) -> str:
        """Answer a mention: with `comment_id` as a reply to that comment, else as a comment on the media; its id.

        Warning:
            Not idempotent: after an error that is not `definite` the answer may stand all the same.
        """
        endpoint = Endpoint.MENTION_CREATE
        params = {"media_id": media_id, "comment_id": comment_id, "message": message}
        call = Call(endpoint, "POST", (self._caller.ig_id, "mentions"), params, deadline_s=deadline_s)
        return created_id(self._caller.run(call), endpoint)

    def _read(self, endpoint: Endpoint, name: str, expression: str) -> Node:
        found = Node(self._caller.get(endpoint, self._caller.ig_id, fields=expression), endpoint).node(name)
        if found is None:
            raise unreadable(endpoint, f"no {name}")
        return found
