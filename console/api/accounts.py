"""`/accounts`: connecting them, what their posts inherit, holding one back, taking one away, and what is ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field, SecretStr

from console.api.asking import Acting, Asked, Ctx, Cursor, Limit, Number
from console.api.bodies import Body, example
from console.api.route import Router, asks
from operations import accounts, connections, forecasts, removals
from operations.accounts import AccountShown, AccountTerms, Held, TermChanges
from operations.connections import Connected, Login, NewAccount
from operations.forecasts import Forecast
from operations.removals import Plan, Removed
from pressrun.errors import NotPossible, Unknown
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


class Connect(Body):
    """An account and its token, which is sealed, and shown by nothing."""

    model_config = example(
        login="facebook",
        ig_id="17841400000000000",
        name="new-bakery",
        token="the-access-token",  # noqa: S106 - an example
        timezone="Europe/Zurich",
    )

    login: Literal["facebook", "instagram"]
    ig_id: Annotated[str, Field(pattern=r"^[0-9]{1,30}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    token: SecretStr
    user_token: Annotated[
        SecretStr | None, Field(description="Of Facebook Login: the person's, beside the Page's.")
    ] = None
    timezone: Annotated[str | None, Field(max_length=100)] = None
    check: Annotated[bool, Field(description="Have a worker ask Instagram whose token it is.")] = True


@dataclass(frozen=True)
class Connecting:
    """A connection that is under way."""

    id: int


@dataclass(frozen=True)
class ConnectionShown:
    """`state`: asked, or done with its result. What Instagram refused is a problem."""

    id: int
    state: Literal["asked", "done"]
    account: Connected | None


@router.get("/accounts", summary="List accounts", **asks("account.list"))
def list_accounts(ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[AccountShown]:
    """Accounts by name, with how full their publishing window is."""
    return cut("accounts", accounts.list_accounts(ctx, asker), lambda one: one.name, cursor=cursor, limit=limit)


@router.post("/accounts", summary="Connect an account", status_code=202, **asks("account.connect"))
def connect_account(body: Connect, response: Response, ctx: Acting, asker: Asked) -> Connecting:
    """Add an account, or renew token, name and zone of the one with this Instagram id."""
    new = NewAccount(
        login=Login(body.login),
        ig_id=body.ig_id,
        name=body.name,
        token=body.token.get_secret_value(),
        timezone=body.timezone,
        user_token=None if body.user_token is None else body.user_token.get_secret_value(),
    )
    connection = connections.connect(ctx, asker, new, check=body.check)
    response.headers["Location"] = f"/api/v1/connections/{connection}"
    return Connecting(connection)


@router.get("/connections/{connection}", summary="Show a connection", **asks("account.connection"))
def show_connection(connection: Number, ctx: Ctx, asker: Asked) -> ConnectionShown:
    """What came of connecting an account."""
    try:
        return ConnectionShown(connection, "done", connections.outcome(ctx, asker, connection))
    except NotPossible as pending:
        if pending.type != "connection.pending":
            raise
        return ConnectionShown(connection, "asked", None)


@router.get("/accounts/{account}", summary="Show an account", **asks("account.list"))
def show_account(account: Account, ctx: Ctx, asker: Asked) -> AccountShown:
    """One account, with how full its publishing window is."""
    for one in accounts.list_accounts(ctx, asker):
        if account in {one.name, one.ig_id}:
            return one
    raise Unknown(f"unknown account {account!r}", type="account.unknown", field="account")


@router.patch("/accounts/{account}", summary="Edit an account", **asks("account.edit"))
def edit_account(account: Account, body: Terms, ctx: Acting, asker: Asked) -> AccountTerms:
    """Change what posts of an account inherit; those that are queued stay as they are."""
    return accounts.edit(ctx, asker, account, TermChanges(**body.model_dump(exclude_unset=True)))


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
