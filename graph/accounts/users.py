"""The account itself (graph-api.md §5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.answers import fields as names
from graph.answers.reading import Node
from graph.calls import Caller
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint


@dataclass(frozen=True)
class Profile:
    """What an account says of itself. On Instagram Login `id` is app-scoped and `user_id` is the account's id."""

    id: str
    user_id: str | None = None
    username: str | None = None
    name: str | None = None
    account_type: str | None = None
    biography: str | None = None
    website: str | None = None
    profile_picture_url: str | None = None
    followers_count: int | None = None
    follows_count: int | None = None
    media_count: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def read_profile(node: Node) -> Profile:
    return Profile(
        id=node.id(),
        user_id=node.maybe_id("user_id"),
        username=node.text("username"),
        name=node.text("name"),
        account_type=node.text("account_type"),
        biography=node.text("biography"),
        website=node.text("website"),
        profile_picture_url=node.text("profile_picture_url"),
        followers_count=node.whole("followers_count"),
        follows_count=node.whole("follows_count"),
        media_count=node.whole("media_count"),
        extra=node.rest(),
    )


class Users:
    """`client.users`. Every call raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def profile(self, fields: Sequence[str] | None = None) -> Profile:
        """The account; without `fields` all that its login flavour offers."""
        return self._read(Endpoint.USER, self._caller.ig_id, fields)

    def me(self, fields: Sequence[str] | None = None) -> Profile:
        """The account that the token belongs to, without knowing its id; also tells whether the token still lives.

        Instagram Login only: raises NotOnThisLogin, since there `/me` is a person and not the account.
        """
        self._caller.require(Login.INSTAGRAM, "GET /me as an Instagram account")
        return self._read(Endpoint.ME, "me", fields)

    def _read(self, endpoint: Endpoint, whose: str, fields: Sequence[str] | None) -> Profile:
        wanted = names.user(self._caller.login, names.USER[self._caller.login] if fields is None else fields)
        return read_profile(Node(self._caller.get(endpoint, whose, fields=wanted), endpoint))
