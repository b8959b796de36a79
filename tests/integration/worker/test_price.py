"""The price of a step does not grow unnoticed: the counts stand in docs/performance.md, and this makes its table.

make bench-step     prints the table as it is now
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import pressrun
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.states import PostState
from pressrun.network.hints import Task
from tests.support.bench import Bench
from tests.support.price import Price, counted
from tests.support.simulator import Simulator
from worker.boundary import perform
from worker.tasks import STEPS

DOCS = Path(pressrun.__file__).parent.parent / "docs/performance.md"
ROW = re.compile(r"^\| ([a-z][^|]*) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
WAYS = {
    "stage an image": Task.POST_STAGE,
    "look at its container": Task.POST_POLL,
    "publish it": Task.POST_PUBLISH,
    "read its permalink": Task.POST_AFTERCARE,
}


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator]) -> Simulator:
    """One that has processed an image by the time it is looked at."""
    return simulator_factory(accounts=2, image_processing_s=0)


def prices(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Price]]:
    """Each step in the life of an image, the second of its kind in its process: by then statements are prepared."""
    for number in range(2):
        post_id = bench.post(bench.account(number), key=f"post-{number}")
        for name, task in WAYS.items():
            bench.hurry()
            with bench.database.transaction() as tx:
                hints = [hint for work in WORKS[:2] for hint in claim_due(tx, work, limit=10, lease_s=30)]
            assert [(hint.id, hint.task) for hint in hints] == [(post_id, task)], bench.story(post_id)
            with counted(bench.database, bench.ctx.transport, monkeypatch.setattr) as price:
                perform(bench.ctx, STEPS, hints[0])
            monkeypatch.undo()
            if number:
                yield name, price
        assert bench.read(post_id).state == PostState.PUBLISHED, bench.story(post_id)
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET next_action_at = NULL WHERE id = :id"), {"id": post_id})


def test_the_table_says_what_each_step_costs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = {name: price.counts for name, price in prices(bench, monkeypatch)}

    sys.stdout.writelines(f"| {name} | {' | '.join(map(str, counts))} |\n" for name, counts in now.items())
    written = {name: tuple(map(int, counts)) for name, *counts in ROW.findall(DOCS.read_text())}
    assert written == now
