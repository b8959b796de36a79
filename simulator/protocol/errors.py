"""What Instagram answers instead of a result: the envelope of graph-api.md §3.1 and the codes of §3.2.

Every code that the simulator can produce is named here once.
"""

from __future__ import annotations

from typing import Any


class GraphError(Exception):
    """A refusal with code, subcode and HTTP status."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = 400,
        kind: str = "OAuthException",
        is_transient: bool = False,
        title: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status = code, message, subcode, status
        self.kind, self.is_transient, self.title, self.advice = kind, is_transient, title, advice

    def envelope(self, trace: str) -> dict[str, Any]:
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.is_transient or self.subcode is not None:
            error["is_transient"] = self.is_transient
        if self.title is not None:
            error["error_user_title"] = self.title
            error["error_user_msg"] = self.advice or self.title
        return {"error": error | {"fbtrace_id": trace}}


class LoginError(GraphError):
    """The other shape, of Instagram Login's OAuth endpoints."""

    def envelope(self, trace: str) -> dict[str, Any]:
        return {"error_type": self.kind, "code": self.status, "error_message": self.message}


def _media(code: int, subcode: int, message: str, title: str, advice: str) -> GraphError:
    return GraphError(code, message, subcode=subcode, title=title, advice=advice)


def unsupported(node: str, verb: str = "get") -> GraphError:
    """100/33: missing, not yours, or not something one can do with it; Instagram does not say which."""
    text = (
        f"Unsupported {verb} request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    )
    return GraphError(100, text, subcode=33, kind="GraphMethodException")


def unknown_path(path: str) -> GraphError:
    return GraphError(100, f"(#100) Unknown path components: {path}")


def invalid(message: str) -> GraphError:
    return GraphError(100, f"(#100) {message}")


def missing(name: str) -> GraphError:
    return GraphError(100, f"(#100) The parameter {name} is required")


def no_field(name: str, node_type: str) -> GraphError:
    return GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({node_type})")


def no_permission() -> GraphError:
    return GraphError(10, "(#10) Application does not have permission for this action", status=403)


def bad_token(message: str = "Invalid OAuth access token - Cannot parse access token") -> GraphError:
    return GraphError(190, message)


_DEAD_TOKEN = {
    458: "Error validating access token: The user has not authorized application.",
    459: "Error validating access token: You cannot access the app till you log in to www.facebook.com.",
    460: "Error validating access token: The session has been invalidated because the user changed their password.",
    463: "Error validating access token: Session has expired.",
    464: "Error validating access token: Sessions for the user are not allowed because the user is not confirmed.",
    467: "Error validating access token: The access token is invalid since the user has logged out.",
    492: "Error validating access token: The user lost the role on the Page.",
}
TOKEN_SUBCODES = frozenset(_DEAD_TOKEN)


def dead_token(subcode: int) -> GraphError:
    return GraphError(190, _DEAD_TOKEN[subcode], subcode=subcode)


def bad_proof() -> GraphError:
    return GraphError(
        100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException", status=400
    )


def unknown_error() -> GraphError:
    return GraphError(1, "An unknown error has occurred", status=500)


def service_error() -> GraphError:
    return GraphError(
        2, "Service temporarily unavailable", status=500, is_transient=True, title="Service temporarily unavailable"
    )


def fatal() -> GraphError:
    return GraphError(-1, "Fatal", subcode=2207001, status=500, is_transient=True)


def blocked() -> GraphError:
    return GraphError(
        4,
        "Application request limit reached",
        subcode=2207051,
        title="Action is blocked",
        advice="We restrict certain activity to protect our community. Tell us if you think we made a mistake.",
    )


def restricted_account() -> GraphError:
    return _media(
        25,
        2207050,
        "The Instagram account is restricted.",
        "Restricted Instagram Account",
        "The Instagram account is inactive, checkpointed, or restricted.",
    )


def no_trials() -> GraphError:
    return GraphError(100, "The account is not eligible for trial reels.", subcode=2207081)


def quota_reached() -> GraphError:
    return _media(
        9,
        2207042,
        "Application request limit reached",
        "You reached maximum number of posts that is allowed to be published by Content Publishing API.",
        "You have reached the maximum number of published posts for the last 24 hours.",
    )


def trials_used_up() -> GraphError:
    """The text is our choice; that it speaks of trial reels is what tells it from the other quota."""
    return GraphError(9, "(#9) The account has reached the limit of trial reels for today.")


def too_many_containers() -> GraphError:
    """UNCONFIRMED in the contract: the code is our choice."""
    return _media(
        9,
        2207042,
        "Application request limit reached",
        "Too many media containers",
        "The account created the maximum number of containers for the last 24 hours.",
    )


def too_many_hashtags() -> GraphError:
    """UNCONFIRMED in the contract: the code is our choice."""
    return GraphError(613, "(#613) The account searched 30 unique hashtags within the last 7 days.")


def container_gone() -> GraphError:
    return _media(
        24,
        2207008,
        "The requested resource does not exist",
        "Media builder not found",
        "The media builder with this creation id does not exist or has expired.",
    )


def not_ready() -> GraphError:
    return _media(
        9007,
        2207027,
        "Media ID is not available",
        "Media ID is not available",
        "The media is not ready for publishing, please wait for a moment",
    )


def unknown_media_type() -> GraphError:
    return _media(100, 2207023, "Invalid parameter", "Unknown media type", "The media type is unknown.")


def carousel_size() -> GraphError:
    return _media(
        100, 2207028, "Invalid parameter", "Invalid carousel", "A carousel needs at least 2 and at most 10 items."
    )


def product_position_on_video() -> GraphError:
    return _media(100, 2207035, "Invalid parameter", "Product tag", "Position must not be specified on a video.")


def product_position_missing() -> GraphError:
    return _media(100, 2207036, "Invalid parameter", "Product tag", "A position is required for photos.")


def product_invalid() -> GraphError:
    return _media(100, 2207037, "Invalid parameter", "Product tag", "The product tag is invalid or not allowed.")


def too_many_tags() -> GraphError:
    return _media(100, 2207040, "Invalid parameter", "Too many tags", "At most 20 @tags are allowed.")


def ai_label_on_child() -> GraphError:
    return _media(100, 2207100, "Invalid parameter", "AI label", "is_ai_generated belongs on the carousel.")


def tagged_user_unavailable(username: str) -> GraphError:
    return _media(110, 2207018, "Invalid user id", "Cannot tag user", f"The user {username} cannot be tagged.")


def not_a_professional(username: str) -> GraphError:
    return _media(110, 2207013, "Invalid user id", "Cannot find User", f"The user with username {username} is unknown.")


def invalid_location() -> GraphError:
    return GraphError(100, "INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")


def invalid_sponsor() -> GraphError:
    return GraphError(100, "INSTAGRAM_PLATFORM_API__INVALID_PARAM")


def thumb_offset() -> GraphError:
    return _media(1, 2207057, "Invalid thumb offset", "Invalid thumb offset", "thumb_offset is outside the video.")


def caption_too_long() -> GraphError:
    return _media(36004, 2207010, "The caption was too long.", "Caption too long", "At most 2,200 characters.")


def fetch_timeout() -> GraphError:
    return _media(-2, 2207003, "Timeout", "Download timed out", "It takes too long to download the media.")


def not_fetchable() -> GraphError:
    return _media(
        9004,
        2207052,
        "Only photo or video can be accepted as media type.",
        "Media download has failed.",
        "The media could not be fetched from this URI.",
    )


def image_too_large() -> GraphError:
    return _media(36000, 2207004, "The image size is too large.", "Image size too large", "At most 8 MiB.")


def image_format() -> GraphError:
    return _media(36001, 2207005, "The image format is not supported.", "Image format", "Only JPEG is supported.")


def image_ratio() -> GraphError:
    return _media(
        36003, 2207009, "The aspect ratio is not supported.", "Aspect ratio", "Between 4:5 and 1.91:1, please."
    )


def too_few_viewers() -> GraphError:
    return GraphError(10, "(#10) Not enough viewers for the media to show insights")


def throttled(code: int) -> GraphError:
    text = {
        4: "(#4) Application request limit reached",
        17: "(#17) User request limit reached",
        613: "(#613) Calls to this api have exceeded the rate limit.",
        80002: "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again.",
    }
    return GraphError(code, text[code])
