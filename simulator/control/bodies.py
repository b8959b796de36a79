"""What the bodies of `/_sim` calls hold."""

from __future__ import annotations

from typing import Any

from pressrun.errors import Invalid, Unknown
from simulator.backstage import Backstage
from simulator.world.records import Account


def the_account(stage: Backstage, body: dict[str, Any]) -> Account:
    account = stage.world.account(body.get("account", 0))
    if account is None:
        said = f"there is no account {body.get('account')!r}: give an index, an Instagram id or a username"
        raise Unknown(said, type="account.unknown", field="account")
    return account


def text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} must be a text", field=name)
    return value
