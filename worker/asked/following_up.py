"""The step of every follow-up: one read of the media's edge, what is new of it written down, and when to look again.

Neither says anything about whether the post is live, and nothing here changes its state: an acceptance is an event of
its timeline, the tally of a poll a row of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from graph.accounts.users import Profile
from graph.answers.errors import GraphError
from graph.publishing.add_ons import Poll
from models.accounts.account import get_account
from models.asked.follow_up import FollowUp, FollowUpKind, next_look
from models.asked.poll import store_tally
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.posts.event import Cause
from models.posts.post import get_post
from models.publishing import outcome
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.log import redact
from worker.asking import Asking, Ended, after_error, hold_account
from worker.context import WorkerContext
from worker.obstacles import held_back

MOST_TRIES = 6
ACCEPTED, DECLINED, PENDING = "accepted", "declined", "pending"
_STATUS = "invite_status"
_log = log.get(__name__)


@dataclass
class _FollowingUp(Asking):
    kind: FollowUpKind
    media_id: str
    post_id: int
    published_at: datetime
    tries: int


@dataclass(frozen=True)
class _Found:
    """What was read. `keep` stores it; it returns whether all is known by now."""

    keep: Callable[[Session, FollowUp], bool]
    ends_at: datetime | None = None


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One look. Raises ClaimLost when the row has passed to someone else."""
    following = _open(ctx, lease, now=clock.now())
    if following is None:
        return
    try:
        found = KINDS[following.kind](following)
    except claims.ClaimLost:
        raise
    except PressrunError as problem:
        _after_error(following, problem, now=clock.now())
    else:
        _keep(following, found, now=clock.now())


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> _FollowingUp | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(FollowUp, lease.id)
        account = get_account(tx, row.account_id)
        held = held_back(tx, ctx, account, Purpose.HARVEST, now=now)
        if held is not None:
            claims.finish(tx, lease, next_action_at=held.look_at(now))
            return None
        # Counted before the call: one that kills its worker each time must not be tried for ever.
        row.tries += 1
        tx.flush()
        kind = FollowUpKind(row.kind)
        return _FollowingUp(
            ctx, lease, account, Purpose.HARVEST, kind, row.media_id, row.post_id, row.published_at, row.tries
        )


def _collaborators(following: _FollowingUp) -> _Found:
    profiles = following.ask(lambda client: client.media.collaborators(following.media_id))

    def keep(tx: Session, row: FollowUp) -> bool:
        return _tell_answers(tx, row, profiles)

    return _Found(keep)


def _tell_answers(tx: Session, row: FollowUp, profiles: Sequence[Profile]) -> bool:
    """An event for each answer that is new; whether all have answered."""
    post = get_post(tx, row.post_id)
    invited = list(post.params.get("collaborators", ()))
    said = {(one.username or "").lower(): _answer_of(one) for one in profiles}
    seen = {str(place): said.get(str(name).lower(), PENDING) for place, name in enumerate(invited)}
    for place, name in enumerate(invited):
        now, before = seen[str(place)], row.seen.get(str(place), PENDING)
        if now not in (before, PENDING):
            words = f"@{name} has {now} the invitation to be a co-author"
            outcome.tell(tx, post, Cause(f"collaborator.{now}", words, detail={"media_id": row.media_id}))
    row.seen = seen
    return all(one != PENDING for one in seen.values())


def _answer_of(profile: Profile) -> str:
    """The contract has no word for how an invitation stands: some answers tell a status, else who is listed is in."""
    status = str(profile.extra.get(_STATUS) or ACCEPTED).strip().lower()
    return status if status in (ACCEPTED, DECLINED) else PENDING


def _poll(following: _FollowingUp) -> _Found:
    read_at = clock.now()
    poll = following.ask(lambda client: client.add_ons.poll(following.media_id))

    def keep(tx: Session, row: FollowUp) -> bool:
        if poll is not None:  # a fresh media may not show it yet
            _store(tx, row, poll, read_at)
        return False

    return _Found(keep, None if poll is None else poll.expires_at)


def _store(tx: Session, row: FollowUp, poll: Poll, read_at: datetime) -> None:
    store_tally(
        tx,
        row.account_id,
        row.media_id,
        [{"text": one.text, "votes_share": one.votes_share} for one in poll.options],
        captured_at=read_at,
        expires_at=poll.expires_at,
        extra=poll.extra,
    )


KINDS: Mapping[FollowUpKind, Callable[[_FollowingUp], _Found]] = {
    FollowUpKind.COLLABORATORS: _collaborators,
    FollowUpKind.POLL: _poll,
}


def _keep(following: _FollowingUp, found: _Found, *, now: datetime) -> None:
    with following.ctx.database.transaction() as tx:
        lease = claims.renew(tx, following.lease)
        row = tx.get_one(FollowUp, lease.id)
        is_over = found.keep(tx, row)
        row.error, row.tries, row.checked_at = None, 0, now
        next_at = None if is_over else next_look(following.kind, row.published_at, now=now, ends_at=found.ends_at)
        if next_at is None:
            _end(tx, row, now=now)
        tx.flush()
        claims.finish(tx, lease, next_action_at=next_at)
    _log.info("follow_up.read", post_id=following.post_id, kind=following.kind, is_over=next_at is None)


def _end(tx: Session, row: FollowUp, *, now: datetime) -> None:
    """It is looked at no more: who has not answered by then is told."""
    row.ended_at = now
    waiting = [place for place, said in row.seen.items() if said == PENDING]
    if row.kind != FollowUpKind.COLLABORATORS.value or not waiting:
        return
    post = get_post(tx, row.post_id)
    names = [f"@{post.params['collaborators'][int(place)]}" for place in waiting]
    words = f"{', '.join(names)} did not answer the invitation to be a co-author: it is looked at no more"
    outcome.tell(tx, post, Cause("collaborator.unanswered", words, detail={"media_id": row.media_id}))


def _after_error(following: _FollowingUp, problem: PressrunError, *, now: datetime) -> None:
    """What passes is tried again; what Instagram refuses is looked at with the next age."""
    then = after_error(problem, tries=following.tries, most=MOST_TRIES, now=now)
    with following.ctx.database.transaction() as tx:
        until = None if isinstance(then, Ended) else hold_account(tx, following.account, then, now=now)
        lease = claims.renew(tx, following.lease)
        row = tx.get_one(FollowUp, lease.id)
        row.error = redact(str(problem) or then.reason)
        if isinstance(then, Ended):
            row.tries = 0
            until = next_look(following.kind, row.published_at, now=now)
            row.ended_at = now if until is None else None
        elif not then.counts:
            row.tries -= 1
        tx.flush()
        claims.finish(tx, lease, next_action_at=until)
    code = problem.code if isinstance(problem, GraphError) else None
    _log.info("follow_up.not_read", post_id=following.post_id, kind=following.kind, code=code, error=str(problem))
