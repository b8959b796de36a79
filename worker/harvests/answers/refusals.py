"""What Instagram refuses in a group of metrics: found at little cost, dropped alone, remembered for a while.

One bad metric fails the whole call (graph-api.md §6.2), and the answer does not say which one it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from graph.answers.errors import ErrorClass, GraphError

T = TypeVar("T")

ASK_AGAIN_AFTER = timedelta(days=7)
ASK_SOON_AFTER = timedelta(days=1)
_FORGET_AFTER = timedelta(days=60)

_OLDER_THAN_CONVERSION = 2108006
_NO_SUCH_OBJECT = 33


def is_refusal(error: GraphError) -> bool:
    """Whether the answer refuses something that was asked for, and not the object that was asked."""
    return (
        error.error_class is ErrorClass.INVALID_REQUEST
        and error.code == 100
        and error.subcode not in {_OLDER_THAN_CONVERSION, _NO_SUCH_OBJECT}
    )


def is_vague_refusal(error: GraphError) -> bool:
    """Also the "unknown error" with which Instagram answers a breakdown that a metric does not have (§6.1).

    It could be a passing failure as well, so what is refused like this is asked for again soon.
    """
    return is_refusal(error) or (error.code == 1 and error.subcode is None and not error.is_transient)


def has_no_insights(error: GraphError) -> bool:
    """The media is older than the account's conversion and will never have any."""
    return error.code == 100 and error.subcode == _OLDER_THAN_CONVERSION


def has_too_few_viewers(error: GraphError) -> bool:
    """There is no number yet: no data, and no error."""
    return error.error_class is ErrorClass.INVALID_REQUEST and error.code == 10


def is_gone(error: GraphError) -> bool:
    """The object does not exist (any more), or is not ours to read."""
    return error.code == 100 and error.subcode == _NO_SUCH_OBJECT


def is_not_found(error: GraphError) -> bool:
    """Business discovery: no such account, or not a professional one (graph-api.md §3.2)."""
    return error.code == 110


def is_not_permitted(error: GraphError) -> bool:
    """The token lacks a permission; that is for a person to change, so it is asked for again seldom."""
    return error.error_class is ErrorClass.PERMISSION and not is_gone(error)


@dataclass
class Sifted(Generic[T]):
    """The answers of the calls that succeeded, and the metrics that no call would answer.

    `inferred`: those among the refused that were not asked alone. All others of a refused group were answered, so it
    was this one, or the company that it was in.
    """

    answers: list[T] = field(default_factory=list)
    refused: dict[str, GraphError] = field(default_factory=dict)
    inferred: set[str] = field(default_factory=set)


Refuses = Callable[[GraphError], bool]


def sift(metrics: Sequence[str], ask: Callable[[Sequence[str]], T], *, refuses: Refuses = is_refusal) -> Sifted[T]:
    """Ask for all metrics, leaving out what is refused.

    One refused metric among n costs at most log2(n) + 1 calls more, the logarithm rounded up. Asking it alone as well
    would be a call more each time; so it is held refused for the rest of a group that was refused, and asked alone
    when it is asked again. Any other error comes through.
    """
    sifted: Sifted[T] = Sifted()
    attempt = partial(_attempt, ask, refuses, sifted)
    left = list(metrics)
    while left:
        refusal = attempt(left)
        if refusal is None:
            break
        found = _search(left, refusal, attempt)
        left = [name for name in left if name not in found.answered and name != found.culprit]
        sifted.refused[found.culprit] = found.refusal
        if not found.is_proved:
            sifted.inferred.add(found.culprit)
    return sifted


@dataclass(frozen=True)
class _Found:
    """A refused metric, and what answered on the way to it, which is not asked again."""

    culprit: str
    refusal: GraphError
    is_proved: bool
    answered: set[str]


def _search(metrics: list[str], refusal: GraphError, attempt: Callable[[Sequence[str]], GraphError | None]) -> _Found:
    """One refused metric of a refused group, by halves."""
    answered: set[str] = set()
    suspects, is_proved = metrics, True
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        again = attempt(half)
        if again is None:
            answered.update(half)
            suspects, is_proved = suspects[len(half) :], False
        else:
            suspects, is_proved, refusal = half, True, again
    return _Found(suspects[0], refusal, is_proved, answered)


def _attempt(
    ask: Callable[[Sequence[str]], T], refuses: Refuses, sifted: Sifted[T], metrics: Sequence[str]
) -> GraphError | None:
    """The refusal, if there is one; an answer is kept."""
    try:
        sifted.answers.append(ask(metrics))
    except GraphError as error:
        if not refuses(error):
            raise
        return error
    return None


def held_until(error: GraphError, *, now: datetime, is_inferred: bool = False) -> datetime:
    """Until when what was refused so is left out."""
    is_certain = is_refusal(error) and not is_inferred
    return now + (ASK_AGAIN_AFTER if is_certain else ASK_SOON_AFTER)


class Memory:
    """`harvest.refused`: name → instant from which on it is asked for again, alone."""

    def __init__(self, remembered: dict[str, Any], now: datetime) -> None:
        # What nobody has asked for in a long while has gone from our own list of metrics.
        self._until = {
            name: until
            for name, value in remembered.items()
            if (until := _instant(value)) is not None and until > now - _FORGET_AFTER
        }
        self._now = now
        self._new: set[str] = set()

    def holds(self, name: str) -> bool:
        """Whether it is left out for now."""
        return name in self._until and self._until[name] > self._now

    def doubts(self, name: str) -> bool:
        """Whether it was refused the last time, and is to be asked again now: alone, or it would cost the others."""
        return name in self._until and self._until[name] <= self._now

    def until(self, name: str) -> datetime:
        """Until when it is left out. Raises KeyError for what is not."""
        return self._until[name]

    def add(self, name: str, error: GraphError, *, is_inferred: bool = False) -> None:
        self._new.add(name)
        self._until[name] = held_until(error, now=self._now, is_inferred=is_inferred)

    def is_new(self, name: str) -> bool:
        """Whether it was found refused in this run."""
        return name in self._new

    def forget(self, name: str) -> None:
        self._until.pop(name, None)

    def as_json(self) -> dict[str, Any]:
        return {name: until.isoformat() for name, until in sorted(self._until.items())}

    def json_text(self) -> str:
        return json.dumps(self.as_json())


def _instant(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None
