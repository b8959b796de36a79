"""All handlers, by their resource."""

from __future__ import annotations

from console.handlers.accounts import accounts, connections, deletions
from console.handlers.history import harvests, inbox, inquiries, insights, watches
from console.handlers.posts import drafts, imports, library, media, post_wishes, posts, slots
from console.handlers.upkeep import events, keys, notices, people, system

ROUTERS = (
    post_wishes.router,  # before the posts: `bulk` is no key of one
    posts.router,
    drafts.router,
    imports.router,
    media.router,
    library.router,
    accounts.router,
    connections.router,
    inquiries.router,
    deletions.router,
    slots.router,
    harvests.router,
    insights.router,
    inbox.router,
    watches.router,
    notices.router,
    keys.router,
    people.router,
    system.router,
    events.router,
)
"""One for each resource."""
