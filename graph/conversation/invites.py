"""Invitations to be named as a co-author of other people's media (graph-api.md §5.3). Facebook Login only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graph.answers.paging import Page, checked_limit, read_page
from graph.answers.reading import Node, succeeded
from graph.calls import Caller
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint


@dataclass(frozen=True)
class Invite:
    """One that waits for an answer."""

    media_id: str
    owner_username: str | None = None
    caption: str | None = None
    media_url: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Invites:
    """`client.invites`. Raises GraphError, and NotOnThisLogin on Instagram Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def page(self, after: str | None = None, *, limit: int = 25) -> Page[Invite]:
        """Those that are not answered yet."""
        endpoint = Endpoint.INVITES
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.get(
            endpoint, self._caller.ig_id, "collaboration_invites", limit=checked_limit(limit, 100), after=after
        )
        return read_page(answer, endpoint, _read_invite)

    def answer(self, media_id: str, *, accept: bool) -> None:
        """Accept or decline the one for this media."""
        endpoint = Endpoint.INVITE_ANSWER
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.post(
            endpoint, self._caller.ig_id, "collaboration_invites", media_id=media_id, accept=accept
        )
        succeeded(answer, endpoint)


def _read_invite(node: Node) -> Invite:
    return Invite(
        media_id=node.id("media_id"),
        owner_username=node.text("media_owner_username"),
        caption=node.text("caption"),
        media_url=node.text("media_url"),
        extra=node.rest(),
    )
