"""When a post that waits for a place is looked at again: once more just before it would be too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.posts.post import IfLate, Post
from models.posts.states import PostState
from worker.publishing.standing import ask_again_at

DUE = datetime(2026, 7, 10, 7, tzinfo=UTC)


def post(if_late: IfLate = IfLate.EXPIRE) -> Post:
    return Post(publish_at=DUE, max_lateness_s=40, if_late=if_late.value, state=PostState.STAGED.value)


@pytest.mark.parametrize(
    ("late_s", "looks_again_s"),
    [
        (0, 35),  # instead of after its minute, when all would be over
        (34, 35),
        (35, 41),  # that look has come: then what became of it is told
        (39.9, 41),
        (45, 46),
    ],
)
def test_a_post_that_may_be_forty_seconds_late(late_s: float, looks_again_s: float) -> None:
    assert ask_again_at(post(), DUE + timedelta(seconds=late_s)) == DUE + timedelta(seconds=looks_again_s)


def test_one_that_may_be_late_for_ever_waits_its_minute() -> None:
    assert ask_again_at(post(IfLate.PUBLISH), DUE) == DUE + timedelta(seconds=60)
    assert ask_again_at(post(IfLate.PUBLISH), DUE, until=DUE + timedelta(hours=3)) == DUE + timedelta(hours=3)
