"""`pressrun notify`: who is told of what happens, how soon, and what was sent."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from cli.asking import LARGEST_ID, MOST_ROWS, asking
from cli.output import AsJson, note, say, show_json, show_record, show_rows

app = typer.Typer(help="Tell people and programs what happens.", no_args_is_help=True)

ENDPOINTS = (
    "name",
    "way",
    "place",
    "state",
    "owed",
    "missed",
    "failing_since",
    "timezone",
    "digest_at",
    "quiet_from",
    "quiet_to",
    "state_reason",
)
RULES = ("endpoint", "account", "kind", "how")
DELIVERIES = (
    "id",
    "endpoint",
    "state",
    "kinds",
    "accounts",
    "notices",
    "message",
    "tries",
    "created_at",
    "delivered_at",
    "next_action_at",
    "message_id",
    "error",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the endpoint, as `notify list` shows it.")]
_How = Literal["at_once", "digest", "never", "default"]


@app.command("add")
def add(
    apprise: Annotated[
        str | None,
        typer.Option(metavar="URL", help="An apprise address, such as mailto://… or slack://…; - reads it from stdin."),
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="An address that takes signed webhooks; - reads it from stdin.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; otherwise its host or service.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint. It hears every kind of notice at once until rules say otherwise."""
    from operations.upkeep import notices

    apprise, webhook = _given(apprise), _given(webhook)
    with asking() as (ctx, owner):
        done = notices.add(ctx, owner, apprise=apprise, webhook_url=webhook, name=name)
    shown = {"name": done.name, "way": done.way, "place": done.place}
    show_record(shown if done.secret is None else shown | {"secret": done.secret}, as_json=as_json)
    if done.secret is not None and not as_json:
        note("the secret is shown this once: give it to the receiver")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List endpoints, with what is on its way to each and what it missed."""
    from operations.upkeep.notices import list_endpoints

    with asking() as (ctx, owner):
        found = [_plain(vars(one)) for one in list_endpoints(ctx, owner)]
    show_rows(ENDPOINTS, found, as_json=as_json, empty="nobody is told anything; `pressrun notify add` changes that")


@app.command("rules")
def rules(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of the endpoint; without it, all.")] = None,
    how: Annotated[_How | None, typer.Option(help="How it is told; default takes the rule away.")] = None,
    account: Annotated[str | None, typer.Option(help="Of this account; without it, of all.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind, such as post.failed; without it, of all.")] = None,
    quiet: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Hours in which nothing is told, 22:00-07:00; none for none.")
    ] = None,
    digest_at: Annotated[str | None, typer.Option(metavar="TIME", help="When the daily digest comes, 08:00.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of these times, such as Europe/Paris.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show rules, or make one; the most particular one counts. Also sets quiet hours and the time of digests."""
    from operations.upkeep import notices
    from pressrun.errors import Invalid

    timing = notices.Timing(timezone=timezone, digest_at=digest_at, quiet="" if quiet == "none" else quiet)
    changes_timing = any(value is not None for value in vars(timing).values())
    if name is None and (how is not None or changes_timing):
        raise Invalid("name the endpoint that this is for")
    if how is None and (account is not None or kind is not None):
        raise Invalid("say how it is told: --how at_once, digest, never or default")
    with asking() as (ctx, owner):
        # Times that are none are refused before the rule is made, a rule that is none before the times are changed.
        timing.require_sound()
        if name is not None and how is not None:
            notices.rule(ctx, owner, name, how=how, account=account, kind=kind)
        if name is not None and changes_timing:
            notices.edit(ctx, owner, name, timing)
        found = notices.list_rules(ctx, owner, name)
    show_rows(RULES, [vars(one) for one in found], as_json=as_json, empty="no rules: everything is told at once")


@app.command("test")
def send_test(name: Name, as_json: AsJson = False) -> None:
    """Send a test to an endpoint, and wait for what becomes of it."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.operation import OWNER, Context
    from operations.upkeep import notices

    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        delivery_id = notices.send_test(ctx, OWNER, name)
        found = notices.await_test(ctx, OWNER, delivery_id, hands=lending(here))
    show_record({column: vars(found)[column] for column in DELIVERIES}, as_json=as_json)
    if found.state != "delivered":
        if not as_json:
            note(f"pressrun: {name} was not reached: {found.error or 'nobody has tried yet'}")
        raise typer.Exit(1)


@app.command("log")
def log(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of the endpoint; without it, all.")] = None,
    state: Annotated[str | None, typer.Option(help="owed, delivered, failed, parked or canceled.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what was sent or is on its way, newest first."""
    from operations.upkeep import notices

    with asking() as (ctx, owner):
        found = notices.log(ctx, owner, name, state=state, limit=limit)
    show_rows(DELIVERIES, [vars(one) for one in found], as_json=as_json, empty="nothing was sent yet")


@app.command("replay")
def replay(
    name: Name,
    delivery: Annotated[
        int | None,
        typer.Option(metavar="ID", min=1, max=LARGEST_ID, help="Only this one of `notify log`, whatever became of it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send again what an endpoint missed, under the ids it had. One that was parked is active again."""
    from operations.upkeep import notices

    with asking() as (ctx, owner):
        count = notices.replay(ctx, owner, name, delivery=delivery)
    if as_json:
        show_json({"name": name, "sent_again": count})
    else:
        say(f"{name}: {count} sent again")


@app.command("rotate")
def rotate(
    name: Name,
    keep_old: Annotated[str, typer.Option(metavar="DURATION", help="How long the old secret signs as well.")] = "1d",
    as_json: AsJson = False,
) -> None:
    """Give a webhook a new secret; for a while both sign."""
    from operations.upkeep import notices
    from pressrun.clock import parse_duration

    with asking() as (ctx, owner):
        done = notices.rotate(ctx, owner, name, keep_old=parse_duration(keep_old))
    show_record({"name": done.name, "secret": done.secret, "old_until": done.old_until}, as_json=as_json)
    if not as_json:
        note("the secret is shown this once: give it to the receiver")


@app.command("remove")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Tell an endpoint nothing more; its address and secret are wiped."""
    from operations.upkeep import notices

    with asking() as (ctx, owner):
        notices.remove(ctx, owner, name)
    if as_json:
        show_json({"removed": name})
    else:
        say(f"removed {name}")


def _given(address: str | None) -> str | None:
    """The address; what stands on stdin for `-`, so that it is seen in no list of processes."""
    return sys.stdin.readline().strip() if address == "-" else address


def _plain(row: dict[str, object]) -> dict[str, object]:
    times = ("digest_at", "quiet_from", "quiet_to")
    return row | {name: None if row[name] is None else f"{row[name]:%H:%M}" for name in times}
