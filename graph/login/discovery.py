"""Finding accounts: those of a person's Pages, and other professional accounts (graph-api.md §1.4, §5.3).

Facebook Login only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.accounts.media import Media, read_media
from graph.accounts.users import Profile, read_profile
from graph.answers import fields as names
from graph.answers.errors import unreadable
from graph.answers.paging import Page, checked_limit, nested_page, read_page
from graph.answers.reading import Node
from graph.calls import Caller
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint

_PAGE_FIELDS = ("id", "name", "access_token", "tasks", "instagram_business_account{id,username}")
_PUBLISHING_TASKS = frozenset({"MANAGE", "CREATE_CONTENT"})


@dataclass(frozen=True)
class FacebookPage:
    """A Page the person has a role on. `ig_id` is None when no professional account is linked to it."""

    id: str
    name: str | None = None
    access_token: str | None = field(default=None, repr=False)
    tasks: tuple[str, ...] = ()
    ig_id: str | None = None
    username: str | None = None
    """Of the linked account."""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def may_publish(self) -> bool:
        """Whether the person's tasks on the Page allow publishing; new Pages prefix the names of tasks."""
        return any(task.removeprefix("PROFILE_PLUS_") in _PUBLISHING_TASKS for task in self.tasks)


@dataclass(frozen=True)
class Business:
    id: str
    name: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DiscoveredAccount:
    """Another professional account; `media` is empty when none was asked for. Its media cannot be read by id."""

    profile: Profile
    media: Page[Media]
    extra: dict[str, Any] = field(default_factory=dict)


class Discovery:
    """`client.discovery`. Every call raises GraphError, and NotOnThisLogin on Instagram Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def pages(self, after: str | None = None, *, limit: int = 100) -> Page[FacebookPage]:
        """The Pages ticked in the login dialog, with their Page tokens and linked accounts."""
        return self._pages(Endpoint.PAGES, "me", "accounts", after, limit)

    def businesses(self, after: str | None = None, *, limit: int = 100) -> Page[Business]:
        """Businesses of the person; through them come Pages that `pages` does not list."""
        self._caller.require(Login.FACEBOOK, Endpoint.BUSINESSES)
        answer = self._caller.get(
            Endpoint.BUSINESSES, "me", "businesses", fields="id,name", limit=checked_limit(limit, 100), after=after
        )
        return read_page(answer, Endpoint.BUSINESSES, _read_business)

    def owned_pages(self, business_id: str, after: str | None = None, *, limit: int = 100) -> Page[FacebookPage]:
        return self._pages(Endpoint.OWNED_PAGES, business_id, "owned_pages", after, limit)

    def client_pages(self, business_id: str, after: str | None = None, *, limit: int = 100) -> Page[FacebookPage]:
        return self._pages(Endpoint.CLIENT_PAGES, business_id, "client_pages", after, limit)

    def account(
        self,
        username: str,
        *,
        fields: Sequence[str] = names.DISCOVERED_USER,
        media_fields: Sequence[str] = names.DISCOVERED_MEDIA,
        media_limit: int = 25,
        media_after: str | None = None,
    ) -> DiscoveredAccount:
        """Another professional account and a page of its media; `media_limit` 0 reads no media.

        An account that is unknown, personal or age-gated is a GraphError 110/2207013. These calls count against the
        app's platform limits, not the account's (§4.1).
        """
        self._caller.require(Login.FACEBOOK, "business_discovery")
        wanted = list(fields)
        if media_limit:
            size = checked_limit(media_limit, 100)
            wanted.append(names.expand("media", media_fields, after=media_after, limit=size))
        expression = names.expand("business_discovery", wanted, username=names.checked_username(username))
        endpoint = Endpoint.BUSINESS_DISCOVERY
        found = Node(self._caller.get(endpoint, self._caller.ig_id, fields=expression), endpoint)
        account = found.node("business_discovery")
        if account is None:
            raise unreadable(endpoint, "no business_discovery")
        page = nested_page(account, "media", read_media)
        found.raw("id")  # of the account that asks
        return DiscoveredAccount(read_profile(account), page, found.rest())

    def _pages(self, endpoint: Endpoint, whose: str, edge: str, after: str | None, limit: int) -> Page[FacebookPage]:
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.get(
            endpoint, whose, edge, fields=names.join(_PAGE_FIELDS), limit=checked_limit(limit, 100), after=after
        )
        return read_page(answer, endpoint, _read_facebook_page)


def _read_facebook_page(node: Node) -> FacebookPage:
    account = node.node("instagram_business_account")
    return FacebookPage(
        id=node.id(),
        name=node.text("name"),
        access_token=node.text("access_token"),
        tasks=node.texts("tasks"),
        ig_id=account.maybe_id("id") if account else None,
        username=account.text("username") if account else None,
        extra=node.rest(),
    )


def _read_business(node: Node) -> Business:
    return Business(id=node.id(), name=node.text("name"), extra=node.rest())
