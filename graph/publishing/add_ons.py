"""Caption add-ons of a media: its poll, and what people answered to its prompt (graph-api.md §2.1, §5.3).

Facebook Login only, never on stories, and not by field expansion: each is an edge of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.answers.paging import read_page
from graph.answers.reading import Node
from graph.calls import Caller
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint

_LETTERS = "abcd"


@dataclass(frozen=True)
class PollOption:
    """`votes_share` from 0 to 1; None when Instagram does not say."""

    text: str
    votes_share: float | None = None


@dataclass(frozen=True)
class Poll:
    """The poll of a media; `expires_at` in UTC."""

    options: tuple[PollOption, ...]
    expires_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PromptResponse:
    """One answer to a prompt. Meta documents no fields of it: what it holds is in `extra`."""

    id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class AddOns:
    """`client.add_ons`. Raises GraphError, and NotOnThisLogin on Instagram Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def poll(self, media_id: str) -> Poll | None:
        """The media's poll, None when it has none."""
        endpoint = Endpoint.MEDIA_POLL
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.get(endpoint, media_id, "poll_attachment")
        # One object or null; whether it stands below `data` is not documented.
        found = answer.get("data") if isinstance(answer, dict) and answer.keys() <= {"data", "paging"} else answer
        return _read_poll(Node(found, endpoint)) if found else None

    def prompt_responses(self, media_id: str) -> tuple[PromptResponse, ...]:
        """What people answered to the media's prompt."""
        endpoint = Endpoint.MEDIA_PROMPT
        self._caller.require(Login.FACEBOOK, endpoint)
        return read_page(self._caller.get(endpoint, media_id, "prompt_response"), endpoint, _read_response).items


def _read_poll(node: Node) -> Poll:
    read = [(node.text(f"option_{name}"), node.number(f"option_{name}_votes_percentage")) for name in _LETTERS]
    options = tuple(PollOption(text, share) for text, share in read if text is not None)
    return Poll(options, node.instant("expiration_timestamp"), node.rest())


def _read_response(node: Node) -> PromptResponse:
    return PromptResponse(node.maybe_id("id"), node.rest())
