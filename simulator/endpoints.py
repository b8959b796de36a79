"""Every module whose import registers endpoints, fields or handlers of events: the whole API that is served."""

from __future__ import annotations

from simulator.calls import batch
from simulator.insights import account, media
from simulator.login import consent, oauth, pages, tokens
from simulator.nodes import (
    add_ons,
    audio,
    comments,
    discovery,
    hashtags,
    invites,
    media_lists,
    mentions,
    shopping,
    users,
)
from simulator.nodes import media as media_nodes
from simulator.publishing import containers, publish, uploads
from simulator.webhooks import sender, subscriptions

MODULES = (
    *(batch, account, media, consent, oauth, pages, tokens),
    *(users, media_nodes, media_lists, comments, mentions, hashtags, discovery, shopping, audio, add_ons, invites),
    *(containers, publish, uploads, sender, subscriptions),
)
