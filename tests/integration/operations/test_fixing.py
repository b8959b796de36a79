"""Kept files that are made right: files are read while no transaction is open."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from models.posts import conversion as conversions
from operations.operation import OWNER, Context
from operations.posts import fixing, pictures, uploads
from operations.posts.fixing import Said
from pressrun import clock
from pressrun.errors import Unknown
from pressrun.media.fixing.told import Facts, Made
from pressrun.media.store import BY_CONTENT, MediaStore

WATCHED: list[tuple[str, list[int], Any]] = []
"""Folder, how many connections were taken at each opening of a file below it, the pool. A hook of Python stays."""


def _note(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and WATCHED:
        folder, taken, pool = WATCHED[-1]
        if str(args[0]).startswith(folder):
            taken.append(pool.checkedout())


sys.addaudithook(_note)


@pytest.fixture
def kept(ctx: Context, media_folder: Path) -> str:
    return MediaStore(ctx.settings.home / "media").keep(media_folder / "feed.jpg").sha256


def test_files_are_read_while_no_transaction_is_open(ctx: Context, kept: str) -> None:
    asked = fixing.fix(ctx, OWNER, f"{BY_CONTENT}{kept}", Said("story"))
    with ctx.database.transaction() as tx:
        row = conversions.find(tx, kept, asked.key)
        assert row is not None
        row.state, row.result_sha256, row.result_extension, row.next_action_at = "done", kept, "jpg", None
        facts = Facts("JPEG", 1000, 1080, 1920)
        row.made, row.settled_at = Made(facts, facts).as_json(), clock.now()
    taken: list[int] = []
    WATCHED.append((str(ctx.settings.home / "media"), taken, ctx.database.engine.pool))
    try:
        found = [
            fixing.fix(ctx, OWNER, f"{BY_CONTENT}{kept}", Said("story")),
            fixing.fixed(ctx, OWNER, kept, asked.key),
            *fixing.origins(ctx, OWNER, [f"{BY_CONTENT}{kept}"]).values(),
        ]
    finally:
        WATCHED.pop()

    assert [one.media.sha256 if one.media else None for one in found] == [kept] * len(found)
    assert len(taken) >= len(found) >= 2
    assert set(taken) == {0}


def test_what_is_not_kept_is_said_in_one_way(ctx: Context) -> None:
    for ask, field in (
        (lambda: fixing.check(ctx, OWNER, BY_CONTENT + "0" * 64), "media"),
        (lambda: uploads.look(ctx, OWNER, "0" * 64), "sha256"),
        (lambda: pictures.kept(ctx, OWNER, "0" * 64), "sha256"),
    ):
        with pytest.raises(Unknown) as caught:
            ask()
        assert (caught.value.type, caught.value.field) == ("media.not_kept", field)
