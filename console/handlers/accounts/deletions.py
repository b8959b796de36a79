"""`/deletions`: what people asked Meta to have deleted of them here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit
from console.handlers.bodies import Body
from console.handlers.route import Router, asks
from operations.accounts import callbacks
from operations.accounts.callbacks import DeletionShown
from pressrun.paging import Page, cut

router = Router("deletions")

Code = Annotated[str, Field(min_length=1, max_length=100)]


class Codes(Body):
    """Of the requests that a person has looked into, and has removed what had to go."""

    codes: Annotated[list[Code], Field(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Concluded:
    """How they stand now."""

    items: list[DeletionShown]


@router.get("/deletions", summary="List deletions", **asks("deletion.list"))
def list_deletions(ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[DeletionShown]:
    """Deletions that people asked of Meta, the oldest first."""
    found = callbacks.list_deletions(ctx, asker)
    return cut("deletions", found, lambda one: f"{one.asked_at.isoformat()}\n{one.code}", cursor=cursor, limit=limit)


@router.post("/deletions/conclude", summary="Conclude deletions", **asks("deletion.conclude"))
def conclude_deletions(body: Codes, ctx: Acting, asker: Asked) -> Concluded:
    """Say that a person has looked, and has removed what had to go."""
    return Concluded(callbacks.conclude(ctx, asker, body.codes))
