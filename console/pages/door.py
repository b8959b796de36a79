"""Who comes in: the pages are handed how askers are found, and do not care whether by session, key or link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from console.access.asking import CSRF_FIELD, CSRF_HEADER, NotOurPage, csrf_token, is_from_here, who
from operations.operation import Asker, Context, Face

AskedBy = Callable[[Request, str | None], Asker]
"""Who asks, given the token that a form brought back. Raises NotSignedIn, NotOurPage. Called off the event loop."""


@dataclass(frozen=True)
class Door:
    """`token_of`: what forms must bring back, in the field and header that are named here."""

    asked_by: AskedBy
    token_of: Callable[[Request], str] = csrf_token
    sign_in: str = "/sign-in"
    sign_out: str | None = None
    field: str = CSRF_FIELD
    header: str = CSRF_HEADER


def session_door(ctx: Context) -> Door:
    """By the cookie of a session, or a key."""
    return Door(lambda request, csrf: who(ctx, request, csrf=csrf, face=Face.PAGE), sign_out="/sign-out")


def require_from_here(request: Request) -> None:
    """Raises NotOurPage unless a form stood on a page of ours."""
    if not is_from_here(request):
        raise NotOurPage
