"""Creating containers, watching them, publishing them (graph-api.md §2).

`publish` is the one call that can make a post live. Its outcome is a value with three cases, because an error after
the request has left proves nothing unless Instagram says so in one of a few known ways.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from graph.answers.errors import ErrorClass, GraphError, classify_container_status, unreadable
from graph.answers.paging import read_page
from graph.answers.reading import Node, succeeded
from graph.calls import Call, Caller, checked_id
from graph.publishing.containers import (
    FACEBOOK_ONLY,
    AudioConfiguration,
    ContainerKind,
    ContainerSpec,
    InvalidSpec,
    ProductTag,
    UserTag,
    is_set,
    problems,
)
from graph.publishing.uploading import Content, UploadStatus, read_upload_status, upload_call
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint

__all__ = [
    "AudioConfiguration",
    "Container",
    "ContainerKind",
    "ContainerSpec",
    "ContainerStatus",
    "CreatedContainer",
    "InvalidSpec",
    "Outcome",
    "ProductTag",
    "Published",
    "Publishing",
    "PublishingLimit",
    "Refused",
    "Unknown",
    "UploadStatus",
    "UserTag",
    "problems",
]

_MEDIA_ID = re.compile(r"[A-Za-z0-9_\-]+", re.ASCII)
_MEDIA_TYPES = {
    ContainerKind.REEL: "REELS",
    ContainerKind.STORY_IMAGE: "STORIES",
    ContainerKind.STORY_VIDEO: "STORIES",
    ContainerKind.CAROUSEL: "CAROUSEL",
    ContainerKind.CAROUSEL_VIDEO: "VIDEO",
}


class ContainerStatus(StrEnum):
    """Where a container stands; it lives 24 h."""

    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class CreatedContainer:
    """`upload_url` is given for resumable uploads only."""

    id: str
    upload_url: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Container:
    """One look at a container. `status` is Instagram's text; `error` says what it means in ERROR and EXPIRED."""

    id: str
    status_code: ContainerStatus
    status: str
    error: GraphError | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """The post is live."""

    media_id: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """Nothing was published: Instagram said so in a way that proves it, or the request never left."""

    error: GraphError


@dataclass(frozen=True)
class Unknown:
    """The post may or may not be live: read back before anything is sent again."""

    error: GraphError


Outcome = Published | Refused | Unknown


@dataclass(frozen=True)
class PublishingLimit:
    """Posts of the rolling window and how many it allows; None is unknown, never 0. `quota_duration_s` in seconds."""

    quota_usage: int | None
    quota_total: int | None
    quota_duration_s: int | None
    extra: dict[str, Any] = field(default_factory=dict)


class Publishing:
    """`client.publishing`. Every call but `publish` raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create_container(self, spec: ContainerSpec, *, deadline_s: float | None = None) -> CreatedContainer:
        """Create a container; an account may create 400 in 24 h. Repeating it is harmless but for that number.

        Raises:
            InvalidSpec: the kind does not allow what the spec asks for; nothing was called.
            NotOnThisLogin: a parameter exists on Facebook Login only; nothing was called.
            GraphError: Instagram refused, or did not answer.
        """
        for name in FACEBOOK_ONLY:
            if is_set(spec, name):
                self._caller.require(Login.FACEBOOK, f"{name} on POST /{{ig}}/media")
        if found := problems(spec):
            raise InvalidSpec(spec.kind, found)
        endpoint = Endpoint.CREATE_CONTAINER
        call = Call(endpoint, "POST", (self._caller.ig_id, "media"), parameters(spec), deadline_s=deadline_s)
        node = Node(self._caller.run(call), endpoint)
        return CreatedContainer(node.id(), node.text("uri"), node.rest())

    def container(self, container_id: str, *, has_audio: bool = False) -> Container:
        """Where the container stands. A status unknown to us is a transient GraphError that names it.

        `has_audio`: it was made with an `audio_configuration`, which gives one of its errors another meaning.
        """
        endpoint = Endpoint.CONTAINER
        wanted = "id,status_code,status,copyright_check_status"
        node = Node(self._caller.get(endpoint, container_id, fields=wanted), endpoint)
        named, status = node.text("status_code"), node.text("status") or ""
        try:
            status_code = ContainerStatus(named or "")
        except ValueError:
            raise unreadable(endpoint, f"the container status is {named!r}") from None
        error = _explain(status_code, status, has_audio=has_audio)
        return Container(node.maybe_id("id") or container_id, status_code, status, error, node.rest())

    def publish(self, creation_id: str, *, deadline_s: float | None = None) -> Outcome:
        """Publish a container, asking exactly once. Never raises GraphError: the outcome is a value.

        Warning:
            There is no idempotency key. After Unknown, read the container and the account's media before anything
            else (§8); only what `before_call` raises proves that nothing was sent.
        """
        endpoint = Endpoint.MEDIA_PUBLISH
        path = (self._caller.ig_id, "media_publish")
        try:
            answer = self._caller.run(
                Call(endpoint, "POST", path, {"creation_id": checked_id(creation_id)}, deadline_s=deadline_s)
            )
            node = Node(answer, endpoint)
            media_id = node.id()
        except GraphError as error:
            return Refused(error) if error.definite else Unknown(error)
        if not _MEDIA_ID.fullmatch(media_id):
            return Unknown(unreadable(endpoint, f"{media_id[:40]!r} is not a media id"))
        return Published(media_id, node.rest())

    def limit(self, since: datetime | None = None) -> PublishingLimit:
        """How much of the publishing quota is used. `since` at most 24 h ago."""
        endpoint = Endpoint.PUBLISHING_LIMIT
        answer = self._caller.get(
            endpoint, self._caller.ig_id, "content_publishing_limit", fields="quota_usage,config", since=since
        )
        found = read_page(answer, endpoint, _read_limit).items
        return found[0] if found else PublishingLimit(None, None, None)

    def upload(
        self,
        upload_url: str,
        content: Content | None = None,
        *,
        file_size: int | None = None,
        offset: int = 0,
        file_url: str | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Send a video to the `upload_url` of a resumable container, or have Instagram fetch it from `file_url`.

        `content` is bytes, or a seekable file together with its `file_size` in bytes; sending starts at `offset`,
        which to resume is the `bytes_transferred` of `upload_status`. Facebook Login only.
        """
        self._caller.require(Login.FACEBOOK, "resumable upload")
        call = upload_call(
            self._caller,
            upload_url,
            content,
            file_size=file_size,
            offset=offset,
            file_url=file_url,
            deadline_s=deadline_s,
        )
        succeeded(self._caller.run(call), Endpoint.UPLOAD)

    def upload_status(self, container_id: str) -> UploadStatus:
        """How far a resumable upload has come. Facebook Login only."""
        self._caller.require(Login.FACEBOOK, "video_status")
        endpoint = Endpoint.CONTAINER
        answer = self._caller.get(endpoint, container_id, fields="id,status,status_code,video_status")
        return read_upload_status(Node(answer, endpoint))


def parameters(spec: ContainerSpec) -> dict[str, object]:
    """The parameters that ask for this container; what is absent is None. Images have no media_type (§2.1)."""
    link = "video_url" if spec.is_video else "image_url"
    is_item = spec.kind in {ContainerKind.CAROUSEL_IMAGE, ContainerKind.CAROUSEL_VIDEO}
    strategy = spec.trial_graduation_strategy
    return {
        "media_type": _MEDIA_TYPES.get(spec.kind),
        "upload_type": "resumable" if spec.resumable else None,
        link: spec.media_url,
        "is_carousel_item": True if is_item else None,
        "children": ",".join(spec.children) or None,
        "caption": spec.caption,
        "alt_text": spec.alt_text,
        "user_tags": [_present(asdict(tag)) for tag in spec.user_tags] or None,
        "location_id": spec.location_id,
        "collaborators": spec.collaborators or None,
        "product_tags": [_present(asdict(tag)) for tag in spec.product_tags] or None,
        "cover_url": spec.cover_url,
        "thumb_offset": spec.thumb_offset_ms,
        "share_to_feed": spec.share_to_feed,
        "audio_name": spec.audio_name,
        "audio_configuration": _present(asdict(spec.audio_configuration)) if spec.audio_configuration else None,
        "trial_params": {"graduation_strategy": strategy} if strategy else None,
        "is_ai_generated": spec.is_ai_generated,
        "is_paid_partnership": spec.is_paid_partnership,
        "branded_content_sponsor_ids": spec.branded_content_sponsor_ids or None,
        # Named as they are read back; Meta documents JSON, and not its keys.
        "poll_attachment": {f"option_{name}": text for name, text in zip("abcd", spec.poll_options, strict=False)}
        or None,
        "is_poll_duration_extended": spec.is_poll_duration_extended,
        "is_comment_prompt_used": spec.is_comment_prompt_used,
        "cross_post_to_threads": spec.cross_post_to_threads,
        "show_ig_link": spec.show_ig_link,
        "title": spec.title,
    }


def _present(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _explain(status_code: ContainerStatus, status: str, *, has_audio: bool) -> GraphError | None:
    if status_code is ContainerStatus.ERROR:
        return classify_container_status(status, has_audio=has_audio)
    if status_code is ContainerStatus.EXPIRED:
        return GraphError(
            endpoint=Endpoint.CONTAINER,
            error_class=ErrorClass.CONTAINER_EXPIRED,
            message=status or "the container has expired",
            advice="Containers live 24 h; a new one is needed.",
        )
    return None


def _read_limit(node: Node) -> PublishingLimit:
    config = node.node("config")
    return PublishingLimit(
        quota_usage=node.whole("quota_usage"),
        quota_total=config.whole("quota_total") if config else None,
        quota_duration_s=config.whole("quota_duration") if config else None,
        extra=node.rest(),
    )
