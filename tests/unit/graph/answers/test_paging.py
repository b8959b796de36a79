"""Pages: the end is the absence of `next`, and no list goes round in circles."""

from __future__ import annotations

import pytest

from graph.answers.aside import Aside, listening
from graph.answers.errors import GraphError
from graph.answers.paging import Page, Walk, checked_limit, iterate, read_page
from graph.answers.reading import Node
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid

NEXT = "https://graph.facebook.com/v25.0/1/media?access_token=EAAsecret&limit=2&after=QVFI"


def page(answer: object, *, cursor_only: bool = False) -> Page[str]:
    return read_page(answer, Endpoint.MEDIA_LIST, Node.id, cursor_only=cursor_only)


def test_items_and_cursor() -> None:
    answer = {"data": [{"id": "1"}, {"id": "2"}], "paging": {"cursors": {"before": "B", "after": "A"}, "next": NEXT}}

    assert page(answer) == Page(("1", "2"), "A", has_next=True)


def test_no_next_is_the_end_even_with_a_cursor() -> None:
    answer = {"data": [{"id": "1"}], "paging": {"cursors": {"after": "A"}}}

    assert page(answer) == Page(("1",), "A", has_next=False)


def test_a_short_or_empty_page_with_next_is_not_the_end() -> None:
    assert page({"data": [], "paging": {"cursors": {"after": "A"}, "next": NEXT}}).has_next


def test_an_edge_without_next_goes_on_while_there_are_items() -> None:
    paging = {"cursors": {"after": "A"}}

    assert page({"data": [{"id": "1"}], "paging": paging}, cursor_only=True).has_next
    assert not page({"data": [], "paging": paging}, cursor_only=True).has_next
    assert not page({"data": [{"id": "1"}]}, cursor_only=True).has_next


def test_the_cursor_can_stand_in_next_alone_and_nothing_else_of_it_is_kept() -> None:
    found = page({"data": [{"id": "1"}], "paging": {"next": NEXT}})

    assert found == Page(("1",), "QVFI", has_next=True)


@pytest.mark.parametrize("following", ["https://x/?a=b", "http://[", ""])
def test_a_next_without_cursor_is_the_end(following: str) -> None:
    assert not page({"data": [{"id": "1"}], "paging": {"next": following}}).has_next


@pytest.mark.parametrize("answer", [[], {}, {"data": None}, {"data": "x"}])
def test_what_is_no_page(answer: object) -> None:
    with pytest.raises(GraphError, match="unreadable answer"):
        page(answer)


def test_an_item_that_is_none_is_dropped_alone() -> None:
    found = page({"data": [{"id": "1"}, None, {"id": []}, {"id": "2"}], "paging": {"next": NEXT}})

    assert (found.items, found.has_next, found.dropped) == (("1", "2"), True, 2)
    assert not found.is_whole


@pytest.mark.parametrize(
    "paging",
    [
        *([], "x", {"next": 5}, {"cursors": []}, {"cursors": {"after": {}}, "next": "https://x/?a=b"}),
        *({"next": "https://x/?a=b"}, {"cursors": {"before": "B"}, "next": "https://x/?offset=25"}),
    ],
)
def test_a_list_that_does_not_say_how_it_goes_on_is_cut(paging: object) -> None:
    found = page({"data": [{"id": "1"}], "paging": paging})

    assert (found.items, found.has_next, found.is_cut, found.extra) == (("1",), False, True, {})
    assert not found.is_whole


@pytest.mark.parametrize("paging", [None, {}, {"cursors": {}}, {"cursors": {"after": "A"}}])
def test_a_list_that_ends_is_whole(paging: object) -> None:
    assert page({"data": [{"id": "1"}], "paging": paging}).is_whole


def test_that_a_list_goes_on_nobody_knows_where_is_told() -> None:
    heard: list[Aside] = []
    with listening(heard.append):
        page({"data": [{"id": "1"}], "paging": {"next": "https://x/?offset=25"}})

    assert [(one.where, "where is not known" in one.why) for one in heard] == [("paging.next", True)]


class TestWalk:
    @pytest.mark.parametrize(
        ("begun_at", "cursors", "asked"),
        [
            (None, ["a"], [None, "a"]),
            (None, ["a", "b"], [None, "a", "b"]),
            ("m", ["n", "m"], ["m", "n"]),
        ],
        ids=["to itself", "in two steps", "to where it was begun"],
    )
    def test_a_list_that_leads_back_is_over_and_not_whole(
        self, begun_at: str | None, cursors: list[str], asked: list[str | None]
    ) -> None:
        told: list[str] = []
        walk = Walk(begun_at, on_round=lambda: told.append("round"))
        seen: list[str | None] = []

        def fetch(after: str | None) -> Page[str]:
            seen.append(after)
            return Page(("x",), cursors[(len(seen) - 1) % len(cursors)], True)

        assert len(list(walk.pages(fetch, most=100))) == len(asked)
        assert seen == asked
        assert (walk.is_over, walk.leads_back, walk.is_whole, told) == (True, True, False, ["round"])

    @pytest.mark.parametrize(
        ("last", "is_over", "is_whole"),
        [
            (Page(("y",), None, False), True, True),
            (Page(("y",), None, False, is_cut=True), True, False),
            (Page(("y",), None, False, dropped=1), True, False),
            (Page(("y",), "b", True), False, True),
            (None, False, False),
        ],
        ids=["its end", "broken off", "one that is unreadable", "more than was wanted", "a page that failed"],
    )
    def test_what_is_proved_by_it(self, last: Page[str] | None, is_over: bool, is_whole: bool) -> None:
        pages = {None: Page(("x",), "a", True), "a": last}
        walk = Walk()

        list(walk.pages(lambda after: pages[after], most=2))

        assert (walk.is_over, walk.is_whole) == (is_over, is_whole)


class TestIterate:
    def test_all_pages_in_order(self) -> None:
        pages = {None: Page((1, 2), "a", True), "a": Page((), "b", True), "b": Page((3,), "c", False)}

        assert list(iterate(lambda after: pages[after])) == [1, 2, 3]

    @pytest.mark.parametrize("cursors", [["a"], ["a", "b"]])
    def test_a_repeated_cursor_ends_it(self, cursors: list[str]) -> None:
        turns = iter(range(100))

        found = list(iterate(lambda _: Page(("x",), cursors[next(turns) % len(cursors)], True)))

        assert len(found) == len(cursors) + 1

    def test_no_more_than_the_limit(self) -> None:
        turns = iter(range(100))

        assert len(list(iterate(lambda _: Page(("x",), str(next(turns)), True), limit_pages=7))) == 7

    def test_pages_are_fetched_only_when_wanted(self) -> None:
        asked: list[str | None] = []

        def fetch(after: str | None) -> Page[int]:
            asked.append(after)
            return Page((1, 2), str(len(asked)), True)

        items = iterate(fetch)

        assert [next(items), next(items)] == [1, 2]
        assert asked == [None]


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_page_size_that_instagram_refuses(limit: int) -> None:
    with pytest.raises(Invalid, match="1 to 100"):
        checked_limit(limit, 100)
