"""Subscribing an account to the app's webhooks (graph-api.md §7).

On Instagram Login the account subscribes itself to named fields. On Facebook Login its Page is subscribed with the
Page's token; any Page field switches it on, the Instagram fields are chosen in the app's dashboard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.calls import Call, Caller, Json
from graph.credentials import Login
from graph.endpoints import Endpoint
from graph.paging import read_page
from graph.reading import Node, succeeded
from pressrun.errors import Invalid


@dataclass(frozen=True)
class Subscription:
    """An app that gets the account's webhooks."""

    id: str | None
    fields: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


class Webhooks:
    """`client.webhooks`. Every call raises GraphError; Invalid when the Page is missing on Facebook Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def subscribe(
        self, fields: Sequence[str] = (), *, page_id: str | None = None, page_token: str | None = None
    ) -> None:
        """Have the account's events sent. `fields` defaults to `comments`, on Facebook Login to the Page's `feed`."""
        default = ("feed",) if self._caller.login is Login.FACEBOOK else ("comments",)
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
        whose = "me"
        if self._caller.login is Login.FACEBOOK:
            if page_id is None:
                message = "on Facebook Login the account's Page is subscribed: give its page_id"
                raise Invalid(message, type="page.missing", field="page_id")
            whose = page_id
        secrets = (page_token,) if page_token else ()
        return self._caller.run(
            Call(endpoint, method, (whose, "subscribed_apps"), params, token=page_token, secrets=secrets)
        )


def _read_subscription(node: Node) -> Subscription:
    return Subscription(id=node.maybe_id("id"), fields=node.texts("subscribed_fields"), extra=node.rest())
