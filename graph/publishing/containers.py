"""What a media container may hold, by kind (graph-api.md §2.1), checked before Instagram is called.

One table says which parameter fits which kind; everything the table cannot say is a rule below it. Where Meta
contradicts itself, both readings pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pressrun.errors import PressrunError
from pressrun.log import redact
from pressrun.media import add_ons, captions

CAROUSEL_ITEMS: Final = range(2, 11)
MOST_SPONSORS: Final = 2
MOST_PRODUCT_TAGS: Final = add_ons.MAX_PRODUCT_TAGS
MOST_PRODUCT_TAGS_ON_REEL: Final = add_ons.MAX_PRODUCT_TAGS_ON_REEL
POLL_OPTIONS: Final = add_ons.POLL_OPTIONS
TRIAL_STRATEGIES: Final = ("MANUAL", "SS_PERFORMANCE")


class InvalidSpec(PressrunError):
    """The container asks for what its kind does not allow; nothing was called."""

    def __init__(self, container_kind: ContainerKind, problems: list[str]) -> None:
        self.container_kind, self.problems = container_kind, problems
        super().__init__(redact(f"this {container_kind.replace('_', ' ')} cannot be created: {'; '.join(problems)}"))


class ContainerKind(StrEnum):
    """What is to be created; a carousel's items are containers of their own."""

    IMAGE = "image"
    REEL = "reel"
    STORY_IMAGE = "story_image"
    STORY_VIDEO = "story_video"
    CAROUSEL = "carousel"
    CAROUSEL_IMAGE = "carousel_image"
    CAROUSEL_VIDEO = "carousel_video"


@dataclass(frozen=True)
class UserTag:
    """A tagged account; `x` and `y` from 0 to 1 on images."""

    username: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class ProductTag:
    """A tagged product of the account's catalog; `x` and `y` from 0 to 1 on images."""

    product_id: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class AudioConfiguration:
    """An audio of Instagram's library laid over a reel; volumes from 0 to 100."""

    audio_id: str
    audio_volume: int | None = None
    video_volume: int | None = None


@dataclass(frozen=True)
class ContainerSpec:
    """All parameters of `POST /{ig}/media`; what is None or empty is not sent. `thumb_offset_ms` in milliseconds."""

    kind: ContainerKind
    media_url: str | None = None
    caption: str | None = None
    alt_text: str | None = None
    user_tags: tuple[UserTag, ...] = ()
    location_id: str | None = None
    collaborators: tuple[str, ...] = ()
    product_tags: tuple[ProductTag, ...] = ()
    children: tuple[str, ...] = ()
    cover_url: str | None = None
    thumb_offset_ms: int | None = None
    share_to_feed: bool | None = None
    audio_name: str | None = None
    audio_configuration: AudioConfiguration | None = None
    trial_graduation_strategy: str | None = None
    is_ai_generated: bool | None = None
    is_paid_partnership: bool | None = None
    branded_content_sponsor_ids: tuple[str, ...] = ()
    poll_options: tuple[str, ...] = ()
    is_poll_duration_extended: bool | None = None
    is_comment_prompt_used: bool | None = None
    cross_post_to_threads: bool | None = None
    show_ig_link: bool | None = None
    title: str | None = None
    resumable: bool = False

    @property
    def is_video(self) -> bool:
        return self.kind in {_R, _SV, _CV}


_I, _R, _SI, _SV, _C, _CI, _CV = ContainerKind

_ALLOWED: Final[dict[str, frozenset[ContainerKind]]] = {
    "media_url": frozenset({_I, _R, _SI, _SV, _CI, _CV}),
    "caption": frozenset({_I, _R, _C}),
    "alt_text": frozenset({_I, _CI}),
    "user_tags": frozenset({_I, _R, _SI, _SV, _CI, _CV}),  # unconfirmed for a carousel's videos
    "location_id": frozenset({_I, _R, _C}),
    "collaborators": frozenset({_I, _R, _C}),
    "product_tags": frozenset({_I, _R, _C, _CI, _CV}),  # on the carousel itself: in a sample of Meta only
    "children": frozenset({_C}),
    "cover_url": frozenset({_R}),
    "thumb_offset_ms": frozenset({_R, _CV}),
    "share_to_feed": frozenset({_R, _C}),  # on a carousel: in a sample of Meta only
    "audio_name": frozenset({_R}),
    "audio_configuration": frozenset({_R}),
    "trial_graduation_strategy": frozenset({_R}),
    "is_ai_generated": frozenset({_I, _R, _SI, _SV, _C}),  # unconfirmed for stories; refused on carousel items
    "is_paid_partnership": frozenset({_I, _R, _SI, _SV, _C}),  # unconfirmed for stories
    "branded_content_sponsor_ids": frozenset({_I, _R, _SI, _SV, _C}),
    # caption add-ons
    "poll_options": frozenset({_I, _R, _C}),
    "is_poll_duration_extended": frozenset({_I, _R, _C}),
    "is_comment_prompt_used": frozenset({_I, _R, _C}),
    # in Meta's SDK, without a word on what takes them
    "cross_post_to_threads": frozenset({_I, _R, _SI, _SV, _C}),
    "show_ig_link": frozenset({_I, _R, _SI, _SV, _C}),
    "title": frozenset({_I, _R, _SI, _SV, _C}),
    "resumable": frozenset({_R, _SV, _CV}),
}

FACEBOOK_ONLY: Final = (
    "product_tags",
    "audio_configuration",
    "is_paid_partnership",
    "branded_content_sponsor_ids",
    "poll_options",
    "is_poll_duration_extended",
    "is_comment_prompt_used",
    "cross_post_to_threads",
    "show_ig_link",
    "title",
    "resumable",
)
"""Parameters that exist on Facebook Login only."""


def is_set(spec: ContainerSpec, name: str) -> bool:
    """Whether the parameter would be sent."""
    return getattr(spec, name) not in (None, (), "") and not (name == "resumable" and not spec.resumable)


def problems(spec: ContainerSpec) -> list[str]:
    """Everything that Instagram would refuse, in words for a person; empty when the spec is fine."""
    return [
        *_misplaced(spec),
        *_media(spec),
        *_texts(spec),
        *_tags(spec),
        *_carousel(spec),
        *_video(spec),
        *_poll(spec),
    ]


def _misplaced(spec: ContainerSpec) -> Iterator[str]:
    for name, kinds in _ALLOWED.items():
        if is_set(spec, name) and spec.kind not in kinds:
            article = "an" if spec.kind is _I else "a"
            yield f"{name} is not allowed on {article} {spec.kind.replace('_', ' ')}"


def _media(spec: ContainerSpec) -> Iterator[str]:
    if spec.kind is _C:
        return
    if spec.resumable and spec.media_url:
        yield "a resumable upload takes no media_url"
    if not spec.resumable and not spec.media_url:
        yield "media_url is missing"
    for name in ("media_url", "cover_url"):
        url: str | None = getattr(spec, name)
        if url and not (url.isascii() and url.startswith(("http://", "https://")) and " " not in url):
            yield f"{name} must be a public http(s) URL in ASCII"


def _texts(spec: ContainerSpec) -> Iterator[str]:
    caption = spec.caption or ""
    if len(caption) > captions.MAX_CAPTION:
        yield f"the caption has {len(caption)} characters, {captions.MAX_CAPTION} are allowed"
    if (count := len(captions.hashtags(caption))) > captions.MAX_HASHTAGS:
        yield f"the caption has {count} hashtags, {captions.MAX_HASHTAGS} are allowed"
    if (count := len(captions.mentions(caption))) > captions.MAX_MENTIONS:
        yield f"the caption mentions {count} accounts, {captions.MAX_MENTIONS} are allowed"
    if len(spec.alt_text or "") > captions.MAX_ALT_TEXT:
        yield f"the alt text has {len(spec.alt_text or '')} characters, {captions.MAX_ALT_TEXT} are allowed"


def _tags(spec: ContainerSpec) -> Iterator[str]:
    if len(spec.user_tags) > captions.MAX_USER_TAGS:
        yield f"{len(spec.user_tags)} people are tagged, {captions.MAX_USER_TAGS} are allowed"
    most = MOST_PRODUCT_TAGS_ON_REEL if spec.kind is _R else MOST_PRODUCT_TAGS
    if len(spec.product_tags) > most:
        yield f"{len(spec.product_tags)} products are tagged, {most} are allowed"
    if len(spec.collaborators) > captions.MAX_COLLABORATORS:
        yield f"{len(spec.collaborators)} collaborators are named, {captions.MAX_COLLABORATORS} are allowed"
    if len(spec.branded_content_sponsor_ids) > MOST_SPONSORS:
        yield f"{len(spec.branded_content_sponsor_ids)} sponsors are named, {MOST_SPONSORS} are allowed"
    for user in spec.user_tags:
        yield from _position(f"the tag of {user.username}", user.x, user.y, _user_position(spec.kind))
    for product in spec.product_tags:
        yield from _position(f"the tag of product {product.product_id}", product.x, product.y, _product_position(spec))


def _user_position(kind: ContainerKind) -> str:
    return {_I: "required", _CI: "required", _R: "forbidden"}.get(kind, "optional")


def _product_position(spec: ContainerSpec) -> str:
    if spec.kind is _C:
        return "optional"
    return "forbidden" if spec.is_video else "required"


def _position(what: str, x: float | None, y: float | None, rule: str) -> Iterator[str]:
    if rule == "forbidden" and (x is not None or y is not None):
        yield f"{what} must have no x and y on a video"
    elif (rule == "required" and (x is None or y is None)) or (x is None) != (y is None):
        yield f"{what} needs x and y"
    if any(value is not None and not 0 <= value <= 1 for value in (x, y)):
        yield f"{what} must have x and y between 0 and 1"


def _carousel(spec: ContainerSpec) -> Iterator[str]:
    if spec.kind is _C and len(spec.children) not in CAROUSEL_ITEMS:
        yield f"a carousel has 2 to 10 items, not {len(spec.children)}"


def _video(spec: ContainerSpec) -> Iterator[str]:
    if spec.thumb_offset_ms is not None and spec.thumb_offset_ms < 0:
        yield "thumb_offset_ms cannot be negative"
    if spec.trial_graduation_strategy and spec.trial_graduation_strategy not in TRIAL_STRATEGIES:
        yield f"trial_graduation_strategy is {' or '.join(TRIAL_STRATEGIES)}"
    audio = spec.audio_configuration
    if audio and any(v is not None and not 0 <= v <= 100 for v in (audio.audio_volume, audio.video_volume)):
        yield "audio volumes lie between 0 and 100"


def _poll(spec: ContainerSpec) -> Iterator[str]:
    if not spec.poll_options:
        if spec.is_poll_duration_extended:
            yield "is_poll_duration_extended needs poll_options"
        return
    if len(spec.poll_options) not in POLL_OPTIONS or not all(option.strip() for option in spec.poll_options):
        yield "poll_options are 2 to 4 texts"
    if not spec.caption and spec.kind in _ALLOWED["poll_options"]:
        yield "poll_options need a caption"
