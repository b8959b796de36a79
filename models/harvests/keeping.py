"""How far back Instagram tells what: reading back keeps to it, and whoever asks for more is told."""

from __future__ import annotations

from datetime import timedelta

from models.harvests.harvest import HarvestKind

ACCOUNT_KEPT = timedelta(days=90)
"""Insights of an account (graph-api.md §6.1)."""
SHORT_KEPT = timedelta(days=30)
KEPT_SHORT = ("follower_count",)
"""Insights of an account that are kept for the shorter time."""
MEDIA_KEPT = timedelta(days=730)
"""The numbers of a media (graph-api.md §6.2)."""
MOST_MEDIA = 10_000
"""Media that the list of an account holds (graph-api.md §4.4)."""

WITH_A_PAST = (HarvestKind.ACCOUNT, HarvestKind.MEDIA, HarvestKind.TAGS)
"""Kinds of which Instagram tells more than the present moment."""
