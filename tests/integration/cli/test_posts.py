"""`post add|import|list`, as their user runs them."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import text

from models.history.media import bind_media
from models.publishing import outcome
from pressrun import clock
from tests.factories.rows import first_part, make_post
from tests.integration.cli.conftest import Command, Here


def test_a_live_post_is_listed_with_what_it_lacks(here: Here, command: Command) -> None:
    account, now = here.add(0).account, clock.now()
    with here.database.transaction() as tx:
        post = make_post(tx, account, state="published", published_at=now, media_id="17", next_action_at=None)
        part = first_part(tx, post)
        part.media_id, part.published_at = "17", now
        bind_media(tx, account.id, "17", part.id, now=now)
        outcome.note_missing(tx, post.id, outcome.COMMENT, "the first comment does not stand: refused. Write it")

    listed = command.run("post", "list")
    [row] = command.json("post", "list")

    assert "published" in listed.stdout
    assert "the first comment does not stand" in listed.stdout
    assert (row["state"], row["error"]) == ("published", "the first comment does not stand: refused. Write it")


def test_what_is_behind_an_address_is_kept_where_that_is_said(
    here: Here, command: Command, media_folder: Path, tmp_path: Path
) -> None:
    here.add(0)
    told = replace(
        command,
        settings=command.settings
        | {"PRESSRUN_ALLOW_PRIVATE_URLS": "true", "PRESSRUN_PUBLIC_URL": "https://pressrun.example"},
    )
    file = tmp_path / "posts.csv"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(media_folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/feed.jpg"
        add = ["add", "--account", "sim-0", "--at", "+2h", "--media", address, "--caption"]
        done = [told.run("post", *add, "left"), told.run("post", *add, "kept", "--keep-media")]
        done.append(told.run("post", *add, "kept by the setting", KEEP_MEDIA="all"))
        for caption, option in (("imported", []), ("imported and kept", ["--keep-media"])):
            file.write_text(f"account,publish_at,type,media,caption\nsim-0,+2h,image,{address},{caption}\n")
            done.append(told.run("post", "import", str(file), *option))
        server.shutdown()

    assert [one.returncode for one in done] == [0] * 5, done
    kept = "SELECT caption FROM posts JOIN parts ON post_id = posts.id WHERE media_sha256 IS NOT NULL ORDER BY posts.id"
    with here.database.transaction() as tx:
        assert list(tx.scalars(text(kept))) == ["kept", "kept by the setting", "imported and kept"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_the_time_of_an_added_post_is_told_as_it_was_understood(
    here: Here, command: Command, media_folder: Path
) -> None:
    here.add(0)
    day = clock.now().date() + timedelta(days=400)
    picture = str(media_folder / "feed.jpg")

    done = command.run("post", "add", "--account", "sim-0", "--at", f"{day}T18:30", "--media", picture)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"due at {day} 18:30:00 UTC")


def test_a_pipe_is_not_waited_for(here: Here, command: Command, tmp_path: Path) -> None:
    here.add(0)
    os.mkfifo(tmp_path / "feed.jpg")

    done = command.run("post", "add", "--account", "sim-0", "--at", "+2h", "--media", str(tmp_path / "feed.jpg"))

    assert (done.returncode, done.stdout) == (2, "")
    assert "not a regular file" in done.stderr
    assert command.json("post", "list") == []
