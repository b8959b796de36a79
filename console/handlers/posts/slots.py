"""`/slots`: the weekly times at which accounts post."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit, Number
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.posts import slots
from operations.posts.slots import SlotsAdded, SlotShown
from pressrun.paging import Page, cut

router = Router("slots")


class NewSlots(Body):
    """Times of the week, in the account's zone."""

    model_config = example(account="harbour-bakery", days="mon,wed,fri", at=["09:30", "18:00"])

    account: Annotated[str, Field(min_length=1)]
    days: Annotated[str, Field(description="`mon,wed,fri`, or `daily`, `weekdays`, `weekend`.", max_length=100)]
    at: Annotated[list[str], Field(description="Times of day, `09:30`.", min_length=1, max_length=48)]


@router.get("/slots", summary="List slots", **asks("slot.list"))
def list_slots(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[SlotShown]:
    """Slots by account and time of the week, with when they come next."""
    found = slots.list_slots(ctx, asker, account=account)
    return cut("slots", found, _place, cursor=cursor, limit=limit)


@router.post("/slots", summary="Add slots", status_code=201, **asks("slot.add"))
def add_slots(body: NewSlots, ctx: Acting, asker: Asked) -> SlotsAdded:
    """Give an account slots; those it has are left alone."""
    return slots.add(ctx, asker, body.account, days=body.days, at=body.at)


@router.delete("/slots/{slot}", summary="Remove a slot", status_code=204, **asks("slot.remove"))
def remove_slot(slot: Number, ctx: Acting, asker: Asked) -> None:
    """Take a slot away; posts that are due at it stay."""
    slots.remove(ctx, asker, slot)


def _place(slot: SlotShown) -> str:
    return f"{slot.account}\n{slots.DAYS.index(slot.day)} {slot.time} {slot.id:020d}"
