"""docs/settings.md tells every setting, its default, and what a wrong one looks like."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pressrun.clock import format_duration
from pressrun.errors import Invalid
from pressrun.settings import PREFIX, Settings, load
from pressrun.vault import Vault
from tests.unit.docs.pages import Page, names_in

PAGE = Page.of("docs/settings.md")
ROWS = {names_in(row["name"])[0]: row for row in PAGE.table("name", "form", "default", "meaning")}
WRONG = [line.removeprefix("pressrun: ") for block in PAGE.blocks("text") for line in block.splitlines()]
EXAMPLES = PAGE.blocks("sh")


def told(default: Any) -> str:
    """A default as the page writes it."""
    if default is None or default == []:
        return "none"
    if default == "":
        return "empty"
    if isinstance(default, list):
        return ", ".join(f"`{one}`" for one in default)
    if isinstance(default, timedelta):
        return f"`{format_duration(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_is_there_and_nothing_else() -> None:
    assert list(ROWS) == [PREFIX + name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "home"])
def test_its_default_is_the_true_one(name: str) -> None:
    assert ROWS[PREFIX + name.upper()]["default"] == told(Settings.model_fields[name].get_default())


def test_the_default_folder_of_root_is_the_true_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)

    assert f"`{Settings().home.as_posix()}`" in PAGE.prose


def test_the_default_folder_on_linux_is_the_true_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    assert f"`~/{Settings().home.relative_to(tmp_path).as_posix()}`" in PAGE.prose


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_setting_looks_as_shown(line: str) -> None:
    with pytest.raises(Invalid) as problem:
        load(_wrong(line))

    assert str(problem.value) == line


def _wrong(line: str) -> dict[str, str]:
    """A setting that is wrong in the way the line tells."""
    known = {"STAGE_AHEAD": "soon", "DATABASE_URL": "mysql://host/name", "DATABSE_URL": "x", "LEASE": "10s"}
    name = next(name for name in known if re.search(rf"\b(?:{PREFIX})?{name}\b", line.partition(";")[0]))
    return {PREFIX + name: known[name]}


@pytest.mark.parametrize("block", EXAMPLES)
def test_an_example_is_accepted(block: str) -> None:
    settings = load(dict(line.split("=", 1) for line in block.splitlines()))

    assert settings.offers_local_media
    if settings.database_url is not None:
        Vault(settings.keys())


def test_the_first_example_is_of_the_embedded_mode() -> None:
    assert len(EXAMPLES) == 3
    assert "DATABASE_URL" not in EXAMPLES[0]
