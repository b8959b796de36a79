"""`/_sim/account`: what is true of an account, changed from outside."""

from __future__ import annotations

from typing import Any

from pressrun.errors import Invalid
from simulator.backstage import Backstage
from simulator.control.bodies import the_account
from simulator.login import tokens

_SETTINGS = ("is_subscribed", "is_restricted", "may_run_trials", "followers", "quota_total")


def listed(stage: Backstage, _body: dict[str, Any]) -> Any:
    world = stage.world
    return [
        {
            "index": account.index,
            "ig_id": account.ig_id,
            "username": account.username,
            "login": account.login.value,
            "token": token.text if (token := tokens.current(world, account)) else None,
        }
        for account in world.accounts
    ]


def change(stage: Backstage, body: dict[str, Any]) -> Any:
    world, account = stage.world, the_account(stage, body)
    changes: dict[str, Any] = {name: body[name] for name in _SETTINGS if name in body}
    for name in ("followers", "quota_total"):
        if not isinstance(changes.get(name, 0), int | None):
            raise Invalid(f"{name} must be a whole number or null", field=name)
    if "scopes" in body:
        changes["scopes"] = sorted(map(str, body["scopes"]))
    if "without_scopes" in body:
        changes["scopes"] = sorted(account.scopes - set(map(str, body["without_scopes"])))
    if "live_seconds" in body:
        changes["live_until"] = world.now() + float(body["live_seconds"])
    world.commit("account.changed", account=account.index, changes=changes)
    return {"account": account.ig_id, "scopes": sorted(account.scopes)} | {n: getattr(account, n) for n in _SETTINGS}
