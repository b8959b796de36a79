"""What somebody asked for, as the audit may keep it: no secret, nothing that others wrote, no long text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pressrun.log import redact

_QUERY = re.compile(r"(https?://[^\s?#]+)[?#]\S*")
"""Of an address; it may be what opens it."""
LONGEST = 60
"""Characters of a text: enough to know a caption by."""
MOST = 20
"""Items of a list."""
_LEFT_OUT = re.compile(
    r"token|secret|password|digest|sealed|code|person|^(text|username|apprise|webhook_url|totp_step)$", re.IGNORECASE
)
"""Secrets, who is to be erased, and what is written to others, who may be erased later."""


def fit_to_keep(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Parameter → value as JSON has it. What JSON cannot hold is left out."""
    kept = {name: _plain(value) for name, value in asked.items() if not _LEFT_OUT.search(name)}
    return {name: value for name, value in kept.items() if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case Path():
            return value.name
        case str():
            said = _QUERY.sub(r"\1", redact(value.replace("\x00", "")))
            return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return fit_to_keep({str(name): one for name, one in value.items()})
        case _ if is_dataclass(value):
            return fit_to_keep({one.name: getattr(value, one.name) for one in fields(value) if one.repr})
        case Sequence() if not isinstance(value, bytes):
            return [_plain(one) for one in value[:MOST]]
    return None
