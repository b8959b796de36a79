"""Which accounts are told of what happens to them (graph-api.md §7)."""

from __future__ import annotations

from typing import Any

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.world.records import Account, Login, Page

_OF_THE_APP = ("comments", "live_comments", "mentions", "story_insights", "messages")
"""What the app's dashboard has chosen: an account that is subscribed gets all of it (graph-api.md §7)."""
_ON_BOTH = (
    "comment_poll_response comments follow live_comments mentions message_edit message_reactions messages "
    "messaging_optins messaging_postbacks messaging_referral messaging_seen onboarding_welcome_message_series "
    "share_to_story standby story_insights story_poll_response"
)
_INSTAGRAM_ONLY = (
    "agent_messages creator_marketplace_invited_creator_onboarding creator_marketplace_projects delta "
    "messaging_handover story_reactions"
)
_KNOWN = {
    Login.FACEBOOK: frozenset(_ON_BOTH.split()),
    Login.INSTAGRAM: frozenset(f"{_ON_BOTH} {_INSTAGRAM_ONLY}".split()),
}


@endpoint("subscribed_apps", "GET", "page/subscribed_apps", need=Need.PAGE_SUBSCRIBE)
def page_subscriptions(call: Call, page: Page) -> Any:
    return _subscriptions(call, page.account)


@endpoint("subscribe", "POST", "page/subscribed_apps", params="subscribed_fields", need=Need.PAGE_SUBSCRIBE)
def subscribe_page(call: Call, page: Page) -> Any:
    """Any field of a Page will do: those of Instagram are chosen in the dashboard."""
    return _subscribe(call, page.account, None)


@endpoint("unsubscribe", "DELETE", "page/subscribed_apps", need=Need.PAGE_SUBSCRIBE)
def unsubscribe_page(call: Call, page: Page) -> Any:
    return _unsubscribe(call, page.account)


@endpoint("subscribed_apps", "GET", "user/subscribed_apps", need=Need.SUBSCRIBE)
def subscriptions(call: Call, account: Account) -> Any:
    _require_itself(call, account)
    return _subscriptions(call, account)


@endpoint("subscribe", "POST", "user/subscribed_apps", params="subscribed_fields", need=Need.SUBSCRIBE)
def subscribe(call: Call, account: Account) -> Any:
    """Not for one field if one of those named is unknown."""
    _require_itself(call, account)
    return _subscribe(call, account, _KNOWN[account.login].difference(account.refused_fields))


@endpoint("unsubscribe", "DELETE", "user/subscribed_apps", need=Need.SUBSCRIBE)
def unsubscribe(call: Call, account: Account) -> Any:
    _require_itself(call, account)
    return _unsubscribe(call, account)


def _require_itself(call: Call, account: Account) -> None:
    """Accounts on Facebook Login are not known to have been able to subscribe themselves for long."""
    if account.login is Login.FACEBOOK and call.world.reading("account_subscribes", "itself") == "by_page":
        raise errors.unsupported(account.ig_id, call.method.lower())


def _subscriptions(call: Call, account: Account) -> Any:
    if not account.is_subscribed:
        return {"data": []}
    named = _OF_THE_APP if account.subscribed_fields is None else account.subscribed_fields
    app_id, _ = call.world.config.app(account.login)
    return {"data": [{"id": app_id, "name": "Simulated app", "subscribed_fields": list(named)}]}


def _subscribe(call: Call, account: Account, known: frozenset[str] | None) -> Any:
    named = call.params.listing("subscribed_fields")
    if not named:
        raise errors.missing("subscribed_fields")
    for at, name in enumerate(named):
        if known is not None and name not in known:
            allowed = ", ".join(sorted(known))
            raise errors.invalid(f"Param subscribed_fields[{at}] must be one of {{{allowed}}} - got {name!r}")
    before = account.subscribed_fields if account.is_subscribed else []
    if call.world.reading("subscribe", "replaces") == "adds" and before:
        named = [*before, *(name for name in named if name not in before)]
    changes = {"is_subscribed": True, "subscribed_fields": named if known is not None else None}
    call.world.commit("account.changed", account=account.index, changes=changes)
    return {"success": True}


def _unsubscribe(call: Call, account: Account) -> Any:
    call.world.commit("account.changed", account=account.index, changes={"is_subscribed": False})
    return {"success": True}
