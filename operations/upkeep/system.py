"""Is everything in the database as it must be. The servers are `machine/checks.py`'s."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from models.posts.states import PostState
from models.reading.accounts.deletions import open_deletions
from models.reading.accounts.standing import accounts_of_unknown_end, ending_tokens
from models.reading.accounts.subscriptions import deaf_accounts
from models.reading.history.coverage import Lack, State, lacking
from models.reading.upkeep.health import (
    FRUITLESS_RUNS,
    answering_version,
    fruitless_harvests,
    incomplete_posts,
    never_in_time,
    posts_held_by_a_clock,
    sealed_tokens,
    stuck_media,
    troubled_accounts,
    unpublished_posts,
    unread_media,
)
from models.reading.upkeep.notices import list_endpoints
from models.reading.upkeep.workers import wrong_clocks
from models.store.partitions import missing_partitions
from models.telling.endpoint import EndpointState
from models.upkeep import invariants, seen_invariant
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import PressrunError
from pressrun.finding import Finding, Result
from pressrun.instagram.meta_app import app_secrets
from pressrun.settings import NEVER_IN_TIME


@operation("system.examine", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def examine(ctx: Context, asker: Asker, *, full: bool = False) -> list[Finding]:
    """Check tokens, accounts, posts, partitions, and everything that may never be.

    Args:
        full: look at the whole history, which takes longer each year, and not only at what has changed since it held.
    """
    checks = (
        _tokens,
        _ends,
        _clocks,
        _accounts,
        _lateness,
        _posts,
        _media,
        _lacking,
        _endpoints,
        _deletions,
        _deaf,
        _coverage,
        _fruitless,
        _answers,
        _partitions,
    )
    found = [finding for check in checks for finding in check(ctx)]
    return found + list(_invariants(ctx, full=full))


def _tokens(ctx: Context) -> Iterator[Finding]:
    try:
        vault = ctx.vault()
    except PressrunError:
        return  # told by the keys' own check
    with ctx.database.transaction() as tx:
        tokens = sealed_tokens(tx)
    broken = []
    for token in tokens:
        try:
            vault.open(token.sealed, context=token.context)
        except PressrunError as problem:
            broken.append(f"{token.account}: {problem}")
    if broken:
        advice = "add the missing key to PRESSRUN_SECRET_KEYS, or renew the tokens"
        yield Finding("tokens", Result.FAIL, "; ".join(broken), advice)
    else:
        yield Finding("tokens", Result.OK, f"all {len(tokens)} open" if tokens else "no accounts yet")


def _ends(ctx: Context) -> Iterator[Finding]:
    """Tokens near their end, before people are told so: a person may have to log in."""
    with ctx.database.transaction() as tx:
        ending = ending_tokens(tx, now=clock.now(), within=_ENDS_WITHIN)
        unknown = accounts_of_unknown_end(tx)
    if unknown and (ctx.settings.app_id is None or ctx.settings.app_secret is None):
        detail = f"not known of {_first_of(unknown)}: Facebook tells it to the app alone, and renews nothing without it"
        yield Finding("token ends", Result.NOTE, detail, "set PRESSRUN_APP_ID and PRESSRUN_APP_SECRET")
    consents = set[str]()
    for one in ending:
        if one.renews or (one.what != "token" and one.account in consents):
            continue
        if one.what != "token":  # of one person, for both tokens
            consents.add(one.account)
        whose = "the person's " if one.which == "person" and one.what == "token" else ""
        why = f"; renewing it fails: {one.error}" if one.what == "token" and one.error else ""
        detail = f"{whose}{one.what} ends on {one.ends_at:%Y-%m-%d %H:%M} UTC{why}"
        yield Finding("token end", Result.NOTE, detail, "connect the account before", subject=one.account)


def _deletions(ctx: Context) -> Iterator[Finding]:
    """What people asked of Meta to have deleted."""
    with ctx.database.transaction() as tx:
        found = open_deletions(tx)
    for one in found:
        asked = f"asked for on {one.asked_at:%Y-%m-%d}"
        if one.state == "review":
            detail = f"{asked}: no account is known to be theirs, and of some nobody knows whose they are"
            advice = "remove those that are theirs, then say that it is done"
            yield Finding("deletion to review", Result.FAIL, detail, advice, one.code)
        elif one.error is not None:
            yield Finding("deletion", Result.NOTE, f"{asked}, and waits: {one.error}", subject=one.code)


def _deaf(ctx: Context) -> Iterator[Finding]:
    """Accounts of which Instagram does not tell what it could. Without a secret none is told, as another check says."""
    if not app_secrets(ctx.settings):
        return
    with ctx.database.transaction() as tx:
        found = deaf_accounts(tx, now=clock.now())
    for one in found:
        what = f"not subscribed: {', '.join(one.lacking)}" if one.lacking else "what is subscribed could not be read"
        detail = f"{what}, since {one.since:%Y-%m-%d}" + (f": {one.error}" if one.error else "")
        yield Finding("subscription", Result.NOTE, detail, "have it looked at now", subject=one.account)


def _clocks(ctx: Context) -> Iterator[Finding]:
    """Of the services, wherever they run; this machine's own is `machine/checks.py`'s."""
    with ctx.database.transaction() as tx:
        wrong = wrong_clocks(tx)
    for one in wrong:
        off = f"{abs(one.ahead_s)} s {'ahead of' if one.ahead_s > 0 else 'behind'} the database's"
        if one.sends_nothing:
            detail = f"the clock of its machine is {off}: it sends nothing"
            yield Finding("clock of a service", Result.FAIL, detail, "set it right, and keep it so by NTP", one.process)
        else:
            detail = f"the clock of its machine is {off}"
            yield Finding("clock of a service", Result.NOTE, detail, "keep it right by NTP", one.process)


def _accounts(ctx: Context) -> Iterator[Finding]:
    with ctx.database.transaction() as tx:
        troubled = troubled_accounts(tx)
    for one in troubled:
        until = f" until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
        detail = f"{one.state}{until}: {one.reason or 'no reason given'}"
        if one.is_broken:
            yield Finding("account", Result.FAIL, detail, "renew its token", subject=one.account)
        else:
            yield Finding("account", Result.NOTE, detail, subject=one.account)


def _lateness(ctx: Context) -> Iterator[Finding]:
    """Posts that expire whatever happens, by a rule that could be set once."""
    with ctx.database.transaction() as tx:
        found = never_in_time(tx)
    for account, is_inherited, posts in found:
        whose = f"its posts, {posts} of them queued," if is_inherited else f"{posts} of its queued posts"
        detail = f"{whose} may not be a second late: {NEVER_IN_TIME}"
        advice = "allow the account some lateness, and each post that is queued"
        yield Finding("lateness", Result.FAIL, detail, advice, subject=account)


def _posts(ctx: Context) -> Iterator[Finding]:
    """What waits for a person, and what did not go out in the last week."""
    with ctx.database.transaction() as tx:
        counts, held = dict(unpublished_posts(tx)), posts_held_by_a_clock(tx)
    undecided = counts.pop(PostState.NEEDS_REVIEW.value, 0)
    if undecided:
        detail = f"{undecided} may be live or not: Instagram's answer was lost, and reading could not decide"
        yield Finding("posts to review", Result.NOTE, detail, "look at the account, and decide")
    if held:
        detail = f"{held} were not sent by a worker whose machine's clock is more than 30 s off"
        yield Finding("posts held by a clock", Result.FAIL, detail, "each post says how far; set that clock right")
    if counts:
        detail = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        yield Finding("posts not published", Result.NOTE, f"{detail} in the last 7 days", "each post says why")


def _media(ctx: Context) -> Iterator[Finding]:
    """Files on their way into the bucket or out of it that do not get on."""
    with ctx.database.transaction() as tx:
        stuck = stuck_media(tx)
    for what, count, error in stuck:
        detail = f"{count} could not be {what} it: {error}"
        yield Finding("media in the bucket", Result.NOTE, detail, "mend what keeps them; they are tried again")


def _lacking(ctx: Context) -> Iterator[Finding]:
    """Posts that are live, and of which something did not come after them."""
    with ctx.database.transaction() as tx:
        lacking, unread = dict(incomplete_posts(tx)), dict(unread_media(tx))
    if lacking:
        names = {
            "comment": "without their first comment",
            "once": "perhaps live twice",
            "permalink": "without an address",
        }
        detail = ", ".join(f"{count} {names.get(what, what)}" for what, count in sorted(lacking.items()))
        yield Finding("posts incomplete", Result.NOTE, detail, "each post says why, and what to do")
    if unread:
        detail = ", ".join(f"{count} of {account}" for account, count in sorted(unread.items()))
        said = f"media published more than a day ago of which no number was read yet: {detail}"
        yield Finding("insights not begun", Result.NOTE, said, "look at the account's harvest of media")


def _endpoints(ctx: Context) -> Iterator[Finding]:
    """Those that miss what they should hear."""
    with ctx.database.transaction() as tx:
        missing = [one for one in list_endpoints(tx) if one.missed or one.state != EndpointState.ACTIVE.value]
    for one in missing:
        missed = f"{one.missed} {'delivery' if one.missed == 1 else 'deliveries'} did not arrive"
        detail = f"{one.state}: {missed}{f': {one.state_reason}' if one.state_reason else ''}"
        yield Finding("endpoint", Result.NOTE, detail, "have them sent again once it is back", subject=one.name)


def _coverage(ctx: Context) -> Iterator[Finding]:
    """What the history lacks: of the last week, and of the account's days that can still be read."""
    with ctx.database.transaction() as tx:
        found = lacking(tx, now=clock.now())
    missed, lost = ([_told(one) for one in found if one.state == state] for state in (State.MISSED, State.LOST))
    if missed:
        advice = "run a scheduler and a worker of harvests: they read what Instagram still tells"
        yield Finding("days missed", Result.NOTE, _first_of(missed), advice)
    if lost:
        advice = "look at what the coverage says of them; nothing can bring them back"
        yield Finding("days lost", Result.NOTE, _first_of(lost), advice)


def _told(one: Lack) -> str:
    span = f"{one.first}" if one.first == one.last else f"{one.first} to {one.last}"
    return f"{one.account} {one.kind}: {one.count} ({span})"


def _first_of(told: list[str]) -> str:
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return "; ".join(told[:_MOST_TOLD]) + more


def _fruitless(ctx: Context) -> Iterator[Finding]:
    """What is asked for again and again and never answered: its history has a hole that grows."""
    with ctx.database.transaction() as tx:
        fruitless = fruitless_harvests(tx)
    for one in fruitless:
        detail = f"its last {FRUITLESS_RUNS} runs ended without a result: {one.why or 'no reason was kept'}"
        result = Result.FAIL if one.have_failed else Result.NOTE
        advice = "give what is lacking, then run it by hand; or stop asking for it"
        yield Finding("harvest", result, detail, advice, subject=f"{one.kind} of {one.account}")


def _answers(ctx: Context) -> Iterator[Finding]:
    """Which version of the API has answered lately: a wish for one that is gone is met by another."""
    asked = ctx.settings.graph_version
    with ctx.database.transaction() as tx:
        answered = answering_version(tx)
    if answered is not None and answered != asked:
        detail = f"{answered} answers, though {asked} is asked for"
        yield Finding("graph answers", Result.NOTE, detail, "set PRESSRUN_GRAPH_VERSION to a version that Meta serves")


def _partitions(ctx: Context) -> Iterator[Finding]:
    """The months of now and of a month ahead: rows must never find no place of their own."""
    with ctx.database.transaction() as tx:
        missing = missing_partitions(tx, now=clock.now(), months_ahead=1)
    if missing:
        advice = "run a scheduler: it makes them"
        yield Finding("partitions", Result.FAIL, f"missing: {', '.join(missing)}", advice)
    else:
        yield Finding("partitions", Result.OK, "there for this month and the next")


def _invariants(ctx: Context, *, full: bool) -> Iterator[Finding]:
    with ctx.database.transaction() as tx:
        seen = seen_invariant.look(tx, full=full)
    for name, lines in seen.violated.items():
        yield Finding("invariant", Result.FAIL, "; ".join(lines), _ADVICE.get(name, _REPORT), subject=name)
    if not seen.violated:
        looked_at = (
            "in all of it" if seen.since is None else f"in what has changed since {seen.since:%Y-%m-%d %H:%M} UTC"
        )
        yield Finding("invariants", Result.OK, f"all {len(invariants.INVARIANTS)} hold {looked_at}")


_MOST_TOLD = 10
_ENDS_WITHIN = timedelta(days=14)
_REPORT = "this must never happen: please report it"
_NOBODY = "are a scheduler and a worker of each queue running? If so, please report it"
_ADVICE = {"due_post_unowned": _NOBODY, "inbox_late": _NOBODY, "notice_late": _NOBODY, "connection_late": _NOBODY}
"""What an operator can cause, and end."""
