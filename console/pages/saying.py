"""What a page says of what was just done: carried over the redirect in a cookie that is read once."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import Request, Response

from pressrun.errors import Kind, PressrunError

_COOKIE = "said"
_LONGEST = 3_000
_LASTS_S = 60


@dataclass(frozen=True)
class Said:
    """`undo`: the address of the action that takes it back, with the fields of its form."""

    words: str
    is_bad: bool = False
    undo: str | None = None
    fields: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: PressrunError) -> Said:
        hint = "Look at it again, then say what is to be changed. " if problem.kind is Kind.CONFLICT else ""
        return cls(f"{hint}{str(problem)[:600]}", is_bad=True)


def say(answer: Response, said: Said) -> None:
    packed = base64.urlsafe_b64encode(json.dumps(asdict(said)).encode()).decode()
    if len(packed) <= _LONGEST:
        answer.set_cookie(_COOKIE, packed, max_age=_LASTS_S, httponly=True, samesite="strict", path="/")


def heard(request: Request) -> Said | None:
    """What is to be said; None for a cookie that is not ours."""
    try:
        told: Any = json.loads(base64.urlsafe_b64decode(request.cookies.get(_COOKIE, "")))
        said = Said(str(told["words"]), bool(told["is_bad"]), told["undo"], dict(told["fields"]))
    except (ValueError, KeyError, TypeError):
        return None
    is_ours = said.undo is None or (isinstance(said.undo, str) and said.undo.startswith("/") and said.undo[1:2] != "/")
    return said if is_ours else None


def forget(answer: Response) -> None:
    answer.delete_cookie(_COOKIE, path="/")
