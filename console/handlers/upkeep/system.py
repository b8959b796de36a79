"""`/system`, `/invariants`, `/persons`: is everything as it must be, and what stands here of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx
from console.handlers.bodies import Body
from console.handlers.route import Router, asks
from operations.accounts import removals
from operations.accounts.removals import PersonFound
from operations.upkeep import invariants, readers, system
from operations.upkeep.invariants import Broken
from operations.upkeep.readers import Readers
from pressrun.finding import Finding

router = Router("system")

Full = Annotated[bool, Query(description="Look at the whole history, which takes longer each year.")]
Person = Annotated[str, Path(description="User name, or an id of Instagram's.", max_length=200)]


class NewReader(Body):
    """A role of Postgres."""

    role: Annotated[str, Field(min_length=1, max_length=63)]


@dataclass(frozen=True)
class Findings:
    """`is_sound`: nothing has failed."""

    is_sound: bool
    items: list[Finding]


@router.get("/system", summary="Examine everything", **asks("system.examine"))
def examine(ctx: Ctx, asker: Asked, full: Full = False) -> Findings:
    """Check tokens, accounts, posts, partitions, and everything that may never be."""
    found = system.examine(ctx, asker, full=full)
    return Findings(not any(one.is_failure for one in found), found)


@router.get("/invariants", summary="Check the invariants", **asks("system.invariants"))
def check_invariants(ctx: Ctx, asker: Asked, full: Full = False) -> Broken:
    """Everything that may never be, and is: nothing, unless something is wrong with Pressrun itself."""
    return invariants.check(ctx, asker, full=full)


@router.post("/system/readers", summary="Let a role read", **asks("system.grant_reader"))
def grant_reader(body: NewReader, ctx: Acting, asker: Asked) -> Readers:
    """Let a role of Postgres read the history and nothing else."""
    return readers.grant_reader(ctx, asker, body.role)


@router.get("/persons/{person}", summary="Find a person", **asks("person.find"))
def find_person(person: Person, ctx: Ctx, asker: Asked) -> PersonFound:
    """Where something of a person stands: who wrote comments, mentions or tags."""
    return removals.look_at_person(ctx, asker, person)


@router.delete("/persons/{person}", summary="Erase a person", **asks("person.erase"))
def erase_person(
    person: Person, ctx: Acting, asker: Asked, why: Annotated[str | None, Query(max_length=500)] = None
) -> PersonFound:
    """Blank what a person has written and what names them; that they did still counts."""
    return removals.erase(ctx, asker, person, why=why)
