"""All pages as one router."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages.accounts import accounts, connecting
from console.pages.door import AskedBy, Door, session_door
from console.pages.history import inbox, insights
from console.pages.house import House
from console.pages.posts import (
    calendar,
    compose,
    compose_media,
    importing,
    library,
    many,
    peek,
    pictures,
    post,
    posts,
    seek,
)
from console.pages.upkeep import notices, people, system, today
from operations.operation import Context

EVENTS = "/api/v1/events"
"""Where pages hear that something has happened; then they ask again for what they show."""

PAGES = (
    today,
    calendar,
    many,
    seek,
    posts,
    post,
    peek,
    compose,
    compose_media,
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
