"""A post's life as a person reads it: each step with the call behind it, what it means and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.pages import words
from operations.posts.attempts import AttemptShown, ContainerShown
from operations.posts.posts import EventShown, PartShown

_MAKE, _READ = "POST /{account}/media", "GET /{container}"
_PUBLISH, _LIST = "POST /{account}/media_publish", "GET /{account}/media"
_COMMENT = "POST /{media}/comments"

CALLS: Mapping[str, str] = {
    "post.staging": _MAKE,
    "stage.refused": _MAKE,
    "container.replaced": _MAKE,
    "post.staged": _READ,
    "container.failed": _READ,
    "container.published_elsewhere": _READ,
    "upload.failed": "POST /ig-api-upload",
    "publish.intent": _PUBLISH,
    "publish.succeeded": _PUBLISH,
    "publish.refused": _PUBLISH,
    "publish.unknown": _PUBLISH,
    "publish.lost_sight": _PUBLISH,
    "publish.not_done": _LIST,
    "reconcile.needs_review": _LIST,
    "comment.posted": _COMMENT,
    "comment.refused": _COMMENT,
    "comment.given_up": _COMMENT,
    "comment.needs_review": "GET /{media}/comments",
}
"""Reason → the call to Instagram that it is about (graph-api.md §2)."""

MEANS: Mapping[str, str] = {
    "post.staging": "Instagram has been given the media; it fetches and checks them.",
    "post.staged": "Nothing is left but the one call that publishes.",
    "publish.intent": "Written down before the call is made, so that it is never made twice.",
    "publish.unknown": "The call may have worked: nothing is sent again until that is found out.",
    "publish.lost_sight": "The call may have worked: nothing is sent again until that is found out.",
    "publish.not_done": "Two readings of the account, a while apart, do not show it: it was not published.",
    "publish.not_sent": "No call was made.",
    "container.replaced": "The old one is not used any more; nothing was published from it.",
    "reconcile.needs_review": "Only a look at the account can tell.",
    "worker.gone": "Another worker goes on where it stopped.",
    "post.paused": "It waits until it is resumed.",
}
"""Reason → what it means where no error says so."""

TO_DO: Mapping[str, str] = {
    "auth": "Connect the account again; what waits goes on by itself.",
    "permission": "Connect the account again and grant all that is asked for.",
    "invalid_media": "Write one like it with another file, or try again once the file behind its address is right.",
    "invalid_request": "Write one like it without what is named.",
}
"""Error class → what a person has to do."""
BY_ITSELF = frozenset({"transient", "throttled", "quota", "container_expired", "not_ready", "blocked"})
"""Error classes after which Pressrun goes on without a person."""


_CONFIRMED: Mapping[str, tuple[str, str]] = {
    "found by reading": ("Found on the account", _LIST),
    "a person": ("A person said that it is live", ""),
}
"""How it was found out that a post is live, where no answer of Instagram's said so → name, call."""
_SAID_BY_ITS_NAME = frozenset({"ready to publish", "publishing", "first comment posted"})


@dataclass(frozen=True)
class Step:
    """One line of the timeline. `said`, `means`, `todo`: empty where there is nothing to say."""

    event: EventShown
    name: str
    said: str
    call: str
    means: str
    todo: str
    goes_on: bool
    """It is an error after which nobody has to do anything."""


def steps_of(events: Sequence[EventShown]) -> list[Step]:
    """The newest first. Only the newest step that asks for something says what: older ones have been dealt with."""
    newest = next((one.id for one in reversed(events) if one.error_class in TO_DO), None)
    return [
        Step(
            one,
            _confirmed(one, 0) or words.reason_name(one.reason),
            "" if one.message in _SAID_BY_ITS_NAME else one.message or "",
            CALLS.get(one.reason, "") if _confirmed(one, 0) is None else _confirmed(one, 1) or "",
            words.CLASSES.get(one.error_class or "", "") or MEANS.get(one.reason, ""),
            TO_DO[one.error_class or ""] if one.id == newest and events[-1].to_state == one.to_state else "",
            one.error_class in BY_ITSELF,
        )
        for one in reversed(events)
    ]


def _confirmed(one: EventShown, which: int) -> str | None:
    how = str((one.detail or {}).get("how")) if one.reason == "publish.succeeded" else ""
    return _CONFIRMED[how][which] if how in _CONFIRMED else None


ATTEMPTS: Mapping[str, tuple[str, str]] = {
    "intent": ("about to be made", "publishing"),
    "unknown": ("answer lost", "uncertain"),
    "succeeded": ("done", "ok"),
    "refused": ("refused", "failed"),
    "not_done": ("proved not done", "canceled"),
    "needs_review": ("needs you", "needs_review"),
}
"""State of a call → its name, its shape."""
ACTIONS: Mapping[str, str] = {"publish": "Publish", "comment": "First comment"}
SETTLED: Mapping[str, str] = {"answer": "by its answer", "reading": "by reading the account", "person": "by a person"}
CONTAINERS: Mapping[str, str] = {
    "REQUESTED": "scheduled",
    "IN_PROGRESS": "staging",
    "FINISHED": "staged",
    "PUBLISHED": "ok",
    "ERROR": "failed",
    "EXPIRED": "expired",
}


@dataclass(frozen=True)
class Made:
    """What was done for a post at Instagram, as the page has it."""

    attempts: Sequence[AttemptShown]
    containers: Sequence[ContainerShown]
    names: Mapping[int, str]
    """Position of a part → how it is called."""

    def name(self, position: int) -> str:
        return self.names.get(position, "a media that was replaced")


def made_of(attempts: Sequence[AttemptShown], containers: Sequence[ContainerShown], parts: Sequence[PartShown]) -> Made:
    items = [part for part in parts if part.kind != "carousel"]
    names = {part.position: f"media {number}" for number, part in enumerate(items, 1)}
    names |= {part.position: "the carousel" for part in parts if part.kind == "carousel"}
    if len(parts) == 1:
        names = {part.position: "the media" for part in parts}
    return Made(attempts, containers, names)
