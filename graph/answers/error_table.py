"""What each refusal of Instagram means: one table, read from top to bottom, the first row that fits decides.

The rows are graph-api.md §3.2. A subcode 2207xxx names its row whatever the code beside it, because container status
texts carry the subcode alone; every other subcode counts only with its code. Messages are localised by Instagram, so
they decide only where §3.1 says that nothing else can.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from graph.answers.envelope import Code
from graph.wire.endpoints import Endpoint


class ErrorClass(StrEnum):
    """What kind of refusal it is; `worker/outcomes.py` says what follows from it."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    QUOTA = "quota"
    AUTH = "auth"
    PERMISSION = "permission"
    INVALID_MEDIA = "invalid_media"
    INVALID_REQUEST = "invalid_request"
    CONTAINER_EXPIRED = "container_expired"
    NOT_READY = "not_ready"
    BLOCKED = "blocked"


Scope = Literal["app", "account"]

TRANSIENT, THROTTLED, QUOTA, AUTH, PERMISSION = (
    ErrorClass.TRANSIENT,
    ErrorClass.THROTTLED,
    ErrorClass.QUOTA,
    ErrorClass.AUTH,
    ErrorClass.PERMISSION,
)
INVALID_MEDIA, INVALID_REQUEST, CONTAINER_EXPIRED, NOT_READY, BLOCKED = (
    ErrorClass.INVALID_MEDIA,
    ErrorClass.INVALID_REQUEST,
    ErrorClass.CONTAINER_EXPIRED,
    ErrorClass.NOT_READY,
    ErrorClass.BLOCKED,
)


@dataclass(frozen=True)
class Facts:
    """What an answer says about its failure; `texts` are its code, message, type and user texts in one string."""

    endpoint: Endpoint
    http_status: int | None = None
    code: Code | None = None
    subcode: int | None = None
    is_transient: bool = False
    texts: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table. A condition that is None always holds.

    `proves_unpublished`: from media_publish, this answer alone proves that nothing was published.
    `wait_s`: least wait before the same call has a chance, in seconds.
    """

    error_class: ErrorClass
    advice: str
    codes: Container[Code] | None = None
    subcodes: Container[int] | None = None
    http: Container[int] | None = None
    text: re.Pattern[str] | None = None
    endpoints: Container[Endpoint] | None = None
    transient_flag: bool = False
    scope: Scope | None = None
    wait_s: float | None = None
    proves_unpublished: bool = False

    def fits(self, facts: Facts) -> bool:
        by_subcode = self.subcodes is None or (facts.subcode is not None and facts.subcode in self.subcodes)
        # 2207xxx subcodes are unique over the table and appear alone in container status texts.
        code_is_free = self.subcodes is not None and is_media_subcode(facts.subcode)
        return (
            by_subcode
            and (code_is_free or self.fits_code(facts))
            and (self.http is None or facts.http_status in self.http)
            and (self.text is None or self.text.search(facts.texts) is not None)
            and (self.endpoints is None or facts.endpoint in self.endpoints)
            and (facts.is_transient or not self.transient_flag)
        )

    def fits_code(self, facts: Facts) -> bool:
        return self.codes is None or (facts.code is not None and facts.code in self.codes)


def is_media_subcode(subcode: int | None) -> bool:
    return subcode is not None and 2207000 <= subcode <= 2207999


def lookup(facts: Facts) -> Row | None:
    """The first row that fits."""
    return next((row for row in TABLE if row.fits(facts)), None)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_RECONNECT = "reconnect the account: log in again and store the new token"
_NEW_FILE = "offer a corrected file"
_WAIT = "Pressrun waits; nothing needs to be done unless it lasts"

TABLE: tuple[Row, ...] = (
    # fetching and processing media
    Row(TRANSIENT, f"Instagram took too long to fetch the media file; {_WAIT}. Check that its host answers fast.",
        codes=(-2,), subcodes=(2207003,)),
    Row(CONTAINER_EXPIRED, "The media container has expired (they live 24 h); a new one is needed.",
        codes=(-2,), subcodes=(2207020,)),
    Row(TRANSIENT, "Instagram reports an internal failure ('Fatal'); the post may be live all the same.",
        codes=(-1,), subcodes=(2207001,)),
    Row(TRANSIENT, "Instagram could not create the media container; a new attempt usually works.",
        codes=(-1,), subcodes=(2207032,)),
    Row(TRANSIENT, "Instagram reports an unknown upload error for the video; if a new attempt fails too, re-encode it.",
        codes=(-1,), subcodes=(2207053,)),
    Row(INVALID_REQUEST, "This type of media cannot be deleted through the API; delete it in the app.",
        codes=(-1,), subcodes=(2207073,)),
    Row(INVALID_MEDIA, "Instagram rejected the video or could not fetch it while processing; re-encode it as H.264/AAC "
        "MP4 and check that its URL stays reachable.", subcodes=(2207076,)),
    Row(INVALID_MEDIA, "Instagram could not download the video; check that its host answers 200 with the right "
        "Content-Type and supports Range requests.", subcodes=(2207077,)),
    Row(PERMISSION, "This account cannot use trial reels; publish it as an ordinary reel.", subcodes=(2207081,)),
    Row(TRANSIENT, "Instagram failed to process the upload; a new container usually works.", subcodes=(2207082,)),
    Row(INVALID_MEDIA, f"Instagram cannot process this video (format, length or resolution); {_NEW_FILE}.",
        subcodes=(2207085,)),
    Row(INVALID_REQUEST, "The cover offset lies outside the video; choose a thumb offset within its duration.",
        codes=(1,), subcodes=(2207057,)),
    # verdicts on the account and its quota
    Row(BLOCKED, "Instagram suspects spam and holds the action back, yet the post may be live; leave the account alone "
        "for some hours and look at its status in the app.", codes=(4,), subcodes=(2207051,)),
    Row(QUOTA, "The publishing quota of the account is used up; it frees as its posts of the last 24 h age.",
        codes=(9,), subcodes=(2207042,), proves_unpublished=True),
    Row(QUOTA, "The account has reached its limit of trial reels; wait, or publish it as an ordinary reel.",
        codes=(9,), text=_words(r"\btrial"), proves_unpublished=True),
    Row(QUOTA, "Instagram says that a limit of the account is reached; wait until it frees.", codes=(9,)),
    Row(PERMISSION, "The media was not found, or the token may not use it; check the account's connection.",
        codes=(24,), subcodes=(2207006,)),
    Row(CONTAINER_EXPIRED, "Instagram does not know this container (any more); if that lasts, a new one is needed.",
        codes=(24,), subcodes=(2207008,), wait_s=30),
    Row(BLOCKED, "The Instagram account is inactive, restricted or must confirm something; its owner has to open the "
        "Instagram app and follow the notice.", codes=(25,), subcodes=(2207050,), proves_unpublished=True),
    # parameters of the post
    Row(INVALID_REQUEST, "Instagram does not know this media_type; a defect of Pressrun or a newer API version.",
        codes=(100,), subcodes=(2207023,)),
    Row(INVALID_REQUEST, "A carousel needs 2 to 10 items.", codes=(100,), subcodes=(2207028,)),
    Row(INVALID_REQUEST, "Product tags take x and y on photos and must not have them on videos.",
        codes=(100,), subcodes=(2207035, 2207036)),
    Row(INVALID_REQUEST, "A product tag is invalid or not allowed; check the product in the account's catalog.",
        codes=(100,), subcodes=(2207037,)),
    Row(INVALID_REQUEST, "Too many tags: at most 20 people may be tagged.", codes=(100,), subcodes=(2207040,)),
    Row(INVALID_REQUEST, "The AI label belongs on the carousel, not on its items.", codes=(100,), subcodes=(2207100,)),
    Row(INVALID_REQUEST, "A tagged user is private or does not exist; remove the tag.",
        codes=(110,), subcodes=(2207018,)),
    Row(INVALID_REQUEST, "No professional account has this user name; there is nothing to read.",
        codes=(110,), subcodes=(2207013,)),
    Row(INVALID_REQUEST, "The location is not a Page with an address; choose another location.",
        text=re.compile("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")),
    Row(INVALID_REQUEST, "A sponsor or another parameter of the post is invalid; check the branded content settings.",
        text=re.compile("INSTAGRAM_PLATFORM_API__INVALID_PARAM")),
    Row(PERMISSION, "The account is not eligible for this feature; check branded content in the Instagram app.",
        text=re.compile("INSTAGRAM_PLATFORM_API__[A-Z_]*PERMISSION")),
    # the media itself
    Row(INVALID_MEDIA, "Instagram does not support the format of the video; re-encode it as H.264/AAC MP4 or MOV.",
        codes=(352,), subcodes=(2207026,)),
    Row(INVALID_MEDIA, "Instagram could not fetch the media from its URL, or it is no photo or video; known to come "
        "and go, so it is tried again. Check that the URL is public and does not redirect.",
        codes=(9004,), subcodes=(2207052,)),
    Row(NOT_READY, "The container is not ready to be published yet.", codes=(9007,), subcodes=(2207027,),
        proves_unpublished=True),
    Row(INVALID_MEDIA, f"The image is larger than 8 MB; {_NEW_FILE}.", codes=(36000,), subcodes=(2207004,)),
    Row(INVALID_MEDIA, "Instagram takes JPEG images only; convert it to JPEG.", codes=(36001,), subcodes=(2207005,)),
    Row(INVALID_MEDIA, "The aspect ratio is outside 4:5 to 1.91:1; crop the image.",
        codes=(36003,), subcodes=(2207009,)),
    Row(INVALID_REQUEST, "The caption is too long: at most 2200 characters, 30 hashtags and 20 mentions.",
        codes=(36004,), subcodes=(2207010,)),
    Row(PERMISSION, "The Audio API refuses this account or app; it needs Facebook Login and its permissions.",
        codes=(10,), subcodes=(9053,), proves_unpublished=True),
    Row(INVALID_REQUEST, "The audio or its configuration is not valid; choose another audio or leave it out.",
        codes=(100,), subcodes=range(9050, 9065)),
    # 100/33: known to be wrong for minutes on fresh containers and just-published media (postiz-app #1562), so from
    # these two reads it says nothing.
    Row(TRANSIENT, "Instagram cannot show this object yet; known to last minutes for fresh containers and posts.",
        codes=(100,), subcodes=(33,), endpoints=(Endpoint.CONTAINER, Endpoint.MEDIA_PERMALINK)),
    Row(PERMISSION, "The object does not exist (any more), or the account's permissions do not cover it.",
        codes=(100,), subcodes=(33,)),
    Row(INVALID_REQUEST, "The post is older than the account's conversion to a professional one; it has no insights.",
        codes=(100,), subcodes=(2108006,)),
    # tokens
    Row(AUTH, f"The user removed the app; {_RECONNECT}.", codes=(190,), subcodes=(458,), proves_unpublished=True),
    Row(AUTH, "Facebook wants the user to confirm something; they must log in on facebook.com, then reconnect.",
        codes=(190,), subcodes=(459,), proves_unpublished=True),
    Row(AUTH, f"The user changed their password; {_RECONNECT}.",
        codes=(190,), subcodes=(460,), proves_unpublished=True),
    Row(AUTH, f"The token has expired or is invalid; {_RECONNECT}.",
        codes=(190,), subcodes=(463, 467), proves_unpublished=True),
    Row(AUTH, "The user's Facebook account is not confirmed; they must confirm it on facebook.com, then reconnect.",
        codes=(190,), subcodes=(464,), proves_unpublished=True),
    Row(AUTH, "The user lost their role on the Page; restore it, then reconnect for a new Page token.",
        codes=(190,), subcodes=(492,), proves_unpublished=True),
    Row(AUTH, f"The token is invalid, expired or revoked; {_RECONNECT}.", codes=(190, 102), proves_unpublished=True),
    Row(AUTH, "The login code or token was refused; start the login again.", codes=(400,)),
    # limits on calls
    Row(THROTTLED, "The app has used up its calls; all its accounts wait.", codes=(4,), scope="app"),
    Row(THROTTLED, "The user of this token has used up their calls; the account waits.", codes=(17,), scope="account"),
    Row(THROTTLED, "Too many Page calls with this user's token; the account waits.", codes=(32,), scope="account"),
    Row(THROTTLED, "A custom limit on calls is reached; the account waits at least 15 minutes.",
        codes=(613,), scope="account", wait_s=900),
    Row(THROTTLED, "The account has used up its Instagram calls of the last 24 h; it waits.",
        codes=(80002,), scope="account"),
    Row(THROTTLED, "The Page or system user has used up its calls; the account waits.",
        codes=(80001,), scope="account"),
    Row(THROTTLED, "A temporary limit of the app is reached; all its accounts wait.", codes=(341,), scope="app"),
    Row(BLOCKED, "Instagram judged the action abusive or limited posting; wait for hours, look at the account in "
        "the app.", codes=(368,)),
    # permissions and plain refusals
    Row(INVALID_REQUEST, "Too few people saw the story for this number; there is none to read yet.",
        codes=(10,), text=_words("not enough viewers")),
    Row(PERMISSION, "A permission is missing or was withdrawn, or the app lacks a capability; reconnect and grant it, "
        "or check the app's access level.", codes=(10, 3), proves_unpublished=True),
    Row(PERMISSION, "A permission is missing or was withdrawn; reconnect and grant it.",
        codes=range(200, 300), proves_unpublished=True),
    Row(INVALID_REQUEST, "Instagram takes it for a duplicate of an earlier post.", codes=(506,)),
    Row(THROTTLED, "Instagram answers HTTP 429: too many calls; the account waits.", http=(429,), scope="account"),
    Row(TRANSIENT, f"Instagram reports a passing failure; {_WAIT}.", codes=(1, 2, -1, -2)),
    Row(TRANSIENT, f"Instagram marks the failure as passing; {_WAIT}.", transient_flag=True),
    Row(TRANSIENT, f"Instagram's server failed; {_WAIT}.", http=range(500, 600)),
    Row(INVALID_REQUEST, "Instagram refused a parameter, metric or range of this call.", codes=(100,)),
)  # fmt: skip

NO_SOUND_TRACK = Row(
    INVALID_MEDIA,
    "The reel was to get a sound of the library, and its video has no sound track of its own; set video_volume to 0, "
    "or give the video a sound track.",
)
"""What 2207082 means of a reel with an `audio_configuration`."""
SOUND_SUBCODE = 2207082
