"""Whatever a person can do, they can do by every face, or it is said why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.parity import FACES, REASONS, commands, load_operations, operations_of, routes, rows
from operations.operation import OPERATIONS, Scope
from tests.unit.docs import parity

load_operations()


def test_there_is_no_hole_without_a_reason() -> None:
    holes = [(row.operation.name, face) for row in rows() for face in FACES if row.told(face) is None]

    assert holes == []


def test_reasons_are_of_faces_that_there_are() -> None:
    assert {face for _, face in REASONS} <= {*FACES, "*"}


def test_a_route_calls_the_operation_that_it_names() -> None:
    from console.handlers.routers import ROUTERS

    told: list[Any] = [route for router in ROUTERS for route in router.routes]
    wrong = {
        f"{route.methods} {route.path}": operations_of(route.endpoint)
        for route in told
        if route.openapi_extra["x-operation"] not in operations_of(route.endpoint)
    }

    assert wrong == {}


def test_a_tool_calls_the_operation_that_it_names() -> None:
    from console.mcp.tools import tools

    wrong = {
        name: operations_of(one.function)
        for name, one in tools().items()
        if one.operation not in operations_of(one.function)
    }

    assert wrong == {}


def test_what_a_tool_takes_beside_its_body_has_other_names() -> None:
    """They are one object there."""
    from console.mcp.tools import tools

    twice = {name: one.names_twice for name, one in tools().items() if one.names_twice}

    assert twice == {}


def test_operations_are_found_however_they_are_spoken_of() -> None:
    found: dict[str, Callable[..., Any]] = dict(commands())
    handlers: dict[str, Callable[..., Any]] = dict(routes())

    assert operations_of(found["post import"]) == {"post.import"}
    assert operations_of(found["post resolve"]) == {"post.resolve", "post.resolve_comment"}
    assert "mention.reply" in operations_of(found["mention reply"])
    assert operations_of(handlers["GET /hashtags"]) == {"watch.list"}  # through a function beside it
    assert operations_of(handlers["POST /imports/file"]) == {"import.add_file"}  # handed to a thread


def test_the_table_of_the_page_is_that_of_the_code() -> None:
    assert parity.written() == parity.rendered(), "python -m tests.unit.docs.parity writes it anew"


def test_every_operation_but_the_doors_stands_in_it() -> None:
    named = {row.operation.name for row in rows()}

    assert {one.name for one in OPERATIONS.values() if one.scope is not Scope.ENTER} == named
