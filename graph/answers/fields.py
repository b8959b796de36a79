"""Field lists and field expansion (graph-api.md §4.3, §5.1, §5.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from graph.answers.errors import NotOnThisLogin
from graph.wire.credentials import Login
from pressrun.errors import Invalid
from pressrun.log import redact

_USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}", re.ASCII)
_ARGUMENT = re.compile(r"[A-Za-z0-9_.,=\-]+", re.ASCII)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


_PROFILE: Final = _names(
    "username, name, biography, website, profile_picture_url, followers_count, follows_count, media_count"
)
USER: Final = {
    Login.FACEBOOK: ("id", *_PROFILE),
    Login.INSTAGRAM: ("id", "user_id", "account_type", *_PROFILE),
}
DISCOVERED_USER: Final = ("id", *_PROFILE)

# Meta marks these two as Facebook Login only, its SDK lists them for both (graph-api.md §5.2): asked for, and given up
# when they are refused.
MEDIA_CONTESTED: Final = ("caption", "media_product_type")
MEDIA: Final = (
    *_names("id, media_type, timestamp, username, shortcode, permalink, media_url, thumbnail_url, owner{id}, alt_text"),
    *_names("like_count, comments_count, is_comment_enabled, is_shared_to_feed"),
    *MEDIA_CONTESTED,
)
CHILD: Final = _names("id, media_type, media_url, thumbnail_url, timestamp")
LIVE: Final = _names("id, media_type, media_product_type, timestamp, username, owner{id}")
TAGGED: Final = _names("id, caption, media_type, media_url, permalink, timestamp, username, like_count, comments_count")
# Media of strangers: no user name (§5.3).
HASHTAG_MEDIA: Final = _names("id, caption, media_type, media_url, permalink, timestamp, like_count, comments_count")
DISCOVERED_MEDIA: Final = _names(
    "id, caption, media_type, permalink, timestamp, like_count, comments_count, view_count"
)
MENTIONED_MEDIA: Final = _names("id, caption, media_type, media_url, timestamp, username, like_count, comments_count")

_USER_OF: Final = {
    Login.FACEBOOK: frozenset(
        _names(
            "ig_id, has_profile_pic, is_published, legacy_instagram_user_id, shopping_product_tag_eligibility, "
            "shopping_review_status, owner_business, business_discovery, mentioned_comment, mentioned_media, "
            "collaborative_media_search"
        )
    ),
    Login.INSTAGRAM: frozenset({"user_id", "account_type"}),
}
_MEDIA_OF: Final = {
    Login.FACEBOOK: frozenset(
        _names(
            "ig_id, legacy_instagram_media_id, boost_eligibility_info, boost_ads_list, copyright_check_information, "
            "reposts_count, saved_count, shares_count, total_like_count, total_comments_count, total_views_count, "
            "collaborators, product_tags"
        )
    ),
    Login.INSTAGRAM: frozenset[str](),
}

COMMENT: Final = _names("id, text, username, timestamp, like_count, hidden, parent_id")
MENTIONED_COMMENT: Final = ("id", "text", "timestamp", "like_count", "media{id,media_url}")
INSIGHT: Final = ("name", "period", "title", "values", "total_value")


def user(login: Login, fields: Sequence[str]) -> str:
    """The value of `fields` for an account. Raises NotOnThisLogin for what only the other flavour has (§5.1)."""
    return _of_login(login, fields, _USER_OF)


def media(login: Login, fields: Sequence[str]) -> str:
    """The value of `fields` for the account's own media. Raises NotOnThisLogin (§5.2)."""
    return _of_login(login, fields, _MEDIA_OF)


def join(fields: Sequence[str]) -> str:
    """The value of a `fields` parameter."""
    return ",".join(fields)


def expand(name: str, fields: Sequence[str], **arguments: str | int | None) -> str:
    """A nested field: `expand("comments", ("id",), limit=5)` is `comments.limit(5){id}`.

    Raises Invalid when an argument holds what would break out of the expression.
    """
    given = "".join(f".{key}({_checked(key, value)})" for key, value in arguments.items() if value is not None)
    return f"{name}{given}{{{join(fields)}}}" if fields else f"{name}{given}"


def insights(metrics: Sequence[str]) -> str:
    """The nested field that reads insights along with media."""
    return expand("insights", INSIGHT, metric=",".join(metrics))


def checked_username(name: str) -> str:
    """A user name without its @. Raises Invalid."""
    bare = name.removeprefix("@")
    if not _USERNAME.fullmatch(bare):
        raise Invalid(f"{redact(name)!r} is not an Instagram user name", type="username.invalid", field="username")
    return bare


def _of_login(login: Login, fields: Sequence[str], only: Mapping[Login, frozenset[str]]) -> str:
    for name in (re.split(r"[.{]", one.strip(), maxsplit=1)[0] for one in fields):
        if any(name in names for other, names in only.items() if other is not login):
            raise NotOnThisLogin(f"the field {name}", login)
    return join(fields)


def _checked(key: str, value: str | int) -> str:
    text = str(value)
    if not _ARGUMENT.fullmatch(text):
        raise Invalid(f"{redact(text)!r} cannot be used as {key}", type="argument.invalid", field=key)
    return text
