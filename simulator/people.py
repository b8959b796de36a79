"""Who lives in the simulated world: the accounts under test, strangers, and brands that can be looked up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import ids
from simulator.noise import between, whole
from simulator.records import Account, FacebookUser, Login, Token, TokenKind

if TYPE_CHECKING:
    from simulator.world import World

MANAGER_TOKEN = "SIM-TOKEN-ALL"  # noqa: S105 - a made-up account
MANAGER_NAME = "Manager of all Pages"

_FIRST = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper", "kelp", "linen")
_SECOND = ("studio", "bakery", "cycles", "press", "garden", "surf", "coffee", "ceramics", "travel", "kitchen", "yoga")
_STRANGERS = ("mona", "teo", "aya", "lukas", "ines", "omar", "freya", "noor", "pavel", "zoe", "kenji", "rosa")

FACEBOOK_SCOPES = frozenset(
    {
        "instagram_basic",
        "pages_read_engagement",
        "pages_show_list",
        "pages_manage_metadata",
        "instagram_content_publish",
        "instagram_manage_insights",
        "instagram_manage_comments",
        "instagram_manage_contents",
        "catalog_management",
        "instagram_shopping_tag_products",
        "instagram_public_content_access",
    }
)
INSTAGRAM_SCOPES = frozenset(
    {
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_business_manage_messages",
        "instagram_business_manage_insights",
    }
)
TOKEN_LIFE_S = 60 * 86_400


def settle(world: World, index: int) -> None:
    """Create account `index` with its token: even ones use Facebook Login, odd ones Instagram Login."""
    seed = world.seed
    first = _FIRST[whole(0, len(_FIRST) - 1, seed, index, "first")]
    second = _SECOND[whole(0, len(_SECOND) - 1, seed, index, "second")]
    login = Login.INSTAGRAM if index % 2 else Login.FACEBOOK
    account = Account(
        index=index,
        username=f"{first}.{second}.{index}",
        name=f"{first.title()} {second.title()}",
        login=login,
        scopes=set(INSTAGRAM_SCOPES if login is Login.INSTAGRAM else FACEBOOK_SCOPES),
        base_followers=80 if index % 10 == 9 else whole(300, 25_000, seed, index, "followers"),
    )
    world.add_account(account)
    is_instagram = login is Login.INSTAGRAM
    add_token(world, f"SIM-TOKEN-{index}", TokenKind.INSTAGRAM if is_instagram else TokenKind.USER, account)
    if not is_instagram:
        add_token(world, f"SIM-TOKEN-PAGE-{index}", TokenKind.PAGE, account, expires=False)
    if index == 0:
        add_token(world, MANAGER_TOKEN, TokenKind.MANAGER, None)
        manager = FacebookUser(None)
        world.nodes[manager.id] = manager


def add_token(world: World, text: str, kind: TokenKind, account: Account | None, *, expires: bool = True) -> None:
    # Issued two days before the world began: old enough to be refreshed at once.
    issued = world.epoch - 2 * 86_400
    world.tokens[text] = Token(text, kind, account, issued, issued + TOKEN_LIFE_S if expires else None)


def followers(world: World, account: Account, now: float) -> int:
    """Grows a little every day, never jumps."""
    if account.followers is not None:
        return account.followers
    if account.base_followers < 100:
        return account.base_followers
    per_day = account.base_followers * between(0.0005, 0.003, world.seed, account.index, "growth")
    return account.base_followers + int(per_day * max(0.0, now - world.epoch) / 86_400)


def stranger(*key: object) -> tuple[str, str]:
    """Username and id of somebody who is not under test."""
    number = whole(0, 9999, *key)
    return f"{_STRANGERS[number % len(_STRANGERS)]}_{number}", str(ids.FOREIGN_USER + number)


@dataclass(frozen=True, slots=True)
class Brand:
    """A professional account that business discovery finds; `account` is set for the accounts under test."""

    username: str
    id: str
    name: str
    followers: int
    account: Account | None = None
    number: int = 0


def brand(world: World, username: str) -> Brand | None:
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
