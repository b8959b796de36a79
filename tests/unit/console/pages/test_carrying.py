"""The rows of an import between one look and the next: nothing of them is lost, and a page shows what fits on it."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from console.pages.posts.carrying import LARGEST_BYTES, MOST_SHOWN, corrected, in_view, packed, unpacked
from operations.posts.sheets import Sheet
from pressrun.errors import Invalid

ODD = "Line one\r\nline two 😀 <b>\n\n  "


def sheet(count: int, **over: str) -> Sheet:
    rows = [{"account": "lena", "caption": f"Number {number}"} | over for number in range(1, count + 1)]
    return Sheet(("account", "caption"), rows)


def squeezed(told: object) -> list[str]:
    return [base64.b64encode(zlib.compress(json.dumps(told).encode())).decode()]


def test_all_that_was_read_is_carried_as_it_was() -> None:
    read = sheet(3, caption=ODD)

    assert unpacked(packed(read)) == read


def test_what_is_large_is_carried_in_parts_that_a_form_takes() -> None:
    noise = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(400_000))
    read = sheet(2, caption=noise)

    parts = packed(read)

    assert len(parts) > 1
    assert max(map(len, parts)) <= 512 * 1024
    assert unpacked(parts) == read


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["no base64"],
        [base64.b64encode(b"not packed").decode()],
        [packed(sheet(3))[0][:-8]],
        squeezed("text"),
        squeezed([["account"], [["a", "b"]]]),
        squeezed([["account"], [[7]]]),
        squeezed([["owner"], [["a"]]]),
        squeezed([["account"], ["a"] * 3 + [None]]),
        [base64.b64encode(zlib.compress(b"[" * 200_000)).decode()],
        [base64.b64encode(zlib.compress(b'"' + b"a" * LARGEST_BYTES + b'"')).decode()],
    ],
    ids=["none", "text", "bytes", "cut", "shape", "too-many", "number", "column", "row", "deep", "huge"],
)
def test_what_a_page_did_not_carry_is_refused(parts: list[str]) -> None:
    with pytest.raises(Invalid, match="begin anew"):
        unpacked(parts)


def test_cells_that_were_changed_count_and_others_keep_the_ends_of_their_lines() -> None:
    read = sheet(3, caption=ODD)

    made = corrected(read, {2: {"caption": "Mended\r\nnow"}, 3: {"caption": "Line one\r\nline two 😀 <b>\r\n\r\n  "}})

    assert [row["caption"] for row in made.rows] == [ODD, "Mended\nnow", ODD]


def test_a_row_that_was_cleared_is_left_out() -> None:
    made = corrected(sheet(3), {2: {"account": "", "caption": " "}, 9: {"caption": "nowhere"}})

    assert [row["caption"] for row in made.rows] == ["Number 1", "Number 3"]


class TestView:
    def test_few_rows_are_all_shown(self) -> None:
        view = in_view(sheet(MOST_SHOWN), {7})

        assert view.numbers == list(range(1, MOST_SHOWN + 1))
        assert (view.earlier, view.later) == (None, None)

    def test_of_many_those_that_want_correcting(self) -> None:
        view = in_view(sheet(500), {499, 7})

        assert view.numbers == [7, 499]
        assert (view.earlier, view.later) == (None, None)

    def test_of_very_many_of_these_as_many_as_fit(self) -> None:
        view = in_view(sheet(500), set(range(100, 400)))

        assert view.numbers == list(range(100, 100 + MOST_SHOWN))
        assert view.wanted == 300

    @pytest.mark.parametrize("text", ["short", "😀" * 5000])
    def test_one_leafs_through_all(self, text: str) -> None:
        seen, start = [], 1
        while start:
            view = in_view(sheet(120, caption=text), {3}, start=start)
            seen += view.numbers
            start = view.later or 0

        assert seen == list(range(1, 121))
        assert in_view(sheet(120), set(), start=60).earlier == 10

    def test_rows_that_hold_much_are_fewer_and_one_at_least(self) -> None:
        assert len(in_view(sheet(80, caption="😀" * 5000), set()).numbers) == 2
        assert in_view(sheet(80, caption="😀" * 50_000), set()).numbers == [1]

    def test_a_row_that_is_not_there_is_none(self) -> None:
        assert in_view(sheet(60), set(), start=10**9).numbers[-1] == 60
        assert in_view(Sheet(("account",), []), set()).numbers == []
