"""The table of endpoints: (method, kind of node, edge) or a fixed path, found by dictionary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.calls.call import Call, owner
from simulator.calls.permissions import Need, has_login
from simulator.protocol import errors
from simulator.protocol.names import NAMES
from simulator.world.records import Account, Business, Comment, Container, FacebookUser, Hashtag, Login, Media, Page

Handler = Callable[..., Any]
COMMON_PARAMS = frozenset({"access_token", "appsecret_proof", "fields", "locale", "pretty", "debug", "format"})

_KINDS: dict[type, str] = {
    Account: "user",
    Container: "container",
    Media: "media",
    Comment: "comment",
    Hashtag: "hashtag",
    FacebookUser: "person",
    Page: "page",
    Business: "business",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`name` is what faults and the report call it. `is_platform` calls count against the platform limits."""

    name: str
    handler: Handler
    params: frozenset[str]
    need: Need
    is_platform: bool
    is_open: bool
    """Needs no token, or checks it by itself."""


ROUTES: dict[tuple[str, str, str], Endpoint] = {}
STATIC: dict[tuple[str, tuple[str, ...]], Endpoint] = {}
EDGES: set[str] = set()


def endpoint(
    name: str,
    method: str,
    where: str,
    *,
    params: str = "",
    need: Need = Need.BASE,
    is_platform: bool = False,
    is_open: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler. `where` is `kind`, `kind/edge` or, with a leading slash, a fixed path."""

    def register(handler: Handler) -> Handler:
        known = COMMON_PARAMS.union(params.split())
        entry = Endpoint(name, handler, known, need, is_platform, is_open)
        NAMES.add(name)
        if where.startswith("/"):
            STATIC[method, tuple(part for part in where.split("/") if part)] = entry
        else:
            kind, _, edge = where.partition("/")
            ROUTES[method, kind, edge] = entry
            EDGES.add(edge)
        return handler

    return register


def static(call: Call) -> Endpoint | None:
    return STATIC.get((call.method, call.path))


def locate(call: Call) -> tuple[Endpoint, Any]:
    """Endpoint and node of `/{node}` or `/{node}/{edge}`.

    Raises:
        GraphError: 100/33 when the node is missing or not the caller's, or when it has no such edge.
    """
    name, edge = call.path[0] if call.path else "", call.path[1] if len(call.path) == 2 else ""
    verb = call.method.lower()
    if len(call.path) > 2 or edge not in EDGES:
        call.world.note("unknown_paths", f"{call.method} /{_shape(call.path)}")
        raise errors.unknown_path(f"/{'/'.join(call.path[1:])}")
    node = _me(call) if name == "me" else call.world.find(name)
    entry = ROUTES.get((call.method, _KINDS[type(node)], edge)) if node is not None else None
    if entry is None:
        if name == "me" or node is not None:
            call.world.note("unknown_paths", f"{call.method} /{_shape(call.path)}")
        raise errors.unsupported(name, verb)
    if isinstance(node, Account) and name in {"me", node.app_scoped_id}:
        call.is_me = node.login is Login.INSTAGRAM
    if not has_login(entry.need, call.login):
        raise errors.unsupported(name, verb)
    if not isinstance(node, Hashtag):
        _check_access(call, entry, node, name)
    return entry, node


def _check_access(call: Call, entry: Endpoint, node: Any, name: str) -> None:
    account = owner(call.world, node)
    if isinstance(node, FacebookUser) and node.account is None and call.caller.account is None:
        return
    if not call.may_touch(account) or getattr(node, "is_deleted", False):
        raise errors.unsupported(name, call.method.lower())
    assert account is not None  # noqa: S101 - may_touch refuses None
    call.need(entry.need, account)


def _me(call: Call) -> Any:
    token = call.caller
    if token.kind == "instagram":
        return token.account
    if token.kind == "page" and token.account is not None:
        return Page(token.account)
    return FacebookUser(token.account)


def _shape(path: tuple[str, ...]) -> str:
    """The path without ids, so that the report stays short."""
    return "/".join("{id}" if part.isdigit() else part[:40] for part in path[:4])
