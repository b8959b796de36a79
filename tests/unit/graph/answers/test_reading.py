"""The typed look at JSON: absent is None, wrong is an error, unknown is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from graph.answers.aside import Aside, listening
from graph.answers.errors import ErrorClass, GraphError
from graph.answers.reading import Node, as_number, created_id, succeeded
from graph.wire.body import parsed
from graph.wire.endpoints import Endpoint

E = Endpoint.MEDIA


def node(**values: object) -> Node:
    return Node(values, E)


@pytest.mark.parametrize(
    "read",
    [Node.text, Node.maybe_id, Node.whole, Node.number, Node.flag, Node.instant, Node.node],
    ids=lambda read: read.__name__,
)
@pytest.mark.parametrize("values", [{}, {"a": None}], ids=["absent", "null"])
def test_absent_is_none(read: Callable[[Node, str], object], values: dict[str, object]) -> None:
    asides: list[Aside] = []
    with listening(asides.append):
        assert read(Node(values, E), "a") is None
        assert Node(values, E).nodes("a") == []
    assert asides == []


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Node.text, 5),
        (Node.text, []),
        (Node.maybe_id, {}),
        (Node.maybe_id, True),
        (Node.whole, 1.5),
        (Node.whole, "x"),
        (Node.whole, "1,234"),
        (Node.whole, 2**63),
        (Node.number, True),
        (Node.number, ""),
        (Node.number, "NaN"),
        (Node.number, []),
        (Node.flag, 1),
        (Node.flag, "yes"),
        (Node.flag, []),
        (Node.instant, ""),
        (Node.instant, "yesterday"),
        (Node.instant, 10**30),
        (Node.instant, "0001-01-01T00:00:00+0000"),
        (Node.instant, "9999-12-31T23:59:59-1200"),
        (Node.instant, True),
        (Node.instant, {}),
        (Node.texts, "x"),
        (Node.texts, [1]),
        (Node.texts, [None]),
        (Node.node, []),
        (Node.nodes, "x"),
    ],
)
def test_a_value_of_the_wrong_kind_is_set_aside_and_kept_as_it_came(
    read: Callable[[Node, str], object], value: object
) -> None:
    asides: list[Aside] = []
    one = node(a=value, b=1)

    with listening(asides.append):
        found = read(one, "a")

    assert not found
    assert [(aside.endpoint, aside.where) for aside in asides] == [(E, "a")]
    assert one.rest() == {"a": value, "b": 1}


@pytest.mark.parametrize("value", [None, "", True, 1.5, []])
def test_what_must_be_there_and_is_not_makes_the_whole_unreadable(value: object) -> None:
    with pytest.raises(GraphError, match="unreadable answer") as caught:
        node(id=value).id()

    assert caught.value.error_class is ErrorClass.TRANSIENT
    assert not caught.value.definite


@pytest.mark.parametrize("value", [[1, {"id": "1"}], {"data": [None, {"id": "1"}]}, [{"id": []}, {"id": "1"}, {}]])
def test_an_item_that_cannot_be_read_is_left_out_of_its_list(value: object) -> None:
    asides: list[Aside] = []
    one = node(a=value)

    with listening(asides.append):
        assert one.each("a", Node.id) == ("1",)

    assert one.dropped == len(asides) > 0


def test_no_value_that_may_hold_a_token_is_told() -> None:
    asides: list[Aside] = []
    with listening(asides.append):
        node(access_token=17841400000000001).text("access_token")
        node(count="x" * 1000).whole("count")

    assert "1784" not in asides[0].why
    assert "xxx" in asides[1].why
    assert len(asides[1].why) < 120


def test_of_a_name_that_stands_there_twice_neither_value_is_taken() -> None:
    asides: list[Aside] = []
    with listening(asides.append):
        found = Node(parsed(b'{"a": 1, "b": 2, "a": 3}'), E)

    assert (found.number("a"), found.number("b")) == (None, 2)
    assert [aside.where for aside in asides] == ["a"]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"a\u0000b"', "a�b"),
        (rb'{"k\u0000": ["\ud83d"]}', {"k�": ["�"]}),
        (rb'"\ud83d\ude00"', "😀"),
        (b'"caf\xe9"', "caf�"),
        (b"[NaN, -Infinity, 1e999, 1e308]", ["NaN", "-Infinity", "inf", 1e308]),
        (b"\xef\xbb\xbf{}", {}),
        (b"1" * 5_000, "1" * 5_000),
    ],
    ids=["NUL", "inside", "a pair", "no UTF-8", "no numbers", "BOM", "endless"],
)
def test_what_nothing_else_can_hold_is_mended(body: bytes, value: object) -> None:
    assert parsed(body) == value


def test_numbers_in_every_dress() -> None:
    numbers: list[object] = [5, "5", "-5", 2.5, "2.5", 5.0, "5.0"]
    others: list[object] = [None, "", "five", "inf", True, [], "1e999"]

    assert [as_number(value) for value in numbers] == [5, 5, -5, 2.5, 2.5, 5, 5]
    assert [as_number(value) for value in others] == [None] * 7


def test_a_text_is_a_number_only_as_json_writes_them_and_to_its_last_digit() -> None:
    assert as_number("1234567890123456789") == 1234567890123456789
    assert as_number("-1.5e3") == -1500
    assert [as_number(text) for text in ("1_000", "٣", "١٢٫٥", " 5", "+5", "0x1", "5.", ".5", "nan")] == [None] * 9


def test_ids_stay_text_beyond_two_to_the_53() -> None:
    assert node(id=3231775643511089123).id() == "3231775643511089123"
    assert node(id="17841400000000001").id() == "17841400000000001"


def test_times_become_utc() -> None:
    at = datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC)

    assert node(a="2021-08-13T08:25:28+0000").instant("a") == at
    assert node(a="2021-08-13T10:25:28+02:00").instant("a") == at
    assert node(a="2021-08-13T08:25:28").instant("a") == at
    assert node(a=int(at.timestamp())).instant("a") == at


def test_lists_come_plain_or_wrapped() -> None:
    for value in ([{"id": "1"}], {"data": [{"id": "1"}], "paging": {}}):
        assert node(a=value).each("a", Node.id) == ("1",)
    assert node(a={}).each("a", Node.id) == ()


def test_what_nobody_asked_for_is_kept() -> None:
    one = node(id="1", newer={"x": 1}, also=[])

    one.id()

    assert one.rest() == {"newer": {"x": 1}, "also": []}


def test_the_place_is_named() -> None:
    asides: list[Aside] = []
    with listening(asides.append):
        node(data=[{"id": "1"}, {"id": "2", "owner": {"id": []}}]).each("data", lambda one: one.node("owner"))
        node(data=[{"id": "1"}, {"id": []}]).each("data", Node.id)

    assert [(aside.where, aside.why) for aside in asides] == [("data[1]", "data[1] has an id that is none")]


def test_success_and_created_ids() -> None:
    succeeded(True, E)
    succeeded({"success": True, "deleted_id": "1"}, E)
    assert created_id({"id": "5"}, E) == "5"
    answers: list[object] = [{}, {"success": False}, [], None]
    for answer in answers:
        with pytest.raises(GraphError):
            succeeded(answer, E)
        with pytest.raises(GraphError):
            created_id(answer, E)
