"""Which worker begins with which test: the costly ones first, and shared out evenly.

The scheduler of pytest-xdist called worksteal deals the collected tests in contiguous blocks, one for each worker, and
lets an idle worker take the end of another one's block. So each block gets its share of the costly tests at its head:
they begin at once, side by side, and what is left to share at the end is small. Whole stacks go to two blocks only,
because no more of them may run at once (`tests/support/turns.py`).

A file that makes its tests something dear to share (a year of history, a browser) stays whole: apart, each worker would
make it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

T = TypeVar("T")

STACK_WORKERS = 2


def dealt(units: Sequence[Sequence[T]], workers: int, costs: Sequence[float], stacks: Sequence[bool]) -> list[T]:
    """The same tests in an order whose `workers` blocks cost much the same.

    Args:
        units: tests that stay together, mostly one alone.
        costs: CPU seconds of each unit; 0 for one that is cheap, which keeps its place among the others.
        stacks: whether each of them starts a whole stack.
    """
    count = sum(map(len, units))
    sizes = [(count + number) // workers for number in range(workers)]  # as worksteal does: the last ones get more
    heads: list[list[T]] = [[] for _ in range(workers)]
    spent = [0.0] * workers
    costly = sorted((number for number, cost in enumerate(costs) if cost), key=lambda number: -costs[number])
    for number in sorted(costly, key=lambda number: not stacks[number]):  # stable: the costliest of each sort first
        worker = _least_spent(len(units[number]), heads, sizes, spent, is_stack=stacks[number])
        heads[worker] += units[number]
        spent[worker] += costs[number]
    rest = list(chain.from_iterable(unit for unit, cost in zip(units, costs, strict=True) if not cost))
    order: list[T] = []
    for head, size in zip(heads, sizes, strict=True):
        order += head
        order += rest[: (room := max(size - len(head), 0))]
        del rest[:room]
    return order + rest


def _least_spent(
    length: int, heads: Sequence[Sequence[object]], sizes: Sequence[int], spent: Sequence[float], *, is_stack: bool
) -> int:
    """The worker that has least to do, of those whose block has room."""
    free = [worker for worker, head in enumerate(heads) if len(head) + length <= sizes[worker]]
    if is_stack:
        free = [worker for worker in free if worker < STACK_WORKERS] or free
    return min(free or range(len(heads)), key=lambda worker: (spent[worker], len(heads[worker])))
