"""What the simulated world consists of. Plain data; the rules live in the modules named after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulator.world import ids
from simulator.world.clock import DAY


class Login(StrEnum):
    """The two flavours (graph-api.md §1.2)."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


@dataclass(slots=True, eq=False)
class Account:
    """An Instagram professional account under test."""

    index: int
    username: str
    name: str
    login: Login
    scopes: set[str]
    base_followers: int
    is_subscribed: bool = True
    is_restricted: bool = False
    is_creator: bool = False
    """A creator account, not a business."""
    is_personal: bool = False
    """Neither a business nor a creator: no Page can be linked to it."""
    consented_at: float = 0.0
    """When its person was last asked at the login of Facebook, and said yes."""
    refuses_consent: bool = False
    """Whoever is asked at the login says no."""
    withheld: set[str] = field(default_factory=set)
    """Permissions that the person has left out on the consent page."""
    page_listed: str = "person"
    """Where its Page is found: among the person's own, or only as `owned` by or a `client` of a business."""
    page_tasks: list[str] | None = None
    """What the person may do on the Page; None: everything."""
    may_run_trials: bool = True
    followers: int | None = None
    quota_total: int | None = None
    captions: str | None = None
    """How its captions are given back, where it differs from the reading."""
    timezone: str = "America/Los_Angeles"
    """Where its days end, by that reading."""
    subscribed_fields: list[str] | None = None
    """None: all that the app has."""
    refused_fields: list[str] = field(default_factory=list)
    """Of webhooks: names that Instagram does not know for it."""
    live_until: float = 0.0
    is_seeded: bool = False
    media: list[Media] = field(default_factory=list)
    tags: list[Media] = field(default_factory=list)
    hashtags: dict[str, float] = field(default_factory=dict)
    container_times: list[float] = field(default_factory=list)
    publish_times: list[float] = field(default_factory=list)
    trial_times: list[float] = field(default_factory=list)
    """Of the publishes those that were trial reels."""
    invites: dict[str, bool | None] = field(default_factory=dict)
    """Media of others to whose authors the account is invited: taken up, declined, or (None) not answered."""
    appeals: dict[str, str] = field(default_factory=dict)

    @property
    def ig_id(self) -> str:
        return str(ids.IG_USER + self.index)

    @property
    def app_scoped_id(self) -> str:
        return str(ids.APP_SCOPED_USER + self.index)


@dataclass(slots=True)
class FacebookUser:
    """The person behind a Facebook Login token; `account` is None for the one who manages all pages."""

    account: Account | None

    @property
    def id(self) -> str:
        return str(ids.FACEBOOK_USER + (self.account.index if self.account else 99_999_999))


@dataclass(slots=True)
class Page:
    account: Account

    @property
    def id(self) -> str:
        return str(ids.PAGE + self.account.index)


@dataclass(slots=True)
class Business:
    account: Account

    @property
    def id(self) -> str:
        return str(ids.BUSINESS + self.account.index)


@dataclass(slots=True)
class Hashtag:
    id: str
    name: str


class TokenKind(StrEnum):
    USER = "user"
    PAGE = "page"
    INSTAGRAM = "instagram"
    MANAGER = "manager"


@dataclass(slots=True, eq=False)
class Token:
    """`account` is None for the token of the person who manages every Facebook Login account."""

    text: str
    kind: TokenKind
    account: Account | None
    issued_at: float
    expires_at: float | None
    refused: int | None = None
    """Subcode of error 190 once the token is dead."""
    is_short: bool = False
    is_foreign: bool = False
    """Another app was given it."""


class Kind(StrEnum):
    """What a container becomes."""

    IMAGE = "image"
    REEL = "reel"
    STORY_IMAGE = "story_image"
    STORY_VIDEO = "story_video"
    CAROUSEL = "carousel"
    CHILD_IMAGE = "child_image"
    CHILD_VIDEO = "child_video"

    @property
    def is_video(self) -> bool:
        return self in {Kind.REEL, Kind.STORY_VIDEO, Kind.CHILD_VIDEO}

    @property
    def is_story(self) -> bool:
        return self in {Kind.STORY_IMAGE, Kind.STORY_VIDEO}

    @property
    def is_child(self) -> bool:
        return self in {Kind.CHILD_IMAGE, Kind.CHILD_VIDEO}


@dataclass(slots=True)
class Source:
    """What was fetched or uploaded for a container."""

    sha256: str
    size: int
    width: int = 0
    height: int = 0
    duration_s: float = 0.0

    def as_event(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True, eq=False)
class Container:
    id: str
    account: Account
    kind: Kind
    params: dict[str, Any]
    created: float
    ready_at: float
    source: Source | None
    error: int | None = None
    """Media subcode once processing failed."""
    is_stuck: bool = False
    is_resumable: bool = False
    received: int = 0
    file_size: int = 0
    media_id: str | None = None

    def status(self, now: float) -> str:
        """`status_code` of graph-api.md §2.4."""
        if self.media_id is not None:
            return "PUBLISHED"
        if now - self.created > DAY:
            return "EXPIRED"
        if self.error is not None:
            return "ERROR"
        if self.is_stuck or self.source is None or now < self.ready_at:
            return "IN_PROGRESS"
        return "FINISHED"


@dataclass(slots=True, eq=False)
class Comment:
    id: str
    media_id: str
    text: str
    username: str
    from_id: str
    at: float
    parent_id: str | None = None
    is_hidden: bool = False
    is_deleted: bool = False
    likes: int = 0


@dataclass(slots=True, eq=False)
class Media:
    """A published media, own or (`account` is None) somebody else's."""

    id: str
    account: Account | None
    username: str
    media_type: str
    product_type: str
    caption: str | None
    at: float
    url: str | None = None
    children: list[Media] = field(default_factory=list)
    parent_id: str | None = None
    comments: list[Comment] = field(default_factory=list)
    container_id: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)
    """Collaborators that have accepted or declined; those that have not answered are missing."""
    sha256: str = ""
    is_comment_enabled: bool = True
    is_deleted: bool = False
    is_reported: bool = False
    """The webhook about this story's insights has been sent."""

    @property
    def author(self) -> str:
        """The name of who posted it, as it is today."""
        return self.account.username if self.account is not None else self.username

    @property
    def is_story(self) -> bool:
        return self.product_type == "STORY"

    def is_live_story(self, now: float) -> bool:
        return self.is_story and not self.is_deleted and now - self.at < DAY


@dataclass(slots=True, eq=False)
class Mention:
    """Somebody named the account: in a caption, or (`comment_id`) in a comment."""

    account: Account
    media_id: str
    comment_id: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Due:
    """What whoever judges a client has told: the post should go out at that instant."""

    account: Account
    caption: str | None
    at: float


@dataclass(slots=True, eq=False)
class Publish:
    """One line of the ledger: a media_publish that was accepted."""

    seq: int
    container: Container
    media: Media
    at: float
    accepted_at: float
    signature: str
