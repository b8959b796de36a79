"""From the code of a consent, or a token, to the accounts: the steps of a connection before its account is asked about.

    answered    exchange the code (it is good once: what comes is kept before anything else is done)
    granted     exchange the token for a long-lived one
    prolonged   ask what the token may do and where it leads; the only account, or those that were named, go on

Each is a call and a transaction behind it; they follow one another under one claim. Reads are repeated by whoever
comes after a worker that died; a code that was in use then is told as used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from graph.client import GraphClient
from graph.login.tokens import Token
from graph.wire.credentials import Credentials
from graph.wire.credentials import Login as GraphLogin
from models.accounts.account import Login
from models.connecting import connection, consenting
from models.connecting.connection import Connection, ConnectionState
from models.connecting.consenting import Candidate
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.tokens.token import Facts
from pressrun import clock, log
from pressrun.errors import PressrunError, RefusedByInstagram, ServerUnreachable
from pressrun.failpoints import reach
from worker.context import GateShut, WorkerContext

MOST_TRIES = 3
"""Of what fails in passing: a person waits for the answer."""
ASK_AGAIN_AFTER = timedelta(seconds=3)

_PASSING = (ErrorClass.TRANSIENT, ErrorClass.NOT_READY)
_log = log.get(__name__)


@dataclass(frozen=True)
class Step:
    """One step of a consent at work."""

    ctx: WorkerContext
    lease: Lease
    login: Login
    secret: str = field(repr=False)
    """The code, or the token."""
    redirect_url: str | None
    """Null: no consent, somebody gave the token."""
    scopes_asked: tuple[str, ...] | None
    scopes: tuple[str, ...] | None
    """Those that came with the token, where they did."""
    tries: int

    def client(self, token: str = "") -> GraphClient:
        credentials = Credentials(GraphLogin(self.login.value), "", token)

        # Of no account: whose token it is nobody knows yet. Each call within a lease that outlives it.
        def last_look(_endpoint: object) -> None:
            with self.ctx.database.transaction() as tx:
                claims.renew(tx, self.lease)

        return self.ctx.client_of(credentials, None, Purpose.PUBLISH, last_look=last_look)


@dataclass(frozen=True)
class Survey:
    """Where a token leads."""

    found: tuple[Candidate, ...]
    pages: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Tokens of Pages by the Instagram id of their account."""
    facts: Facts = field(default_factory=Facts)
    """What was said of the token."""


Surveyor = Callable[[Step], Survey]


def carry_on(ctx: WorkerContext, lease: Lease, surveyors: Mapping[Login, Surveyor]) -> bool:
    """Do the steps that are owed before the account can be asked about. False: nothing more is to be done now."""
    while True:
        opened = _open(ctx, lease, now=clock.now())
        if not isinstance(opened, tuple):
            return opened
        state, step = opened
        try:
            if state is ConnectionState.ANSWERED:
                _redeem(step)
            elif state is ConnectionState.GRANTED:
                _prolong(step)
            elif not _keep(step, surveyors[step.login](step)):
                return False
        except GateShut as shut:
            end(ctx, lease, ConnectionState.FAILED, _not_now(shut))
            return False
        except GraphError as problem:
            _after_error(step, state, problem)
            return False
        except PressrunError as problem:
            is_lost = isinstance(problem, claims.ClaimLost)
            if is_lost:
                raise
            refused = ConnectionState.REFUSED if isinstance(problem, RefusedByInstagram) else ConnectionState.FAILED
            end(ctx, lease, refused, problem)
            return False


def end(ctx: WorkerContext, lease: Lease, state: ConnectionState, problem: PressrunError) -> None:
    """It comes to nothing, and why."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        connection.settle_ended(tx.get_one(Connection, lease.id), state, problem, now=clock.now())
        tx.flush()
        claims.finish(tx, lease, next_action_at=None)
    _log.info("connect.ended", connection_id=lease.id, state=state.value, type=problem.type)


def asks_again(ctx: WorkerContext, lease: Lease, problem: GraphError, tries: int) -> bool:
    """Whether it fails in passing, and is put off for a moment."""
    if problem.error_class not in _PASSING or tries >= MOST_TRIES:
        return False
    with ctx.database.transaction() as tx:
        claims.finish(tx, lease, next_action_at=clock.now() + ASK_AGAIN_AFTER)
    _log.info("connect.again", connection_id=lease.id, error=str(problem))
    return True


def gate_shut(until: datetime, reason: str) -> PressrunError:
    """The error of a gate that is shut."""
    return RefusedByInstagram(
        f"Instagram wants no call before {until:%Y-%m-%d %H:%M:%S} UTC ({reason}): "
        "wait until then, or connect the account unchecked",
        type="gate.shut",
    )


def _not_now(shut: GateShut) -> PressrunError:
    return RefusedByInstagram(
        f"Instagram wants no call before {shut.until:%Y-%m-%d %H:%M:%S} UTC ({shut.reason}): "
        "connect the account once more after that",
        type="gate.shut_now",
    )


def unanswered() -> PressrunError:
    """The error of tries that each ended without a word: their workers died."""
    return PressrunError(f"{MOST_TRIES} tries to ask Instagram ended without an answer", type="connection.unanswered")


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> tuple[ConnectionState, Step] | bool:
    """The step that is owed; True when it is none of these, False when none is to be done now."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Connection, lease.id)
        state = ConnectionState(row.state)
        if state is ConnectionState.ASKED:
            return True
        if state.value not in connection.OWED:
            claims.finish(tx, lease, next_action_at=None)
            return False
        if ctx.stopping.is_set():
            claims.finish(tx, lease, next_action_at=now)
            return False
        try:
            secret = _secret(ctx, row, state, now)
        except PressrunError as problem:
            connection.settle_ended(row, ConnectionState.FAILED, problem, now=now)
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
            return False
        # Counted before the call: one that kills its worker each time must not do so for ever.
        row.tries += 1
        asked, has = (None if one is None else tuple(one) for one in (row.scopes_asked, row.scopes))
        return state, Step(ctx, lease, Login(row.login), secret, row.redirect_url, asked, has, row.tries)


def _secret(ctx: WorkerContext, row: Connection, state: ConnectionState, now: datetime) -> str:
    if row.expires_at <= now:
        raise connection.too_late()
    if row.tries >= MOST_TRIES:
        raise unanswered()
    what = "code" if state is ConnectionState.ANSWERED else "token"
    sealed = row.code_sealed if state is ConnectionState.ANSWERED else row.token_sealed
    return ctx.vault.open(sealed or "", context=connection.context_of(row.id, what))


def _redeem(step: Step) -> None:
    token = step.client().tokens.exchange_code(step.secret, step.redirect_url or "")
    reach("connect.after_code")
    _record(step, ConnectionState.GRANTED, token.token, _facts_of(token))


def _prolong(step: Step) -> None:
    app_id, secret = step.ctx.settings.app_of(step.login.value)
    is_given = step.redirect_url is None
    if is_given and not (app_id and secret):
        # Nobody here can; whoever gave it knows how long it lasts.
        _record(step, ConnectionState.PROLONGED, step.secret, Facts())
        return
    try:
        long_lived = step.client(step.secret).tokens.exchange(step.secret)
    except GraphError as refusal:
        if not is_given or refusal.error_class in _PASSING or refusal.error_class is ErrorClass.THROTTLED:
            raise
        # One that the dashboard gave is long-lived already, and cannot be exchanged (graph-api.md §1.4). Whether it is
        # good for anything the next step finds out.
        long_lived = Token(step.secret)
    reach("connect.after_exchange")
    _record(step, ConnectionState.PROLONGED, long_lived.token, _facts_of(long_lived))


def _facts_of(token: Token) -> Facts:
    return Facts(expires_at=token.expires_at, scopes=token.permissions or None)


def _record(step: Step, state: ConnectionState, token: str, facts: Facts) -> None:
    with step.ctx.database.transaction() as tx:
        claims.renew(tx, step.lease)
        row = tx.get_one(Connection, step.lease.id)
        consenting.keep_token(row, state, token, step.ctx.vault, facts=facts)


def _keep(step: Step, survey: Survey) -> bool:
    """Keep what was found. True: the account is known, and may be asked about at once."""
    with step.ctx.database.transaction() as tx:
        lease = claims.renew(tx, step.lease)
        row = tx.get_one(Connection, lease.id)
        row.facts = survey.facts.over(row.facts)
        consenting.keep_found(row, survey.found, survey.pages, step.ctx.vault)
        chosen = consenting.pick(survey.found, row.wanted or ())
        if chosen is None:
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
            _log.info("connect.found", connection_id=lease.id, accounts=len(survey.found))
            return False
        _choose(tx, row, chosen, step)
    return True


def _choose(tx: Session, row: Connection, chosen: list[Candidate], step: Step) -> None:
    now = clock.now()
    first, *_ = consenting.choose(tx, row, chosen, step.ctx.vault, now=now)
    tx.flush()
    # What the choice made due is this very row, which is being worked on.
    first.next_action_at = now + timedelta(seconds=step.lease.lease_s)


def _after_error(step: Step, state: ConnectionState, problem: GraphError) -> None:
    if asks_again(step.ctx, step.lease, problem, step.tries):
        return
    told = problem.told
    if problem.http_status is None or problem.error_class in _PASSING:
        said = f"Instagram could not be asked: {told}: connect the account once more"
        end(step.ctx, step.lease, ConnectionState.FAILED, ServerUnreachable(said, type="instagram.silent"))
    elif state is ConnectionState.ANSWERED and problem.error_class is not ErrorClass.THROTTLED:
        said = (
            f"Instagram does not take the code of this consent: {told}: a code is good once, for an hour, with the "
            "redirect address and the app it was given for; connect the account once more"
        )
        end(step.ctx, step.lease, ConnectionState.REFUSED, RefusedByInstagram(said, type="consent.code_refused"))
    elif problem.error_class is ErrorClass.THROTTLED:
        said = f"Instagram wants no more calls now: {told}: connect the account once more later"
        end(step.ctx, step.lease, ConnectionState.FAILED, RefusedByInstagram(said, type="instagram.throttled"))
    elif problem.error_class is ErrorClass.PERMISSION:
        said = f"the token lacks a permission: {told}: connect the account once more and leave all of them ticked"
        end(step.ctx, step.lease, ConnectionState.REFUSED, RefusedByInstagram(said, type="scope.missing"))
    else:
        said = f"Instagram refuses the token: {told}: connect the account once more, or give it another token"
        end(step.ctx, step.lease, ConnectionState.REFUSED, RefusedByInstagram(said, type="token.refused"))
