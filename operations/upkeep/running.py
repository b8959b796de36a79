"""What runs now, for whoever looks after the whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from models.reading.posts.lateness import BOUNDS_MS, Lateness, lateness
from models.reading.upkeep import running
from models.reading.upkeep.calls import CallsOf, CallsOfADay, calls_of_accounts
from models.reading.upkeep.running import GateShown, Process, Queued
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.settings import PREFIX

__all__ = [
    "BOUNDS_MS",
    "CallsOf",
    "CallsOfADay",
    "GateShown",
    "Lateness",
    "Process",
    "Queued",
    "Running",
    "SettingShown",
]

LATENESS_OF = timedelta(days=30)
_HIDDEN = "set, and not shown"
_NOTHING: tuple[object, ...] = (None, [], "")


@dataclass(frozen=True)
class SettingShown:
    """`value` as it is in force; of a secret only whether there is one."""

    name: str
    value: str
    is_set: bool
    """It differs from what it is without being said."""


@dataclass(frozen=True)
class Running:
    """All of it at one moment."""

    queues: list[Queued]
    absent: list[str]
    """Services that nobody is connected for."""
    processes: list[Process]
    gates: list[GateShown]
    lateness: Lateness
    """Of the last 30 days."""
    calls: CallsOfADay


@operation("system.running", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def look(ctx: Context, asker: Asker) -> Running:
    """Queues, processes, gates, lateness and calls as they are now."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        return Running(
            queues=running.queued(tx),
            absent=running.absent(tx),
            processes=running.processes(tx),
            gates=running.gates(tx),
            lateness=lateness(tx, None, since=now - LATENESS_OF),
            calls=calls_of_accounts(tx, now=now),
        )


@operation("system.settings", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def settings(ctx: Context, asker: Asker) -> list[SettingShown]:
    """Every setting as it is in force, without secrets."""
    secrets = {"app_secret", "secret_keys", "webhook_verify_token", "database_url", "redis_url"}
    shown = []
    for name in sorted(type(ctx.settings).model_fields):
        value = getattr(ctx.settings, name)
        is_secret = name in secrets or "secret" in name or "password" in name or "token" in name
        is_unset = value in _NOTHING and type(ctx.settings).model_fields[name].default in _NOTHING
        told = _HIDDEN if is_secret and value else "not set" if is_unset else _written(value)
        shown.append(SettingShown(PREFIX + name.upper(), told, name in ctx.settings.model_fields_set))
    return shown


def _written(value: object) -> str:
    """As it would be said in the environment."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, list):
        return ", ".join(map(str, value or ())) or "none"
    return clock.format_duration(value) if isinstance(value, timedelta) else str(value)
