"""What reverse proxies say of whom they ask for: taken of those that are listed, and told once where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from pressrun import log
from pressrun.settings import PREFIX

_MOST_TOLD = 10
"""Addresses that are told of: anybody may send the header."""
_HEADER = b"x-forwarded-for"

_log = log.get(__name__)


class Forwarded:
    """Middleware. Of an address that is not listed nothing is taken. Where that is a proxy after all, everybody behind
    it has one address and no HTTPS, and its operator would see only what comes of that.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        behind: Any = app
        self._known = ProxyHeadersMiddleware(behind, trusted_hosts=[*proxies])
        self._told = set[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and client[0] not in self._known.trusted_hosts:
            self._doubt(client[0], scope)
        known: Any = self._known
        await known(scope, receive, send)

    def _doubt(self, address: str, scope: Scope) -> None:
        is_new = len(self._told) < _MOST_TOLD and address not in self._told
        if is_new and any(name == _HEADER for name, _ in scope.get("headers", ())):
            self._told.add(address)
            _log.warning("proxy.not_believed", address=address, setting=f"{PREFIX}TRUSTED_PROXIES")
