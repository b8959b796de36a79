"""Today: what goes out next, what went out, and what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.reading.accounts import accounts as accounts_reading
from models.reading.accounts.accounts import AccountShown
from models.reading.accounts.standing import TokenEnd, ending_tokens
from models.reading.history.coverage import Lack, lacking
from models.reading.posts import cards
from models.reading.posts.cards import Card
from models.reading.posts.lateness import Lateness, lateness
from models.reading.upkeep.notices import EndpointShown, list_endpoints
from models.telling.endpoint import EndpointState
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock

__all__ = ["AccountShown", "Card", "Lack", "Lateness", "Today", "TokenEnd"]

SHOWN = 12
MOST_FOR_A_PERSON = 50
LOOKED_AT = 25
"""Accounts of which it is looked up what their history lacks: it costs some milliseconds each."""
LATENESS_OF = timedelta(days=7)
ENDS_WITHIN = timedelta(days=14)


@dataclass(frozen=True)
class Today:
    """All of it at one moment."""

    now: datetime
    next: list[Card]
    out: list[Card]
    for_a_person: list[Card]
    accounts: list[AccountShown]
    lacks: list[Lack]
    """Days that the history lacks and that can still be read, or are lost; empty where there are over 25 accounts."""
    endpoints: list[EndpointShown]
    """Those that miss what they should hear."""
    lateness: Lateness
    """Of the last 7 days."""
    ends: list[TokenEnd]
    """Tokens and consents that end within 14 days, the nearest first."""


@operation("today.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, *, account: str | None = None) -> Today:
    """What goes out next, what went out, and what needs a person, of one or all accounts. Raises Unknown."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account)
        known = accounts_reading.list_accounts(tx, now=now)
        names = {one.name for one in known if account in (None, one.name)}
        # Endpoints hear of all accounts: whoever sees some of them is not told of those.
        endpoints = list_endpoints(tx) if asker.accounts is None else []
        return Today(
            now=now,
            next=cards.next_out(tx, account_id, now=now, limit=SHOWN),
            out=cards.last_out(tx, account_id, limit=SHOWN),
            for_a_person=cards.for_a_person(tx, account_id, now=now, limit=MOST_FOR_A_PERSON),
            accounts=[one for one in known if one.state != "removed" and one.name in names],
            lacks=[one for one in lacking(tx, now=now) if one.account in names] if len(known) <= LOOKED_AT else [],
            endpoints=[one for one in endpoints if one.missed or one.state != EndpointState.ACTIVE.value],
            lateness=lateness(tx, account_id, since=now - LATENESS_OF),
            ends=[one for one in ending_tokens(tx, now=now, within=ENDS_WITHIN) if one.account in names],
        )
