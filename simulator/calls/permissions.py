"""What a login flavour can do at all, and the scopes that it needs (graph-api.md §1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from simulator.protocol import errors
from simulator.world.records import Account, Login


class Need(Enum):
    """What an endpoint or field asks for."""

    NOTHING = auto()
    BASE = auto()
    FACEBOOK_BASE = auto()
    MEDIA_LIST = auto()
    PUBLISH = auto()
    RESUMABLE = auto()
    INSIGHTS = auto()
    COMMENTS = auto()
    MENTIONED = auto()
    DISCOVERY = auto()
    HASHTAGS = auto()
    SHOPPING = auto()
    DELETE_MEDIA = auto()
    PAGES = auto()
    SUBSCRIBE = auto()
    PAGE_SUBSCRIBE = auto()
    AUDIO = auto()


_FACEBOOK_BASE = ("instagram_basic", "pages_read_engagement")
_INSTAGRAM_BASE = ("instagram_business_basic",)

_SCOPES: Mapping[Need, Mapping[Login, tuple[str, ...]]] = {
    Need.NOTHING: {Login.FACEBOOK: (), Login.INSTAGRAM: ()},
    Need.BASE: {Login.FACEBOOK: _FACEBOOK_BASE, Login.INSTAGRAM: _INSTAGRAM_BASE},
    Need.FACEBOOK_BASE: {Login.FACEBOOK: _FACEBOOK_BASE},
    Need.MEDIA_LIST: {
        Login.FACEBOOK: ("instagram_basic", "pages_read_engagement|pages_show_list"),
        Login.INSTAGRAM: _INSTAGRAM_BASE,
    },
    Need.PUBLISH: {
        Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_content_publish"),
        Login.INSTAGRAM: (*_INSTAGRAM_BASE, "instagram_business_content_publish"),
    },
    Need.RESUMABLE: {Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_content_publish")},
    Need.INSIGHTS: {
        Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_manage_insights"),
        Login.INSTAGRAM: (*_INSTAGRAM_BASE, "instagram_business_manage_insights"),
    },
    Need.COMMENTS: {
        Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_manage_comments"),
        Login.INSTAGRAM: (*_INSTAGRAM_BASE, "instagram_business_manage_comments"),
    },
    Need.MENTIONED: {Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_manage_comments")},
    Need.DISCOVERY: {Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_manage_insights")},
    Need.HASHTAGS: {Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_public_content_access")},
    Need.SHOPPING: {
        Login.FACEBOOK: (*_FACEBOOK_BASE, "catalog_management", "instagram_shopping_tag_products"),
    },
    Need.DELETE_MEDIA: {Login.FACEBOOK: (*_FACEBOOK_BASE, "instagram_manage_contents")},
    Need.PAGES: {Login.FACEBOOK: ("pages_show_list",)},
    Need.SUBSCRIBE: {Login.FACEBOOK: _FACEBOOK_BASE, Login.INSTAGRAM: _INSTAGRAM_BASE},
    Need.PAGE_SUBSCRIBE: {Login.FACEBOOK: ("pages_manage_metadata",)},
    Need.AUDIO: {Login.FACEBOOK: ()},
}


def has_login(need: Need, login: Login) -> bool:
    """Whether this flavour offers the feature at all."""
    return login in _SCOPES[need]


def check(need: Need, account: Account) -> None:
    """Raises GraphError 10 when a scope is missing."""
    for scope in _SCOPES[need][account.login]:
        if account.scopes.isdisjoint(scope.split("|")):
            raise errors.no_permission()
