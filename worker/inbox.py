"""Webhook events → effects: comments seen, mentions announced and read, stories' last numbers.

An event is marked handled in the transaction that keeps its effects. What nobody handles is kept and marked so. A
mention is on record before it is read: Instagram announces it once, and reading it may fail for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from graph.answers.errors import GraphError, NotOnThisLogin
from models.accounts.account import Account, AccountState, Login, break_account
from models.accounts.account_name import names_of
from models.history.comment import SeenComment, see_comments
from models.history.media import MediaReading, SeenMedia, is_own, see_media, store_readings
from models.history.mention import MentionState, announce_comment, announce_mention, record_reading, record_unreadable
from models.hooks.inbox import InboxEvent
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.store import sparing
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.log import redact
from pressrun.vault import SecretUnreadable
from worker.backoff import PATIENT
from worker.context import GateShut, WorkerContext
from worker.harvests.answers.notices import (
    MentionNotice,
    is_surely_own,
    names_account,
    read_comment,
    read_mention,
    read_story_report,
)
from worker.harvests.kinds.mentions import MentionFacts, read_facts
from worker.obstacles import LOOK_AGAIN, held_back
from worker.outcomes import BACKGROUND, Verdict, retry_wait, wait_of

MOST_TRIES = 20
"""Of what fails in passing; with an hour between the last ones, an outage of half a day costs no mention."""
MOST_REFUSALS = 4
"""Of what Instagram refuses: fresh media are known to be refused for minutes (graph-api.md §3.2)."""

_log = log.get(__name__)


@dataclass
class Handling:
    """One event at work."""

    ctx: WorkerContext
    lease: Lease
    event: InboxEvent
    account: Account

    @property
    def announced_at(self) -> datetime:
        return self.event.sent_at or self.event.received_at


Effect = Callable[[Session], str | None]
"""Keeps what an event says; returns a note if there is something to remark."""


class _Later(PressrunError):
    """The event waits."""

    def __init__(self, until: datetime, reason: str, *, counts: bool = False) -> None:
        self.until, self.counts = until, counts
        super().__init__(reason)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Handle one event. Raises ClaimLost once the claim has passed to someone else."""
    handling = _open(ctx, lease, now=clock.now())
    if handling is not None:
        _handle(handling)


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> Handling | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        event = tx.get_one(InboxEvent, lease.id)
        if event.handled_at is not None:
            claims.finish(tx, lease, next_action_at=None)
            return None
        # An account that was added since the event came may claim it.
        account = tx.scalar(select(Account).where((Account.id == event.account_id) | (Account.ig_id == event.entry_id)))
        if account is None:
            _close(tx, lease, event, now=now, note=f"no account has the Instagram id {event.entry_id!r}")
            return None
        event.account_id = account.id
        if account.state == AccountState.REMOVED.value:
            _close(tx, lease, event, now=now, note=f"kept: account {account.name} was removed")
            return None
        if event.tries >= MOST_TRIES:
            event.error = event.error or f"{MOST_TRIES} tries ended without a result"
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
            return None
        # Counted before the work: an event that kills its worker each time must not do so for ever.
        event.tries += 1
        return Handling(ctx, lease, event, account)


def _handle(handling: Handling) -> None:
    try:
        effect = HANDLERS.get(handling.event.field, _keep)(handling)
    except _Later as later:
        _postpone(handling, later)
        return
    try:
        note = _conclude(handling, effect)
    except DBAPIError as problem:
        if not sparing.is_refusal(problem):
            raise
        # Tried again, it would be refused again: it ends here, and stays as it came.
        refusal = f"kept: Postgres refuses what it says: {sparing.reason(problem)}"
        note = _conclude(handling, lambda _tx: refusal)
    _log.info("inbox.handled", event_id=handling.lease.id, field=handling.event.field, note=note)


def _conclude(handling: Handling, effect: Effect) -> str | None:
    """Keep the effect, and mark the event as handled, in one transaction."""
    with handling.ctx.database.transaction() as tx:
        claims.renew(tx, handling.lease)
        note = effect(tx)
        event = tx.get_one(InboxEvent, handling.lease.id)
        _close(tx, handling.lease, event, now=clock.now(), note=note)
    return note


def _close(tx: Session, lease: Lease, event: InboxEvent, *, now: datetime, note: str | None) -> None:
    event.handled_at, event.error = now, redact(note) if note else None
    tx.flush()
    claims.finish(tx, lease, next_action_at=None)


def _postpone(handling: Handling, later: _Later) -> None:
    with handling.ctx.database.transaction() as tx:
        claims.renew(tx, handling.lease)
        event = tx.get_one(InboxEvent, handling.lease.id)
        event.error = redact(str(later))
        event.tries -= 0 if later.counts else 1
        tx.flush()
        claims.finish(tx, handling.lease, next_action_at=later.until)
    _log.info("inbox.postponed", event_id=handling.lease.id, until=later.until.isoformat(), reason=str(later))


def _keep(handling: Handling) -> Effect:
    field = handling.event.field
    return lambda _tx: f"kept: nothing is done about the field {field!r}"


def _unreadable(_tx: Session) -> str:
    return "kept: the value does not have the form that Instagram documents"


def _comment(handling: Handling) -> Effect:
    seen = read_comment(handling.event.value)
    if seen is None:
        return _unreadable
    account, event = handling.account, handling.event
    # Instagram Login has no field for mentions: a mention in a comment arrives as a comment (graph-api.md §7).
    may_mention = account.login == Login.INSTAGRAM.value

    def keep(tx: Session) -> None:
        is_mention = may_mention and names_account(seen.text, names_of(tx, account.id))
        if is_mention:
            announce_comment(tx, account.id, seen, announced_at=handling.announced_at)
        # Otherwise it may stand on a media of somebody else. If it is one of ours after all, its list shows it.
        if not is_mention or _is_on_own_media(tx, account.id, seen, event.field):
            see_comments(tx, account.id, [seen], now=event.received_at, are_shown=False)

    return keep


def _is_on_own_media(tx: Session, account_id: int, comment: SeenComment, field: str) -> bool:
    if comment.ig_media_id is None or field == "live_comments" or is_surely_own(comment.extra):
        return True
    return is_own(tx, account_id, comment.ig_media_id)


def _story_insights(handling: Handling) -> Effect:
    report = read_story_report(handling.event.value)
    if report is None:
        return _unreadable
    account_id, read_at = handling.account.id, handling.event.received_at

    def keep(tx: Session) -> str | None:
        ids = see_media(tx, account_id, [SeenMedia(report.media_id, media_product_type="STORY")], now=read_at)
        left_out = f"kept: {', '.join(report.odd)} cannot be a count" if report.odd else None
        if not report.metrics and not report.extra:
            return left_out or "kept: every count is below five, which is unknown"
        store_readings(tx, [MediaReading(ids[report.media_id], read_at, report.metrics, report.extra)], run_id=None)
        return left_out

    return keep


def _mention(handling: Handling) -> Effect:
    notice = read_mention(handling.event.value)
    if notice is None:
        return _unreadable
    now = clock.now()
    with handling.ctx.database.transaction() as tx:
        handling.lease = claims.renew(tx, handling.lease)
        mention = announce_mention(
            tx,
            handling.account.id,
            ig_media_id=notice.media_id,
            ig_comment_id=notice.comment_id,
            announced_at=handling.announced_at,
        )
        held = held_back(tx, handling.ctx, handling.account, Purpose.HARVEST, now=now)
    if mention.state == MentionState.READ.value:
        return lambda _tx: None
    if held is not None:
        raise _Later(held.look_at(now), held.message)
    return _read_mention(handling, notice, mention.id)


def _read_mention(handling: Handling, notice: MentionNotice, mention_id: int) -> Effect:
    now = clock.now()
    if handling.ctx.stopping.is_set():
        raise _Later(now, "the worker is stopping")
    try:
        facts = read_facts(handling.ctx.client(handling.account, Purpose.HARVEST), notice)
    except NotOnThisLogin as refusal:
        return _refused(mention_id, str(refusal))
    except GateShut as shut:
        raise _Later(shut.until, shut.reason) from None
    except SecretUnreadable as problem:
        raise _Later(now + LOOK_AGAIN, str(problem)) from None
    except GraphError as error:
        return _after_error(handling, mention_id, error)
    reach("inbox.after_read")
    return _record(mention_id, facts, now)


def _record(mention_id: int, facts: MentionFacts, read_at: datetime) -> Effect:
    def keep(tx: Session) -> None:
        record_reading(
            tx,
            mention_id,
            username=facts.username,
            text_=facts.text,
            media_url=facts.media_url,
            mentioned_at=facts.mentioned_at,
            extra=facts.extra,
            now=read_at,
        )

    return keep


def _refused(mention_id: int, reason: str) -> Effect:
    def keep(tx: Session) -> str:
        record_unreadable(tx, mention_id, error=redact(reason))
        return reason

    return keep


def _after_error(handling: Handling, mention_id: int, error: GraphError) -> Effect:
    """Wait, or end with what Instagram said."""
    now, tries = clock.now(), handling.event.tries
    rule = BACKGROUND[error.error_class]
    if rule.verdict is Verdict.BREAK_ACCOUNT:
        with handling.ctx.database.transaction() as tx:
            account = handling.account
            is_broken = break_account(tx, account.id, token_seen=account.token_sealed, reason=str(error))
        raise _Later(now + rule.wait if is_broken else now, str(error))
    if rule.verdict is Verdict.WAIT:
        raise _Later(now + wait_of(error, rule), str(error))
    if tries < (MOST_TRIES if rule.verdict is Verdict.RETRY else MOST_REFUSALS):
        raise _Later(now + retry_wait(error, PATIENT, tries), str(error), counts=True)
    return _refused(mention_id, str(error))


HANDLERS: Mapping[str, Callable[[Handling], Effect]] = {
    "comments": _comment,
    "live_comments": _comment,
    "mentions": _mention,
    "story_insights": _story_insights,
}
