"""What `--help` shows: every command on one line of 80 characters, every value in words, nothing unexplained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cli.main import app
from cli.words import complete

ROOT: Any = complete(typer.main.get_command(app))


def commands(of: Any = ROOT, path: str = "pressrun") -> Iterator[tuple[str, Any]]:
    yield path, of
    for name, inner in getattr(of, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


ALL = dict(commands())


@pytest.mark.parametrize("path", ALL)
def test_every_option_and_argument_is_explained(path: str) -> None:
    assert [one.name for one in ALL[path].params if not one.help] == []


def help_of(path: str) -> str:
    context = ALL[path].context_class(ALL[path], info_name=path, terminal_width=80, max_content_width=80)
    return str(ALL[path].get_help(context))


@pytest.mark.parametrize("path", [name for name, one in ALL.items() if hasattr(one, "commands")])
def test_no_command_in_a_list_is_cut_short(path: str) -> None:
    listed = help_of(path).partition("\nCommands:\n")[2].splitlines()

    assert [line for line in listed if line.endswith("...")] == []


@pytest.mark.parametrize("path", ALL)
def test_values_of_options_are_not_named_by_types_of_python(path: str) -> None:
    options = help_of(path).partition("\nOptions:\n")[2]

    assert re.findall(r"<(?:str|int|float|list|path)[^>]*>", options) == []


def test_every_number_is_bounded() -> None:
    """Beyond its bounds the first who refuses a number is the database, in words of its own."""
    numbers = {
        (path, one.name): one for path, of in ALL.items() for one in of.params if _kind(one) in (int, float, list[int])
    }

    assert ("pressrun slot remove", "slot") in numbers
    assert [name for name, one in numbers.items() if one.min is None or one.max is None] == []


def _kind(one: Any) -> Any:
    """What typer reads a parameter as; None for those of its own, as of `--version`."""
    return getattr(getattr(one, "type_descriptor", None), "annotation", None)
