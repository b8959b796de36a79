"""House rules that a machine can hold (CONTRIBUTING.md): what is too long, raised without a kind, or named for nothing.

Each list of exceptions is what is left to mend: it only ever shrinks, and an entry that is mended must go.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
LONGEST_FUNCTION, LONGEST_MODULE = 40, 300
NAMED_FOR_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}

LONG_MODULES: set[str] = set()
LONG_FUNCTIONS = {  # a line for each option of a post, which has many
    "cli/commands/posts/changes.py edit",
    "cli/commands/posts/posts.py add",
}
WITHOUT_A_KIND: set[str] = set()


def _modules() -> Iterator[Path]:
    """Every module that is shipped, and the benchmarks; not the tests, and no migration, which is never changed."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for package in (*packages, "benchmarks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations/versions" not in path.as_posix():
                yield path


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_has_more_than_300_lines() -> None:
    long = {_name(path) for path in _modules() if len(path.read_text().splitlines()) > LONGEST_MODULE}

    assert long == LONG_MODULES


def test_no_function_has_more_than_40_lines() -> None:
    long = {
        f"{_name(path)} {node.name}"
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    }

    assert long == LONG_FUNCTIONS


def test_what_a_caller_got_wrong_is_told_by_its_kind() -> None:
    """Invalid, Unknown, Conflict or NotPossible: their parent says to no face what to make of it."""
    bare = {
        _name(path)
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "UsageError"
    }

    assert bare == WITHOUT_A_KIND


def test_every_module_is_named_for_what_it_holds() -> None:
    named = [path for path in _modules() if NAMED_FOR_NOTHING & {path.stem, *path.relative_to(ROOT).parts}]

    assert named == []
