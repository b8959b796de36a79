"""Whether an account has sent to the app what happens to it (graph-api.md §7)."""

from __future__ import annotations

from simulator.world.records import Account
from simulator.world.world import World


def is_told(world: World, account: Account, field: str) -> bool:
    """Whether a notification of that field goes out. An older page has it that an account gets all the app has."""
    if not account.is_subscribed:
        return False
    named = account.subscribed_fields
    return named is None or field in named or world.reading("told_fields", "subscribed") == "all"
