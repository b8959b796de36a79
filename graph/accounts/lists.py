"""An account with its lists in one call: field expansion on the IG User (graph-api.md §4.3, §5.1, §5.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graph.accounts.insights import nested_insights
from graph.accounts.media import Media, MediaFields, read_media
from graph.accounts.users import Profile, read_profile
from graph.answers import fields as names
from graph.answers.errors import unreadable
from graph.answers.paging import Page, read_page
from graph.answers.reading import Node
from graph.calls import Caller
from graph.wire.endpoints import Endpoint

LIMIT: Final = 50
_ENDPOINTS: Final = {"media": Endpoint.MEDIA_LIST, "stories": Endpoint.STORIES, "tags": Endpoint.TAGS}


@dataclass(frozen=True)
class Wanted:
    """Which lists to read beside the profile. Of media and stories: the insights to read along; None leaves it out."""

    media: Sequence[str] | None = None
    stories: Sequence[str] | None = None
    tags: bool = False


@dataclass(frozen=True)
class Part:
    """One part of the answer as it came, and what a call for it alone would have asked."""

    endpoint: Endpoint
    asked: Mapping[str, Any]
    answer: Any


@dataclass(frozen=True)
class AccountWithLists:
    """The profile and the first page of each list that was wanted; None of the others."""

    profile: Profile
    media: Page[Media] | None
    stories: Page[Media] | None
    tags: Page[Media] | None
    parts: Mapping[str, Part]
    """By `profile`, `media`, `stories`, `tags`."""


class AccountLists:
    """`client.lists`. Every call raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._fields = caller, MediaFields(caller)

    def read(self, wanted: Wanted) -> AccountWithLists:
        """Warning: what Instagram refuses of one list (a metric, a permission) fails the whole call."""
        if wanted.media is None and wanted.stories is None:
            return self._read(wanted, names.MEDIA)
        return self._fields.read(None, lambda some: self._read(wanted, some))

    def _read(self, wanted: Wanted, media_fields: Sequence[str]) -> AccountWithLists:
        login = self._caller.login
        lists: dict[str, str] = {}
        for name, metrics in (("media", wanted.media), ("stories", wanted.stories)):
            if metrics is not None:
                kind = "STORY" if name == "stories" else None
                lists[name] = names.media(
                    login, [*media_fields, *nested_insights(self._caller, metrics, product_type=kind)]
                )
        if wanted.tags:
            lists["tags"] = names.join(names.TAGGED)
        profile = names.user(login, names.USER[login])
        expanded = [names.expand(name, (inner,), limit=LIMIT) for name, inner in lists.items()]
        answer = self._caller.get(Endpoint.USER_WITH_LISTS, self._caller.ig_id, fields=names.join((profile, *expanded)))
        return self._told(answer, profile, lists)

    def _told(self, answer: Any, profile: str, lists: Mapping[str, str]) -> AccountWithLists:
        if not isinstance(answer, dict):
            raise unreadable(Endpoint.USER_WITH_LISTS, "the account is no object")
        ig_id = self._caller.ig_id
        alone = {name: value for name, value in answer.items() if name not in lists}
        parts = {"profile": _part(Endpoint.USER, ig_id, {"fields": profile}, alone)}
        for name, inner in lists.items():
            asked = {"fields": inner, "limit": str(LIMIT)}
            # A list with nothing on it may be left out of the answer like any field without a value.
            parts[name] = _part(_ENDPOINTS[name], f"{ig_id}/{name}", asked, answer.get(name) or {"data": []})
        return AccountWithLists(
            profile=read_profile(Node(alone, Endpoint.USER)),
            media=_page(parts.get("media")),
            stories=_page(parts.get("stories")),
            tags=_page(parts.get("tags")),
            parts=parts,
        )


def _part(endpoint: Endpoint, path: str, params: Mapping[str, str], answer: Any) -> Part:
    asked = {"path": path, "params": dict(params), "part_of": Endpoint.USER_WITH_LISTS.value}
    return Part(endpoint, asked, answer)


def _page(part: Part | None) -> Page[Media] | None:
    if part is None:
        return None
    page = read_page(part.answer, part.endpoint, read_media, cursor_only=part.endpoint is Endpoint.TAGS)
    # Some lists inside an answer are known to send cursors and no `next` (§4.4). Only `next` says that a list goes on;
    # so a full page is not taken for the end of one without it.
    if len(page.items) + page.dropped >= LIMIT and page.after and not page.has_next:
        return replace(page, has_next=True)
    return page
