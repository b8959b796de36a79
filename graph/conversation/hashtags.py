"""Public media under a hashtag (graph-api.md §5.3). Facebook Login with *Instagram Public Content Access* only.

An account may look at 30 different hashtags in 7 days; looking at the same one again is free. Ids are global and never
change: keep them.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.accounts.media import Media, read_media
from graph.answers import fields as names
from graph.answers.paging import Page, checked_limit, read_page
from graph.answers.reading import Node
from graph.calls import Caller, checked_id
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid
from pressrun.log import redact


class Hashtags:
    """`client.hashtags`. Every call raises GraphError, and NotOnThisLogin on Instagram Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def search(self, name: str) -> str | None:
        """The id of a hashtag, None when there is none. Raises Invalid for what cannot be a hashtag."""
        self._caller.require(Login.FACEBOOK, "GET /ig_hashtag_search")
        bare = name.strip().removeprefix("#")
        if not bare or any(part.isspace() or part == "#" for part in bare):
            raise Invalid(f"{redact(name)!r} is not one hashtag", type="hashtag.invalid", field="name")
        endpoint = Endpoint.HASHTAG_SEARCH
        answer = self._caller.get(endpoint, "ig_hashtag_search", user_id=self._caller.ig_id, q=bare)
        found = read_page(answer, endpoint, Node.id).items
        return found[0] if found else None

    def recent_media(
        self, hashtag_id: str, after: str | None = None, *, limit: int = 50, fields: Sequence[str] = names.HASHTAG_MEDIA
    ) -> Page[Media]:
        """Public media of the last 24 h, at most 50 a page; never with a user name."""
        return self._media(Endpoint.HASHTAG_RECENT, hashtag_id, "recent_media", after, limit, fields)

    def top_media(
        self, hashtag_id: str, after: str | None = None, *, limit: int = 50, fields: Sequence[str] = names.HASHTAG_MEDIA
    ) -> Page[Media]:
        """The most popular public media, at most 50 a page; never with a user name."""
        return self._media(Endpoint.HASHTAG_TOP, hashtag_id, "top_media", after, limit, fields)

    def recently_searched(self, after: str | None = None, *, limit: int = 30) -> Page[str]:
        """Ids of the hashtags that count towards the 30 of the last 7 days."""
        self._caller.require(Login.FACEBOOK, "GET /{ig}/recently_searched_hashtags")
        answer = self._caller.get(
            Endpoint.HASHTAGS_SEARCHED,
            self._caller.ig_id,
            "recently_searched_hashtags",
            limit=checked_limit(limit, 30),
            after=after,
        )
        return read_page(answer, Endpoint.HASHTAGS_SEARCHED, Node.id)

    def _media(
        self, endpoint: Endpoint, hashtag_id: str, edge: str, after: str | None, limit: int, fields: Sequence[str]
    ) -> Page[Media]:
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.get(
            endpoint,
            checked_id(hashtag_id),
            edge,
            user_id=self._caller.ig_id,
            fields=names.join(fields),
            limit=checked_limit(limit, 50),
            after=after,
        )
        return read_page(answer, endpoint, read_media)
