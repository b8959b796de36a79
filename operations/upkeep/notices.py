"""Being told: the endpoints that hear of what happens, their rules, and what was sent to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from models.accounts.account import find_account
from models.reading.upkeep import notices as reading
from models.reading.upkeep.notices import (
    DeliveryShown,
    EndpointShown,
    RuleShown,
    version_of_rules,
    version_of_times,
)
from models.telling import delivery as deliveries
from models.telling.delivery import DeliveryState
from models.telling.endpoint import (
    How,
    Way,
    add_endpoint,
    find_endpoint,
    lock_endpoint,
    remove_endpoint,
    rotate_secret,
    set_rule,
)
from models.telling.notice import NoticeKind
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown
from pressrun.telling import by_apprise, webhook
from pressrun.versions import Seen, is_as_seen
from pressrun.zones import choose_zone

__all__ = ["DeliveryShown", "EndpointShown", "RuleShown", "version_of_rules"]

LONGEST_ROTATION = timedelta(days=30)
_NAME = re.compile(r"[\w][\w .@-]{0,63}")
RULED = tuple(kind.value for kind in NoticeKind if kind is not NoticeKind.TEST)
"""The kinds that a rule may be about."""


@dataclass(frozen=True)
class Added:
    """A new endpoint. `secret` is what a webhook is signed with; it is told this once."""

    name: str
    way: str
    place: str
    secret: str | None = field(repr=False)


@dataclass(frozen=True)
class Rotated:
    """`secret` signs from now on, and is told this once; the one before signs as well until `old_until`."""

    name: str
    secret: str = field(repr=False)
    old_until: datetime


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When an endpoint is told, as a person writes it. None: as it is; `quiet` empty: no quiet hours."""

    timezone: str | None = None
    digest_at: str | None = None
    quiet: str | None = None

    def require_sound(self) -> None:
        """Raises Invalid for a zone or a time that is none. For whoever changes more than that at once."""
        if self.timezone is not None:
            choose_zone(self.timezone)
        if self.digest_at is not None:
            _time(self.digest_at, "digest_at")
        if self.quiet is not None:
            _quiet(self.quiet)


@operation("notify.add", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def add(
    ctx: Context, asker: Asker, *, apprise: str | None = None, webhook_url: str | None = None, name: str | None = None
) -> Added:
    """Have an endpoint hear of everything at once, from now on, until rules say otherwise.

    Raises Invalid for an address that cannot be used, or must not be as it leads into a private network as of now, or a
    name that is none; Conflict for a name that is taken.
    """
    if (apprise is None) == (webhook_url is None):
        raise Invalid("give one address: that of a webhook, or one of apprise", type="endpoint.address")
    if webhook_url is not None:
        way, address = Way.WEBHOOK, webhook_url.strip()
        place = webhook.check_url(address, allow_private=ctx.settings.allow_private_urls)
        called = name or place.partition("://")[2].partition(":")[0].strip("[]").replace(":", "-")
    else:
        way, address = Way.APPRISE, (apprise or "").strip()
        place = by_apprise.check_address(address, allow_private=ctx.settings.allow_private_urls)
        called = name or place.lower()
    if not _NAME.fullmatch(called):
        raise Invalid("a name has up to 64 letters, digits, spaces and .@-_", type="endpoint.name", field="name")
    vault = ctx.vault()
    with ctx.database.transaction() as tx:
        endpoint, secret = add_endpoint(tx, called, way, place, address, vault)
        return Added(endpoint.name, way.value, place, secret)


@operation("notify.list", effect=Effect.READS, scope=Scope.READ, whole=True)
def list_endpoints(ctx: Context, asker: Asker) -> list[EndpointShown]:
    """All endpoints, with what is on its way to them and what they missed."""
    with ctx.database.transaction() as tx:
        return reading.list_endpoints(tx)


@operation("notify.rules", effect=Effect.READS, scope=Scope.READ, whole=True)
def list_rules(ctx: Context, asker: Asker, name: str | None = None) -> list[RuleShown]:
    """The rules of all endpoints, or of one. What no rule is for is told at once. Raises Unknown."""
    with ctx.database.transaction() as tx:
        if name is not None:
            find_endpoint(tx, name)
        return reading.list_rules(tx, name)


@operation("notify.rule", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def rule(
    ctx: Context,
    asker: Asker,
    name: str,
    *,
    how: str,
    account: str | None = None,
    kind: str | None = None,
    version: Seen = None,
) -> list[RuleShown]:
    """Say how an endpoint is told of an account, a kind, both or all; `default` takes the rule away.

    The most particular rule counts: of account and kind, of the account, of the kind, of all.

    Args:
        version: of the endpoint's rules that the asker has seen: nothing is changed if they are others now.

    Raises Unknown, Invalid; Conflict when somebody else has changed its rules.
    """
    if how not in {"default", *How}:
        raise Invalid(f"{how!r} must be one of {', '.join(How)} or default", type="rule.how", field="how")
    if kind is not None and kind not in RULED:
        raise Invalid(f"there is no kind {kind!r}; there are {', '.join(RULED)}", type="rule.kind", field="kind")
    with ctx.database.transaction() as tx:
        endpoint = find_endpoint(tx, name, lock=True)
        if not is_as_seen(version_of_rules(reading.list_rules(tx, name)), version):
            raise _changed(f"the rules of {name}", "rules.changed")
        account_id = None if account is None else find_account(tx, account).id
        wanted = None if how == "default" else How(how)
        set_rule(tx, endpoint.id, account_id=account_id, kind=None if kind is None else NoticeKind(kind), how=wanted)
        return reading.list_rules(tx, name)


@operation("notify.edit", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def edit(ctx: Context, asker: Asker, name: str, timing: Timing, *, version: Seen = None) -> EndpointShown:
    """Change an endpoint's zone, the time of its digest and its quiet hours.

    Args:
        version: the one that the asker has seen: nothing is changed if these are others now.

    Raises Unknown, Invalid; Conflict when somebody else has changed them.
    """
    timing.require_sound()
    with ctx.database.transaction() as tx:
        endpoint = find_endpoint(tx, name, lock=True)
        if not is_as_seen(version_of_times(endpoint), version):
            raise _changed(f"the times of {name}", "endpoint.changed")
        if timing.timezone is not None:
            endpoint.timezone = choose_zone(timing.timezone).key
        if timing.digest_at is not None:
            endpoint.digest_at = _time(timing.digest_at, "digest_at")
        if timing.quiet is not None:
            endpoint.quiet_from, endpoint.quiet_to = _quiet(timing.quiet)
        tx.flush()
        return next(one for one in reading.list_endpoints(tx) if one.name == name)


@operation("notify.test", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def send_test(ctx: Context, asker: Asker, name: str) -> int:
    """Owe an endpoint a notice that says only that it works, whatever its rules; returns its number, for `await_test`.

    Raises Unknown, and NotPossible while the endpoint is parked.
    """
    with ctx.database.transaction() as tx:
        endpoint = find_endpoint(tx, name)
        if endpoint.state != "active":
            said = f"{name} is parked: {endpoint.state_reason}"
            raise NotPossible(said, type="endpoint.parked", field="name")
        return deliveries.send_test(tx, endpoint, now=clock.now())


@operation("notify.await_test", effect=Effect.READS, scope=Scope.READ, whole=True)
def await_test(ctx: Context, asker: Asker, delivery_id: int, *, hands: Hands) -> DeliveryShown:
    """Wait until the delivery has arrived or was tried in vain, and say what became of it."""
    await_errand(ctx, Errand.of("delivery", [delivery_id]), on_look=lambda _left: None, hands=hands)
    with ctx.database.transaction() as tx:
        [found] = reading.newest_deliveries(tx, id_=delivery_id)
        return found


@operation("notify.delivery", effect=Effect.READS, scope=Scope.READ, whole=True)
def show_delivery(ctx: Context, asker: Asker, delivery: int) -> DeliveryShown:
    """What became of one delivery so far. Raises Unknown."""
    with ctx.database.transaction() as tx:
        found = reading.newest_deliveries(tx, id_=delivery)
    if not found:
        said = f"there is no delivery {delivery}"
        raise Unknown(said, type="delivery.unknown", field="delivery", ids={"delivery": delivery})
    return found[0]


@operation("notify.log", effect=Effect.READS, scope=Scope.READ, whole=True)
def log(
    ctx: Context,
    asker: Asker,
    name: str | None = None,
    *,
    state: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[DeliveryShown]:
    """The newest deliveries, of one endpoint or in one state, before that number. Raises Unknown, Invalid."""
    if state is not None and state not in set(DeliveryState):
        raise Invalid(f"{state!r} must be one of {', '.join(DeliveryState)}", type="delivery.state", field="state")
    with ctx.database.transaction() as tx:
        if name is not None:
            find_endpoint(tx, name)
        return reading.newest_deliveries(tx, endpoint=name, state=state, limit=limit, before=before)


@operation("notify.replay", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def replay(ctx: Context, asker: Asker, name: str, *, delivery: int | None = None) -> int:
    """Send again what an endpoint missed, or that one delivery, under the ids they had; returns how many those are.

    An endpoint that was parked is active again. Raises Unknown.
    """
    with ctx.database.transaction() as tx:
        count = deliveries.replay(tx, find_endpoint(tx, name), now=clock.now(), delivery_id=delivery)
        if delivery is not None and not count:
            said, ids = f"{name} was sent no delivery {delivery}", {"delivery": delivery}
            raise Unknown(said, type="delivery.unknown", field="delivery", ids=ids)
        return count


@operation("notify.rotate", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def rotate(ctx: Context, asker: Asker, name: str, *, keep_old: timedelta = timedelta(days=1)) -> Rotated:
    """Give a webhook a new secret; the one before signs as well for a while. Raises Unknown, Invalid, NotPossible."""
    if not timedelta(0) <= keep_old <= LONGEST_ROTATION:
        raise Invalid("the old secret can be kept for 30 days at most", type="rotation.too_long", field="keep_old")
    vault, until = ctx.vault(), clock.now() + keep_old
    with ctx.database.transaction() as tx:
        endpoint = lock_endpoint(tx, find_endpoint(tx, name).id)
        return Rotated(name, rotate_secret(tx, endpoint, vault, old_until=until), until)


@operation("notify.remove", effect=Effect.DESTROYS, scope=Scope.ADMIN, whole=True)
def remove(ctx: Context, asker: Asker, name: str) -> None:
    """Tell an endpoint nothing more, and wipe what opened it. Raises Unknown."""
    with ctx.database.transaction() as tx:
        remove_endpoint(tx, lock_endpoint(tx, find_endpoint(tx, name).id))


def _changed(what: str, type_: str) -> Conflict:
    return Conflict(f"{what} were changed since you looked: look again", type=type_, field="version")


def _quiet(said: str) -> tuple[time | None, time | None]:
    if not said.strip():
        return None, None
    begins, dash, ends = said.partition("-")
    if not dash:
        raise Invalid(f"{said!r} are no hours: write them as 22:00-07:00", type="endpoint.quiet", field="quiet")
    hours = _time(begins, "quiet"), _time(ends, "quiet")
    if hours[0] == hours[1]:
        raise Invalid("quiet hours must end at another time than they begin", type="endpoint.quiet", field="quiet")
    return hours


def _time(said: str, field_: str) -> time:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", said.strip(), re.ASCII)
    if match is None:
        raise Invalid(f"{said!r} is no time of day: write it as 08:30", type="endpoint.time", field=field_)
    return time(int(match[1]), int(match[2]))
