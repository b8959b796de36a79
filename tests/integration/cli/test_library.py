"""`pressrun media`: words for the library."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli.conftest import Command, Here


def test_an_item_from_its_file_to_its_end(here: Here, command: Command, media_folder: Path) -> None:
    here.add(0)

    added = command.run("media", "add", str(media_folder / "feed.jpg"), "--name", "cake", "--tag", "autumn")
    again = command.run("media", "add", str(media_folder / "feed.jpg"))
    queued = command.json(
        "post", "add", "--account", "sim-0", "--at", "+1h", "--media", "lib:cake", "--alt-text", "a cake"
    )
    refused = command.run("media", "remove", "cake")
    shown = command.json("media", "show", "lib:cake")

    assert added.stdout == "added lib:cake\n"
    assert again.stdout == "already there as lib:cake\n"
    assert len(queued["added"]) == 1
    assert (refused.returncode, "is needed by post" in refused.stderr) == (2, True)
    assert (shown["name"], shown["tags"], shown["needed_by"]) == ("cake", ["autumn"], queued["added"])
    assert list(command.json("media", "list", "--tag", "autumn")[0]) == [
        "name", "kind", "width", "height", "duration_s", "size_bytes", "tags", "added_at",
    ]  # fmt: skip
    assert command.run("media", "list", "--tag", "spring").stderr == "nothing has the tag 'spring'\n"
    assert command.json("media", "tag", "cake", "--remove", "autumn")["tags"] == []
    assert command.run("post", "cancel", str(queued["added"][0])).returncode == 0
    assert command.json("media", "remove", "cake") == {"removed": "cake"}
    assert command.run("media", "show", "cake").returncode == 2


def test_the_way_of_a_post_is_told(here: Here, command: Command, media_folder: Path) -> None:
    here.add(0)
    [post] = command.json(
        "post", "add", "--account", "sim-0", "--at", "+1h", "--type", "reel", "--media", str(media_folder / "reel.mp4")
    )["added"]

    by_host = command.json("post", "show", str(post))["parts"]
    by_upload = command.run("post", "show", str(post), MEDIA_ROUTE="upload")

    assert [(one["route"], bool(one["route_why"])) for one in by_host] == [("host", True)]
    assert "by upload: PRESSRUN_MEDIA_ROUTE is upload" in by_upload.stdout
