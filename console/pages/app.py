"""All pages as one router."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import (
    accounts,
    calendar,
    compose,
    importing,
    inbox,
    insights,
    notices,
    pictures,
    post,
    posts,
    system,
    today,
)
from console.pages.door import AskedBy, Door, session_door
from console.pages.house import House
from operations.operation import Context

PAGES = (today, calendar, posts, post, compose, importing, insights, inbox, accounts, notices, system, pictures)


def create_pages(ctx: Context, asked_by: AskedBy | None = None) -> APIRouter:
    """The pages, their styles and scripts. `asked_by`: how it is found who asks; by session or key, unless given."""
    house = House(ctx, session_door(ctx) if asked_by is None else Door(asked_by))
    made = APIRouter()
    made.include_router(house.assets.router())
    for page in PAGES:
        made.include_router(page.router(house))
    return made
