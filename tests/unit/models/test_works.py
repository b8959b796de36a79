"""The list of works: every state in which a post is owed a step has exactly one task, and every task a worker."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from models.owed.works import TABLE_OF_TASK, WORKS
from models.posts.states import ACTIVE, PostState
from pressrun.network.hints import Queue, Task


def test_every_active_state_of_a_post_is_mapped_to_one_task() -> None:
    states = Counter(state for work in WORKS if work.table == "posts" for state in work.tasks)

    assert states == dict.fromkeys([*ACTIVE, PostState.PUBLISHED], 1)


def test_every_task_belongs_to_one_kind_of_work() -> None:
    tasks = {task for work in WORKS for task in work.tasks.values()}

    assert tasks == set(Task)
    assert set(TABLE_OF_TASK) == set(Task)


def test_every_queue_has_work_of_its_own() -> None:
    assert list(dict.fromkeys(work.queue for work in WORKS)) == list(Queue)


def test_publishing_is_dispatched_before_everything_else() -> None:
    assert WORKS[0].queue is Queue.PUBLISH


def test_what_is_known_of_owed_work_is_asked_of_its_tables_alone() -> None:
    asked = "from models.owed.known import known; from models.owed.works import WORKS"
    told = "print(len([known(one.table) for one in WORKS]), 'models.registry' in sys.modules)"
    code = f"import sys, scheduler.loop; {asked}; {told}"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"{len(WORKS)} False\n"
