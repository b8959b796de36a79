"""docs/api.md: each example is run as it stands, by curl and by Python, against the console itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from console.app import create_app
from migrations import HEAD
from models.accounts.account import find_account
from models.posts.event import Cause, record_event
from models.store.session import Database
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun.media import links
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account, make_post
from tests.support.waiting import until
from tests.support.web import serve
from tests.unit.docs.pages import Page

PAGE = Page.of("docs/api.md")
SHELL = [one for one in PAGE.blocks("sh") if "curl" in one]
PYTHON = PAGE.blocks("python")


@pytest.fixture
def desk(database: Database, tmp_path: Path, media_folder: Path) -> Iterator[dict[str, str]]:
    """The console with a key of its own, and a folder with a photo: what the page takes for given."""
    settings = Settings(
        secret_keys=[SecretStr(KEY)], home=tmp_path / "home", public_url="https://pressrun.example", console_port=0
    )
    ctx = Context(database, settings)
    with database.transaction() as tx:
        for name in ("harbour-bakery", "lena-makes"):
            make_account(tx, name=name, timezone="Europe/Berlin")
    key = keys.add(ctx, OWNER, "planner", scopes=["read", "publish"]).key
    shutil.copy(media_folder / "feed.jpg", tmp_path / "bread.jpg")
    app = create_app(ctx, media_keys=[links.derive_key(KEY)], media_root=tmp_path / "home/media", schema_head=HEAD)
    with serve(app) as url:
        yield {**os.environ, "API": f"{url}/api/v1", "KEY": key, "HOME": str(tmp_path)}


def run(arguments: list[str], desk: dict[str, str]) -> str:
    done = subprocess.run(
        arguments, check=False, cwd=desk["HOME"], env=desk, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def happen_until_heard(database: Database, process: subprocess.Popen[str]) -> None:
    """Again and again, since the example follows from when it has come."""

    def is_heard() -> bool:
        with database.transaction() as tx:
            post = make_post(tx, find_account(tx, "harbour-bakery"))
            record_event(tx, post.id, Cause("post.staged"), from_state="scheduled", to_state="staging")
        return process.poll() is not None

    until(is_heard, what="the example has heard of nothing")


@pytest.mark.cost(cpu_s=3)
def test_the_examples_of_the_shell_do_as_they_say(desk: dict[str, str]) -> None:
    told = [run(["bash", "-euo", "pipefail", "-c", one], desk) for one in SHELL]

    assert '"reference":"kept:' in told[0]
    assert '"key":"christmas"' in told[1]
    assert '"media":{"reference"' in told[2]
    assert (Path(desk["HOME"]) / "account_daily.csv").read_text().startswith("account_id,account,day,")


@pytest.mark.cost(cpu_s=3)
def test_the_examples_in_python_do_as_they_say(desk: dict[str, str], database: Database) -> None:
    run(["bash", "-euo", "pipefail", "-c", SHELL[0] + SHELL[1]], desk)

    run([sys.executable, "-c", PYTHON[0]], desk)
    follower = subprocess.Popen([sys.executable, "-c", PYTHON[1]], env=desk, stdout=subprocess.PIPE, text=True)
    happen_until_heard(database, follower)
    out, _ = follower.communicate(timeout=30)

    assert "harbour-bakery post.staged" in out
    assert len(PYTHON) == 2
