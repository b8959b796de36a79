"""GraphClient: one account's way to Instagram, with the endpoint groups as attributes."""

from __future__ import annotations

from collections.abc import Callable

from graph.accounts.insights import Insights
from graph.accounts.lists import AccountLists
from graph.accounts.media import MediaCalls
from graph.accounts.stories import Stories
from graph.accounts.users import Users
from graph.batch import Batch
from graph.calls import Caller, CallRecord
from graph.conversation.comments import Comments
from graph.conversation.hashtags import Hashtags
from graph.conversation.invites import Invites
from graph.conversation.mentions import Mentions
from graph.conversation.tags import Tags
from graph.login.discovery import Discovery
from graph.login.tokens import Tokens
from graph.login.webhooks import Webhooks
from graph.publishing.add_ons import AddOns
from graph.publishing.audio import AudioLibrary
from graph.publishing.catalogs import Catalogs
from graph.publishing.publishing import Publishing
from graph.wire.credentials import Credentials, Login
from graph.wire.endpoints import Endpoint
from graph.wire.transport import Transport

__all__ = ["CallRecord", "Credentials", "GraphClient", "Login"]


class GraphClient:
    """Calls Instagram for one account; cheap to make, so make one per account and share the transport.

    `before_call` runs before every request (a repeated read makes several) and may raise to veto it; what it raises
    comes through unchanged, also from `publish`, and proves that nothing was sent. `after_call` gets the record of
    every request; what it raises is logged and dropped. `graph_url` replaces all of Instagram's hosts.
    `call_deadline_s` is the total time of one call in seconds, DNS apart.

    Raises Invalid when the token or the version cannot be one.
    """

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        *,
        version: str = "v25.0",
        graph_url: str | None = None,
        app_secret: str | None = None,
        app_id: str | None = None,
        call_deadline_s: float = 60.0,
        before_call: Callable[[Endpoint], None] | None = None,
        after_call: Callable[[CallRecord], None] | None = None,
    ) -> None:
        caller = Caller(
            credentials,
            transport,
            version=version,
            graph_url=graph_url,
            app_secret=app_secret,
            app_id=app_id,
            call_deadline_s=call_deadline_s,
            before_call=before_call,
            after_call=after_call,
        )
        self.credentials = credentials
        self.publishing = Publishing(caller)
        self.users = Users(caller)
        self.media = MediaCalls(caller)
        self.stories, self.tags, self.lists = Stories(caller), Tags(caller), AccountLists(caller)
        self.add_ons, self.invites = AddOns(caller), Invites(caller)
        self.mentions = Mentions(caller)
        self.comments = Comments(caller)
        self.insights = Insights(caller)
        self.hashtags = Hashtags(caller)
        self.discovery = Discovery(caller)
        self.catalogs = Catalogs(caller)
        self.audio = AudioLibrary(caller)
        self.tokens = Tokens(caller)
        self.webhooks = Webhooks(caller)
        self.batch = Batch(caller)
