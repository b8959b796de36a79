"""Who calls: the login flavour, the account's id on it and its token (graph-api.md §1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

FACEBOOK_URL: Final = "https://graph.facebook.com"
INSTAGRAM_URL: Final = "https://graph.instagram.com"


class Login(StrEnum):
    """How the account was connected; decides host, fields and what exists at all."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


@dataclass(frozen=True)
class Credentials:
    """`ig_id` is the id of the professional account: `instagram_business_account.id` on Facebook Login, `user_id` on
    Instagram Login. Before a first login both `ig_id` and `token` may be empty: then only `tokens` can be used.

    `other_token`: on Facebook Login the person's, where `token` is the Page's. Instagram refuses some reads to the one
    and grants them to the other (graph-api.md §8).
    """

    login: Login
    ig_id: str
    token: str = field(repr=False)
    other_token: str | None = field(default=None, repr=False)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All that must not be seen."""
        return (self.token, self.other_token) if self.other_token else (self.token,)


def host_of(login: Login, graph_url: str | None) -> str:
    """Where the calls of an account go; `graph_url` replaces all hosts."""
    return graph_url or (FACEBOOK_URL if login is Login.FACEBOOK else INSTAGRAM_URL)
