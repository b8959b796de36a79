"""The step of every subscription: read what is subscribed, and mend it where something is lacking (graph-api.md §7).

    GET    what is subscribed        enough → again next week
    tx     what is to stand in the end is written down
    POST   all of it                 refused → one field after the other, each beside those that were taken
    GET    what stands now           what is lacking, and why, is kept

One unknown name refuses all of a subscription, and a subscription may replace the one before: no field is asked for
without those that stand, unless these may be what is refused. On Facebook Login an account that cannot be subscribed
itself is subscribed through its Page.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from graph.client import GraphClient
from graph.discovery import FacebookPage
from graph.errors import ErrorClass, GraphError
from graph.paging import Page, iterate
from graph.webhooks import Subscription as Subscribed
from models import claims
from models.account import Login, get_account
from models.claims import Lease
from models.gate import Purpose
from models.hooks.owner import record_owner
from models.hooks.subscription import EVERY, WANTED, Subscription, Way, intend, record_failure, record_reading
from pressrun import clock, log
from pressrun.errors import PressrunError, UsageError
from pressrun.failpoints import reach
from pressrun.log import redact
from pressrun.meta_app import app_ids, app_secrets
from worker.asking import Asking, Ended, after_error, hold_account
from worker.context import WorkerContext
from worker.obstacles import held_back

MOST_TRIES = 20
_AGAIN = timedelta(days=1)
"""Of what came to nothing: a person may have mended it."""
_REFUSALS = (ErrorClass.INVALID_REQUEST, ErrorClass.PERMISSION)
_NO_SECRET = "PRESSRUN_APP_SECRET is not set, so no notification could be verified: nothing is subscribed"  # noqa: S105
_jitter = random.SystemRandom()
_log = log.get(__name__)


class NotSubscribable(PressrunError):
    """Neither the account nor a Page of it can be subscribed."""


@dataclass(frozen=True)
class _Reading:
    """What stands now. `fields` None: the app hears nothing of the account."""

    fields: frozenset[str] | None
    way: Way
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> frozenset[str]:
        return self.fields or frozenset()


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One look. Raises ClaimLost once the claim has passed to someone else."""
    look = _open(ctx, lease, now=clock.now())
    if look is None:
        return
    try:
        owner_id = None if look.knows_owner else _owner_of(look)
        reading = _mended(look)
    except PressrunError as problem:
        if isinstance(problem, claims.ClaimLost):
            raise
        _fail(look, problem, now=clock.now())
    else:
        _keep(look, reading, owner_id, now=clock.now())


@dataclass
class _Look(Asking):
    intended: frozenset[str]
    """What an earlier try, that ended in between, was to restore."""
    tries: int
    knows_owner: bool

    @property
    def is_on_facebook(self) -> bool:
        return self.account.login == Login.FACEBOOK.value


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> _Look | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Subscription, lease.id)
        account = get_account(tx, row.account_id)
        held = held_back(tx, ctx, account, Purpose.HARVEST, now=now)
        if held is not None or not app_secrets(ctx.settings):
            record_failure(row, held.message if held is not None else _NO_SECRET, now=now)
            tx.flush()
            claims.finish(tx, lease, next_action_at=held.look_at(now) if held is not None else now + _AGAIN)
            return None
        # Counted before the calls: one that kills its worker each time must not be tried for ever.
        row.tries += 1
        if row.tries > MOST_TRIES:
            row.tries = 0
            tx.flush()
            claims.finish(tx, lease, next_action_at=now + _AGAIN)
            return None
        tx.flush()
        return _Look(
            ctx,
            lease,
            account,
            Purpose.HARVEST,
            frozenset(row.intended or ()),
            row.tries,
            row.owner_read_at is not None,
        )


def _mended(look: _Look) -> _Reading:
    try:
        found = _read(look)
        if found.told >= look.intended.union(WANTED):
            return found
        refused = _subscribe(look, found.told, _write_down(look, found.told))
    except GraphError as refusal:
        if refusal.error_class not in _REFUSALS or not look.is_on_facebook:
            raise
        return _through_page(look, refusal)
    found = replace(_read(look), refused=refused)
    if not found.told and look.is_on_facebook:
        return _through_page(look, NotSubscribable("; ".join(refused.values()) or "it stands nowhere"))
    return found


def _read(look: _Look) -> _Reading:
    return _Reading(_of_ours(look, look.ask(lambda client: client.webhooks.subscriptions())), Way.ACCOUNT)


def _write_down(look: _Look, found: Collection[str]) -> list[str]:
    with look.ctx.database.transaction() as tx:
        look.lease = claims.renew(tx, look.lease)
        intended = intend(tx.get_one(Subscription, look.lease.id), found)
        tx.flush()
    reach("subscription.after_intent")
    return intended


def _subscribe(look: _Look, found: Collection[str], intended: Collection[str]) -> dict[str, str]:
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
    look: _Look, stands: Iterable[str], names: Collection[str], *, beside: bool = True
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


def _refusal_of(look: _Look, names: Collection[str]) -> str | None:
    """What Instagram says against this subscription; None when it is in force."""
    try:
        look.ask(lambda client: client.webhooks.subscribe(sorted(names)))
    except GraphError as refusal:
        if refusal.error_class not in _REFUSALS:
            raise
        return redact(str(refusal))
    return None


def _through_page(look: _Look, refusal: PressrunError) -> _Reading:
    """Subscribe the account's Page. Any field of a Page will do: those of Instagram are chosen in the dashboard."""
    page = _page_of(look)
    if page is None:
        said = f"the account cannot be subscribed by itself ({refusal}), and no Page of it is seen with its tokens"
        raise NotSubscribable(said, type="subscription.no_page")
    found = _read_page(look, page)
    if found.fields is None:
        look.ask(lambda client: client.webhooks.subscribe(page_id=page.id, page_token=page.access_token))
        found = _read_page(look, page)
    return found


def _read_page(look: _Look, page: FacebookPage) -> _Reading:
    apps = look.ask(lambda client: client.webhooks.subscriptions(page_id=page.id, page_token=page.access_token))
    return _Reading(_of_ours(look, apps), Way.PAGE)


def _page_of(look: _Look) -> FacebookPage | None:
    """The Page that the account is linked to, as one of its tokens shows it."""
    refused: GraphError | None = None
    for client in _clients(look):
        pages = iterate(_pages_with(look, client))
        try:
            for page in pages:
                if page.ig_id == look.account.ig_id:
                    return page
        except GraphError as refusal:
            if refusal.error_class not in _REFUSALS:
                raise
            refused = refusal
    if refused is not None:
        _log.info("subscription.pages_refused", account_id=look.account.id, error=str(refused))
    return None


def _pages_with(look: _Look, client: GraphClient) -> Callable[[str | None], Page[FacebookPage]]:
    return lambda after: look.ask(lambda one: one.discovery.pages(after), client)


def _clients(look: _Look) -> list[GraphClient]:
    """With the account's token, and with the person's where there is another: a Page's shows no list of Pages."""
    credentials = look.client.credentials
    others = [replace(credentials, token=token, other_token=None) for token in credentials.tokens[1:]]
    return [look.client, *(look.ctx.client_of(one, look.account.id, Purpose.HARVEST) for one in others)]


def _of_ours(look: _Look, apps: Collection[Subscribed]) -> frozenset[str] | None:
    """What the app is told, of all the apps that are; None when it is none of them.

    Where the app's id is not known, what the account's own token shows is the app's.
    """
    ids = app_ids(look.ctx.settings, on_facebook=look.is_on_facebook)
    ours = [one for one in apps if not ids or one.id in ids]
    return frozenset(name for one in ours for name in one.fields) if ours else None


def _owner_of(look: _Look) -> str | None:
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


def _keep(look: _Look, reading: _Reading, owner_id: str | None, *, now: datetime) -> None:
    with look.ctx.database.transaction() as tx:
        lease = claims.renew(tx, look.lease)
        row = tx.get_one(Subscription, lease.id)
        record_reading(row, reading.fields, way=reading.way, refused=reading.refused, now=now)
        lacking = list(row.lacking)
        if owner_id is not None:
            record_owner(row, owner_id, now=now)
        tx.flush()
        # Not all in one hour of the week.
        claims.finish(tx, lease, next_action_at=now + EVERY * _jitter.uniform(0.9, 1.0))
    _log.info(
        "subscription.read", account_id=look.account.id, way=reading.way, fields=sorted(reading.told), lacking=lacking
    )


def _fail(look: _Look, problem: PressrunError, *, now: datetime) -> None:
    following = after_error(problem, tries=look.tries, most=MOST_TRIES, now=now)
    with look.ctx.database.transaction() as tx:
        until = now + _AGAIN if isinstance(following, Ended) else hold_account(tx, look.account, following, now=now)
        lease = claims.renew(tx, look.lease)
        row = tx.get_one(Subscription, lease.id)
        record_failure(row, redact(str(problem) or following.reason), now=now)
        row.tries = row.tries if not isinstance(following, Ended) and following.counts else 0
        tx.flush()
        claims.finish(tx, lease, next_action_at=until)
    _log.warning("subscription.failed", account_id=look.account.id, error=following.reason, until=until.isoformat())
