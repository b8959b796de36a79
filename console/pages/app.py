"""All pages as one router."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import calendar, pictures, post, posts, today
from console.pages.door import AskedBy, Door
from console.pages.house import House
from operations.operation import Context

PAGES = (today, calendar, posts, post, pictures)


def create_pages(ctx: Context, asked_by: AskedBy | Door) -> APIRouter:
    """The pages, their styles and scripts. `asked_by`: how it is found who asks; None sends to the sign-in."""
    door = asked_by if isinstance(asked_by, Door) else Door(asked_by)
    house = House(ctx, door)
    made = APIRouter()
    made.include_router(house.assets.router())
    for page in PAGES:
        made.include_router(page.router(house))
    return made
