"""What a page says of what was just done: carried over the redirect in a cookie that is read once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from fastapi import Request, Response

from console.pages import words
from pressrun.errors import Kind, PressrunError

_COOKIE = "said"
_LONGEST = 3_000
_LASTS_S = 60


@dataclass(frozen=True)
class Said:
    """`undo`: the address of the action that takes it back, with the fields of its form. `lines`: of one thing each."""

    words: str
    is_bad: bool = False
    undo: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, problem: PressrunError) -> Said:
        hint = "Look at it again, then say what is to be changed. " if problem.kind is Kind.CONFLICT else ""
        return cls(f"{hint}{str(problem)[:600]}", is_bad=True)


class Remark(Protocol):
    """What a rule says of a post: a problem, or a warning."""

    @property
    def message(self) -> str: ...


def remarks(those: Iterable[Remark], *, behind: str = "") -> str:
    """All of them as sentences, behind what was done."""
    return " ".join([*([behind] if behind else []), *(words.sentence(one.message) for one in those)])


def say(answer: Response, said: Said) -> None:
    """What does not fit into a cookie is said without the last of its lines, then without its undo."""
    packed = _packed(said)
    while len(packed) > _LONGEST and said.lines:
        said = replace(said, lines=said.lines[:-1])
        packed = _packed(said)
    if len(packed) > _LONGEST:
        packed = _packed(replace(said, undo=None, fields={}))
    if len(packed) <= _LONGEST:
        answer.set_cookie(_COOKIE, packed, max_age=_LASTS_S, httponly=True, samesite="strict", path="/")


def _packed(said: Said) -> str:
    return base64.urlsafe_b64encode(json.dumps(asdict(said), ensure_ascii=False).encode()).decode()


def heard(request: Request) -> Said | None:
    """What is to be said; None for a cookie that is not ours."""
    try:
        told: Any = json.loads(base64.urlsafe_b64decode(request.cookies.get(_COOKIE, "")))
        lines = [str(one) for one in told["lines"]]
        said = Said(str(told["words"]), bool(told["is_bad"]), told["undo"], dict(told["fields"]), lines)
    except (ValueError, KeyError, TypeError):
        return None
    is_ours = said.undo is None or (isinstance(said.undo, str) and said.undo.startswith("/") and said.undo[1:2] != "/")
    return said if is_ours else None


def forget(answer: Response) -> None:
    answer.delete_cookie(_COOKIE, path="/")
