"""Every command that the documentation names exists with the options shown, and every command is named somewhere."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from cli.main import app
from cli.problems import command_of, run
from tests.support.logs import logging_restored
from tests.unit.docs.pages import ROOT, USER_PAGES, Page

COMMANDS: Any = command_of(app)
SHELL = ("sh", "console")
PLAIN_FILES = ("Makefile", "docker-compose.yml")
PARTS = ("docs/settings.md", "docs/campaigns.md", "docs/operations.md", "docs/deployment.md", "docs/history.md")
_MENTION = re.compile(r"\bpressrun +((?:(?![;|&`()]|<).)+)")
_IN_BACKTICKS = re.compile(r"`pressrun ([^`\n]+)`")


@dataclass(frozen=True)
class Mention:
    """A command as some text has it, without the program's name."""

    where: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.where}: pressrun {' '.join(self.words)}"


def mentions() -> list[Mention]:
    found = []
    for page in map(Page, USER_PAGES):
        lines = [line for language in SHELL for block in page.blocks(language) for line in _lines(block)]
        told = [span.removeprefix("pressrun ") for span in page.spans() if span.startswith("pressrun ")]
        told += [match for line in lines for match in _MENTION.findall(line)]
        found += [Mention(page.path.name, _words(text)) for text in told]
    for name in PLAIN_FILES:
        found += [Mention(name, _words(text)) for text in _IN_BACKTICKS.findall((ROOT / name).read_text())]
    return list({str(one): one for one in found}.values())


def _lines(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        if not line.lstrip().startswith("git clone"):
            yield line


def _words(text: str) -> tuple[str, ...]:
    return tuple(shlex.split(text, comments=True))


@pytest.mark.parametrize("mention", mentions(), ids=str)
def test_a_command_of_the_documentation_exists(mention: Mention) -> None:
    command: Any = COMMANDS
    words = list(mention.words)
    if words[:2] == ["db", "psql"] and "--" in words:
        words = words[: words.index("--")]  # what stands behind it is psql's
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]

    assert command is not COMMANDS or (words and words[0].startswith("-")), f"{mention} is no command"
    if hasattr(command, "commands"):
        assert all(word.startswith("-") for word in words), f"{mention} is no command"
    if command.name != "simulator":  # hands its flags on; docs/simulator.md has its own
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1}
        assert given <= known | {"--help", "-h"}


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _leaves(child, (*path, name)) if hasattr(child, "commands") else [(*path, name)]


LEAVES = list(_leaves(COMMANDS))


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_is_told_of(path: tuple[str, ...]) -> None:
    assert any(one.words[: len(path)] == path for one in mentions())


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    with logging_restored(), redirect_stdout(io.StringIO()) as told:
        assert run(app, [*path, "--help"]) == 0

    assert "usage: " in told.getvalue().lower()


def test_every_page_for_users_names_commands() -> None:
    assert {name.partition("/")[2] for name in PARTS} <= {one.where for one in mentions()}
