"""Who calls: the login flavour, the account's id on it and its token (graph-api.md §1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Login(StrEnum):
    """How the account was connected; decides host, fields and what exists at all."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


@dataclass(frozen=True)
class Credentials:
    """`ig_id` is the id of the professional account: `instagram_business_account.id` on Facebook Login, `user_id` on
    Instagram Login. Before a first login both `ig_id` and `token` may be empty: then only `tokens` can be used."""

    login: Login
    ig_id: str
    token: str = field(repr=False)
