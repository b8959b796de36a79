"""Which worker begins with which test: the costly ones first, and shared out evenly.

The scheduler of pytest-xdist called worksteal deals the collected tests in contiguous blocks, one for each worker, and
lets an idle worker take the end of another one's block. So each block gets its share of the costly tests at its head:
they begin at once, side by side, and what is left to share at the end is small. Whole stacks go to two blocks only,
because no more of them may run at once (`tests/support/turns.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

STACK_WORKERS = 2


def dealt(tests: Sequence[T], workers: int, costs: Sequence[float], stacks: Sequence[bool]) -> list[T]:
    """The same tests in an order whose `workers` blocks cost much the same.

    Args:
        costs: CPU seconds of each test; 0 for one that is cheap, which keeps its place among the others.
        stacks: whether each of them starts a whole stack.
    """
    sizes = [(len(tests) + number) // workers for number in range(workers)]  # as worksteal does: the last ones get more
    heads: list[list[T]] = [[] for _ in range(workers)]
    spent = [0.0] * workers
    costly = sorted((number for number, cost in enumerate(costs) if cost), key=lambda number: -costs[number])
    for number in sorted(costly, key=lambda number: not stacks[number]):  # stable: the costliest of each sort first
        free = [worker for worker in range(workers) if len(heads[worker]) < sizes[worker]]
        if stacks[number]:
            free = [worker for worker in free if worker < STACK_WORKERS] or free
        worker = min(free, key=lambda worker: (spent[worker], len(heads[worker])))
        heads[worker].append(tests[number])
        spent[worker] += costs[number]
    rest = iter([test for test, cost in zip(tests, costs, strict=True) if not cost])
    order: list[T] = []
    for head, size in zip(heads, sizes, strict=True):
        order += head
        order += islice(rest, size - len(head))
    return order + list(rest)
