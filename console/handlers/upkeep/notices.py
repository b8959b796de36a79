"""`/notices`: who hears of what happens, by which rules, and what was sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field, SecretStr

from console.handlers.asking import Acting, Asked, Ctx, Cursor, IfMatch, Limit, Number, etag
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.upkeep import notices
from operations.upkeep.notices import DeliveryShown, EndpointShown, RuleShown, Timing
from pressrun.clock import parse_duration
from pressrun.paging import Page, cut, page, place_of

router = Router("notices")

Endpoint = Annotated[str, Path(description="Name of the endpoint.", max_length=100)]


class NewEndpoint(Body):
    """One address: that of a webhook, or one of apprise. It is sealed; only its scheme and host are ever shown."""

    model_config = example(webhook_url="https://hooks.example.com/pressrun", name="ops")

    webhook_url: Annotated[SecretStr | None, Field(max_length=2000)] = None
    apprise: Annotated[SecretStr | None, Field(max_length=2000)] = None
    name: Annotated[str | None, Field(max_length=64)] = None


class Times(Body):
    """When it is told: its zone, `digest_at` (`08:00`), `quiet` (`22:00-07:00`; empty: none)."""

    model_config = example(timezone="Europe/Zurich", digest_at="08:00", quiet="22:00-07:00")

    timezone: Annotated[str | None, Field(max_length=100)] = None
    digest_at: Annotated[str | None, Field(max_length=20)] = None
    quiet: Annotated[str | None, Field(max_length=40)] = None


class Rule(Body):
    """`how`: at_once, digest, never, or default, which takes the rule away. Without account and kind: of all."""

    model_config = example(how="digest", kind="post.published")

    how: Annotated[str, Field(max_length=20)]
    account: str | None = None
    kind: Annotated[str | None, Field(max_length=50)] = None


class Replay(Body):
    """One delivery; all that it missed unless it is said."""

    delivery: Annotated[int, Field(ge=1, lt=2**63)] | None = None


class Rotation(Body):
    """How long the secret before signs as well: `1d`."""

    model_config = example(keep_old="1d")

    keep_old: Annotated[str, Field(max_length=20)] = "1d"


@dataclass(frozen=True)
class EndpointAdded:
    """`secret` is what a webhook is signed with; it is told this once."""

    name: str
    way: str
    place: str
    secret: str | None


@dataclass(frozen=True)
class SecretRotated:
    """`secret` is told this once; the one before signs as well until `old_until`."""

    name: str
    secret: str
    old_until: datetime


@dataclass(frozen=True)
class Rules:
    """The most particular rule counts. `version`: of all rules of one endpoint; null: of several."""

    items: list[RuleShown]
    version: int | None


@dataclass(frozen=True)
class Sent:
    """The delivery that is on its way."""

    delivery: int


@dataclass(frozen=True)
class Replayed:
    """How many deliveries are sent again."""

    deliveries: int


@router.get("/notices/endpoints", summary="List endpoints", **asks("notify.list"))
def list_endpoints(ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[EndpointShown]:
    """Who hears of what happens, with what is on its way to them and what they missed."""
    return cut("endpoints", notices.list_endpoints(ctx, asker), lambda one: one.name, cursor=cursor, limit=limit)


@router.post("/notices/endpoints", summary="Add an endpoint", status_code=201, **asks("notify.add", keeps=False))
def add_endpoint(body: NewEndpoint, ctx: Acting, asker: Asked) -> EndpointAdded:
    """Have an endpoint hear of everything at once, from now on, until rules say otherwise."""
    address = {name: value.get_secret_value() for name in ("apprise", "webhook_url") if (value := getattr(body, name))}
    added = notices.add(ctx, asker, name=body.name, **address)
    return EndpointAdded(added.name, added.way, added.place, added.secret)


@router.patch("/notices/endpoints/{name}", summary="Edit an endpoint", **asks("notify.edit"))
def edit_endpoint(
    name: Endpoint, body: Times, response: Response, ctx: Acting, asker: Asked, if_match: IfMatch = None
) -> EndpointShown:
    """Change an endpoint's zone, the time of its digest and its quiet hours."""
    timing = Timing(**body.model_dump(exclude_unset=True))
    edited = notices.edit(ctx, asker, name, timing, version=if_match)
    response.headers["ETag"] = etag(edited.version)
    return edited


@router.delete("/notices/endpoints/{name}", summary="Remove an endpoint", status_code=204, **asks("notify.remove"))
def remove_endpoint(name: Endpoint, ctx: Acting, asker: Asked) -> None:
    """Tell an endpoint nothing more, and wipe what opened it."""
    notices.remove(ctx, asker, name)


@router.get("/notices/rules", summary="List rules", **asks("notify.rules"))
def list_rules(response: Response, ctx: Ctx, asker: Asked, endpoint: str | None = None) -> Rules:
    """The rules of all endpoints, or of one. What no rule is for is told at once."""
    found = notices.list_rules(ctx, asker, endpoint)
    return Rules(found, None) if endpoint is None else _of_one(found, response)


@router.put("/notices/endpoints/{name}/rules", summary="Set a rule", **asks("notify.rule"))
def set_rule(
    name: Endpoint, body: Rule, response: Response, ctx: Acting, asker: Asked, if_match: IfMatch = None
) -> Rules:
    """Say how an endpoint is told of an account, a kind, both or all."""
    rules = notices.rule(ctx, asker, name, how=body.how, account=body.account, kind=body.kind, version=if_match)
    return _of_one(rules, response)


@router.post("/notices/endpoints/{name}/test", summary="Test an endpoint", status_code=202, **asks("notify.test"))
def test_endpoint(name: Endpoint, response: Response, ctx: Acting, asker: Asked) -> Sent:
    """Send a notice that says only that it works, whatever the rules."""
    delivery = notices.send_test(ctx, asker, name)
    response.headers["Location"] = f"/api/v1/notices/deliveries/{delivery}"
    return Sent(delivery)


@router.post("/notices/endpoints/{name}/replay", summary="Send again", status_code=202, **asks("notify.replay"))
def replay_endpoint(name: Endpoint, ctx: Acting, asker: Asked, body: Replay | None = None) -> Replayed:
    """Send again what an endpoint missed, or one delivery, under the ids they had."""
    return Replayed(notices.replay(ctx, asker, name, delivery=body.delivery if body else None))


@router.post("/notices/endpoints/{name}/rotate", summary="Rotate a secret", **asks("notify.rotate", keeps=False))
def rotate_secret(name: Endpoint, ctx: Acting, asker: Asked, body: Rotation | None = None) -> SecretRotated:
    """Give a webhook a new secret; the one before signs as well for a while."""
    keep_old: timedelta = parse_duration((body or Rotation()).keep_old)
    rotated = notices.rotate(ctx, asker, name, keep_old=keep_old)
    return SecretRotated(rotated.name, rotated.secret, rotated.old_until)


@router.get("/notices/deliveries", summary="List deliveries", **asks("notify.log"))
def list_deliveries(
    ctx: Ctx,
    asker: Asked,
    endpoint: str | None = None,
    state: Annotated[str | None, Query(description="owed, delivered, failed, parked or canceled.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryShown]:
    """What was sent, newest first."""
    place = place_of("deliveries", cursor, int)
    before = None if place is None else place[0]
    rows = notices.log(ctx, asker, endpoint, state=state, limit=limit + 1, before=before)
    return page("deliveries", rows, lambda one: (one.id,), limit=limit)


@router.get("/notices/deliveries/{delivery}", summary="Show a delivery", **asks("notify.delivery"))
def show_delivery(delivery: Number, ctx: Ctx, asker: Asked) -> DeliveryShown:
    """What became of one delivery so far."""
    return notices.show_delivery(ctx, asker, delivery)


def _of_one(found: list[RuleShown], response: Response) -> Rules:
    version = notices.version_of_rules(found)
    response.headers["ETag"] = etag(version)
    return Rules(found, version)
