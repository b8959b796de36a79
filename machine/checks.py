"""Are the servers, the schema, the keys and the folders of this machine as they must be? The rows are checked by
`operations/upkeep/system.py`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from typing import Any

from machine import schema
from machine.rehearsing import rehearse_routes
from machine.runtime import Runtime, connect_broker, ping, require_fit
from models.store import server_clock
from models.store.fitness import told_read_only
from models.store.server_clock import Distance
from pressrun import clock
from pressrun.embedded.home import KeyLost
from pressrun.errors import NotPossible, PressrunError
from pressrun.finding import Finding, Result
from pressrun.instagram.graph_versions import ends_within, expires_on, is_expired, parse_version
from pressrun.media.routes import TWO_WAYS, Ways
from pressrun.network.redis_client import is_unverified, refusal_of_hints, told
from pressrun.settings import Settings

_OLDEST_POSTGRES = 14
_WARN_DAYS = 90
_SET_KEYS = "set PRESSRUN_SECRET_KEYS to the key that sealed the tokens"


def check_machine(here: Runtime) -> list[Finding]:
    """One finding or more for each check; one that fails does not keep the others from being made."""
    return list(_all(here))


def have_readable_rows(found: list[Finding]) -> bool:
    """Whether these findings let the rows be checked too: a database that answers, at this release's schema."""
    return any(one.check == "schema" and one.result is Result.OK for one in found)


def not_started(problem: PressrunError) -> Finding:
    """What kept all other checks from being made: a key that is gone, or an embedded server that does not start."""
    if isinstance(problem, KeyLost):
        return Finding("secret keys", Result.FAIL, str(problem), _SET_KEYS)
    return Finding("servers", Result.FAIL, str(problem), "look into the folder logs of PRESSRUN_HOME")


def _all(here: Runtime) -> Iterator[Finding]:
    postgres = _postgres(here)
    yield postgres
    if postgres.result is Result.OK:
        yield _schema(here)
        yield _clock(here)
    yield from _broker(here)
    yield graph_version(here.settings, on=clock.now().date())
    yield _keys(here)
    yield _media_folder(here)
    yield from rehearse_routes(here.settings)
    yield from _notes(here.settings)


def _postgres(here: Runtime) -> Finding:
    try:
        with told_read_only(here.database):
            version = here.database.check()
        require_fit(here.database, is_own=here.has_own_postgres)
    except NotPossible as problem:
        return Finding("postgres", Result.FAIL, str(problem), "nothing that runs for long starts like this")
    except PressrunError as problem:
        return Finding("postgres", Result.FAIL, str(problem), "start the server, or correct PRESSRUN_DATABASE_URL")
    if int(version.split(".")[0]) < _OLDEST_POSTGRES:
        return Finding("postgres", Result.FAIL, f"version {version}", f"version {_OLDEST_POSTGRES} or later is needed")
    return Finding("postgres", Result.OK, f"version {version}{', embedded' if here.has_own_postgres else ''}")


def _schema(here: Runtime) -> Finding:
    status = schema.status(here.database)
    if status.is_current:
        return Finding("schema", Result.OK, f"at revision {status.head}")
    found = f"at revision {status.current}" if status.current else "empty"
    advice = "run the release that brought it there, or a newer one" if status.is_ahead else "bring it up to date"
    return Finding("schema", Result.FAIL, f"{found}, this release needs {status.head}", advice)


def _clock(here: Runtime) -> Finding:
    server_clock.measure(here.database)
    match server_clock.distance():
        case Distance.NONE:
            return Finding("clock", Result.OK, "within 2 s of the database's")
        case Distance.TOLD:
            return Finding("clock", Result.NOTE, server_clock.describe(), "keep it right by NTP")
        case Distance.TOO_FAR:
            detail = f"{server_clock.describe()}: nothing is sent from here"
            return Finding("clock", Result.FAIL, detail, "set it right, and keep it so by NTP")


def _broker(here: Runtime) -> Iterator[Finding]:
    try:
        version = ping(here.redis_url)
        with closing(connect_broker(here.redis_url)) as client:
            memory, replication = told(client, "memory"), told(client, "replication")
            refusal = refusal_of_hints(client)
    except PressrunError as problem:
        advice = "start the server, or correct PRESSRUN_REDIS_URL; until then posts go out a few seconds late"
        yield Finding("redis", Result.FAIL, str(problem), advice)
        return
    if replication.get("role", "master") != "master":
        advice = "name the server that takes writes; until then posts go out a few seconds late"
        yield Finding("redis", Result.FAIL, f"version {version}, a replica: it takes no hints", advice)
    elif refusal is not None:
        advice = "give it memory, or its user the right to it; until then posts go out a few seconds late"
        yield Finding("redis", Result.FAIL, f"version {version}, takes no hints: {refusal}", advice)
    else:
        yield Finding("redis", Result.OK, f"version {version}{', embedded' if here.has_own_redis else ''}")
    if is_unverified(here.redis_url):
        advice = "take ssl_cert_reqs=none and ssl_check_hostname=false out of PRESSRUN_REDIS_URL"
        said = "not checked: what is said can be read and changed on its way"
        yield Finding("redis certificate", Result.NOTE, said, advice)
    yield _eviction(memory)


def _eviction(memory: Mapping[str, Any]) -> Finding:
    if not memory:
        return Finding("redis eviction", Result.NOTE, "not told to our user", "see that its policy is noeviction")
    policy = memory.get("maxmemory_policy", "unknown")
    if policy == "noeviction":
        return Finding("redis eviction", Result.OK, policy)
    advice = "set maxmemory-policy noeviction: another one throws hints away"
    return Finding("redis eviction", Result.FAIL, policy, advice)


def graph_version(settings: Settings, *, on: date) -> Finding:
    """A version that is gone is served as another one: what its answers hold may differ from what was asked for."""
    advice = "set PRESSRUN_GRAPH_VERSION to a later one"
    version = parse_version(settings.graph_version)
    end = expires_on(version)
    if is_expired(version, on=on):
        since = f"since {end}" if end else "for years"
        return Finding("graph version", Result.FAIL, f"{version} is gone {since}: Meta answers as another one", advice)
    if ends_within(version, _WARN_DAYS, on=on):
        return Finding("graph version", Result.NOTE, f"{version} ends on {end}", advice)
    return Finding("graph version", Result.OK, f"{version}, until {end}" if end else f"{version}, without a known end")


def _keys(here: Runtime) -> Finding:
    try:
        here.vault()
    except PressrunError as problem:
        return Finding("secret keys", Result.FAIL, str(problem), _SET_KEYS)
    count = len(here.settings.secret_keys)
    return Finding("secret keys", Result.OK, "1 key" if count == 1 else f"{count} keys, the first one seals")


def _media_folder(here: Runtime) -> Finding:
    folder = here.settings.home / "media"
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            free_gib = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize / 2**30
    except OSError as problem:
        return Finding("media folder", Result.FAIL, f"{folder}: {problem.strerror}", "make it writable for this user")
    return Finding("media folder", Result.OK, f"{folder}, {free_gib:.1f} GiB free")


def _notes(settings: Settings) -> Iterator[Finding]:
    ways = Ways.of(settings)
    if ways.choose(is_video=False, on_facebook=False) is None:
        yield Finding(
            "public address",
            Result.NOTE,
            "neither it nor a bucket is set: only public URLs, and videos on Facebook Login, can be published",
            TWO_WAYS,
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
        yield Finding("webhooks", Result.NOTE, f"{' and '.join(missing)} not set: mentions cannot be received")
