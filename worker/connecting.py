"""The last step of every connection: ask Instagram whose token it is, then keep the account, in that order.

    tx 1   claim held, the try counted
    call   GET the account, within the lease
    tx 2   account added or renewed, what waited for it made due, the row settled and its token wiped

Asking changes nothing at Instagram, so a worker that dies between the two is followed by one that asks again. What
comes before, where a consent or a token has to lead to the account first, is `worker/consenting.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from graph.accounts.users import Profile
from graph.answers.errors import ErrorClass, GraphError
from graph.client import GraphClient
from graph.wire.credentials import Credentials
from graph.wire.credentials import Login as GraphLogin
from models.accounts.account import Account, Login
from models.connecting import connection
from models.connecting.connection import Connection, ConnectionState
from models.connecting.joining import NewAccount, join_account, known_account
from models.owed import claims, gate
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.tokens.token import Facts
from pressrun import clock, log
from pressrun.errors import Conflict, PressrunError, RefusedByInstagram, ServerUnreachable
from pressrun.failpoints import reach
from worker.consenting import MOST_TRIES, asks_again, carry_on, end, gate_shut, unanswered
from worker.context import GateShut, WorkerContext
from worker.surveying import SURVEYORS, is_of_another_app, of_another_app
from worker.tokens.look import facts_of

__all__ = ["MOST_TRIES", "run"]

_FIELDS = ("id", "username")
_log = log.get(__name__)


@dataclass(frozen=True)
class _Asking:
    """One connection at work."""

    ctx: WorkerContext
    lease: Lease
    new: NewAccount
    tries: int
    granted: Facts
    """What is known of the token that was granted, from the steps before."""


@dataclass(frozen=True)
class _Confirmed:
    """What Instagram said of the account and its tokens."""

    username: str | None
    facts: Facts
    of_persons: Facts | None = None


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One try. Raises ClaimLost when the row has passed to someone else."""
    if not carry_on(ctx, lease, SURVEYORS):
        return
    asking = _open(ctx, lease, now=clock.now())
    if asking is None:
        return
    try:
        confirmed = _ask(asking)
    except GateShut as shut:
        _end(asking, ConnectionState.FAILED, gate_shut(shut.until, shut.reason))
    except GraphError as problem:
        _after_error(asking, problem)
    except RefusedByInstagram as refusal:
        _end(asking, ConnectionState.REFUSED, refusal)
    else:
        reach("connect.after_answer")
        _keep(asking, confirmed)
        reach("connect.after_record")


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> _Asking | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Connection, lease.id)
        if row.state != ConnectionState.ASKED.value:
            claims.finish(tx, lease, next_action_at=None)
            return None
        if ctx.stopping.is_set():
            claims.finish(tx, lease, next_action_at=now)
            return None
        try:
            new = _wish(ctx, row, now)
            _check_gate(tx, ctx, known_account(tx, new), now)
        except PressrunError as problem:
            connection.settle_ended(row, ConnectionState.FAILED, problem, now=now)
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
            return None
        # Counted before the call: one that kills its worker each time must not do so for ever.
        row.tries += 1
        return _Asking(ctx, lease, new, row.tries, row.facts)


def _check_gate(tx: Session, ctx: WorkerContext, known: Account | None, now: datetime) -> None:
    if known is not None:
        shut = gate.barrier(tx, ctx.settings.app_id, known.id, Purpose.PUBLISH, now=now)
        if shut is not None:
            raise gate_shut(shut.until, shut.reason)


def _wish(ctx: WorkerContext, row: Connection, now: datetime) -> NewAccount:
    """What was asked for, tokens and all. Raises PressrunError when there is no more asking."""
    if row.expires_at <= now or row.token_sealed is None or row.ig_id is None:
        raise connection.too_late()
    if row.tries >= MOST_TRIES:  # each of them ended without a word: its worker died
        raise unanswered()
    token = ctx.vault.open(row.token_sealed, context=connection.token_context(row.id))
    other = None
    if row.user_token_sealed is not None:
        other = ctx.vault.open(row.user_token_sealed, context=connection.user_token_context(row.id))
    return NewAccount(Login(row.login), row.ig_id, row.name, token, row.timezone, other)


def _ask(asking: _Asking) -> _Confirmed:
    """The account's user name and what is known of its tokens, once Instagram has confirmed that they are its."""
    new, granted = asking.new, asking.granted
    username = _checked(asking, new.token, "this token")
    if new.user_token is not None:
        _checked(asking, new.user_token, "the person's token")
    if granted != Facts():
        if new.user_token is None:
            return _Confirmed(username, granted)
        return _Confirmed(username, granted.of_page(now=clock.now()), granted)
    persons = None if new.user_token is None else _examined(asking, new.user_token)
    return _Confirmed(username, _examined(asking, new.token), persons)


def _examined(asking: _Asking, token: str) -> Facts:
    """What Meta says of a token that somebody gave; whoever looks after it asks again for what is not told."""
    app_id, secret = asking.ctx.settings.app_of(asking.new.login.value)
    if asking.new.login is not Login.FACEBOOK or not app_id or not secret:
        return Facts()
    try:
        state = _client(asking, token).tokens.debug()
    except (GraphError, GateShut) as problem:
        _log.info("connect.not_examined", connection_id=asking.lease.id, error=str(problem))
        return Facts()
    if state.app_id is not None and state.app_id != app_id:
        raise of_another_app()
    return facts_of(state)


def _checked(asking: _Asking, token: str, what: str) -> str | None:
    new = asking.new
    profile = _profile(asking, token)
    found = profile.id if new.login is Login.FACEBOOK else profile.user_id or profile.id
    if found != new.ig_id:
        name = f" (@{profile.username})" if profile.username else ""
        said = f"{what} belongs to the account {found}{name}, not to {new.ig_id}: nothing was stored"
        raise RefusedByInstagram(said, type="token.of_another_account")
    return profile.username


def _profile(asking: _Asking, token: str) -> Profile:
    users = _client(asking, token).users
    if asking.new.login is Login.INSTAGRAM:
        return users.me((*_FIELDS, "user_id"))
    return users.profile(_FIELDS)


def _client(asking: _Asking, token: str) -> GraphClient:
    credentials = Credentials(GraphLogin(asking.new.login.value), asking.new.ig_id, token)
    # Of no account: whose token it is nobody knows yet, and another one's usage must not shut the gate of this one.
    return asking.ctx.client_of(credentials, None, Purpose.PUBLISH)


def _after_error(asking: _Asking, problem: GraphError) -> None:
    """Ask again soon, or end with what Instagram said."""
    new = asking.new
    if asks_again(asking.ctx, asking.lease, problem, asking.tries):
        return
    if problem.http_status is None:
        said = f"the token could not be checked: {problem} Ask again, or connect the account unchecked"
        _end(asking, ConnectionState.FAILED, ServerUnreachable(said, type="instagram.unreachable"))
    elif is_of_another_app(problem):
        _end(asking, ConnectionState.REFUSED, of_another_app())
    elif problem.error_class is ErrorClass.AUTH:
        said = f"Instagram refuses the token of {new.name}: {problem}"
        _end(asking, ConnectionState.REFUSED, RefusedByInstagram(said, type="token.refused"))
    else:
        said = f"Instagram does not confirm that the token belongs to {new.ig_id}: {problem}"
        _end(asking, ConnectionState.REFUSED, RefusedByInstagram(said, type="token.not_confirmed"))


def _keep(asking: _Asking, confirmed: _Confirmed) -> None:
    ctx, username = asking.ctx, confirmed.username
    try:
        with ctx.database.transaction() as tx:
            lease = claims.renew(tx, asking.lease)
            row = tx.get_one(Connection, lease.id)
            row.facts = confirmed.of_persons or confirmed.facts
            joined = join_account(
                tx, asking.new, ctx.vault, username=username, facts=confirmed.facts, of_persons=confirmed.of_persons
            )
            connection.settle_done(row, joined, username=username, now=clock.now())
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
    except Conflict as taken:  # by another account, while Instagram was asked
        _end(asking, ConnectionState.FAILED, taken)
    else:
        _log.info("connect.done", connection_id=lease.id, account_id=joined.account_id, is_new=joined.is_new)


def _end(asking: _Asking, state: ConnectionState, problem: PressrunError) -> None:
    end(asking.ctx, asking.lease, state, problem)
