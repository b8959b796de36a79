"""A problem of a row as the console tells it."""

from __future__ import annotations

from console.handlers.problems import flaws_of
from operations.posts.posts import RowProblem


def test_making_a_file_right_is_offered_in_the_rows_own_words() -> None:
    unfit, other = (
        RowProblem(2, "media", "a PNG", "media.format", can_be_fixed=True),
        RowProblem(2, "media", "no such file"),
    )

    assert [one.message for one in flaws_of([unfit, other])] == ["a PNG; `fix` yes makes it right", "no such file"]
