"""What Instagram tells us of accounts of its own accord: seeing it, and having it looked at and mended now."""

from __future__ import annotations

from models.accounts.account import find_account
from models.hooks.subscription import owe_subscription
from models.reading.accounts.subscriptions import SubscriptionShown, subscription_of
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock

__all__ = ["SubscriptionShown", "await_outcome", "renew", "show"]


@operation("webhook.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, account: str) -> SubscriptionShown:
    """Which webhooks an account is subscribed to, and what is lacking since when. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return subscription_of(tx, find_account(tx, account))


@operation("webhook.renew", effect=Effect.CHANGES, scope=Scope.ADMIN)
def renew(ctx: Context, asker: Asker, account: str) -> int:
    """Have Instagram asked now, and what is lacking subscribed; returns the row's id. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return owe_subscription(tx, find_account(tx, account).id, now=clock.now())


def await_outcome(ctx: Context, asker: Asker, account: str, subscription_id: int, *, hands: Hands) -> SubscriptionShown:
    """Wait for what comes of it. Raises Unknown."""
    await_errand(ctx, Errand.of("subscription", [subscription_id]), on_look=lambda _left: None, hands=hands)
    return show(ctx, asker, account)
