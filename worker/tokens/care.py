"""The step of every token: ask Instagram about it, renew it when its time has come, keep what came of it.

    tx 1   claim held, the try counted
    calls  whether it lives and what it may; a fresh one of it, early
    tx 2   under the account's lock: is it still the one in force? facts kept, the fresh one sealed in its place,
           the account broken if it was refused, people told of an end that is near, the next look dated

A worker that dies in between is followed by one that asks again; a fresh token that is lost with it costs nothing, for
the one before lives on until its own end. A failed try ends nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from graph.client import Credentials, GraphClient
from graph.client import Login as GraphLogin
from graph.login.tokens import Token as Fresh
from graph.publishing.publishing import PublishingLimit
from graph.wire.endpoints import Endpoint
from models.accounts import quota
from models.accounts.account import Account, AccountState, Login, break_account, get_account, lock_account
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.tokens.care import begin_care, context_of, hasten_others, replace_token, sealed_of
from models.tokens.token import Facts, Token, TokenOf
from pressrun import clock, log
from pressrun.failpoints import reach
from pressrun.vault import SecretUnreadable
from worker.backoff import CARE
from worker.context import GateShut, WorkerContext
from worker.tokens import look, times
from worker.tokens.look import Patient, Seen, Watch
from worker.tokens.warning import tell_ends, tell_refused

_SECOND_LOOK = timedelta(minutes=10)

_log = log.get(__name__)


@dataclass(frozen=True)
class _Care:
    """One token at work."""

    ctx: WorkerContext
    lease: Lease
    account_id: int
    which: TokenOf
    sealed: str
    credentials: Credentials
    patient: Patient
    renews: bool
    was_asked: bool
    began_at: datetime


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One look. Raises ClaimLost when the row has passed to someone else, or another token is in force."""
    care = _open(ctx, lease, now=clock.now())
    if care is None:
        return
    watch = Watch()
    seen = _look(care, watch)
    with ctx.database.transaction() as tx:
        _keep(tx, care, seen, watch, now=clock.now())
    reach("care.after_record")


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> _Care | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Token, lease.id)
        account, which = get_account(tx, row.account_id), TokenOf(row.which)
        if ctx.stopping.is_set():
            claims.finish(tx, lease, next_action_at=now)
            return None
        sealed = sealed_of(account, which)
        if account.state == AccountState.REMOVED.value or sealed is None:
            tx.delete(row)  # an older release took the token away
            return None
        if account.token_refused is not None and row.asked_at is None:
            claims.finish(tx, lease, next_action_at=now + times.LOOK_EVERY)  # a person has to bring another one
            return None
        try:
            token = ctx.vault.open(sealed, context=context_of(account.id, which))
        except SecretUnreadable as problem:
            row.error, row.asked_at = str(problem), None
            tx.flush()
            claims.finish(tx, lease, next_action_at=now + times.LOOK_EVERY)
            return None
        row.tries += 1
        return _care_of(ctx, lease, account, row, token, now)


def _care_of(ctx: WorkerContext, lease: Lease, account: Account, row: Token, token: str, now: datetime) -> _Care:
    has_app = ctx.settings.app_id is not None and ctx.settings.app_secret is not None
    patient = Patient(Login(account.login), row.facts, has_app)
    which = TokenOf(row.which)
    return _Care(
        ctx,
        lease,
        account.id,
        which,
        sealed_of(account, which) or "",
        Credentials(GraphLogin(account.login), account.ig_id, token),
        patient,
        renews=row.renew_at is not None and row.renew_at <= now and patient.can_be_renewed,
        was_asked=row.asked_at is not None,
        began_at=now,
    )


def _look(care: _Care, watch: Watch) -> Seen:
    client, seen = _client(care, watch), Seen(Facts())
    try:
        seen = look.examine(client, care.patient, now=care.began_at)
        reach("care.after_look")
        if seen.is_taken and seen.trouble is None and care.renews:
            seen = look.renew(client, care.patient, seen)
            reach("care.after_renewal")
        if seen.is_taken and care.was_asked and care.which is TokenOf.ACCOUNT:
            seen = look.ask_limit(client, seen)
    except GateShut as gate:
        return look.shut(gate, seen, now=clock.now())
    return seen


def _client(care: _Care, watch: Watch) -> GraphClient:
    def hold(_endpoint: Endpoint) -> None:
        # Several calls, each of which may take its time: somebody else must not begin meanwhile.
        with care.ctx.database.transaction() as tx:
            claims.renew(tx, care.lease)

    return care.ctx.client_of(care.credentials, care.account_id, Purpose.PUBLISH, on_call=watch.hear, last_look=hold)


def _keep(tx: Session, care: _Care, seen: Seen, watch: Watch, *, now: datetime) -> None:
    account = lock_account(tx, care.account_id)
    claims.renew(tx, care.lease)  # before anything is said in its name
    row = tx.get_one(Token, care.lease.id)
    tx.refresh(row)
    if sealed_of(account, care.which) != care.sealed:  # an older release has stored another one
        begin_care(tx, account.id, care.which, now=now)
        return
    row.keep(seen.facts.over(row.facts))
    row.clock_ahead_ms = row.clock_ahead_ms if watch.ahead_ms is None else watch.ahead_ms
    if seen.limit is not None:
        _keep_limit(tx, care, seen.limit)
    if seen.refused is not None:
        next_look = _refused(tx, care, account, row, seen.refused, now)
    else:
        if seen.is_taken:
            row.examined_at, row.refused, row.told_refused = now, None, False
        next_look = _taken(tx, care, account, row, seen, now)
        if seen.trouble is not None:
            next_look = _troubled(care, row, seen, now)
    tell_ends(tx, account, row, now=now)
    if care.was_asked:
        row.asked_at = None
    tx.flush()
    claims.finish(tx, care.lease, next_action_at=now if row.asked_at is not None else next_look)


def _refused(tx: Session, care: _Care, account: Account, row: Token, reason: str, now: datetime) -> datetime:
    is_first = row.refused is None
    row.refused, row.error, row.renew_at = log.redact(reason), None, None
    row.failing_since = row.failing_since or now
    _log.warning("care.refused", account_id=account.id, which=care.which.value, reason=reason)
    tx.flush()
    if care.which is TokenOf.ACCOUNT:
        break_account(tx, account.id, token_seen=care.sealed, reason=row.refused)
        tx.refresh(account)
    elif is_first:
        # Most often the other one is refused with it, which breaks the account and is told as that.
        hasten_others(tx, row)
        return now + _SECOND_LOOK
    elif not row.told_refused and account.token_refused is None:
        row.told_refused = True
        tell_refused(tx, account, row)
    return now + times.spread(times.LOOK_EVERY, 0.75, 1.25)


def _taken(tx: Session, care: _Care, account: Account, row: Token, seen: Seen, now: datetime) -> datetime:
    """A look that has proved nothing against the token."""
    is_fresh = seen.fresh is not None and _put_in_place(tx, care, account, row, seen.fresh, now)
    patient = Patient(care.patient.login, row.facts, care.patient.has_app)
    if not patient.can_be_renewed:
        row.renew_at = None
    elif seen.is_too_young:
        row.renew_at = now + times.spread(times.OLD_ENOUGH, 1.01, 1.5)
    elif is_fresh or row.renew_at is None or row.expires_at != care.patient.facts.expires_at:
        row.renew_at = times.renewal(row.facts, since=row.renewed_at or row.stored_at, now=now)
    if seen.trouble is None:
        row.error, row.failing_since, row.tries = None, None, 0
    is_owed_more = (row.renew_at is not None and row.renew_at <= now) or (is_fresh and row.expires_at is None)
    return now if is_owed_more else times.next_look(now=now, moments=[row.renew_at, *times.moments_of(row.facts)])


def _troubled(care: _Care, row: Token, seen: Seen, now: datetime) -> datetime:
    row.error = log.redact(seen.trouble or "")
    row.failing_since = row.failing_since or now
    _log.info("care.troubled", account_id=care.account_id, which=care.which.value, tries=row.tries, error=row.error)
    wait = max(seen.wait or timedelta(0), CARE.after(row.tries))
    return times.next_look(now=now, moments=[now + wait, *times.moments_of(row.facts)])


def _keep_limit(tx: Session, care: _Care, limit: PublishingLimit) -> None:
    quota.record_reading(
        tx,
        care.account_id,
        usage=limit.quota_usage,
        total=limit.quota_total,
        duration_s=limit.quota_duration_s,
        asked_at=care.began_at,
    )


def _put_in_place(tx: Session, care: _Care, account: Account, row: Token, fresh: Fresh, now: datetime) -> bool:
    if not replace_token(tx, account, care.which, fresh.token, care.ctx.vault, made_from=care.sealed):
        return False
    facts = row.facts
    # The consent to the data is older than the token, and is not renewed with it.
    row.keep(
        Facts(
            facts.kind,
            fresh.expires_at,
            data_access_expires_at=facts.data_access_expires_at,
            scopes=fresh.permissions or facts.scopes,
        )
    )
    row.renewed_at, row.told_end = now, None
    _log.info("care.renewed", account_id=account.id, which=care.which.value, expires_at=fresh.expires_at)
    return True
