"""Ways of a kept file to Instagram, and which one it takes (design.md §5).

    host     fetched from our own console, under a signed address
    s3       fetched from a bucket, under a presigned address
    upload   sent by us to the container: videos of accounts on Facebook Login only (graph-api.md §2.3)

`auto` takes them in this order. `upload` is for what can be uploaded; all else takes `auto`'s way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pressrun.settings import Settings


class Route(StrEnum):
    ADDRESS = "address"
    """Nothing of ours: Instagram fetches it from the address that was given."""
    HOST = "host"
    S3 = "s3"
    UPLOAD = "upload"


@dataclass(frozen=True)
class Choice:
    """The way that one file takes, and why, for a person."""

    route: Route
    why: str


GIVEN = Choice(Route.ADDRESS, "Instagram fetches it from the address that was given")

TWO_WAYS = (
    "set PRESSRUN_PUBLIC_URL to this console's public address, or PRESSRUN_S3_BUCKET to a bucket that it can be "
    "fetched from"
)


@dataclass(frozen=True)
class Ways:
    """What an installation can offer. `wanted` as of PRESSRUN_MEDIA_ROUTE."""

    wanted: str
    has_host: bool
    has_bucket: bool

    @classmethod
    def of(cls, settings: Settings, *, has_host: bool | None = None) -> Ways:
        """`has_host`: whether our console can be reached, where that is known better than by the settings."""
        is_offered = settings.offers_local_media if has_host is None else has_host
        return cls(settings.media_route, is_offered, settings.s3_bucket is not None)

    def choose(self, *, is_video: bool, on_facebook: bool) -> Choice | None:
        """The way of a kept file to an account on Facebook Login or not; None when there is none."""
        can_upload = is_video and on_facebook
        if self.wanted == Route.UPLOAD.value and can_upload:
            return Choice(Route.UPLOAD, "PRESSRUN_MEDIA_ROUTE is upload, and this is a video on Facebook Login")
        because = f"PRESSRUN_MEDIA_ROUTE is {self.wanted}"
        if self.wanted == Route.UPLOAD.value:
            because += ", which is for videos on Facebook Login only"
        if self.has_host and self.wanted != Route.S3.value:
            return Choice(Route.HOST, f"{because}; our own console can be reached")
        if self.has_bucket and self.wanted != Route.HOST.value:
            there_is = "" if self.wanted == Route.S3.value else "; there is a bucket and no public address"
            return Choice(Route.S3, f"{because}{there_is}")
        if self.wanted == "auto" and can_upload:
            why = f"{because}; there is neither a public address nor a bucket, and a video on Facebook Login needs none"
            return Choice(Route.UPLOAD, why)
        return None

    def no_way(self, what: str) -> str:
        """Why a file cannot get there, and what to do."""
        if self.wanted == Route.HOST.value:
            return (
                f"Instagram could not fetch {what}: PRESSRUN_MEDIA_ROUTE is host, and there is no public address; "
                f"{TWO_WAYS} (then with PRESSRUN_MEDIA_ROUTE=auto)"
            )
        return f"Instagram could not fetch {what}: {TWO_WAYS}"
