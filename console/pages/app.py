"""All pages as one router."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import (
    accounts,
    calendar,
    compose,
    connecting,
    importing,
    inbox,
    insights,
    library,
    notices,
    people,
    pictures,
    post,
    posts,
    system,
    today,
)
from console.pages.door import AskedBy, Door, session_door
from console.pages.house import House
from operations.operation import Context

EVENTS = "/api/v1/events"
"""Where pages hear that something has happened; then they ask again for what they show."""

PAGES = (
    today,
    calendar,
    posts,
    post,
    compose,
    importing,
    library,
    insights,
    inbox,
    connecting,
    accounts,
    notices,
    system,
    people,
    pictures,
)


def create_pages(ctx: Context, asked_by: AskedBy | None = None) -> APIRouter:
    """The pages, their styles and scripts. `asked_by`: how it is found who asks; by session or key, unless given."""
    door = session_door(ctx) if asked_by is None else Door(asked_by)
    house = House(ctx, door)
    house.events = EVENTS
    made = APIRouter()
    made.include_router(house.assets.router())
    for page in PAGES:
        made.include_router(page.router(house))
    return made
