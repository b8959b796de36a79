"""What went wrong, as programs are told it: kind, type, message, the field that is wrong, and what it is about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from console.handlers.naming import field_among
from console.handlers.problems import Flaw, Refused
from pressrun.errors import PressrunError
from pressrun.log import redact

BUG = {"kind": "failed", "type": "bug", "message": "This is a fault of Pressrun; its log says more."}


def told_of(error: PressrunError, *, names: Collection[str] = ()) -> dict[str, Any]:
    """The error as an object; members that say nothing are left out. Args: names: arguments that there are."""
    told: dict[str, Any] = {
        "kind": error.kind.value,
        "type": error.type,
        "message": redact(str(error)),
        "field": field_among(error.field, names),
        "ids": error.ids or None,
        "errors": [_flaw(one) for one in error.flaws] if isinstance(error, Refused) else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def unreadable(error: ValidationError) -> list[Flaw]:
    """What does not fit the schema. What was given stands nowhere in it: it may be a token."""
    return [
        Flaw(
            ".".join(str(part) for part in one["loc"] if not isinstance(part, int)) or None,
            str(one["msg"]).removeprefix("Value error, "),
            "request.invalid",
        )
        for one in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def _flaw(flaw: Flaw) -> dict[str, Any]:
    told = vars(flaw) | {"message": redact(flaw.message)}
    return {name: value for name, value in told.items() if value is not None}
