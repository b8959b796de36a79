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
    is_needed: bool = False
    """Without it an account is of no use here."""
    is_asked: bool = True
    """It is asked for unless others are named; what needs another review of the app at Meta is not."""


@dataclass(frozen=True)
class Lack:
    """A permission that was not granted."""

    scope: str
    costs: str


_PUBLISHING = "nothing is published"
_INSIGHTS = "no insights are read, of the account or of its media"
_COMMENTS = "no comments and tags are read; no first comment, no reply to a mention"

FACEBOOK = (
    Permission("instagram_basic", "the account is not read at all, and nothing is published", is_needed=True),
    Permission(
        "pages_read_engagement",
        "the account is not read, and nothing is published; with pages_show_list its media are still listed",
        is_needed=True,
    ),
    Permission(
        "pages_show_list",
        "the Pages of a person are not found, and comments that mention are not answered",
        is_needed=True,
    ),
    Permission("instagram_content_publish", _PUBLISHING, is_needed=True),
    Permission("instagram_manage_insights", f"{_INSIGHTS}; competitors are not read"),
    Permission("instagram_manage_comments", f"{_COMMENTS}; mentions are not read"),
    Permission("pages_manage_metadata", "webhooks cannot be subscribed through the Page"),
    Permission("instagram_manage_contents", "no media is deleted", is_asked=False),
    Permission("catalog_management", "catalogs are not read, and no products are tagged", is_asked=False),
    Permission("instagram_shopping_tag_products", "catalogs are not read, and no products are tagged", is_asked=False),
)
INSTAGRAM = (
    Permission(
        "instagram_business_basic", "the account is not read at all, and its token cannot be renewed", is_needed=True
    ),
    Permission("instagram_business_content_publish", _PUBLISHING, is_needed=True),
    Permission("instagram_business_manage_insights", _INSIGHTS),
    Permission("instagram_business_manage_comments", _COMMENTS),
)
OF_LOGIN = {"facebook": FACEBOOK, "instagram": INSTAGRAM}
"""Login → what an account may be granted there, the most needed first."""
ASKED = {login: tuple(one.scope for one in told if one.is_asked) for login, told in OF_LOGIN.items()}
"""Login → what a person is asked for unless others are named."""
NEEDED = {login: tuple(one.scope for one in told if one.is_needed) for login, told in OF_LOGIN.items()}
"""Login → what an account is of no use without."""
_COSTS = {one.scope: one.costs for told in OF_LOGIN.values() for one in told}


def cost_of(scope: str) -> str | None:
    """What does not work without it; None for one that Pressrun has no use for."""
    return _COSTS.get(scope)


def lacking(
    login: str, granted: Iterable[Collection[str]], *, asked: Collection[str] | None = None
) -> tuple[Lack, ...]:
    """What was granted to none of an account's tokens.

    Args:
        granted: the scopes of each token whose scopes are known; none known, none lacking.
        asked: look at these alone.
    """
    known = [set(scopes) for scopes in granted]
    if not known:
        return ()
    there = set[str]().union(*known)
    return tuple(
        Lack(one.scope, one.costs)
        for one in OF_LOGIN[login]
        if one.scope not in there and (asked is None or one.scope in asked)
    )
