"""Subscribing an account to the app's webhooks (graph-api.md §7).

An account subscribes itself to named fields: one unknown name fails all of them. On Facebook Login that is new; there
its Page can be subscribed instead, with the Page's token: any Page field switches it on, and the Instagram fields are
chosen in the app's dashboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.answers.paging import read_page
from graph.answers.reading import Node, succeeded
from graph.calls import Call, Caller, Json
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid


@dataclass(frozen=True)
class Subscription:
    """An app that gets the account's webhooks."""

    id: str | None
    fields: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


OWN_FIELDS = {
    Login.FACEBOOK: ("comments", "live_comments", "mentions", "story_insights"),
    Login.INSTAGRAM: ("comments",),
}


class Webhooks:
    """`client.webhooks`. Every call raises GraphError; Invalid for a Page on Instagram Login, which has none."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def subscribe(
        self, fields: Sequence[str] = (), *, page_id: str | None = None, page_token: str | None = None
    ) -> None:
        """Have the account's events sent. `fields` defaults to those Pressrun reads, of a Page to its `feed`."""
        default = ("feed",) if page_id is not None else OWN_FIELDS[self._caller.login]
        wanted = ",".join(fields or default)
        answer = self._run(Endpoint.SUBSCRIBE, "POST", page_id, page_token, {"subscribed_fields": wanted})
        succeeded(answer, Endpoint.SUBSCRIBE)

    def subscriptions(self, *, page_id: str | None = None, page_token: str | None = None) -> tuple[Subscription, ...]:
        answer = self._run(Endpoint.SUBSCRIPTION, "GET", page_id, page_token, {})
        return read_page(answer, Endpoint.SUBSCRIPTION, _read_subscription).items

    def unsubscribe(self, *, page_id: str | None = None, page_token: str | None = None) -> None:
        succeeded(self._run(Endpoint.UNSUBSCRIBE, "DELETE", page_id, page_token, {}), Endpoint.UNSUBSCRIBE)

    def _run(
        self, endpoint: Endpoint, method: str, page_id: str | None, page_token: str | None, params: dict[str, object]
    ) -> Json:
        whose = self._caller.ig_id if self._caller.login is Login.FACEBOOK else "me"
        if page_id is not None:
            if self._caller.login is Login.INSTAGRAM:
                raise Invalid("an account on Instagram Login has no Page", type="page.superfluous", field="page_id")
            whose = page_id
        secrets = (page_token,) if page_token else ()
        return self._caller.run(
            Call(endpoint, method, (whose, "subscribed_apps"), params, token=page_token, secrets=secrets)
        )


def _read_subscription(node: Node) -> Subscription:
    return Subscription(id=node.maybe_id("id"), fields=node.texts("subscribed_fields"), extra=node.rest())
