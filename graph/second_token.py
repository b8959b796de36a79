"""Reads that Instagram refuses to a Page's token and grants to the person's (graph-api.md §8)."""

from __future__ import annotations

from typing import Final

from graph.answers.errors import ErrorClass, GraphError
from graph.wire.endpoints import Endpoint

READS: Final = frozenset(
    {
        Endpoint.CONTAINER,
        Endpoint.USER,
        Endpoint.USER_WITH_LISTS,
        Endpoint.MEDIA,
        Endpoint.MEDIA_LIST,
        Endpoint.MEDIA_PERMALINK,
        Endpoint.MEDIA_CHILDREN,
        Endpoint.MULTI_GET,
        Endpoint.STORIES,
        Endpoint.ACCOUNT_INSIGHTS,
        Endpoint.MEDIA_INSIGHTS,
    }
)
"""Those that were seen to be refused, and those of the same nodes."""
_NO_SUCH_OBJECT, _NO_PERMISSION = 33, 10


def may_help(endpoint: Endpoint, refusal: GraphError) -> bool:
    """Whether it may be due to the kind of token: 100/33, and 10 for want of a permission."""
    if endpoint not in READS:
        return False
    is_missing = refusal.code == 100 and refusal.subcode == _NO_SUCH_OBJECT
    return is_missing or (refusal.code == _NO_PERMISSION and refusal.error_class is ErrorClass.PERMISSION)
