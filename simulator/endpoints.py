"""Every module whose import registers endpoints, fields or handlers of events: the whole API that is served."""

from __future__ import annotations

from simulator.calls import batch
from simulator.insights import account, media
from simulator.login import oauth, pages, tokens
from simulator.nodes import audio, comments, discovery, hashtags, media_lists, mentions, shopping, users
from simulator.nodes import media as media_nodes
from simulator.publishing import containers, publish, uploads
from simulator.webhooks import sender, subscriptions

MODULES = (
    *(batch, account, media, oauth, pages, tokens),
    *(users, media_nodes, media_lists, comments, mentions, hashtags, discovery, shopping, audio),
    *(containers, publish, uploads, sender, subscriptions),
)
