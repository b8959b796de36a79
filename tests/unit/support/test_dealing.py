"""Costly tests begin first and are shared out evenly; none is lost or comes twice, the cheap ones keep their order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.dealing import STACK_WORKERS, dealt


def blocks(order: list[int], workers: int) -> list[list[int]]:
    """As worksteal deals: each worker gets its share of what is left."""
    found, left = [], list(order)
    for number in range(workers):
        size = len(left) // (workers - number)
        found.append(left[:size])
        left = left[size:]
    assert left == []
    return found


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0, 60.0]), st.booleans()), max_size=60),
    st.integers(1, 8),
)
def test_every_test_runs_once_and_the_cheap_ones_in_their_order(tests: list[tuple[float, bool]], workers: int) -> None:
    costs = [cost for cost, _ in tests]

    order = dealt([[number] for number in range(len(tests))], workers, costs, [is_stack for _, is_stack in tests])

    assert sorted(order) == list(range(len(tests)))
    cheap = [number for number in order if not costs[number]]
    assert cheap == sorted(cheap)


def test_the_heads_of_the_blocks_cost_much_the_same() -> None:
    chance = random.Random(1)
    costs = [float(chance.choice([10, 20, 30])) if number % 50 == 0 else 0.0 for number in range(1000)]

    order = dealt([[number] for number in range(1000)], 6, costs, [False] * 1000)

    spent = [sum(costs[number] for number in block) for block in blocks(order, 6)]
    assert max(spent) - min(spent) <= 30
    for block in blocks(order, 6):
        costly = [costs[number] > 0 for number in block]
        assert costly == sorted(costly, reverse=True)


def test_whole_stacks_go_to_two_workers() -> None:
    costs = [50.0] * 6 + [0.0] * 94
    stacks = [True] * 6 + [False] * 94

    order = dealt([[number] for number in range(100)], 6, costs, stacks)

    having = [block for block in blocks(order, 6) if any(stacks[number] for number in block)]
    assert len(having) == STACK_WORKERS
    assert [sum(stacks[number] for number in block) for block in having] == [3, 3]


def test_a_file_that_shares_something_dear_stays_whole() -> None:
    units = [[number] for number in range(60)] + [list(range(60, 75)), list(range(75, 80))]
    costs = [0.0] * 60 + [20.0, 30.0]

    order = dealt(units, 4, costs, [False] * 62)

    assert sorted(order) == list(range(80))
    found = blocks(order, 4)
    for unit in units[60:]:
        assert [block[: len(unit)] for block in found].count(unit) == 1
