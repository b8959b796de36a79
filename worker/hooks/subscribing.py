"""The step of every subscription: read what is subscribed, and mend it where something is lacking (graph-api.md §7).

    GET    what is subscribed        enough → again next week
    tx     what is to stand in the end is written down
    POST   all of it                 refused → one field after the other, each beside those that were taken
    GET    what stands now           what is lacking, and why, is kept

One unknown name refuses all of a subscription, and a subscription may replace the one before: no field is asked for
without those that stand, unless these may be what is refused. On Facebook Login an account that cannot be subscribed
itself is subscribed through its Page.

Where somebody asks how it stands it is only read; what has gone since the last time is subscribed soon after.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from graph.answers.errors import ErrorClass, GraphError
from models.accounts.account import get_account
from models.hooks.owner import record_owner
from models.hooks.subscription import EVERY, WANTED, Subscription, Way, intend, record_failure, record_reading
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from pressrun import clock, log
from pressrun.errors import PressrunError, UsageError
from pressrun.failpoints import reach
from pressrun.instagram.meta_app import app_secrets
from pressrun.log import redact
from worker.asking import Ended, after_error, hold_account
from worker.context import WorkerContext
from worker.hooks.look import REFUSALS, Look, NotSubscribable, Reading, as_it_stands, page_of, read, read_page
from worker.obstacles import held_back

MOST_TRIES = 20
_AGAIN = timedelta(days=1)
"""Of what came to nothing: a person may have mended it."""
_SOON = timedelta(minutes=2)
"""After somebody has read that something has gone: that person is not kept waiting for it."""
_LEAST = 0.9
"""The part of a week after which it is looked at again at the soonest: not all in one hour of the week."""
_NO_SECRET = "PRESSRUN_APP_SECRET is not set, so no notification could be verified: nothing is subscribed"  # noqa: S105
_jitter = random.SystemRandom()
_log = log.get(__name__)


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One look. Raises ClaimLost once the claim has passed to someone else."""
    look = _open(ctx, lease, now=clock.now())
    if look is None:
        return
    try:
        owner_id = None if look.knows_owner else _owner_of(look)
        reading = as_it_stands(look) if look.only_reads else _mended(look)
    except PressrunError as problem:
        if isinstance(problem, claims.ClaimLost):
            raise
        _fail(look, problem, now=clock.now())
    else:
        _keep(look, reading, owner_id, now=clock.now())


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> Look | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Subscription, lease.id)
        account = get_account(tx, row.account_id)
        held = held_back(tx, ctx, account, Purpose.HARVEST, now=now)
        if held is not None or not app_secrets(ctx.settings):
            record_failure(row, held.message if held is not None else _NO_SECRET, now=now)
            row.asked_at = None
            tx.flush()
            claims.finish(tx, lease, next_action_at=held.look_at(now) if held is not None else now + _AGAIN)
            return None
        # Counted before the calls: one that kills its worker each time must not be tried for ever.
        row.tries += 1
        if row.tries > MOST_TRIES:
            row.tries, row.asked_at = 0, None
            tx.flush()
            claims.finish(tx, lease, next_action_at=now + _AGAIN)
            return None
        tx.flush()
        return Look(
            ctx,
            lease,
            account,
            Purpose.HARVEST,
            frozenset(row.intended or ()),
            row.tries,
            row.owner_read_at is not None,
            None if row.way is None else Way(row.way),
            was_asked=row.asked_at is not None,
            only_reads=row.asked_at is not None and not _is_owed_more(row, now),
        )


def _is_owed_more(row: Subscription, now: datetime) -> bool:
    """Whether reading is not enough: it was not mended for a week, or what was begun is not done."""
    is_begun = row.intended is not None or row.error is not None
    return is_begun or row.mended_at is None or row.mended_at + EVERY * _LEAST <= now


def _mended(look: Look) -> Reading:
    try:
        found = read(look)
        if found.told >= look.intended.union(WANTED):
            return found
        refused = _subscribe(look, found.told, _write_down(look, found.told))
    except GraphError as refusal:
        if refusal.error_class not in REFUSALS or not look.is_on_facebook:
            raise
        return _through_page(look, refusal)
    found = replace(read(look), refused=refused)
    if not found.told and look.is_on_facebook:
        return _through_page(look, NotSubscribable("; ".join(refused.values()) or "it stands nowhere"))
    return found


def _write_down(look: Look, found: Collection[str]) -> list[str]:
    with look.ctx.database.transaction() as tx:
        look.lease = claims.renew(tx, look.lease)
        intended = intend(tx.get_one(Subscription, look.lease.id), found)
        tx.flush()
    reach("subscription.after_intent")
    return intended


def _subscribe(look: Look, found: Collection[str], intended: Collection[str]) -> dict[str, str]:
    """Have as much of it subscribed as Instagram takes; returns what was refused, and what was said."""
    if _refusal_of(look, intended) is None:
        return {}
    new = sorted(set(intended).difference(found))
    _, refused = _one_by_one(look, sorted(found), new)
    if new and found and len(refused) == len(new):
        # It may be one of those that stand that is not taken any more.
        alone, refused = _one_by_one(look, [], new, beside=False)
        if alone:
            still, gone = _one_by_one(look, [], sorted(found), beside=False)
            refused |= gone
            if _refusal_of(look, [*still, *alone]) is not None:  # each by itself, and not together: as it was before
                _refusal_of(look, found)
    return refused


def _one_by_one(
    look: Look, stands: Iterable[str], names: Collection[str], *, beside: bool = True
) -> tuple[list[str], dict[str, str]]:
    """Which names are taken, after those that stand, and what was said of the others."""
    kept, refused = list(stands), {}
    for name in names:
        why = _refusal_of(look, [*kept, name] if beside else [name])
        if why is None:
            kept.append(name)
        else:
            refused[name] = why
    return kept, refused


def _refusal_of(look: Look, names: Collection[str]) -> str | None:
    """What Instagram says against this subscription; None when it is in force."""
    try:
        look.ask(lambda client: client.webhooks.subscribe(sorted(names)))
    except GraphError as refusal:
        if refusal.error_class not in REFUSALS:
            raise
        return redact(str(refusal))
    return None


def _through_page(look: Look, refusal: PressrunError) -> Reading:
    """Subscribe the account's Page. Any field of a Page will do: those of Instagram are chosen in the dashboard."""
    page = page_of(look)
    if page is None:
        said = f"the account cannot be subscribed by itself ({refusal}), and no Page of it is seen with its tokens"
        raise NotSubscribable(said, type="subscription.no_page")
    found = read_page(look, page)
    if found.fields is None:
        look.ask(lambda client: client.webhooks.subscribe(page_id=page.id, page_token=page.access_token))
        found = read_page(look, page)
    return found


def _owner_of(look: Look) -> str | None:
    """Who connected the account, as Meta's callbacks name them (§1.4). None: it is asked again the next time."""
    try:
        if not look.is_on_facebook:
            return look.ask(lambda client: client.users.me(("id", "user_id"))).id
        tokens = look.client.credentials.tokens
        return look.ask(lambda client: client.tokens.debug(tokens[-1])).user_id  # the person's, where there are two
    except (GraphError, UsageError) as problem:
        if isinstance(problem, GraphError) and problem.error_class is ErrorClass.AUTH:
            raise
        _log.info("subscription.owner_unknown", account_id=look.account.id, error=str(problem))
        return None


def _keep(look: Look, reading: Reading, owner_id: str | None, *, now: datetime) -> None:
    with look.ctx.database.transaction() as tx:
        lease = claims.renew(tx, look.lease)
        row = tx.get_one(Subscription, lease.id)
        lacked = set(row.lacking)
        record_reading(row, reading.fields, way=reading.way, refused=reading.refused, now=now)
        lacking = list(row.lacking)
        has_lost = look.only_reads and not lacked.issuperset(lacking)
        if owner_id is not None:
            record_owner(row, owner_id, now=now)
        following = now + _SOON if has_lost else (row.mended_at or now) + EVERY * _jitter.uniform(_LEAST, 1.0)
        if look.was_asked:
            row.asked_at = None
        elif row.asked_at is not None:  # since this look began
            following = now
        tx.flush()
        claims.finish(tx, lease, next_action_at=following)
    _log.info(
        "subscription.read", account_id=look.account.id, way=reading.way, fields=sorted(reading.told), lacking=lacking
    )


def _fail(look: Look, problem: PressrunError, *, now: datetime) -> None:
    following = after_error(problem, tries=look.tries, most=MOST_TRIES, now=now)
    with look.ctx.database.transaction() as tx:
        until = now + _AGAIN if isinstance(following, Ended) else hold_account(tx, look.account, following, now=now)
        lease = claims.renew(tx, look.lease)
        row = tx.get_one(Subscription, lease.id)
        record_failure(row, redact(str(problem) or following.reason), now=now)
        row.tries = row.tries if not isinstance(following, Ended) and following.counts else 0
        row.asked_at = None
        tx.flush()
        claims.finish(tx, lease, next_action_at=until)
    _log.warning("subscription.failed", account_id=look.account.id, error=following.reason, until=until.isoformat())
