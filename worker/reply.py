"""The step of every reply to a mention: write the intent down, call once, write down what became of it.

    tx 1   claim held, reply `sending`
    call   POST /mentions, once, within the lease
    tx 2   reply `sent`, `failed`, queued again, or `unknown`

A crash after tx 1 must read as "perhaps sent": a reply that is found `sending` is reconciled by reading. Instagram
shows the comments of the account's own media only; whether a reply below a stranger's media stands nobody can read
(graph-api.md §5.3, §7), and a person has to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from graph.client import GraphClient
from graph.comments import Comment as GraphComment
from graph.errors import ErrorClass, GraphError
from graph.paging import Page
from models import claims
from models.account import Account, break_account, get_account
from models.claims import ClaimLost, Lease
from models.comment import Comment
from models.gate import Purpose
from models.media import Media
from models.mention import Mention
from models.reply import Reply, ReplyState, change, record_sent, result_ids
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from pressrun.log import redact
from worker.backoff import PATIENT
from worker.context import GateShut, WorkerContext
from worker.obstacles import HeldBack, Obstacle, held_back
from worker.outcomes import BACKGROUND, Verdict, block, retry_wait, wait_of
from worker.publishing.loaded import durably

MOST_SENDS = 3
MOST_TRIES = 20
"""Of what fails in passing before anything has left."""
SETTLE = timedelta(minutes=5)
"""A reply that stands must be listed by then; longer than a lease and a call together."""
READS = 2
READ_APART = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(hours=24)
_READ_AGAIN = timedelta(seconds=20)
_HALTED = timedelta(seconds=1)
_CLOCKS_APART = timedelta(minutes=2)
"""How far Instagram's clock may lie behind ours."""
_MOST_PAGES = 4

S = ReplyState
_log = log.get(__name__)


@dataclass
class Sending:
    """One reply at work; the rows are detached and only read."""

    ctx: WorkerContext
    lease: Lease
    reply: Reply
    mention: Mention
    account: Account
    is_ours: bool
    """The mention stands below media of the account itself, whose comments can be read."""

    def client(self) -> GraphClient:
        return self.ctx.client(self.account, Purpose.PUBLISH)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One step of a reply. Raises ClaimLost once the claim has passed to someone else."""
    sending = _open(ctx, lease, now=clock.now())
    if sending is None:
        return
    if sending.reply.state == S.QUEUED.value:
        _send(sending)
    else:
        _reconcile(sending)


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> Sending | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        reply = tx.get_one(Reply, lease.id)
        account = get_account(tx, reply.account_id)
        if reply.state not in {S.QUEUED.value, S.SENDING.value, S.UNKNOWN.value}:
            claims.finish(tx, lease, next_action_at=None)
            return None
        held = held_back(tx, ctx, account, Purpose.PUBLISH, now=now)
        # A gate keeps a reply from being sent; whether one stands may need no call to be told.
        if held is not None and (held.stops_looking or reply.state == S.QUEUED.value):
            _wait(tx, lease, reply, held, now)
            return None
        mention = tx.get_one(Mention, reply.mention_id)
        return Sending(ctx, lease, reply, mention, account, _is_ours(tx, mention))


def _wait(tx: Session, lease: Lease, reply: Reply, held: HeldBack, now: datetime) -> None:
    if held.obstacle is Obstacle.THROTTLED:
        reply.error = redact(held.message)  # an account's own state is told where the account is
        tx.flush()
    claims.finish(tx, lease, next_action_at=held.look_at(now))


def _is_ours(tx: Session, mention: Mention) -> bool:
    """Own media are listed, and only their comments are announced as comments."""
    media = exists().where(Media.account_id == mention.account_id, Media.ig_id == mention.ig_media_id)
    comment = exists().where(Comment.account_id == mention.account_id, Comment.ig_id == mention.ig_comment_id)
    return bool(tx.scalar(select(media | comment)))


def _send(sending: Sending) -> None:
    reply, mention = sending.reply, sending.mention
    if reply.sends >= MOST_SENDS or reply.tries >= MOST_TRIES:
        _settle(sending, S.FAILED, error=reply.error or "it could not be sent", settled_by="answer")
        return
    if sending.ctx.stopping.is_set():
        _settle(sending, S.QUEUED, next_action_at=clock.now())
        return
    with sending.ctx.database.transaction() as tx:
        sending.lease = claims.renew(tx, sending.lease)
        now = clock.now()
        values = {"intent_at": now, "sends": reply.sends + 1, "tries": reply.tries + 1, "reads": 0}
        if not change(tx, reply.id, from_=S.QUEUED, to=S.SENDING, claim=sending.lease.claim, **values):
            raise ClaimLost(f"reply {reply.id} is no longer queued")
    _now_sending(sending, now)
    reach("reply.after_intent")
    if not sending.ctx.may_call(sending.lease):
        _not_sent(sending, "its worker was held up, or stops", now + _HALTED)
        return
    deadline_s = sending.ctx.settings.call_deadline.total_seconds()
    try:
        comment_id = sending.client().mentions.create(
            mention.ig_media_id, reply.text, mention.ig_comment_id or None, deadline_s=deadline_s
        )
    except GateShut as shut:
        _not_sent(sending, shut.reason, shut.until)
    except GraphError as error:
        _after_error(sending, error)
    except PressrunError as problem:  # the client or the vault refused: nothing has left
        _settle(sending, S.FAILED, error=str(problem), settled_by="answer")
    else:
        reach("reply.after_response")
        _sent(sending, comment_id, now)
        reach("reply.after_record")


def _sent(sending: Sending, comment_id: str, intent_at: datetime) -> None:
    """Not fenced by the claim: it cannot be asked for again, and it is true whoever holds the row by now."""

    def store(tx: Session) -> None:
        record_sent(tx, sending.reply.id, comment_id, intent_at=intent_at, now=clock.now())

    durably(sending.ctx, sending.lease, store)
    _log.info("reply.sent", reply_id=sending.reply.id)


def _now_sending(sending: Sending, now: datetime) -> None:
    """The detached row, as tx 1 has left it."""
    reply = sending.reply
    reply.state, reply.intent_at, reply.reads = S.SENDING.value, now, 0
    reply.sends, reply.tries = reply.sends + 1, reply.tries + 1


def _after_error(sending: Sending, error: GraphError) -> None:
    now = clock.now()
    held_until: datetime | None = None
    if error.error_class is ErrorClass.BLOCKED:
        with sending.ctx.database.transaction() as tx:
            held_until = block(tx, sending.account.id, error, now=now)
    if not error.definite:
        _settle(sending, S.UNKNOWN, error=str(error), next_action_at=now + _READ_AGAIN)
        return
    rule, tries = BACKGROUND[error.error_class], sending.reply.tries
    match rule.verdict:
        case Verdict.BREAK_ACCOUNT:
            with sending.ctx.database.transaction() as tx:
                account = sending.account
                is_broken = break_account(tx, account.id, token_seen=account.token_sealed, reason=error.advice)
            _not_sent(sending, str(error), now + rule.wait if is_broken else now)
        case Verdict.WAIT:
            _not_sent(sending, str(error), held_until or now + wait_of(error, rule))
        case Verdict.RETRY if tries < MOST_TRIES:
            _not_sent(sending, str(error), now + retry_wait(error, PATIENT, tries), counts=True)
        case _:
            _settle(sending, S.FAILED, error=str(error), settled_by="answer")


def _not_sent(sending: Sending, reason: str, until: datetime, *, counts: bool = False) -> None:
    """Nothing has happened, provably: it is sent later. `counts`: it was one of a bounded number of tries."""
    reply = sending.reply
    tries = reply.tries if counts else reply.tries - 1
    _settle(sending, S.QUEUED, error=reason, next_action_at=until, sends=reply.sends - 1, tries=tries)


def _reconcile(sending: Sending) -> None:
    """What became of a call whose answer is not known."""
    reply, now = sending.reply, clock.now()
    assert reply.intent_at is not None  # noqa: S101 - there is no sending without an intent
    age = now - reply.intent_at
    if not sending.is_ours:
        _review(sending, "Instagram does not show comments below media of others")
        return
    try:
        found = _standing(sending)
    except GateShut as shut:
        _settle(sending, S.UNKNOWN, next_action_at=shut.until)
        return
    except GraphError as error:
        if age > GIVE_UP_AFTER:
            _review(sending, f"the comments could not be read for a day: {error}")
        else:
            wait = min(age, timedelta(minutes=15)) + _READ_AGAIN
            _settle(sending, S.UNKNOWN, error=str(error), next_action_at=now + wait)
        return
    if len(found) > 1:
        _review(sending, "several comments of the account say the same")
    elif found:
        _settle(sending, S.SENT, comment_id=found[0], error=None, settled_by="reading")
    elif age <= SETTLE:
        _settle(sending, S.UNKNOWN, next_action_at=now + _READ_AGAIN)
    elif reply.reads + 1 < READS:
        _settle(sending, S.UNKNOWN, reads=reply.reads + 1, next_action_at=now + READ_APART)
    else:
        _settle(sending, S.QUEUED, error="it did not stand and is sent again", next_action_at=now)


def _standing(sending: Sending) -> list[str]:
    """Comments of the account with this text, written since the intent, that are not known as another reply."""
    comments, mention = sending.client().comments, sending.mention
    ask: Callable[[str | None], Page[GraphComment]]
    if mention.ig_comment_id:
        ask = partial(comments.replies, mention.ig_comment_id)
    else:
        ask = partial(comments.page, mention.ig_media_id)
    with sending.ctx.database.transaction() as tx:
        known = result_ids(tx, sending.account.id)
    found: list[str] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = ask(after)
        found += [one.id for one in page.items if one.id not in known and _may_be_it(sending, one)]
        if not page.has_next or page.after == after:
            break
        after = page.after
    return found


def _may_be_it(sending: Sending, comment: GraphComment) -> bool:
    """Our text, not somebody else's, not older; what the listing does not say excludes nothing."""
    ours, intent_at = sending.account.username, sending.reply.intent_at
    assert intent_at is not None  # noqa: S101 - as above
    return (
        (comment.text or "").strip() == sending.reply.text.strip()
        and (comment.username is None or ours is None or comment.username == ours)
        and (comment.timestamp is None or comment.timestamp >= intent_at - _CLOCKS_APART)
    )


def _review(sending: Sending, why: str) -> None:
    told = f"whether the reply stands cannot be told: {why}. Look at it on Instagram, then say whether it does"
    _settle(sending, S.NEEDS_REVIEW, error=told)


def _settle(
    sending: Sending,
    state: ReplyState,
    *,
    next_action_at: datetime | None = None,
    settled_by: str | None = None,
    **values: object,
) -> None:
    """Write down what became of it and end the claim, in one transaction."""
    reply = sending.reply
    if settled_by is not None:
        values |= {"settled_by": settled_by, "settled_at": clock.now()}
    if isinstance(values.get("error"), str):
        values["error"] = redact(str(values["error"]))
    with sending.ctx.database.transaction() as tx:
        sending.lease = claims.renew(tx, sending.lease)
        from_ = ReplyState(reply.state)
        if not change(tx, reply.id, from_=from_, to=state, claim=sending.lease.claim, **values):
            raise ClaimLost(f"reply {reply.id} is no longer {from_}")
        claims.finish(tx, sending.lease, next_action_at=next_action_at)
    _log.info("reply.step", reply_id=reply.id, state=state.value)
