"""`/accounts`: how they stand, what their posts inherit, holding one back, taking one away, and what is ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, IfMatch, Limit, etag
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.accounts import accounts, forecasts, removals, standing, subscriptions
from operations.accounts.accounts import AccountShown, AccountTerms, Held, Renamed, TermChanges
from operations.accounts.forecasts import Forecast
from operations.accounts.removals import Plan, Removed
from operations.accounts.standing import AccountStanding
from operations.accounts.subscriptions import SubscriptionShown
from pressrun.paging import Page, cut

router = Router("accounts")

Account = Annotated[str, "Name or Instagram id."]


class Terms(Body):
    """What posts inherit from now on. What is not named stays; an empty text is the default again."""

    model_config = example(timezone="Europe/Zurich", max_lateness="1h")

    timezone: Annotated[str | None, Field(max_length=100)] = None
    max_lateness: Annotated[str | None, Field(max_length=50)] = None
    if_late: Annotated[str | None, Field(max_length=50)] = None
    min_spacing: Annotated[str | None, Field(max_length=50)] = None


class Pause(Body):
    """`reading`: read nothing of it either."""

    model_config = example(why="holidays")

    why: Annotated[str | None, Field(max_length=500)] = None
    reading: bool = False


class NewName(Body):
    """Another name of yours for it."""

    model_config = example(name="harbour-bakery")

    name: Annotated[str, Field(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Checking:
    """Numbers of the looks that workers take up: one for each token, whose `checked_at` and `error` say what came of
    that, and one for the webhooks, whose `webhooks_read_at` and `webhooks_error` do; null where no app hears any."""

    ids: list[int]
    webhooks: int | None


@dataclass(frozen=True)
class Renewing:
    """The look that a worker takes up: `read_at` and `error_at` say when it was there."""

    id: int


@router.get("/accounts", summary="List accounts", **asks("account.list"))
def list_accounts(ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[AccountShown]:
    """Accounts by name, with how full their publishing window is."""
    return cut("accounts", accounts.list_accounts(ctx, asker), lambda one: one.name, cursor=cursor, limit=limit)


@router.get("/accounts/{account}", summary="Show an account", **asks("account.show"))
def show_account(account: Account, response: Response, ctx: Ctx, asker: Asked) -> AccountStanding:
    """How an account stands: its tokens and what they may, its windows, its readings, its webhooks."""
    shown = standing.show(ctx, asker, account)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.post("/accounts/{account}/check", summary="Check an account", status_code=202, **asks("account.check"))
def check_account(account: Account, response: Response, ctx: Acting, asker: Asked) -> Checking:
    """Have workers ask Instagram about the account now. What it said stands in the account's `tokens` and webhooks."""
    looks = standing.check(ctx, asker, account)
    response.headers["Location"] = f"/api/v1/accounts/{quote(account, safe='')}"
    return Checking(looks.ids, looks.webhooks)


@router.post("/accounts/{account}/rename", summary="Rename an account", **asks("account.rename"))
def rename_account(account: Account, body: NewName, ctx: Acting, asker: Asked) -> Renamed:
    """Give an account another name of yours. What it was called then stays in what was told and exported."""
    return accounts.rename(ctx, asker, account, body.name)


@router.get("/accounts/{account}/webhooks", summary="Show webhooks", **asks("webhook.show"))
def show_webhooks(account: Account, ctx: Ctx, asker: Asked) -> SubscriptionShown:
    """Which webhooks an account is subscribed to, and what is lacking since when."""
    return subscriptions.show(ctx, asker, account)


@router.post("/accounts/{account}/webhooks", summary="Repair webhooks", status_code=202, **asks("webhook.renew"))
def renew_webhooks(account: Account, response: Response, ctx: Acting, asker: Asked) -> Renewing:
    """Have a worker look now, and subscribe what is lacking."""
    subscription = subscriptions.renew(ctx, asker, account)
    response.headers["Location"] = f"/api/v1/accounts/{quote(account, safe='')}/webhooks"
    return Renewing(subscription)


@router.patch("/accounts/{account}", summary="Edit an account", **asks("account.edit"))
def edit_account(
    account: Account, body: Terms, response: Response, ctx: Acting, asker: Asked, if_match: IfMatch = None
) -> AccountTerms:
    """Change what posts of an account inherit; those that are queued stay as they are."""
    changes = TermChanges(**body.model_dump(exclude_unset=True))
    edited = accounts.edit(ctx, asker, account, changes, version=if_match)
    response.headers["ETag"] = etag(edited.version)
    return edited


@router.post("/accounts/{account}/pause", summary="Pause an account", **asks("account.pause"))
def pause_account(account: Account, ctx: Acting, asker: Asked, body: Pause | None = None) -> Held:
    """Let nothing of an account go out until it is resumed."""
    wish = body or Pause()
    return accounts.pause(ctx, asker, account, why=wish.why, reading=wish.reading)


@router.post("/accounts/{account}/resume", summary="Resume an account", **asks("account.resume"))
def resume_account(account: Account, ctx: Acting, asker: Asked) -> Held:
    """Let an account go on; its backlog goes out spaced."""
    return accounts.resume(ctx, asker, account)


@router.get("/accounts/{account}/forecast", summary="Look ahead", **asks("account.forecast"))
def forecast_account(
    account: Account, ctx: Ctx, asker: Asked, days: Annotated[int, Query(ge=1, le=forecasts.FARTHEST_DAYS)] = 14
) -> Forecast:
    """How full the account's publishing window is, and what the days ahead take of it and of containers."""
    return forecasts.look(ctx, asker, account, days=days)


@router.get("/accounts/{account}/removal", summary="Look at a removal", **asks("account.removal"))
def look_at_removal(account: Account, ctx: Ctx, asker: Asked) -> Plan:
    """What removing an account would do, and what is in its way."""
    return removals.look_at_removal(ctx, asker, account)


@router.delete("/accounts/{account}", summary="Remove an account", **asks("account.remove"))
def remove_account(
    account: Account,
    ctx: Acting,
    asker: Asked,
    keep_history: Annotated[bool, Query(description="Keep what was read of it; false erases it.")],
    why: Annotated[str | None, Query(max_length=500)] = None,
) -> Removed:
    """Take an account away: its token and all that is owed it, and unless it is to be kept its history."""
    return removals.remove(ctx, asker, account, keep_history=keep_history, why=why)
