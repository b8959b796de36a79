"""Which accounts are told of what happens to them (graph-api.md §7)."""

from __future__ import annotations

from typing import Any

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.world.records import Account, Page

_FIELDS = ("comments", "live_comments", "mentions", "story_insights", "messages")


@endpoint("subscribed_apps", "GET", "page/subscribed_apps", need=Need.PAGE_SUBSCRIBE)
def page_subscriptions(call: Call, page: Page) -> Any:
    return _subscriptions(call, page.account)


@endpoint("subscribe", "POST", "page/subscribed_apps", params="subscribed_fields", need=Need.PAGE_SUBSCRIBE)
def subscribe_page(call: Call, page: Page) -> Any:
    return _subscribe(call, page.account)


@endpoint("unsubscribe", "DELETE", "page/subscribed_apps", need=Need.PAGE_SUBSCRIBE)
def unsubscribe_page(call: Call, page: Page) -> Any:
    return _unsubscribe(call, page.account)


@endpoint("subscribed_apps", "GET", "user/subscribed_apps", need=Need.SUBSCRIBE)
def subscriptions(call: Call, account: Account) -> Any:
    return _subscriptions(call, account)


@endpoint("subscribe", "POST", "user/subscribed_apps", params="subscribed_fields", need=Need.SUBSCRIBE)
def subscribe(call: Call, account: Account) -> Any:
    return _subscribe(call, account)


@endpoint("unsubscribe", "DELETE", "user/subscribed_apps", need=Need.SUBSCRIBE)
def unsubscribe(call: Call, account: Account) -> Any:
    return _unsubscribe(call, account)


def _subscriptions(call: Call, account: Account) -> Any:
    if not account.is_subscribed:
        return {"data": []}
    app = {"id": call.world.config.app_id, "name": "Simulated app", "subscribed_fields": list(_FIELDS)}
    return {"data": [app]}


def _subscribe(call: Call, account: Account) -> Any:
    """Whatever is named: once subscribed, an account gets every field that the app has (graph-api.md §7)."""
    if not call.params.listing("subscribed_fields"):
        raise errors.missing("subscribed_fields")
    call.world.commit("account.changed", account=account.index, changes={"is_subscribed": True})
    return {"success": True}


def _unsubscribe(call: Call, account: Account) -> Any:
    call.world.commit("account.changed", account=account.index, changes={"is_subscribed": False})
    return {"success": True}
