"""What the days ahead will take of an account's quota."""

from __future__ import annotations

from models.accounts.account import find_account
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Invalid
from scheduler.posts.forecast import DayAhead, Forecast, forecast

__all__ = ["DayAhead", "Forecast", "look"]

FARTHEST_DAYS = 90


@operation("account.forecast", effect=Effect.READS, scope=Scope.READ)
def look(ctx: Context, asker: Asker, account: str, *, days: int = 14) -> Forecast:
    """How full the account's window is, and what the days ahead will take of it and of containers.

    Raises Unknown for the account, Invalid for more than 90 days.
    """
    if not 1 <= days <= FARTHEST_DAYS:
        raise Invalid(f"1 to {FARTHEST_DAYS} days can be looked ahead", type="forecast.days", field="days")
    with ctx.database.transaction() as tx:
        return forecast(tx, find_account(tx, account), days=days, now=clock.now())
