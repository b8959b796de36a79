"""`/connections`: accounts by a person's consent or by a token, up to which of several are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, cast, get_args

from fastapi import Response
from pydantic import Field, SecretStr

from console.handlers.asking import Acting, Asked, Ctx, Number
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.accounts import connections, consents
from operations.accounts.connections import Connected, Login, NewAccount
from operations.accounts.consents import BROWSER, Candidate, Taken, Wish
from operations.operation import Asker, Context
from pressrun.errors import NotPossible

router = Router("connections")

OpenState = Literal["waiting", "answered", "granted", "prolonged", "found", "asked"]
State = OpenState | Literal["done"]
OPEN = get_args(OpenState)
Accounts = Annotated[
    list[str] | None, Field(max_length=100, description="Instagram ids or user names, where there may be several.")
]


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


class Wanted(Body):
    """What is to be connected. Without a name it is called as at Instagram."""

    login: Literal["facebook", "instagram"]
    name: Annotated[str | None, Field(max_length=100)] = None
    timezone: Annotated[str | None, Field(max_length=100)] = None
    accounts: Accounts = None

    def wish(self) -> Wish:
        return Wish(Login(self.login), self.name, self.timezone, tuple(self.accounts or ()))


class Consent(Wanted):
    """A consent to be asked for. `config_id`: of Facebook Login for Business, in place of scopes."""

    model_config = example(login="instagram", name="new-bakery", timezone="Europe/Zurich")

    scopes: Annotated[list[str] | None, Field(max_length=100, description="Instead of all that can be used.")] = None
    config_id: Annotated[str | None, Field(max_length=100)] = None


class Discovery(Wanted):
    """A person's token, which is sealed, and shown by nothing."""

    model_config = example(login="facebook", token="the-access-token")  # noqa: S106 - an example

    token: SecretStr


class Answer(Body):
    """The address that the browser ended on, or its query."""

    address: Annotated[str, Field(min_length=1, max_length=20_000)]


class Choice(Body):
    """Which of the accounts that were found, by Instagram id or user name."""

    accounts: Annotated[list[str], Field(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Begun:
    """A consent that is waited for: the person gives it on the page at `address`."""

    id: int
    address: str
    redirect_url: str
    expires_at: datetime


@dataclass(frozen=True)
class Connecting:
    """A connection that is under way."""

    id: int


@dataclass(frozen=True)
class Chosen:
    """The connections of the chosen accounts, which workers take up."""

    ids: list[int]


@dataclass(frozen=True)
class ConnectionShown:
    """How far it is: `waiting` for the person's answer, `found` where one of several is to be chosen, `done` with its
    account, else a worker is at it. What came to nothing is a problem.

    `others`: connections that the same consent led to.
    """

    id: int
    state: State
    login: str
    name: str
    found: list[Candidate]
    others: list[int]
    account: Connected | None


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
    return _under_way(response, connection)


@router.post("/connections", summary="Ask for a consent", status_code=202, **asks("connect.begin", keeps=False))
def begin_connection(body: Consent, response: Response, ctx: Acting, asker: Asked) -> Begun:
    """Ask for a person's consent. They give it on the page at `address`, within the hour, and are led back here."""
    begun = consents.begin(ctx, asker, body.wish(), scopes=body.scopes, config_id=body.config_id)
    _under_way(response, begun.connection_id)
    return Begun(begun.connection_id, begun.address, begun.redirect_url, begun.expires_at)


@router.post("/connections/discover", summary="Find a token's accounts", status_code=202, **asks("connect.discover"))
def discover_accounts(body: Discovery, response: Response, ctx: Acting, asker: Asked) -> Connecting:
    """Find the accounts of a person's token, and connect those that are wanted, or the only one."""
    return _under_way(response, consents.discover(ctx, asker, body.wish(), body.token.get_secret_value()))


@router.post("/connections/answer", summary="Hand in an answer", status_code=202, **asks("connect.answer", keeps=False))
def answer_connection(body: Answer, response: Response, ctx: Acting, asker: Asked) -> Taken:
    """Hand in what a consent page led back with, where it led to no console. It counts once, whoever hands it in."""
    taken = consents.answer(ctx, BROWSER, body.address)
    _under_way(response, taken.connection_id)
    return taken


@router.get("/connections/{connection}", summary="Show a connection", **asks("connect.show"))
def show_connection(connection: Number, ctx: Ctx, asker: Asked) -> ConnectionShown:
    """How far a connection is, which accounts there are to choose from, and what came of it."""
    account = _outcome(ctx, asker, connection)
    shown = consents.show(ctx, asker, connection)
    if account is None and shown.state not in OPEN:  # settled since
        account = connections.outcome(ctx, asker, connection)
    return ConnectionShown(
        shown.id,
        cast(State, shown.state),  # what came to nothing was raised
        shown.login,
        shown.name,
        list(shown.found),
        list(shown.others),
        account,
    )


@router.post("/connections/{connection}/choice", summary="Choose", status_code=202, **asks("connect.choose"))
def choose_accounts(connection: Number, body: Choice, response: Response, ctx: Acting, asker: Asked) -> Chosen:
    """Connect these of the accounts that were found; each has a connection of its own."""
    ids = consents.choose(ctx, asker, connection, body.accounts)
    _under_way(response, connection)
    return Chosen(ids)


@router.delete("/connections/{connection}", summary="Give up", status_code=204, **asks("connect.abandon"))
def abandon_connection(connection: Number, ctx: Acting, asker: Asked) -> None:
    """Let nothing come of a connection for which a person is waited: its tokens go."""
    consents.abandon(ctx, asker, connection)


def _under_way(response: Response, connection: int) -> Connecting:
    response.headers["Location"] = f"/api/v1/connections/{connection}"
    return Connecting(connection)


def _outcome(ctx: Context, asker: Asker, connection: int) -> Connected | None:
    try:
        return connections.outcome(ctx, asker, connection)
    except NotPossible as pending:
        if pending.type != "connection.pending":
            raise
        return None
