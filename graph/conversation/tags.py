"""Media in which others tagged the account (graph-api.md §5.3). Mentions in texts are another thing: `mentions`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from graph.accounts.media import Media, read_media
from graph.answers import fields as names
from graph.answers.paging import Page, checked_limit, read_page
from graph.calls import Caller
from graph.wire.endpoints import Endpoint


class Tags:
    """`client.tags`. Every call raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def page(
        self,
        after: str | None = None,
        *,
        limit: int = 50,
        fields: Sequence[str] = names.TAGGED,
        media_type: str | None = None,
        posted_after: datetime | None = None,
        posted_before: datetime | None = None,
    ) -> Page[Media]:
        """Media that tag the account, private ones excluded. This edge sends cursors but never `next`."""
        answer = self._caller.get(
            Endpoint.TAGS,
            self._caller.ig_id,
            "tags",
            fields=names.join(fields),
            limit=checked_limit(limit, 100),
            after=after,
            media_type=media_type,
            posted_after=posted_after,
            posted_before=posted_before,
        )
        return read_page(answer, Endpoint.TAGS, read_media, cursor_only=True)
