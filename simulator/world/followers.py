"""How many follow an account, as of an instant."""

from __future__ import annotations

from simulator.world.noise import between
from simulator.world.records import Account
from simulator.world.world import World


def followers(world: World, account: Account, now: float) -> int:
    """Grows a little every day, never jumps."""
    if account.followers is not None:
        return account.followers
    if account.base_followers < 100:
        return account.base_followers
    per_day = account.base_followers * between(0.0005, 0.003, world.seed, account.index, "growth")
    return account.base_followers + int(per_day * max(0.0, now - world.epoch) / 86_400)
