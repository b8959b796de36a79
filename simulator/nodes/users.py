"""The IG User node: profile fields of both logins (graph-api.md §5.1). Nested reads live in modules of their own."""

from __future__ import annotations

from typing import Any

from simulator.calls.call import Call
from simulator.calls.node_type import FACEBOOK, NodeType
from simulator.calls.routing import endpoint
from simulator.protocol.fields import Field
from simulator.world.followers import followers
from simulator.world.noise import whole
from simulator.world.records import Account, Business, Login

USER = NodeType("IGUser")
_INSTAGRAM = frozenset({Login.INSTAGRAM})


@endpoint("user", "GET", "user")
def read_user(call: Call, account: Account) -> Any:
    return USER.render(call, account, call.fields())


@USER.field("id")
def _id(call: Call, account: Account, _field: Field) -> str:
    # On Instagram Login `id` of /me is app-scoped; `user_id` is the account's own (graph-api.md §1.2).
    return account.app_scoped_id if call.is_me else account.ig_id


@USER.field("followers_count")
def _followers(call: Call, account: Account, _field: Field) -> int:
    return followers(call.world, account, call.world.now())


@USER.field("follows_count")
def _follows(call: Call, account: Account, _field: Field) -> int:
    return whole(20, 900, call.world.seed, account.index, "follows")


@USER.field("media_count")
def _media_count(call: Call, account: Account, _field: Field) -> int:
    return sum(1 for media in call.world.media_of(account) if not media.is_story and not media.is_deleted)


@USER.field("profile_picture_url")
def _picture(call: Call, account: Account, _field: Field) -> str:
    return f"{call.base_url}/_sim/picture/{account.ig_id}.jpg"


@USER.field("owner_business", FACEBOOK)
def _owner_business(_call: Call, account: Account, _field: Field) -> dict[str, str]:
    return {"id": Business(account).id, "name": f"{account.name} Ltd."}


USER.plain("user_id", lambda account: account.ig_id, _INSTAGRAM)
USER.plain(
    "account_type",
    lambda account: "PERSONAL" if account.is_personal else "MEDIA_CREATOR" if account.is_creator else "BUSINESS",
    _INSTAGRAM,
)
USER.plain("username", lambda account: account.username)
USER.plain("name", lambda account: account.name)
USER.plain("biography", lambda account: f"{account.name}. We exist on localhost only.")
USER.plain("website", lambda account: f"https://{account.username}.example/")
USER.plain("ig_id", lambda account: 5_000_000_000 + account.index, FACEBOOK)
USER.plain("legacy_instagram_user_id", lambda account: str(5_000_000_000 + account.index), FACEBOOK)
USER.plain("has_profile_pic", lambda _account: True, FACEBOOK)
USER.plain("is_published", lambda _account: True, FACEBOOK)
USER.plain("shopping_product_tag_eligibility", lambda _account: True, FACEBOOK)
USER.plain("shopping_review_status", lambda _account: "approved", FACEBOOK)
USER.plain("mini_shop_storefront", lambda _account: None, FACEBOOK)
