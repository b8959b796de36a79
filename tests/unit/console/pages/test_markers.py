"""Lines of equal rank are told apart by shapes, which never stand where nothing is known."""

from __future__ import annotations

from console.pages.charts.markers import marked, marker
from operations.history.side_by_side import MOST_ACCOUNTS


def test_each_of_the_most_lines_has_a_shape_of_its_own() -> None:
    assert len({marker(number, 0, 0) for number in range(MOST_ACCOUNTS)}) == MOST_ACCOUNTS


def test_each_stretch_of_a_line_is_marked_and_no_gap() -> None:
    values = [float(day) if day not in (5, 6, 8, 20) else None for day in range(28)]

    for number in range(MOST_ACCOUNTS):
        found = marked(values, number)
        assert all(values[index] is not None for index in found)
        assert all(any(first <= one <= last for one in found) for first, last in ((0, 4), (7, 7), (9, 19), (21, 27)))
    assert marked([None, None], 0) == []
