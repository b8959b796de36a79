"""What every step needs: settings, database, vault, the shared connection pool, and clients that respect the gate."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from graph.answers.errors import ErrorClass, GraphError
from graph.client import CallRecord, Credentials, GraphClient
from graph.client import Login as GraphLogin
from graph.wire.endpoints import Endpoint
from graph.wire.transport import Transport
from models.accounts.account import Account, token_context, user_token_context
from models.owed import gate
from models.owed.claims import Lease
from models.owed.gate import Level, Purpose
from models.owed.presence import Presence
from models.store.session import Database, in_transaction
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.media.bucket import Bucket, Place
from pressrun.settings import Settings
from pressrun.vault import SecretUnreadable, Vault
from worker.publishing.settling import Settler

_log = log.get(__name__)
_NO_ACCOUNT = 0
_NO_BUCKET = "PRESSRUN_S3_BUCKET names no bucket any more"


class GateShut(PressrunError):
    """Instagram asked for a pause; no call is made before it ends."""

    def __init__(self, until: datetime, reason: str) -> None:
        self.until, self.reason = until, reason
        super().__init__(f"no call before {until:%Y-%m-%d %H:%M:%S} UTC: {reason}")


@dataclass(frozen=True)
class WorkerContext:
    """One per worker process, shared by its threads."""

    settings: Settings
    database: Database
    vault: Vault
    transport: Transport
    media_base_url: str | None = None
    """Where Instagram fetches local media: PRESSRUN_PUBLIC_URL, or the console beside a simulator."""
    media_key: bytes = b""
    """Signs the addresses of local media."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set on shutdown; a step checks it before it starts a call, never during one."""
    presence: Presence | None = None
    """What the database knows this process by; None: it is known to nobody, and its rows wait for their lease."""

    @cached_property
    def bucket(self) -> Bucket | None:
        """The bucket of the settings, if they name one. Raises SecretUnreadable where its keys do not open."""
        place = Place.of(self.settings)
        return None if place is None else Bucket(place)

    @cached_property
    def settler(self) -> Settler:
        """Keeps what went out at about the same time together."""
        return Settler(self.database)

    def close(self) -> None:
        """End all connections to the outside: nothing is asked any more."""
        self.transport.close()
        made = vars(self).get("bucket")  # to ask for it would make it
        if made is not None:
            made.close()

    def need_bucket(self) -> Bucket:
        """The same. Raises PressrunError where there is none."""
        if self.bucket is None:
            raise PressrunError(_NO_BUCKET)
        return self.bucket

    def need_bucket_name(self) -> str:
        """For what needs no key. Raises PressrunError where there is none."""
        if self.settings.s3_bucket is None:
            raise PressrunError(_NO_BUCKET)
        return self.settings.s3_bucket

    @property
    def holder(self) -> int | None:
        return None if self.presence is None else self.presence.number

    def may_call(self, lease: Lease, *, is_ours: bool = False) -> bool:
        """Whether a call that may be made once only may be made now. To be asked right before it, outside transactions.

        Not while stopping; not when the row may have been given to another, because this process stalled or is not
        known to the database; and only while the lease will outlive the call.

        Args:
            is_ours: the database has just said so.
        """
        if self.stopping.is_set():
            return False
        if not is_ours and self.presence is not None and not self.presence.holds(lease):
            return False
        # Last: the question before it may have taken its time.
        return lease.deadline.remaining_s() >= self.settings.call_deadline.total_seconds()

    def client(
        self,
        account: Account,
        purpose: Purpose,
        *,
        on_call: Callable[[CallRecord], None] | None = None,
        last_look: Callable[[Endpoint], None] | None = None,
        asks_gate: bool = True,
    ) -> GraphClient:
        """A client for the account. Its calls raise GateShut while the gate is shut, and feed the gate.

        Args:
            last_look: asked right before each request is begun; what it raises comes through, and nothing was sent.
            asks_gate: False where it has just been asked.
        """
        if account.token_sealed is None:
            raise SecretUnreadable(f"account {account.name} was removed: there is no token of it")
        token = self.vault.open(account.token_sealed, context=token_context(account.id))
        credentials = Credentials(GraphLogin(account.login), account.ig_id, token, self._other_token(account))
        return self.client_of(
            credentials, account.id, purpose, on_call=on_call, last_look=last_look, asks_gate=asks_gate
        )

    def _other_token(self, account: Account) -> str | None:
        """The second token, if there is one; one that cannot be opened stops nothing that the first can do."""
        if account.user_token_sealed is None:
            return None
        try:
            return self.vault.open(account.user_token_sealed, context=user_token_context(account.id))
        except SecretUnreadable:
            _log.warning("account.second_token_unreadable", account_id=account.id)
            return None

    def client_of(
        self,
        credentials: Credentials,
        account_id: int | None,
        purpose: Purpose,
        *,
        on_call: Callable[[CallRecord], None] | None = None,
        last_look: Callable[[Endpoint], None] | None = None,
        asks_gate: bool = True,
    ) -> GraphClient:
        """The same for an account that need not be known yet: then the app's gate alone is asked and told."""
        app_id, secret = self.settings.app_of(credentials.login.value)
        keeper = _GateKeeper(self.database, self.settings.app_id, account_id, purpose)

        def before(endpoint: Endpoint) -> None:
            keeper.before(endpoint, asks=asks_gate)
            if last_look is not None:
                last_look(endpoint)

        def after(record: CallRecord) -> None:
            keeper.after(record)
            if on_call is not None:
                on_call(record)

        return GraphClient(
            credentials,
            self.transport,
            version=self.settings.graph_version,
            graph_url=self.settings.graph_url,
            app_secret=secret,
            app_id=app_id,
            call_deadline_s=self.settings.call_deadline.total_seconds(),
            before_call=before,
            after_call=after,
        )


@dataclass(frozen=True)
class _GateKeeper:
    """Asks the gate before each call and tells it of each answer."""

    database: Database
    app_id: str | None
    account_id: int | None
    purpose: Purpose

    def before(self, endpoint: Endpoint, *, asks: bool) -> None:
        if in_transaction():
            raise AssertionError(f"{endpoint} was called inside a transaction: it would hold locks while it waits")
        if not asks:
            return
        account_id = _NO_ACCOUNT if self.account_id is None else self.account_id
        shut = gate.glance(self.database, self.app_id, account_id, self.purpose, now=clock.now())
        if shut is not None:
            raise GateShut(shut.until, shut.reason)

    def after(self, record: CallRecord) -> None:
        error = record.error
        if error is not None and error.error_class is ErrorClass.THROTTLED:
            self._shut(error, record)
            return
        usage = record.usage
        if usage.app_percent is not None:
            self._report(gate.app_key(self.app_id), None, usage.app_percent, usage.regain_access_s)
        if usage.account_percent is not None and self.account_id is not None:
            key = gate.account_key(self.account_id)
            self._report(key, self.account_id, usage.account_percent, usage.regain_access_s)

    def _report(self, key: str, account_id: int | None, percent: int, regain_s: float | None) -> None:
        level = gate.level_for(percent)
        if level is Level.OPEN and _last_level.get(key, Level.OPEN) is Level.OPEN:
            return  # the usual answer costs no statement
        _last_level[key] = level
        now = clock.now()
        until = now + (timedelta(seconds=regain_s) if regain_s else gate.SHUT_FOR) if level is Level.SHUT else None
        self._set(key, account_id, level, percent, f"usage {percent} %", now, until)

    def _shut(self, error: GraphError, record: CallRecord) -> None:
        wait_s = error.retry_after_s or record.usage.regain_access_s or gate.SHUT_FOR.total_seconds()
        now = clock.now()
        until = now + timedelta(seconds=wait_s)
        account_id = self.account_id if error.throttle_scope == "account" else None
        if account_id is None and error.throttle_scope == "account":
            return  # of an account that is not known there is no gate
        key = gate.app_key(self.app_id) if account_id is None else gate.account_key(account_id)
        _last_level[key] = Level.SHUT
        reason = f"Instagram throttled us (code {error.code})"
        self._set(key, account_id, Level.SHUT, None, reason, now, until)
        _log.warning("gate.shut", key=key, until=until.isoformat(), code=error.code)

    def _set(
        self,
        key: str,
        account_id: int | None,
        level: Level,
        percent: int | None,
        reason: str,
        now: datetime,
        until: datetime | None,
    ) -> None:
        with self.database.transaction() as tx:
            gate.set_level(
                tx, key, account_id=account_id, level=level, percent=percent, reason=reason, now=now, until=until
            )


# Spares a statement per call; a lost or stale entry only costs one more, so it needs no lock.
_last_level: dict[str, Level] = {}
