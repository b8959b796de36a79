"""What a worker process is told before it works."""

from __future__ import annotations

import pytest

from pressrun.network.hints import Queue
from worker.app import turn_s


@pytest.mark.parametrize(
    ("queues", "is_short"),
    [
        ([Queue.HARVEST, Queue.INBOX], True),
        ([Queue.HARVEST], True),
        ([Queue.PUBLISH], False),
        (list(Queue), False),
        ([Queue.PREPARE], False),
    ],
)
def test_threads_that_only_read_take_short_turns(queues: list[Queue], is_short: bool) -> None:
    assert (turn_s(queues) < turn_s([Queue.PUBLISH])) is is_short
