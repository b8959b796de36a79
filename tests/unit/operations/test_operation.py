"""What holds for all operations: each is registered, asks for the right, and is all that faces call."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store.session import Database
from operations.operation import OPERATIONS, OWNER, Asker, Context, Effect, NotAllowed, Scope, operation
from pressrun.errors import Kind
from pressrun.settings import Settings
from tests.unit.docs.pages import ROOT

HOME = ROOT / "operations"
MODULES = sorted(
    ".".join(path.relative_to(HOME).with_suffix("").parts) for path in HOME.rglob("*.py") if path.stem != "__init__"
)
WAITING = {"await_check", "await_errand", "await_outcome"}
"""They wait for what an operation has asked for."""
GATE = ("operation", "require")
"""Asks whether somebody may, and does nothing."""

Functions = dict[str, ast.FunctionDef]


@pytest.fixture(scope="module")
def functions() -> dict[str, Functions]:
    """The public functions of each module of operations."""
    found = {}
    for name in MODULES:
        tree = ast.parse((HOME / f"{name.replace('.', '/')}.py").read_text())
        found[name] = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name[0] != "_"}
        importlib.import_module(f"operations.{name}")
    return found


def _is_registered(function: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Call) and ast.unparse(one.func) == "operation" for one in function.decorator_list)


def _first(function: ast.FunctionDef) -> str | None:
    given = [*function.args.posonlyargs, *function.args.args]
    return given[0].arg if given else None


def _called(path: Path, functions: dict[str, Functions]) -> Iterator[tuple[str, str]]:
    """Module and name of each function of operations that a file imports, by itself or as part of its module."""
    tree = ast.parse(path.read_text())
    modules = {}
    for one in ast.walk(tree):
        if not isinstance(one, ast.ImportFrom) or (one.module or "").partition(".")[0] != "operations":
            continue
        module = (one.module or "").removeprefix("operations").removeprefix(".")
        for alias in one.names:
            if (inner := f"{module}.{alias.name}".lstrip(".")) in functions:
                modules[alias.asname or alias.name] = inner
            elif alias.name in functions[module]:
                yield module, alias.name
    for one in ast.walk(tree):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in modules:
            module = modules[one.value.id]
            if one.attr in functions[module]:
                yield module, one.attr


def test_whatever_takes_a_context_is_registered(functions: dict[str, Functions]) -> None:
    missing = [
        f"{module}.{name}"
        for module, those in functions.items()
        for name, function in those.items()
        if _first(function) == "ctx" and name not in WAITING and not _is_registered(function)
    ]

    assert missing == []


def test_faces_call_nothing_of_operations_but_operations(functions: dict[str, Functions]) -> None:
    called = {
        one for face in ("cli", "console") for path in (ROOT / face).rglob("*.py") for one in _called(path, functions)
    }
    # What reads a text as a person wrote it needs no right and no context.
    asked = {
        (module, name)
        for module, name in called
        if name not in WAITING and (module, name) != GATE and _first(functions[module][name]) != "text"
    }

    assert ("posts.posts", "cancel") in asked
    assert [one for one in asked if not _is_registered(functions[one[0]][one[1]])] == []


def test_each_says_in_one_line_what_it_is_for(functions: dict[str, Functions]) -> None:
    assert len(OPERATIONS) >= sum(_is_registered(one) for those in functions.values() for one in those.values())
    for name, one in OPERATIONS.items():
        assert one.name == name
        assert one.summary.endswith((".", "?")), name


def test_whoever_only_reads_may_ask_for_no_more(functions: dict[str, Functions]) -> None:
    for one in OPERATIONS.values():
        assert (one.effect is Effect.READS) or one.scope is not Scope.READ, one.name


def test_without_the_right_nothing_is_done() -> None:
    ctx = Context(Database("postgresql://nobody@127.0.0.1:1/nothing"), Settings())
    done: list[str] = []

    @operation("test.note", effect=Effect.CHANGES, scope=Scope.PUBLISH)
    def note(_ctx: Context, _asker: Asker, text: str) -> int:
        """Write something down."""
        done.append(text)
        return len(done)

    try:
        with pytest.raises(
            NotAllowed, match=r"^reader may not do this: test.note needs the right to publish$"
        ) as refused:
            note(ctx, Asker("reader", frozenset({Scope.READ})), "no")
        assert (refused.value.kind, done) == (Kind.NOT_ALLOWED, [])
        assert note(ctx, OWNER, "yes") == 1
    finally:
        del OPERATIONS["test.note"]
