"""How an account stands: what is known of it, and what Instagram says when it is asked now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from models.accounts.account import AccountState, find_account
from models.hooks.subscription import request_reading
from models.reading.accounts.standing import AccountStanding, ReadingShown, TokenShown, standing
from models.tokens.care import request_check
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.instagram.meta_app import app_secrets

__all__ = ["AccountStanding", "Checked", "Looks", "ReadingShown", "TokenShown", "await_check", "check", "show"]


_SOON = timedelta(minutes=5)


@dataclass(frozen=True)
class Looks:
    """Looks that workers take up: numbers of the tokens, and of the webhooks where an app hears any."""

    ids: list[int]
    webhooks: int | None


@dataclass(frozen=True)
class Checked:
    """What came of asking Instagram."""

    standing: AccountStanding
    problems: tuple[str, ...]
    """What is wrong, a line each; empty: it takes every token, and all webhooks are subscribed."""


@operation("account.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, account: str) -> AccountStanding:
    """What is known of an account: its tokens and what they may, its windows, its readings. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return standing(tx, find_account(tx, account), now=clock.now())


@operation("account.check", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def check(ctx: Context, asker: Asker, account: str) -> Looks:
    """Have workers ask Instagram about the account now, its tokens and its webhooks; to wait for with `await_check`.

    Raises Unknown; NotPossible for an account without a token.
    """
    ctx.vault()  # a missing key is told now, and not by the worker
    with ctx.database.transaction() as tx:
        found = find_account(tx, account)
        ids = request_check(tx, found)
        return Looks(ids, request_reading(tx, found.id) if app_secrets(ctx.settings) else None)


def await_check(ctx: Context, asker: Asker, account: str, looks: Looks, *, hands: Hands) -> Checked:
    """Wait until Instagram has been asked, and say what it said. Raises Unknown."""
    await_errand(ctx, Errand.of("token", looks.ids), on_look=lambda _left: None, hands=hands)
    if looks.webhooks is not None:
        await_errand(ctx, Errand.of("subscription", [looks.webhooks]), on_look=lambda _left: None, hands=hands)
    found = show(ctx, asker, account)
    return Checked(found, tuple(_problems(found, hears=looks.webhooks is not None)))


def _problems(found: AccountStanding, *, hears: bool) -> list[str]:
    told = []
    if found.state == AccountState.BROKEN.value and all(one.refused is None for one in found.tokens):
        told.append("Instagram takes the token again: resume the account, and what waits for it goes on")
    for token in found.tokens:
        name = "the token" if token.which == "account" else "the person's token"
        if token.refused is not None:
            told.append(f"Instagram refuses {name}: {token.refused}")
        elif token.error is not None:
            told.append(f"{name}: {token.error}")
    if not told and hears:  # an account whose token does not work hears nothing anyway
        told.extend(_problems_of_webhooks(found))
    return told


def _problems_of_webhooks(found: AccountStanding) -> Iterator[str]:
    if found.webhooks_error is not None:
        yield f"its webhooks could not be read: {found.webhooks_error}"
        return
    gone = [name for name in found.webhooks_lacking if name not in found.webhooks_refused]
    if gone:
        is_soon = found.webhooks_next_at is not None and found.webhooks_next_at <= clock.now() + _SOON
        what = "that is mended within minutes" if is_soon else "have its webhooks repaired"
        yield f"Instagram does not tell of {', '.join(gone)}: {what}"
    for name, why in found.webhooks_refused.items():
        yield f"Instagram does not tell of {name}, and refused to when it was asked: {why}"
