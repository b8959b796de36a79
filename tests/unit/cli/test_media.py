"""`pressrun media check|fix`: with no account and no server."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import av
import psutil
import pytest
from PIL import Image

from pressrun.media.samples import make_jpeg, make_mp4
from tests.factories.rows import KEY
from tests.integration.cli.conftest import Command
from tests.support.powers import without_powers
from tests.support.processes import Process, runs
from tests.support.waiting import until

COMMAND = Command({"PRESSRUN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A right picture, a PNG, and a video that is too short."""
    make_jpeg(tmp_path / "right.jpg", 400, 500, label="right")
    Image.new("RGB", (300, 900), (200, 60, 40)).save(tmp_path / "tall.png")
    make_mp4(tmp_path / "short.mp4", 144, 256, 1.0, label="short", audio=False)
    return tmp_path


def test_check_says_what_a_file_fits(folder: Path) -> None:
    [right, tall, short] = COMMAND.json(
        "media", "check", *(str(folder / name) for name in ("right.jpg", "tall.png", "short.mp4")), code=1
    )

    assert (right["ok"], right["fits"]) == (True, ["feed", "story", "cover", "carousel"])
    assert (tall["ok"], tall["fits"]) == (False, [])
    assert {one["field"] for one in tall["problems"] if one["for"] == "feed"} == {"format", "ratio", "width"}
    assert {one["section"] for one in short["problems"] if one["field"] == "duration"} == {"§2.2 Duration"}


def test_check_of_what_is_right_succeeds(folder: Path) -> None:
    done = COMMAND.run("media", "check", str(folder / "right.jpg"), "--for", "feed")

    assert done.returncode == 0
    assert "fit for feed" in done.stdout


def test_check_tells_and_draws_what_the_grid_of_a_profile_shows(folder: Path) -> None:
    names, out = ("right.jpg", "tall.png", "short.mp4", "missing.png"), folder / "grid.jpg"
    files = [str(folder / name) for name in names]

    told = COMMAND.json("media", "check", *files, "--grid", str(out), code=1)
    shown = COMMAND.run("media", "check", files[0], "--grid", str(out)).stdout

    assert [one["grid_hides_percent"] for one in told] == [6, 56, 25, None]
    assert "the profile's grid shows the middle of it at 3:4, without 6 % of the picture" in shown
    with Image.open(out) as drawn:
        assert (drawn.format, drawn.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize("out", ["right.jpg", "nowhere/grid.jpg"])
def test_a_drawing_goes_neither_over_a_file_nor_nowhere(folder: Path, out: str) -> None:
    content = (folder / "right.jpg").read_bytes()

    done = COMMAND.run("media", "check", str(folder / "right.jpg"), "--grid", str(folder / out))

    assert (done.returncode, done.stderr.startswith("pressrun: --grid: ")) == (2, True)
    assert (folder / "right.jpg").read_bytes() == content


def test_what_is_no_media_is_told_in_one_line_and_not_drawn(folder: Path) -> None:
    odd = folder / "new\nline \x1b[31m.jpg"
    odd.write_text("no picture")

    done = COMMAND.run("media", "check", str(odd), "--grid", str(folder / "grid.jpg"))

    assert (done.returncode, done.stdout.count("\n"), "\x1b" in done.stdout) == (1, 1, False)
    assert "there is no grid" in done.stderr
    assert not (folder / "grid.jpg").exists()


def test_check_of_a_picture_as_a_reel_fails(folder: Path) -> None:
    assert COMMAND.run("media", "check", str(folder / "right.jpg"), "--for", "reel").returncode == 1


def test_fix_makes_what_it_can_and_says_what_it_cannot(folder: Path) -> None:
    names = ["right.jpg", "tall.png", "short.mp4", "missing.png"]
    kept = {name: (folder / name).read_bytes() for name in names[:3]}

    done = COMMAND.json("media", "fix", *(str(folder / name) for name in names), "-o", str(folder / "out"), code=1)

    assert [one["ok"] for one in done] == [True, True, False, False]
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["right.jpg", "tall.jpg"]
    assert {change["field"] for change in done[1]["changes"]} == {"format", "ratio", "width"}
    assert all(change["reason"] and change["section"].startswith("§2.2 ") for change in done[1]["changes"])
    assert (done[1]["before"]["width"], done[1]["after"]["format"]) == (300, "JPEG")
    assert done[2]["error"] == "1.0 s is shorter than the 3 s that a reel needs"
    assert {name: (folder / name).read_bytes() for name in names[:3]} == kept


def test_fix_tells_a_person_before_and_after(folder: Path) -> None:
    done = COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", str(folder / "out"))

    assert done.returncode == 0
    assert "before  PNG 300x900" in done.stdout
    assert "format: PNG → JPEG: Instagram takes JPEG pictures only (§2.2 Format)" in done.stdout


def test_no_file_is_overwritten_but_the_same_again(folder: Path) -> None:
    """A file of somebody else, an input in the same folder, two inputs of one name; and a second run adds nothing."""
    other = folder / "more"
    other.mkdir()
    Image.new("RGB", (400, 400), (1, 2, 3)).save(other / "tall.png")
    make_jpeg(folder / "tall.jpg", 400, 500, label="theirs")
    theirs = (folder / "tall.jpg").read_bytes()

    for _ in range(2):
        files = [str(folder / "tall.png"), str(other / "tall.png"), str(folder / "right.jpg")]
        done = COMMAND.run("media", "fix", *files, "-o", str(folder))

        assert done.returncode == 0
        assert (folder / "tall.jpg").read_bytes() == theirs
        made = {path.name for path in folder.glob("*.jpg")}
        assert made == {"tall.jpg", "tall-2.jpg", "tall-3.jpg", "right.jpg", "right-2.jpg"}


def test_the_items_of_a_carousel_get_the_shape_of_the_first_where_that_is_said(folder: Path) -> None:
    files = [str(folder / "right.jpg"), str(folder / "tall.png")]
    Image.new("RGB", (600, 400)).save(folder / "wide.png")

    done = COMMAND.json(
        "media",
        "fix",
        *files,
        str(folder / "wide.png"),
        "--for",
        "carousel",
        "--ratio",
        "crop",
        "-o",
        str(folder / "o"),
    )

    assert {one["after"]["width"] / one["after"]["height"] for one in done} == {0.8}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--for", "tv"], "--for: unknown use 'tv'"),
        (["--pad-color", "nocolour"], "--pad-color: 'nocolour' is no colour"),
        (["--focus", "3"], "--focus: '3' is no point"),
        (["--ratio", "stretch"], "--ratio: unknown way 'stretch'"),
        (["--cover-at", "soon"], "--cover-at: 'soon' is not a duration"),
        (["--cover-at", "2s", "--for", "feed"], "--cover-at: a frame makes a cover"),
    ],
)
def test_a_wrong_option_is_named(folder: Path, arguments: list[str], said: str) -> None:
    done = COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", str(folder / "out"), *arguments)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_folder_that_is_a_file(folder: Path) -> None:
    done = COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", str(folder / "right.jpg"))

    assert done.returncode == 2
    assert "cannot be used as a folder" in done.stderr


def test_an_unreadable_file_is_told_and_the_others_are_made(folder: Path) -> None:
    names = ["right.jpg", "tall.png"]
    (folder / names[0]).chmod(0)
    files = [str(folder / name) for name in names]

    checked = without_powers(lambda: COMMAND.json("media", "check", *files, code=1))
    fixed = without_powers(lambda: COMMAND.json("media", "fix", *files, "-o", str(folder / "out"), code=1))

    assert [(one["ok"], one["error"]) for one in checked] == [(False, "no permission to read the file"), (False, None)]
    assert [(one["ok"], one["error"]) for one in fixed] == [(False, "no permission to read the file"), (True, None)]
    assert [path.name for path in (folder / "out").iterdir()] == ["tall.jpg"]


def test_a_link_in_a_circle_and_a_name_that_finds_no_room_stop_none_of_the_others(folder: Path) -> None:
    out, long = folder / "out", folder / f"{'l' * 251}.png"
    out.mkdir()
    (out / long.with_suffix(".jpg").name).write_text("somebody's own, so that the name would have to grow")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    long.write_bytes((folder / "tall.png").read_bytes())
    files = [str(one) for one in (folder / "loop.jpg", long, folder / "right.jpg")]

    told = COMMAND.json("media", "fix", *files, "-o", str(out), code=1)

    assert [one["ok"] for one in told] == [False, False, True]
    assert [one["error"].rpartition(": ")[2] for one in told[:2]] == [
        os.strerror(errno.ELOOP),
        os.strerror(errno.ENAMETOOLONG),
    ]
    checked = COMMAND.json("media", "check", *files[::2], "--grid", str(folder / "grid.jpg"), code=1)
    assert [one["ok"] for one in checked] == [False, True]


def test_no_name_is_no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    before = sorted(path.name for path in folder.iterdir())

    done = COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", "")

    assert (done.returncode, done.stderr) == (2, "pressrun: --output: it is empty: name a folder, . is this one\n")
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("is_there", [True, False], ids=["a folder", "below it"])
def test_a_folder_that_takes_nothing(folder: Path, is_there: bool) -> None:
    locked = folder / "locked"
    locked.mkdir(mode=0o555)
    out = locked if is_there else locked / "new"

    done = without_powers(lambda: COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", str(out)))

    assert done.returncode == 2
    assert done.stderr == f"pressrun: --output: {out} cannot be used as a folder: Permission denied\n"
    assert list(locked.iterdir()) == []


@pytest.mark.parametrize("name", ["locked.jpg", "locked/grid.jpg", ""])
def test_a_drawing_that_cannot_be_written_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(folder)
    (folder / "locked.jpg").write_bytes(b"theirs")
    (folder / "locked.jpg").chmod(0o444)
    (folder / "locked").mkdir(mode=0o555)

    done = without_powers(lambda: COMMAND.run("media", "check", str(folder / "right.jpg"), "--grid", name))

    assert (done.returncode, done.stderr.startswith("pressrun: --grid: ")) == (2, True)
    assert (folder / "locked.jpg").read_bytes() == b"theirs"
    assert list((folder / "locked").iterdir()) == []


def test_a_cover_is_made_from_a_frame(folder: Path) -> None:
    done = COMMAND.json("media", "fix", str(folder / "short.mp4"), "--cover-at", "0.5s", "-o", str(folder / "out"))

    assert (done[0]["use"], done[0]["after"]["format"]) == ("reel cover", "JPEG")


def test_what_a_killed_command_left_is_removed(folder: Path) -> None:
    left = folder / "out" / ".pressrun-gone"
    left.mkdir(parents=True)
    (left / "0").write_bytes(b"half")

    COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", str(folder / "out"))

    assert [path.name for path in (folder / "out").iterdir()] == ["tall.jpg"]


def test_a_killed_fix_leaves_neither_a_half_file_nor_a_process_and_the_next_one_clears_up(folder: Path) -> None:
    source, out = folder / "long.mp4", folder / "out"
    make_grey(source, seconds=30)
    kept = source.read_bytes()
    arguments = ("media", "fix", str(source), "--for", "carousel", "--ratio", "crop", "-o", str(out))

    with Process([sys.executable, "-m", "cli", *arguments], env=COMMAND.settings) as fixing:
        until(lambda: any(one.is_file() for one in out.glob(".*/*")), what="the conversion is under way")
        children = psutil.Process(fixing.pid).children(recursive=True)
        fixing.kill()

    until(lambda: not any(map(runs, children)), what="what converted has ended")
    assert len(children) == 1
    assert [one.name for one in out.iterdir() if not one.name.startswith(".")] == []
    assert [one for one in out.glob(".*/*") if one.is_file()] == []
    assert COMMAND.run("media", "fix", str(folder / "tall.png"), "-o", str(out)).returncode == 0
    assert [one.name for one in out.iterdir()] == ["tall.jpg"]
    assert source.read_bytes() == kept


def make_grey(path: Path, *, seconds: int) -> None:
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        frame = av.VideoFrame(640, 360, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        for number in range(seconds * 30):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_the_keys_of_a_bucket_are_sealed_for_a_file_of_settings() -> None:
    told = {"S3_BUCKET": "media", "S3_ACCESS_KEY": "AKIDOFTHISTEST", "S3_SECRET_KEY": "a-secret-of-this-test"}

    done = COMMAND.run("media", "seal", SECRET_KEYS=KEY, **told)
    again = COMMAND.run("media", "seal", SECRET_KEYS=KEY, **told | dict(_lines_of(done.stdout)))
    without = COMMAND.run("media", "seal", SECRET_KEYS=KEY)

    names = ["PRESSRUN_S3_ACCESS_KEY", "PRESSRUN_S3_SECRET_KEY"]
    assert [line.partition("=v1:")[0] for line in done.stdout.splitlines()] == names
    assert [line.partition("=v1:")[0] for line in again.stdout.splitlines()] == names
    assert "a-secret-of-this-test" not in done.stdout
    assert (without.returncode, "PRESSRUN_S3_BUCKET" in without.stderr) == (2, True)


def _lines_of(printed: str) -> list[tuple[str, str]]:
    pairs = [line.split("=", 1) for line in printed.splitlines()]
    return [(name.removeprefix("PRESSRUN_"), value) for name, value in pairs]
