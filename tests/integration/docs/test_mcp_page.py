"""docs/mcp.md: its example is run as it stands, against the console itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from console.app import create_app
from migrations import HEAD
from models.store.session import Database
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun.media import links
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account
from tests.support.web import serve
from tests.unit.docs.pages import Page

[EXAMPLE] = Page.of("docs/mcp.md").blocks("python")


def test_the_example_does_what_it_says(
    database: Database, tmp_path: Path, media_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as tx:
        make_account(tx, name="harbour-bakery", timezone="Europe/Zurich")
    settings = Settings(secret_keys=[SecretStr(KEY)], home=tmp_path / "home", public_url="https://pressrun.example")
    ctx = Context(database, settings)
    key = keys.add(ctx, OWNER, "planner", scopes=["read", "publish"]).key
    shutil.copy(media_folder / "feed.jpg", tmp_path / "bread.jpg")
    app = create_app(ctx, media_keys=[links.derive_key(KEY)], media_root=settings.home / "media", schema_head=HEAD)

    with serve(app) as url, monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setenv("KEY", key)
        patch.setenv("MCP", f"{url}/mcp")
        exec(compile(EXAMPLE, "docs/mcp.md", "exec"), {"__name__": "example"})  # noqa: S102

    with database.transaction() as tx:
        assert tx.scalar(text("SELECT key FROM posts WHERE state = 'scheduled'")) == "christmas"
