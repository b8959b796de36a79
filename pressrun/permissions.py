"""What each permission of an account is for, so that a missing one can be told by what it costs (graph-api.md §1.3).

On the ground floor, for whoever asks for them at a login and for those who look at what was granted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Permission:
    """One permission, and what does not work without it."""

    scope: str
    costs: str


@dataclass(frozen=True)
class Lack:
    """A permission that was not granted."""

    scope: str
    costs: str


_PUBLISHING = "nothing is published"
_INSIGHTS = "no insights are read, of the account or of its media"
_COMMENTS = "no comments and tags are read; no first comment, no reply to a mention"

FACEBOOK = (
    Permission("instagram_basic", "the account is not read at all, and nothing is published"),
    Permission(
        "pages_read_engagement",
        "the account is not read, and nothing is published; with pages_show_list its media are still listed",
    ),
    Permission("pages_show_list", "the Pages of a person are not found, and comments that mention are not answered"),
    Permission("instagram_content_publish", _PUBLISHING),
    Permission("instagram_manage_insights", f"{_INSIGHTS}; competitors are not read"),
    Permission("instagram_manage_comments", f"{_COMMENTS}; mentions are not read"),
    Permission("pages_manage_metadata", "webhooks cannot be subscribed through the Page"),
    Permission("instagram_manage_contents", "no media is deleted"),
    Permission("catalog_management", "catalogs are not read, and no products are tagged"),
    Permission("instagram_shopping_tag_products", "catalogs are not read, and no products are tagged"),
)
INSTAGRAM = (
    Permission("instagram_business_basic", "the account is not read at all, and its token cannot be renewed"),
    Permission("instagram_business_content_publish", _PUBLISHING),
    Permission("instagram_business_manage_insights", _INSIGHTS),
    Permission("instagram_business_manage_comments", _COMMENTS),
)
OF_LOGIN = {"facebook": FACEBOOK, "instagram": INSTAGRAM}
"""Login → what an account may be granted there, the most needed first."""


def lacking(login: str, granted: Iterable[Collection[str]]) -> tuple[Lack, ...]:
    """What was granted to none of an account's tokens.

    Args:
        granted: the scopes of each token whose scopes are known; none known, none lacking.
    """
    known = [set(scopes) for scopes in granted]
    if not known:
        return ()
    there = set[str]().union(*known)
    return tuple(Lack(one.scope, one.costs) for one in OF_LOGIN[login] if one.scope not in there)
