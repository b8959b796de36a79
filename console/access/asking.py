"""Who asks: the bearer of a key, or whoever is signed in by a cookie.

A key is shown in `Authorization: Bearer pr_…`. A cookie is sent by the browser whoever makes it ask, so what changes
something needs a token beside it that only a page of ours can know: in `X-CSRF-Token`, or as `csrf_token` in a form.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from operations.access import door
from operations.access.door import DOOR
from operations.operation import Asker, Context, Face

COOKIE = "pressrun_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def is_from_here(request: Request) -> bool:
    """Whether a form stood on a page of ours, by what browsers say of it themselves.

    What says nothing of where it comes from is no browser's. `Sec-Fetch-Site` goes first: browsers tell `null` as the
    origin of a form whose page lets no referrer out.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    except ValueError:  # it is no address at all
        return False


class NotSignedIn(HTTPException):
    """Nobody was named, or somebody who is not let in any more."""

    def __init__(self, detail: str, *, was_shown: bool = False) -> None:
        error = ', error="invalid_token"' if was_shown else ""
        super().__init__(401, detail, {"WWW-Authenticate": f'Bearer realm="Pressrun"{error}'})


class NotOurPage(HTTPException):
    """A cookie came without the token that only our own pages know."""

    def __init__(self) -> None:
        super().__init__(403, "This needs the token of the page that it comes from: load the page again.")


def asked_by(ctx: Context) -> Callable[..., Asker]:
    """A dependency of FastAPI that says who asks; it runs in a thread, never on the event loop.

        def show(post: str, asker: Asker = Depends(asked_by(ctx))) -> …

    Raises NotSignedIn, NotOurPage.
    """

    def asker(request: Request, csrf: Annotated[str | None, Depends(csrf_shown)]) -> Asker:
        return who(ctx, request, csrf=csrf)

    return asker


def who(ctx: Context, request: Request, *, csrf: str | None = None, face: Face | None = None) -> Asker:
    """Who asks; looks into the database, so not for the event loop.

    Args:
        csrf: the token that came with the request, see `csrf_shown`.
        face: where they ask; as a rule that follows from how they came in.

    Raises NotSignedIn, NotOurPage.
    """
    said = request.headers.get("authorization")
    if said is not None:
        kind, _, secret = said.partition(" ")
        found = door.by_key(ctx, DOOR, secret.strip(), face=face or Face.API) if kind.lower() == "bearer" else None
        if found is None:
            raise NotSignedIn("This key is not honoured, or no longer.", was_shown=True)
        return found
    cookie = request.cookies.get(COOKIE)
    found = door.by_cookie(ctx, DOOR, cookie, face=face or Face.PAGE) if cookie else None
    if cookie is None or found is None:
        raise NotSignedIn("Show a key, or sign in.")
    if request.method not in _SAFE and not (csrf and compare_digest(csrf.encode(), csrf_of(cookie).encode())):
        raise NotOurPage
    return found


async def csrf_shown(request: Request) -> str | None:
    """The token that came with the request. A form is read only where it is the cookie that lets in."""
    shown = request.headers.get(CSRF_HEADER)
    is_asked = request.method not in _SAFE and COOKIE in request.cookies and "authorization" not in request.headers
    if shown is not None or not is_asked or not request.headers.get("content-type", "").startswith(_FORMS):
        return shown
    value = (await request.form()).get(CSRF_FIELD)
    return value if isinstance(value, str) else None


def csrf_token(request: Request) -> str:
    """What a page puts into its forms; empty for whoever is not signed in by a cookie."""
    cookie = request.cookies.get(COOKIE)
    return csrf_of(cookie) if cookie else ""


def csrf_of(cookie: str) -> str:
    """The token of a session. It tells nothing of the cookie, which has 256 random bits."""
    return sha256(f"csrf:{cookie}".encode()).hexdigest()
