"""What an account's posts inherit when they are queued: zone, allowed lateness, distance between posts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.posts.post import IfLate
from pressrun.clock import parse_duration
from pressrun.errors import Invalid, UsageError
from pressrun.settings import LEAST_LATENESS, NEVER_IN_TIME
from pressrun.zones import choose_zone
from scheduler.slots import accounts_with_slots, no_slots

_LONGEST_SPACING_S = 86_400


def edit_account(tx: Session, account: Account, changes: Mapping[str, str]) -> None:
    """Change settings of an account; an empty text goes back to the default. Posts that are queued stay as they are.

    Args:
        changes: of `timezone`, `max_lateness`, `if_late`, `min_spacing`, as people write them.

    Raises:
        Invalid: nothing to change, or a value that cannot be; `field` is its name.
        NotPossible: late posts are to take the next slot, and the account has none.
    """
    if not changes:
        raise Invalid("nothing to change: name at least one thing", type="account.nothing_to_change")
    for name, value in changes.items():
        column, read = _READERS[name]
        try:
            setattr(account, column, read(value))
        except UsageError as problem:
            problem.field = name
            raise
    if account.if_late == IfLate.NEXT_SLOT.value and account.name not in accounts_with_slots(tx):
        raise no_slots(account.name)


def _zone(text: str) -> str:
    return choose_zone(text or "UTC").key


def _lateness(text: str) -> int | None:
    if not text:
        return None
    allowed = parse_duration(text)
    if allowed < LEAST_LATENESS:
        raise Invalid(f"{text!r} is less than a second, and {NEVER_IN_TIME}: allow some", type="lateness.none")
    return int(allowed.total_seconds())


def _if_late(text: str) -> str | None:
    if text and text not in set(IfLate):
        raise Invalid(f"{text!r} is unknown: use {', '.join(IfLate)}")
    return text or None


def _spacing(text: str) -> int:
    seconds = int(parse_duration(text).total_seconds()) if text else 0
    if seconds > _LONGEST_SPACING_S:
        raise Invalid(f"{text!r} is more than a day")
    return seconds


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "timezone": ("timezone", _zone),
    "max_lateness": ("max_lateness_s", _lateness),
    "if_late": ("if_late", _if_late),
    "min_spacing": ("min_spacing_s", _spacing),
}
