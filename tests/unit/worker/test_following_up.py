"""When a post that is live is looked at again, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.asked.follow_up import SETTLES, FollowUpKind, kinds_of, next_look

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
K = FollowUpKind


def _ages(kind: FollowUpKind, ends_at: datetime | None = None) -> list[timedelta]:
    """At which ages it is looked at."""
    found: list[timedelta] = []
    at: datetime | None = next_look(kind, AT, now=AT, ends_at=ends_at)
    while at is not None:
        found.append(at - AT)
        at = next_look(kind, AT, now=at, ends_at=ends_at)
    return found


def test_looks_grow_apart_and_end() -> None:
    days = timedelta(days=1)

    collaborators, poll = _ages(K.COLLABORATORS), _ages(K.POLL)

    assert (collaborators[0], collaborators[-1]) == (timedelta(minutes=10), 7 * days)
    assert poll[-1] == 14 * days
    assert collaborators == sorted(set(collaborators))
    assert poll == sorted(set(poll))


@pytest.mark.parametrize("days", [1, 1.5, 3, 7, 30])
def test_a_poll_is_read_once_after_its_end_and_no_more(days: float) -> None:
    ends_at = AT + timedelta(days=days)

    ages = _ages(K.POLL, ends_at)

    assert [age for age in ages if AT + age > ends_at] == [ends_at + SETTLES - AT]


def test_one_that_comes_late_is_looked_at_once_more() -> None:
    late = AT + timedelta(days=20)

    assert next_look(K.POLL, AT, now=late) is None
    assert next_look(K.POLL, AT, now=late, ends_at=late) == late + SETTLES


@pytest.mark.parametrize(
    ("params", "login", "kinds"),
    [
        ({}, "facebook", ()),
        ({"collaborators": ["ana"]}, "facebook", (K.COLLABORATORS,)),
        ({"collaborators": [], "poll_options": ["a", "b"]}, "facebook", (K.POLL,)),
        ({"collaborators": ["ana"], "poll_options": ["a", "b"]}, "facebook", (K.COLLABORATORS, K.POLL)),
        ({"collaborators": ["ana"], "poll_options": ["a", "b"]}, "instagram", ()),
    ],
)
def test_what_is_followed_up(params: dict[str, Any], login: str, kinds: tuple[FollowUpKind, ...]) -> None:
    assert kinds_of(params, login) == kinds
