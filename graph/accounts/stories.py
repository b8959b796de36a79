"""Active stories (graph-api.md §5.3)."""

from __future__ import annotations

from collections.abc import Sequence

from graph.accounts.insights import nested_insights
from graph.accounts.media import Media, MediaFields, read_media
from graph.answers import fields as names
from graph.answers.paging import Page, checked_limit, read_page
from graph.calls import Caller
from graph.wire.endpoints import Endpoint


class Stories:
    """`client.stories`. Every call raises GraphError."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._fields = caller, MediaFields(caller)

    def page(
        self,
        limit: int = 50,
        after: str | None = None,
        *,
        insight_metrics: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        allow_unknown: bool = False,
    ) -> Page[Media]:
        """The stories of the last 24 h that are still up, at most 100 a page; no live video, no reshares."""
        nested = nested_insights(self._caller, insight_metrics, product_type="STORY", allow_unknown=allow_unknown)

        def ask(wanted: Sequence[str]) -> Page[Media]:
            answer = self._caller.get(
                Endpoint.STORIES,
                self._caller.ig_id,
                "stories",
                fields=names.media(self._caller.login, [*wanted, *nested]),
                limit=checked_limit(limit, 100),
                after=after,
            )
            return read_page(answer, Endpoint.STORIES, read_media)

        return self._fields.read(fields, ask)
