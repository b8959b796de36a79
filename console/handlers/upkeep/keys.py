"""`/keys`: keys of the API, each with its scopes and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.access import keys
from operations.access.keys import KeyMade, KeyShown
from pressrun.clock import parse_duration
from pressrun.paging import Page, cut

router = Router("keys")

Name = Annotated[str, Path(max_length=64)]


class NewKey(Body):
    """What a program may. Without accounts: all of them."""

    model_config = example(name="planner", scopes=["read", "publish"], accounts=["harbour-bakery"])

    name: Annotated[str, Field(min_length=1, max_length=64)]
    scopes: Annotated[list[Literal["read", "publish", "admin"]], Field(min_length=1)]
    accounts: Annotated[list[str] | None, Field(max_length=1000)] = None
    expires_at: AwareDatetime | None = None


class KeyRotation(Body):
    """How long the key before is honoured as well: `1d`."""

    model_config = example(keep_old="1d")

    keep_old: Annotated[str, Field(max_length=20)] = "1d"


@dataclass(frozen=True)
class KeyTold:
    """`key` is told this once. After a rotation the one before is honoured until `old_until`."""

    name: str
    key: str
    scopes: list[str]
    accounts: list[str] | None
    expires_at: datetime | None
    old_until: datetime | None

    @classmethod
    def of(cls, made: KeyMade) -> KeyTold:
        return cls(made.name, made.key, made.scopes, made.accounts, made.expires_at, made.old_until)


@router.get("/keys", summary="List keys", **asks("key.list"))
def list_keys(
    ctx: Ctx,
    asker: Asked,
    revoked: Annotated[bool, Query(description="Those that were taken back, too.")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[KeyShown]:
    """Keys by name, with when each was last used; none of them is shown."""
    found = keys.list_keys(ctx, asker, revoked=revoked)
    return cut("keys", found, lambda one: f"{one.name}\n{one.begins}", cursor=cursor, limit=limit)


@router.post("/keys", summary="Add a key", status_code=201, **asks("key.add", keeps=False))
def add_key(body: NewKey, ctx: Acting, asker: Asked) -> KeyTold:
    """Give a program a key of its own, which is told this once."""
    made = keys.add(ctx, asker, body.name, scopes=body.scopes, accounts=body.accounts, expires_at=body.expires_at)
    return KeyTold.of(made)


@router.post("/keys/{name}/rotate", summary="Rotate a key", **asks("key.rotate", keeps=False))
def rotate_key(name: Name, ctx: Acting, asker: Asked, body: KeyRotation | None = None) -> KeyTold:
    """Give a key a new secret; the one before is honoured for a while."""
    return KeyTold.of(keys.rotate(ctx, asker, name, keep_old=parse_duration((body or KeyRotation()).keep_old)))


@router.delete("/keys/{name}", summary="Revoke a key", status_code=204, **asks("key.revoke"))
def revoke_key(name: Name, ctx: Acting, asker: Asked) -> None:
    """Honour a key no more, from now on."""
    keys.revoke(ctx, asker, name)
