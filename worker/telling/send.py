"""One delivery: unsealed, sent once, and what became of it written down.

At least once: a worker that dies after the other side has taken it sends it again under the same id. It is tried for
three days; an endpoint that has taken nothing for that long is parked, and everybody else is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.orm import Session

from models.owed import claims
from models.owed.claims import Lease
from models.telling.delivery import Delivery, DeliveryState, contents, is_test, quiet_until
from models.telling.endpoint import (
    Endpoint,
    EndpointState,
    Way,
    address_context,
    lock_endpoint,
    old_secret_context,
    secret_context,
)
from models.telling.notice import News, Notice, NoticeKind, tell
from pressrun import clock, log
from pressrun.failpoints import reach
from pressrun.telling import by_apprise, webhook
from pressrun.telling.outcome import NotTold, Outcome, Told
from pressrun.vault import SecretUnreadable
from worker.backoff import TELLING
from worker.context import WorkerContext
from worker.telling.message import as_json, as_text

TRIED_FOR = timedelta(days=3)
FLAKY_FOR = timedelta(minutes=1)
"""An endpoint that has taken nothing for longer is tried by one delivery at a time."""
_MOST_PAUSE = timedelta(hours=4)
_PROBE_FOR = timedelta(minutes=1)
_KEYS_AGAIN_S = 3600.0

_log = log.get(__name__)


@dataclass(frozen=True)
class _Letter:
    """What is needed to send a delivery, outside of any transaction."""

    delivery_id: int
    uid: str
    way: Way
    address: str
    secrets: Sequence[str]
    notices: Sequence[Notice]
    is_digest: bool
    at: datetime


def run(ctx: WorkerContext, lease: Lease) -> None:
    """Send one delivery. Raises ClaimLost once the claim has passed to someone else."""
    try:
        opened = _open(ctx, lease, now=clock.now())
    except SecretUnreadable as problem:
        _settle(ctx, lease, NotTold(str(problem), retry_after_s=_KEYS_AGAIN_S), now=clock.now())
        return
    if opened is None:
        return
    lease, letter = opened
    if ctx.stopping.is_set():
        with ctx.database.transaction() as tx:
            claims.finish(tx, lease, next_action_at=clock.now())
        return
    outcome = _send(ctx, letter)
    reach("delivery.after_send")
    _settle(ctx, lease, outcome, now=clock.now())


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> tuple[Lease, _Letter] | None:
    """The delivery with all that it takes to send it; None when nothing is to be sent now."""
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        delivery = tx.get_one(Delivery, lease.id)
        endpoint = tx.get_one(Endpoint, delivery.endpoint_id)
        if delivery.state == DeliveryState.OWED.value and endpoint.state != EndpointState.ACTIVE.value:
            is_parked = endpoint.state == EndpointState.PARKED.value
            delivery.state = (DeliveryState.PARKED if is_parked else DeliveryState.CANCELED).value
        if delivery.state != DeliveryState.OWED.value:
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
            return None
        if (wait := _waits(tx, delivery, endpoint, now)) is not None:
            claims.finish(tx, lease, next_action_at=wait)
            return None
        # Before it is sent: from now on a digest takes in nothing more, and a letter that kills its worker is counted.
        delivery.first_tried_at = delivery.first_tried_at or now
        delivery.tries += 1
        tx.flush()
        return lease, _letter(ctx, tx, delivery, endpoint, now)


def _waits(tx: Session, delivery: Delivery, endpoint: Endpoint, now: datetime) -> datetime | None:
    """Until when it is not sent; None when it is. A test is sent at once: whoever asked for it waits."""
    quiet = quiet_until(endpoint, now)  # what was due before and has not arrived would be told in the middle of them
    if (quiet is None and endpoint.failing_since is None) or is_test(tx, delivery.id):
        return None
    return quiet or _leaves_it_to_another(tx, endpoint, now)


def _leaves_it_to_another(tx: Session, endpoint: Endpoint, now: datetime) -> datetime | None:
    """Until when, while an endpoint takes nothing: a thousand deliveries must not each find that out for themselves."""
    endpoint = lock_endpoint(tx, endpoint.id)
    if endpoint.failing_since is None or now - endpoint.failing_since < FLAKY_FOR:
        return None
    if endpoint.retry_at is None or endpoint.retry_at <= now:
        endpoint.retry_at = now + _PROBE_FOR  # this one is the one that tries
        return None
    return endpoint.retry_at + TELLING.after(1)


def _letter(ctx: WorkerContext, tx: Session, delivery: Delivery, endpoint: Endpoint, now: datetime) -> _Letter:
    secrets = []
    if endpoint.secret_sealed is not None:
        secrets.append(ctx.vault.open(endpoint.secret_sealed, context=secret_context(endpoint.id)))
    if endpoint.old_secret_sealed is not None and endpoint.old_secret_until and now < endpoint.old_secret_until:
        secrets.append(ctx.vault.open(endpoint.old_secret_sealed, context=old_secret_context(endpoint.id)))
    return _Letter(
        delivery.id,
        f"msg_{delivery.uid}",
        Way(endpoint.way),
        ctx.vault.open(endpoint.address_sealed or "", context=address_context(endpoint.id)),
        secrets,
        contents(tx, delivery.id),
        delivery.is_digest,
        delivery.created_at,
    )


def _send(ctx: WorkerContext, letter: _Letter) -> Outcome:
    allow_private = ctx.settings.allow_private_urls
    if letter.way is Way.APPRISE:
        title, text = as_text(letter.notices, is_digest=letter.is_digest)
        return by_apprise.send(letter.address, title=title, body=text, allow_private=allow_private)
    body = as_json(letter.notices, is_digest=letter.is_digest, at=letter.at)
    return webhook.send(
        letter.address,
        message_id=letter.uid,
        body=body,
        secrets=letter.secrets,
        now=clock.now(),
        allow_private=allow_private,
    )


def _settle(ctx: WorkerContext, lease: Lease, outcome: Outcome, *, now: datetime) -> None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        delivery = tx.get_one(Delivery, lease.id)
        match outcome:
            case Told():
                _note_told(tx, delivery, now)
                again_at = None
            case NotTold():
                again_at = _note_not_told(tx, delivery, outcome, now)
            case _:
                assert_never(outcome)
        tx.flush()
        claims.finish(tx, lease, next_action_at=again_at)
        state, error = delivery.state, delivery.error
    _log.info("delivery.tried", delivery_id=lease.id, state=state, error=error)


def _note_told(tx: Session, delivery: Delivery, now: datetime) -> None:
    delivery.state, delivery.delivered_at, delivery.error = DeliveryState.DELIVERED.value, now, None
    endpoint = tx.get_one(Endpoint, delivery.endpoint_id)
    if endpoint.failing_since is not None:
        endpoint = lock_endpoint(tx, delivery.endpoint_id)
        endpoint.failing_since = endpoint.retry_at = None


def _note_not_told(tx: Session, delivery: Delivery, outcome: NotTold, now: datetime) -> datetime | None:
    """When it is tried again; None when it is not."""
    delivery.error = log.redact(outcome.why)
    first = delivery.first_tried_at = delivery.first_tried_at or now
    if is_test(tx, delivery.id):
        delivery.state = DeliveryState.FAILED.value
        return None
    endpoint = lock_endpoint(tx, delivery.endpoint_id)
    endpoint.failing_since = endpoint.failing_since or now
    pause = max(TELLING.after(delivery.tries or 1), min(timedelta(seconds=outcome.retry_after_s or 0), _MOST_PAUSE))
    if not outcome.is_final and now + pause < first + TRIED_FOR:
        endpoint.retry_at = now + pause
        return endpoint.retry_at
    delivery.state = DeliveryState.FAILED.value
    is_lasting = outcome.is_final or now - endpoint.failing_since >= TRIED_FOR / 2
    if is_lasting and endpoint.state == EndpointState.ACTIVE.value:
        _park(tx, endpoint, delivery.error)
    return None


def _park(tx: Session, endpoint: Endpoint, why: str) -> None:
    """Nothing more is sent to it, and whoever else listens is told."""
    endpoint.state, endpoint.state_reason = EndpointState.PARKED.value, why
    since = endpoint.failing_since
    said = f"{endpoint.name} has taken no notice since {since:%Y-%m-%d %H:%M} UTC and is parked: {why}"
    key = f"endpoint.parked:{endpoint.id}:{since}"
    tell(tx, News(NoticeKind.ENDPOINT_PARKED, said, key=key, detail={"endpoint": endpoint.name, "since": since}))
