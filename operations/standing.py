"""How an account stands: what is known of it, and what Instagram says when it is asked now."""

from __future__ import annotations

from dataclasses import dataclass

from models.account import AccountState, find_account
from models.reading.standing import AccountStanding, ReadingShown, TokenShown, standing
from models.tokens.care import request_check
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock

__all__ = ["AccountStanding", "Checked", "ReadingShown", "TokenShown", "await_check", "check", "show"]


@dataclass(frozen=True)
class Checked:
    """What came of asking Instagram."""

    standing: AccountStanding
    problems: tuple[str, ...]
    """What is wrong, a line each; empty: it takes every token, and told of all webhooks when they were last read."""


@operation("account.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, account: str) -> AccountStanding:
    """What is known of an account: its tokens and what they may, its windows, its readings. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return standing(tx, find_account(tx, account), now=clock.now())


@operation("account.check", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def check(ctx: Context, asker: Asker, account: str) -> list[int]:
    """Have a worker ask Instagram about the account now; returns the numbers to wait for, with `await_check`.

    Raises Unknown; NotPossible for an account without a token.
    """
    ctx.vault()  # a missing key is told now, and not by the worker
    with ctx.database.transaction() as tx:
        return request_check(tx, find_account(tx, account))


def await_check(ctx: Context, asker: Asker, account: str, ids: list[int], *, hands: Hands) -> Checked:
    """Wait until Instagram has been asked, and say what it said. Raises Unknown."""
    await_errand(ctx, Errand.of("token", ids), on_look=lambda _left: None, hands=hands)
    found = show(ctx, asker, account)
    return Checked(found, tuple(_problems(found)))


def _problems(found: AccountStanding) -> list[str]:
    told = []
    if found.state == AccountState.BROKEN.value and all(one.refused is None for one in found.tokens):
        told.append("Instagram takes the token again: resume the account, and what waits for it goes on")
    for token in found.tokens:
        name = "the token" if token.which == "account" else "the person's token"
        if token.refused is not None:
            told.append(f"Instagram refuses {name}: {token.refused}")
        elif token.error is not None:
            told.append(f"{name}: {token.error}")
    if not told and found.webhooks_lacking:  # an account whose token does not work hears nothing anyway
        told.append(f"Instagram does not tell of {', '.join(found.webhooks_lacking)}: have its webhooks repaired")
    return told
