"""`/_sim/account`: what is true of an account, changed from outside."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from pressrun.errors import Conflict, Invalid
from simulator.backstage import Backstage
from simulator.config import check_readings
from simulator.control.bodies import text, the_account
from simulator.login import tokens
from simulator.world.records import Account

_SETTINGS = (
    *("is_subscribed", "is_restricted", "is_creator", "is_personal", "refuses_consent", "may_run_trials"),
    *("followers", "quota_total", "captions", "timezone", "page_listed", "page_tasks"),
    *("subscribed_fields", "refused_fields"),
)
_PAGE_LISTED = ("person", "owned", "client")


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
    _check(changes)
    if "scopes" in body:
        changes["scopes"] = sorted(map(str, body["scopes"]))
    if "without_scopes" in body:
        changes["scopes"] = sorted(account.scopes - set(map(str, body["without_scopes"])))
    if "live_seconds" in body:
        changes["live_until"] = world.now() + float(body["live_seconds"])
    if "username" in body:
        _rename(stage, account, text(body, "username") or "")
    world.commit("account.changed", account=account.index, changes=changes)
    shown = {"account": account.ig_id, "username": account.username, "scopes": sorted(account.scopes)}
    return shown | {name: getattr(account, name) for name in _SETTINGS}


def _check(changes: dict[str, Any]) -> None:
    for name in ("followers", "quota_total"):
        if not isinstance(changes.get(name, 0), int | None):
            raise Invalid(f"{name} must be a whole number or null", field=name)
    for name in ("subscribed_fields", "refused_fields"):
        given = changes.get(name, [])
        if not (isinstance(given, list) and all(isinstance(one, str) for one in given)) and given is not None:
            raise Invalid(f"{name} must be a list of names", field=name)
    if changes.get("captions") is not None:
        check_readings({"captions": changes["captions"]})
    if changes.get("page_listed", "person") not in _PAGE_LISTED:
        raise Invalid(f"page_listed is one of {', '.join(_PAGE_LISTED)}", field="page_listed")
    if not isinstance(changes.get("page_tasks"), list | None):
        raise Invalid("page_tasks is a list of names, or null", field="page_tasks")
    if changes.get("timezone", "UTC") not in available_timezones():
        raise Invalid("timezone is the name of a zone", field="timezone")


def _rename(stage: Backstage, account: Account, username: str) -> None:
    """From now on every answer calls it so; the old name belongs to nobody."""
    if not re.fullmatch(r"[a-z0-9._]{1,30}", username):
        raise Invalid("a username has up to 30 small letters, digits, dots and underscores", field="username")
    if stage.world.by_username.get(username, account) is not account:
        raise Conflict(f"the username {username} is taken", type="username.taken", field="username")
    stage.world.commit("account.renamed", account=account.index, username=username)
