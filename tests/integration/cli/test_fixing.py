"""`post add --fix` and `post import --fix`: what is wrong is made right after it was queued, and told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.integration.cli.conftest import Command, Here
from tests.support.waiting import until
from worker import fixing


@pytest.fixture(autouse=True)
def converters_closed() -> Iterator[None]:
    yield
    fixing.close_converters()


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "tall.png"
    Image.radial_gradient("L").resize((300, 900)).convert("RGB").save(path)
    return path


def test_a_post_with_fix_is_queued_and_shows_what_was_done(
    here: Here, command: Command, png: Path, workers: None
) -> None:
    here.add(0)
    add = ("post", "add", "--account", "sim-0", "--at", "+3h", "--media", str(png))

    refused = command.run(*add)
    added = command.run(*add, "--fix")
    [post] = command.json("post", "list")

    assert (refused.returncode, "--fix makes it right" in refused.stderr) == (2, True)
    assert (added.returncode, "files being made right: 1" in added.stdout) == (0, True)

    def made() -> Any:
        [fix] = command.json("post", "show", str(post["id"]))["fixes"]
        return fix["made"]

    told = until(made, what="the file is made right")
    shown = command.run("post", "show", str(post["id"])).stdout
    assert {change["field"] for change in told["changes"]} == {"format", "ratio", "width"}
    assert all(word in shown for word in ("tall.png", "PNG", "JPEG", "300x900", "§2.2 Ratio"))


def test_the_column_of_a_row_says_more_than_the_option(here: Here, command: Command, png: Path) -> None:
    here.add(0)
    rows = png.with_name("rows.csv")
    head = "account,publish_at,type,media,fix,key\n"
    line = "sim-0,+3h,image,tall.png,{},{}\n"
    rows.write_text(head + line.format("", "as the option says") + line.format("crop", "in its own way"))
    wrong = png.with_name("wrong.csv")
    wrong.write_text(head + line.format("no", "not"))

    queued = command.json("post", "import", str(rows), "--fix")
    refused = command.run("post", "import", str(wrong), "--fix")
    without = command.run("post", "import", str(rows))

    assert (len(queued["added"]), queued["problems"], queued["fixing"]) == (2, [], 2)
    assert (refused.returncode, "column media" in refused.stderr) == (2, True)
    assert without.returncode == 2
