"""The checks of `pressrun doctor`. Each says what it found, and what to do about it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text

from machine import schema
from machine.runtime import Runtime, connect_broker, ping, require_rights, runtime
from models import invariants
from models.account import Account, AccountState, token_context
from models.partitions import PARTITIONED
from models.states import PostState
from pressrun import clock
from pressrun.errors import NotPossible, PressrunError, UsageError
from pressrun.redis_client import is_unverified
from pressrun.settings import Settings

OK, NOTE, FAIL = "ok", "note", "FAIL"

_OLDEST_POSTGRES = 14
_MONTH = timedelta(days=31)


@dataclass(frozen=True)
class Finding:
    """What one check found. `note`: it works, but a person may want to know."""

    check: str
    result: str
    detail: str
    advice: str | None = None

    def as_row(self) -> dict[str, str | bool | None]:
        return {
            "check": self.check,
            "ok": self.result != FAIL,
            "result": self.result,
            "detail": self.detail,
            "advice": self.advice,
        }


def examine(settings: Settings) -> list[Finding]:
    """Run all checks; one that fails does not keep the others from being made."""
    try:
        with runtime(settings, broker=True, reachable=False) as here:
            return list(_all(here))
    except UsageError:
        raise  # a bad setting ends every command alike
    except PressrunError as problem:  # an embedded server does not start
        return [Finding("servers", FAIL, str(problem), "look into the folder logs of PRESSRUN_HOME")]


def _all(here: Runtime) -> Iterator[Finding]:
    postgres = _postgres(here)
    yield postgres
    schema_found = _schema(here) if postgres.result == OK else None
    if schema_found is not None:
        yield schema_found
    yield from _broker(here)
    yield _keys(here)
    yield _media_folder(here)
    yield from _notes(here.settings)
    if schema_found is not None and schema_found.result == OK:
        for check in (_tokens, _accounts, _posts, _partitions, _invariants):
            yield from check(here)


def _postgres(here: Runtime) -> Finding:
    try:
        version = here.database.check()
        if not here.has_own_postgres:
            here.database.require_sessions()
            require_rights(here.database)
    except NotPossible as problem:
        return Finding("postgres", FAIL, str(problem), "nothing that runs for long starts like this")
    except PressrunError as problem:
        return Finding("postgres", FAIL, str(problem), "start the server, or correct PRESSRUN_DATABASE_URL")
    if int(version.split(".")[0]) < _OLDEST_POSTGRES:
        return Finding("postgres", FAIL, f"version {version}", f"version {_OLDEST_POSTGRES} or later is needed")
    return Finding("postgres", OK, f"version {version}{', embedded' if here.has_own_postgres else ''}")


def _schema(here: Runtime) -> Finding:
    status = schema.status(here.database)
    if status.is_current:
        return Finding("schema", OK, f"at revision {status.head}")
    found = f"at revision {status.current}" if status.current else "empty"
    return Finding("schema", FAIL, f"{found}, this release needs {status.head}", "run `pressrun db upgrade`")


def _broker(here: Runtime) -> Iterator[Finding]:
    try:
        version = ping(here.redis_url)
        client = connect_broker(here.redis_url)
        memory, replication = client.info("memory"), client.info("replication")
        client.close()
    except PressrunError as problem:
        advice = "start the server, or correct PRESSRUN_REDIS_URL; until then posts go out a few seconds late"
        yield Finding("redis", FAIL, str(problem), advice)
        return
    if isinstance(replication, dict) and replication.get("role") != "master":
        advice = "name the server that takes writes; until then posts go out a few seconds late"
        yield Finding("redis", FAIL, f"version {version}, a replica: it takes no hints", advice)
    else:
        yield Finding("redis", OK, f"version {version}{', embedded' if here.has_own_redis else ''}")
    if is_unverified(here.redis_url):
        advice = "take ssl_cert_reqs=none and ssl_check_hostname=false out of PRESSRUN_REDIS_URL"
        yield Finding("redis certificate", NOTE, "not checked: what is said can be read and changed on its way", advice)
    policy = memory.get("maxmemory_policy", "unknown") if isinstance(memory, dict) else "unknown"
    if policy == "noeviction":
        yield Finding("redis eviction", OK, policy)
    else:
        advice = "set maxmemory-policy noeviction: another one throws hints away"
        yield Finding("redis eviction", FAIL, policy, advice)


def _keys(here: Runtime) -> Finding:
    try:
        here.vault()
    except PressrunError as problem:
        return Finding("secret keys", FAIL, str(problem), "set PRESSRUN_SECRET_KEYS to the key that sealed the tokens")
    count = len(here.settings.secret_keys)
    return Finding("secret keys", OK, "1 key" if count == 1 else f"{count} keys, the first one seals")


def _tokens(here: Runtime) -> Iterator[Finding]:
    try:
        vault = here.vault()
    except PressrunError:
        return  # told by the keys' own check
    with here.database.transaction() as tx:
        accounts = list(tx.scalars(select(Account).order_by(Account.name)))
    broken = []
    for account in accounts:
        try:
            vault.open(account.token_sealed, context=token_context(account.id))
        except PressrunError as problem:
            broken.append(f"{account.name}: {problem}")
    if broken:
        advice = "add the missing key to PRESSRUN_SECRET_KEYS, or renew the tokens with `pressrun account add`"
        yield Finding("tokens", FAIL, "; ".join(broken), advice)
    else:
        yield Finding("tokens", OK, f"all {len(accounts)} open" if accounts else "no accounts yet")


def _accounts(here: Runtime) -> Iterator[Finding]:
    with here.database.transaction() as tx:
        query = select(Account).where(Account.state != AccountState.ACTIVE.value).order_by(Account.name)
        for account in tx.scalars(query):
            detail = f"{account.state}: {account.state_reason or 'no reason given'}"
            is_broken = account.state == AccountState.BROKEN.value
            advice = "renew its token with `pressrun account add`" if is_broken else None
            yield Finding(f"account {account.name}", FAIL if is_broken else NOTE, detail, advice)


def _partitions(here: Runtime) -> Iterator[Finding]:
    """The months of now and of a month ahead: rows must never find no place of their own."""
    now = clock.now()
    with here.database.transaction() as tx:
        missing = [name for name in _needed(now) if tx.execute(_EXISTS, {"name": name}).scalar_one() is None]
    advice = "run a scheduler, or `pressrun db upgrade`: both make them" if missing else None
    detail = f"missing: {', '.join(missing)}" if missing else "there for this month and the next"
    yield Finding("partitions", FAIL if missing else OK, detail, advice)


_EXISTS = text("SELECT to_regclass(:name)")


def _needed(now: datetime) -> list[str]:
    following = now.replace(day=1) + _MONTH
    return [f"{table}_{month:%Y_%m}" for table in PARTITIONED for month in (now, following)]


def _invariants(here: Runtime) -> Iterator[Finding]:
    with here.database.transaction() as tx:
        violated = invariants.run_all(tx)
    for name, lines in violated.items():
        yield Finding(f"invariant {name}", FAIL, "; ".join(lines), _ADVICE.get(name, _REPORT))
    if not violated:
        yield Finding("invariants", OK, f"all {len(invariants.INVARIANTS)} hold")


_REPORT = "this must never happen: please report it"
_NOBODY = "is `pressrun up`, or a scheduler and a worker of each queue, running? If so, please report it"
_ADVICE = {"due_post_unowned": _NOBODY, "inbox_late": _NOBODY}
"""What an operator can cause, and end."""


def _posts(here: Runtime) -> Iterator[Finding]:
    """What waits for a person, and what did not go out in the last week."""
    with here.database.transaction() as tx:
        counts: dict[str, int] = {row.state: row.posts for row in tx.execute(_UNPUBLISHED)}
    undecided = counts.pop(PostState.NEEDS_REVIEW.value, 0)
    if undecided:
        detail = f"{undecided} may be live or not: Instagram's answer was lost, and reading could not decide"
        advice = (
            "look at the account, then `pressrun post resolve`; `pressrun post list --state needs_review` names them"
        )
        yield Finding("posts to review", NOTE, detail, advice)
    if counts:
        detail = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        advice = f"`pressrun post list --state {min(counts)}` names them, `pressrun post show` says why"
        yield Finding("posts not published", NOTE, f"{detail} in the last 7 days", advice)


_UNPUBLISHED = text("""
    SELECT state, count(*) AS posts FROM posts
     WHERE state = 'needs_review' OR (state IN ('failed', 'expired') AND publish_at > now() - interval '7 days')
     GROUP BY state
""")


def _media_folder(here: Runtime) -> Finding:
    folder = here.settings.home / "media"
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            free_gib = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize / 2**30
    except OSError as problem:
        return Finding("media folder", FAIL, f"{folder}: {problem.strerror}", "make it writable for this user")
    return Finding("media folder", OK, f"{folder}, {free_gib:.1f} GiB free")


def _notes(settings: Settings) -> Iterator[Finding]:
    if not settings.offers_local_media:
        yield Finding(
            "public address",
            NOTE,
            "not set: only media with public URLs can be published",
            "set PRESSRUN_PUBLIC_URL to the console's address as seen from outside",
        )
    missing = [
        name
        for name, value in (
            ("PRESSRUN_APP_SECRET", settings.app_secret),
            ("PRESSRUN_WEBHOOK_VERIFY_TOKEN", settings.webhook_verify_token),
        )
        if value is None
    ]
    if missing:
        yield Finding("webhooks", NOTE, f"{' and '.join(missing)} not set: mentions cannot be received")
