"""The typed look at JSON: absent is None, wrong is an error, unknown is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from graph.endpoints import Endpoint
from graph.errors import ErrorClass, GraphError
from graph.reading import Node, as_number, created_id, succeeded

E = Endpoint.MEDIA


def node(**values: object) -> Node:
    return Node(values, E)


@pytest.mark.parametrize(
    "read",
    [Node.text, Node.maybe_id, Node.whole, Node.number, Node.flag, Node.instant, Node.node, Node.nodes],
    ids=lambda read: read.__name__,
)
@pytest.mark.parametrize("values", [{}, {"a": None}], ids=["absent", "null"])
def test_absent_is_none(read: Callable[[Node, str], object], values: dict[str, object]) -> None:
    assert read(Node(values, E), "a") is None


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Node.text, 5),
        (Node.text, []),
        (Node.id, None),
        (Node.id, ""),
        (Node.id, True),
        (Node.id, 1.5),
        (Node.maybe_id, {}),
        (Node.whole, 1.5),
        (Node.whole, "x"),
        (Node.number, True),
        (Node.number, "NaN"),
        (Node.number, []),
        (Node.flag, 1),
        (Node.flag, "yes"),
        (Node.flag, []),
        (Node.instant, "yesterday"),
        (Node.instant, 10**30),
        (Node.instant, True),
        (Node.instant, {}),
        (Node.texts, "x"),
        (Node.texts, [1]),
        (Node.node, []),
        (Node.nodes, "x"),
        (Node.nodes, [1]),
        (Node.nodes, {"data": 5}),
    ],
)
def test_a_wrong_type_is_an_unreadable_answer(read: Callable[[Node, str], object], value: object) -> None:
    with pytest.raises(GraphError, match="unreadable answer") as caught:
        read(node(a=value), "a")

    assert caught.value.error_class is ErrorClass.TRANSIENT
    assert not caught.value.definite


def test_numbers_in_every_dress() -> None:
    numbers: list[object] = [5, "5", "-5", 2.5, "2.5", 5.0, "5.0"]
    others: list[object] = [None, "", "five", "inf", True, [], "1e999"]

    assert [as_number(value) for value in numbers] == [5, 5, -5, 2.5, 2.5, 5, 5]
    assert [as_number(value) for value in others] == [None] * 7


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


def test_an_error_names_the_place() -> None:
    with pytest.raises(GraphError, match=r"data\[1\]\.id is a list, not an id"):
        node(data=[{"id": "1"}, {"id": []}]).each("data", Node.id)


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
