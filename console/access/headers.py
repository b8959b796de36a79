"""What every answer tells the browser not to do.

A page may run scripts and apply styles that come from here, and inline ones that carry the nonce of this very answer:
markup in a caption does nothing even if it got through.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self' 'nonce-{nonce}'",
    "style-src": "'self' 'nonce-{nonce}'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_OF_PAGES = {
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
_YEAR_S = 31_536_000


class SecurityHeaders:
    """Middleware. Pages find the nonce of their answer in `request.state.csp_nonce`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), nonce, is_https=scope.get("scheme") == "https")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, nonce: str, *, is_https: bool) -> None:
    wanted = dict(_ALWAYS)
    if headers.get("content-type", "").startswith("text/html"):
        policy = "; ".join(f"{name} {value}" for name, value in POLICY.items())
        wanted |= _OF_PAGES | {"Content-Security-Policy": policy.replace("{nonce}", nonce)}
    if is_https:
        wanted["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    for name, value in wanted.items():
        headers.setdefault(name, value)
