"""Who comes in: the pages are handed how askers are found, and do not care whether by session, key or link."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request

from operations.operation import Asker

AskedBy = Callable[[Request], Asker | None]
"""Who asks; None when nobody is signed in. Called off the event loop."""


@dataclass(frozen=True)
class Door:
    """`token_of`: what a form must bring back, which a page of another origin cannot know."""

    asked_by: AskedBy
    token_of: Callable[[Request], str] = lambda _request: ""
    sign_in: str = "/sign-in"
    sign_out: str | None = None

    def lets_change(self, request: Request, token: str) -> bool:
        """Whether a form came from a page of ours."""
        expected = self.token_of(request)
        return is_from_here(request) and hmac.compare_digest(token.encode(), expected.encode())


def is_from_here(request: Request) -> bool:
    """By what browsers say of a request themselves; one that says nothing is no browser's form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
