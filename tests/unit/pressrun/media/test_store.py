"""Kept media: once per content, whole or not at all, whoever keeps them at the same time."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pressrun.media.probe import MediaUnreadable
from pressrun.media.store import MediaNotKept, MediaStore, MediaStoreFailed


def keep_in(root: Path, path: Path) -> None:
    MediaStore(root).keep(path)


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_a_kept_file_lies_where_its_content_says(tmp_path: Path, jpeg: Path) -> None:
    store = MediaStore(tmp_path / "media")

    kept = store.keep(jpeg)

    assert kept.sha256 == hashlib.sha256(jpeg.read_bytes()).hexdigest()
    assert kept.path == tmp_path / "media" / kept.sha256[:2] / f"{kept.sha256}.jpg"
    assert kept.path.read_bytes() == jpeg.read_bytes()
    assert (kept.size_bytes, kept.media_type, kept.extension) == (jpeg.stat().st_size, "image/jpeg", "jpg")
    assert store.path(kept.sha256) == kept.path


def test_the_original_may_change_or_go(tmp_path: Path, jpeg: Path) -> None:
    original = tmp_path / "photo.jpg"
    original.write_bytes(jpeg.read_bytes())
    kept = MediaStore(tmp_path / "media").keep(original)

    original.unlink()

    assert hashlib.sha256(kept.path.read_bytes()).hexdigest() == kept.sha256


def test_nothing_but_the_content_is_kept(tmp_path: Path, jpeg: Path) -> None:
    original = tmp_path / "secret-project-name.JPEG"
    original.write_bytes(jpeg.read_bytes())
    os.utime(original, (0, 0))
    original.chmod(0o600)

    kept = MediaStore(tmp_path / "media").keep(original)

    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o644
    assert kept.path.stat().st_mtime > 0
    assert "secret" not in str(kept.path.relative_to(tmp_path))


def test_the_same_content_is_kept_once(tmp_path: Path, jpeg: Path) -> None:
    store = MediaStore(tmp_path / "media")
    again = tmp_path / "copy.jpg"
    again.write_bytes(jpeg.read_bytes())

    first, second = store.keep(jpeg), store.keep(again)

    assert first == second
    assert files(store.root) == [first.path]


def test_the_extension_follows_the_content(tmp_path: Path, mp4: Path, make_video: Any) -> None:
    store = MediaStore(tmp_path / "media")
    png = tmp_path / "picture.jpg"
    Image.new("RGB", (10, 10)).save(png, "PNG")

    assert store.keep(png).path.suffix == ".png"
    assert store.keep(mp4).path.suffix == ".mp4"
    assert store.keep(make_video("clip.mp4", format="mov")).path.suffix == ".mov"


def test_what_is_made_right_later_is_kept_as_it_came(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media")
    gif = tmp_path / "moving.jpg"
    Image.new("RGB", (10, 10)).save(gif, "GIF")

    kept = store.keep(gif)

    assert (kept.extension, store.path(kept.sha256)) == ("gif", kept.path)


def test_a_file_is_adopted_whole_and_leaves_its_place(tmp_path: Path, jpeg: Path) -> None:
    store = MediaStore(tmp_path / "media")
    store.root.mkdir()
    data = jpeg.read_bytes()
    for _ in range(2):
        made = store.root / ".converting-1"
        made.write_bytes(data)

        kept = store.adopt(made)

        assert kept.path.read_bytes() == data
        assert not made.exists()
    assert kept.sha256 == store.keep(jpeg).sha256


def test_what_is_no_media_is_not_kept(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media")
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")

    for path, reason in ((text, "not an image"), (tmp_path / "gone.jpg", "no such file")):
        with pytest.raises(MediaUnreadable, match=reason):
            store.keep(path)
    assert not store.root.exists()


def test_a_damaged_kept_file_is_mended(tmp_path: Path, jpeg: Path) -> None:
    store = MediaStore(tmp_path / "media")
    kept = store.keep(jpeg)
    kept.path.write_bytes(b"\0" * kept.size_bytes)

    store.keep(jpeg)

    assert kept.path.read_bytes() == jpeg.read_bytes()


def test_many_threads_keep_the_same_file(tmp_path: Path, mp4: Path) -> None:
    store = MediaStore(tmp_path / "media")
    gate = threading.Barrier(8)
    kept = []

    def run() -> None:
        gate.wait()
        kept.append(store.keep(mp4))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept) == 8
    assert set(kept) == {kept[0]}
    assert files(store.root) == [kept[0].path]


def test_several_processes_keep_the_same_file(tmp_path: Path, mp4: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=keep_in, args=(tmp_path / "media", mp4)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert len(files(tmp_path / "media")) == 1


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, jpeg: Path) -> None:
    import resource

    store = MediaStore(tmp_path / "media")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(MediaStoreFailed, match="cannot take the file: File too large"):
            store.keep(jpeg)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert files(store.root) == []


@pytest.mark.parametrize("sha256", ["0" * 64, "", "../../etc/passwd", "A" * 64, "*" * 64])
def test_an_unknown_content_is_told(tmp_path: Path, sha256: str) -> None:
    with pytest.raises(MediaNotKept, match="add the file again"):
        MediaStore(tmp_path).path(sha256)
