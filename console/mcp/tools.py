"""Which tools there are: one for each route of the API, by the name of its operation, but for what needs another form.

A new route is a new tool. Where several routes call one operation, or none fits, it is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from console.mcp import own
from console.mcp.tool import Tool

LEFT_OUT: Mapping[str, str] = {
    **dict.fromkeys(
        ("key.add", "key.rotate", "user.add", "user.invite", "user.reset", "notify.add", "notify.rotate"),
        "it is about a secret, which is no matter for a conversation",
    ),
    **dict.fromkeys(
        ("media.keep", "media.append", "import.add_file"),
        "bytes go to the address that `media_begin` tells, rows to `import_add`",
    ),
    "connect.answer": "it holds a login code, which is no matter for a conversation",
}
"""Operation → why the routes that call it are no tools."""

_NAMES: Mapping[tuple[str, str], str | None] = {
    ("DELETE", "/posts/{post}"): None,  # it is `post_cancel`
    ("GET", "/accounts/{account}"): "account_show",
    ("GET", "/competitors"): "competitor_list",
    ("POST", "/competitors"): "competitor_watch",
    ("DELETE", "/competitors/{account}/{name}"): "competitor_end",
    ("GET", "/hashtags"): "hashtag_list",
    ("POST", "/hashtags"): "hashtag_watch",
    ("DELETE", "/hashtags/{account}/{name}"): "hashtag_end",
}
"""Routes that are not called by the name of their operation. None: there is the same under another."""

_OWN: Mapping[str, tuple[str, str, Callable[..., Any]]] = {
    "media_begin": ("media.begin", "Begin an upload", own.begin_upload),
    "insight_export": ("insight.export", "Read a view", own.read_view),
    "event_past": ("event.past", "Show what happened", own.show_events),
}
"""Tool → its operation, title and function, where the route's is a stream or says too little."""


@cache
def tools() -> Mapping[str, Tool]:
    """All of them, by name."""
    found = {name: Tool(name, *told) for name, told in _OWN.items()}
    for one in _of_routes():
        found.setdefault(one.name, one)
    return dict(sorted(found.items()))


def _of_routes() -> Iterator[Tool]:
    from console.handlers.route import OPERATION, STREAMS
    from console.handlers.routers import ROUTERS

    taken = set(_OWN)
    owned = {operation for operation, _, _ in _OWN.values()}
    told: list[Any] = [route for router in ROUTERS for route in router.routes]
    for route in told:
        operation = route.openapi_extra[OPERATION]
        [method] = route.methods
        if operation in LEFT_OUT or operation in owned or route.openapi_extra[STREAMS]:
            continue
        name = _NAMES.get((method, route.path), operation.replace(".", "_"))
        if name is None:
            continue
        name = route.endpoint.__name__ if name in taken else name
        taken.add(name)
        yield Tool(name, operation, route.summary, route.endpoint)
