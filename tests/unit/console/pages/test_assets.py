"""Scripts as they are served: by their hashes, without what only their writers read, and otherwise as they stand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from console.pages import assets
from console.pages.assets import Assets

FOLDER = Path(assets.__file__).parent / "static"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.js"))


@pytest.fixture(scope="module")
def served() -> Assets:
    return Assets()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_served_as_it_stands_but_for_remarks_and_indentation(served: Assets, name: str) -> None:
    answer = asyncio.run(served.serve(served(name).rpartition("/")[2]))
    lines = bytes(answer.body).decode().splitlines()
    source = [line.strip() for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]

    assert len(lines) == sum(bool(line) and not line.startswith("//") for line in source)
    assert [line for line in lines if "./" in line and ".js" in line] == [], "what it imports has its hash in its name"
    assert [line for line in source if line.count("`") % 2] == [], "a text over lines would lose its indentation"
