"""What is wrong, by the name under which it was sent: an operation says which thing it means, and a request may call it
otherwise (`POST /competitors` has the competitor's `name`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel

_ALSO: Mapping[str, str] = {
    "webhook": "webhook_url",
    "account": "accounts",
    "competitor": "name",
    "hashtag": "name",
    "media": "sha256",
}


def field_among(field: str | None, names: Collection[str]) -> str | None:
    """The field as one of these names, where it is one of them."""
    other = _ALSO.get(field or "")
    return other if field not in names and other in names else field


def names_of(route: Any) -> set[str]:
    """What a request to a route can hold by name: in its path, its query and its body."""
    if not isinstance(route, APIRoute):
        return set()
    told = route.dependant
    bodies = (one.field_info.annotation for one in told.body_params)
    fields = [body.model_fields for body in bodies if isinstance(body, type) and issubclass(body, BaseModel)]
    return {one.alias for one in (*told.path_params, *told.query_params)}.union(*fields)
