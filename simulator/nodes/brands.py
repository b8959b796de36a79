"""Professional accounts that business discovery finds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.world import ids
from simulator.world.followers import followers
from simulator.world.noise import whole
from simulator.world.records import Account
from simulator.world.world import World


@dataclass(frozen=True, slots=True)
class Brand:
    """A professional account that business discovery finds; `account` is set for the accounts under test."""

    username: str
    id: str
    name: str
    followers: int
    account: Account | None = None
    number: int = 0


def brand_of(world: World, username: str) -> Brand | None:
    """Accounts under test of either login and `sim_brand_0` to `sim_brand_99` are professional accounts."""
    account = world.by_username.get(username)
    if account is not None:
        return Brand(username, account.ig_id, account.name, followers(world, account, world.now()), account)
    match = re.fullmatch(r"sim_brand_(0|[1-9]\d?)", username, re.ASCII)
    if match is None:
        return None
    number = int(match[1])
    size = whole(1_000, 900_000, world.seed, "brand", number)
    return Brand(username, str(ids.FOREIGN_USER + 20_000 + number), f"Brand No. {number}", size, None, number)
