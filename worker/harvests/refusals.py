"""What Instagram refuses in a group of metrics: found at little cost, dropped alone, remembered for a while.

One bad metric fails the whole call (graph-api.md §6.2), and the answer does not say which one it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from graph.errors import ErrorClass, GraphError

T = TypeVar("T")

ASK_AGAIN_AFTER = timedelta(days=7)
ASK_SOON_AFTER = timedelta(days=1)

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
    """The answers of the calls that succeeded, and the metrics that no call would answer."""

    answers: list[T] = field(default_factory=list)
    refused: dict[str, GraphError] = field(default_factory=dict)


Refuses = Callable[[GraphError], bool]


def sift(metrics: Sequence[str], ask: Callable[[Sequence[str]], T], *, refuses: Refuses = is_refusal) -> Sifted[T]:
    """Ask for all metrics, leaving out what is refused.

    A refused metric among n costs at most log2(n) + 2 calls more. A metric is held refused only when it is refused
    alone: a mixture that Instagram does not like loses nothing. Any other error comes through.
    """
    sifted: Sifted[T] = Sifted()
    attempt = partial(_attempt, ask, refuses, sifted)
    left = list(metrics)
    while left:
        refusal = attempt(left)
        if refusal is None:
            break
        answered, culprit, refusal = _search(left, refusal, attempt)
        left = [name for name in left if name not in answered and name != culprit]
        if culprit is not None:
            sifted.refused[culprit] = refusal
    return sifted


def _search(
    metrics: list[str], refusal: GraphError, attempt: Callable[[Sequence[str]], GraphError | None]
) -> tuple[set[str], str | None, GraphError]:
    """One refused metric of a refused group, by halves. What answers on the way is kept and not asked again."""
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
    if not is_proved:
        alone = attempt(suspects)
        if alone is None:
            return answered | set(suspects), None, refusal
        refusal = alone
    return answered, suspects[0], refusal


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


class Memory:
    """`harvest.refused`: name → instant at which it is asked for again."""

    def __init__(self, remembered: dict[str, Any], now: datetime) -> None:
        self._until = {
            name: until for name, value in remembered.items() if (until := _instant(value)) is not None and until > now
        }
        self._now = now

    def holds(self, name: str) -> bool:
        return name in self._until

    def add(self, name: str, error: GraphError) -> None:
        self._until[name] = self._now + (ASK_AGAIN_AFTER if is_refusal(error) else ASK_SOON_AFTER)

    def as_json(self) -> dict[str, Any]:
        return {name: until.isoformat() for name, until in sorted(self._until.items())}


def _instant(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None
