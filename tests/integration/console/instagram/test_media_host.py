"""Kept files under signed addresses: right type, ranges, and nothing without our signature."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pressrun.media.store import Kept
from pressrun.vault import generate_key
from tests.integration.console.conftest import Console


@pytest.fixture
def image(console: Console, media_folder: Path) -> Kept:
    return console.store.keep(media_folder / "feed.jpg")


def test_a_signed_address_gives_the_file_with_its_type(console: Console, image: Kept) -> None:
    answer = console.http.get(console.link(image))

    assert answer.status_code == 200
    assert answer.content == image.path.read_bytes()
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_video_has_its_own_type(console: Console, media_folder: Path) -> None:
    video = console.store.keep(media_folder / "reel.mp4")

    assert console.http.get(console.link(video)).headers["content-type"] == "video/mp4"


def test_head_tells_size_and_type_without_a_body(console: Console, image: Kept) -> None:
    answer = console.http.head(console.link(image))

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(image.size_bytes)
    assert answer.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=10-99", 10, 99), ("bytes=1000-", 1000, -1), ("bytes=-100", -100, -1)],
)
def test_a_range_gives_exactly_those_bytes(console: Console, image: Kept, asked: str, first: int, last: int) -> None:
    size = image.size_bytes
    start, end = first % size, last % size

    answer = console.http.get(console.link(image), headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end}/{size}"
    assert answer.content == image.path.read_bytes()[start : end + 1]


def test_a_range_behind_the_end_cannot_be_satisfied(console: Console, image: Kept) -> None:
    answer = console.http.get(console.link(image), headers={"Range": f"bytes={image.size_bytes}-"})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{image.size_bytes}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=5-2",
        "items=0-1",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "bytes=0-1,x",
        "bytes=1-0,0-1",
        "bytes 0-1",
        "lines=1",
    ],
)
def test_what_is_no_range_of_bytes_is_ignored(console: Console, image: Kept, asked: str) -> None:
    answer = console.http.get(console.link(image), headers={"Range": asked})

    assert (answer.status_code, answer.content) == (200, image.path.read_bytes())


@pytest.mark.parametrize(
    "asked", ["bytes=0-1, 99999999-", "bytes=99999999-,0-1,,", "Bytes = 0-1 , " + "9" * 5000 + "-"]
)
def test_of_several_ranges_those_are_given_that_can_be(console: Console, image: Kept, asked: str) -> None:
    answer = console.http.get(console.link(image), headers={"Range": asked})

    assert (answer.status_code, answer.content) == (206, image.path.read_bytes()[:2])


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-,88888888-99999999", "bytes=-0"])
def test_where_no_range_can_be_given_it_says_so(console: Console, image: Kept, asked: str) -> None:
    answer = console.http.get(console.link(image), headers={"Range": asked})

    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{image.size_bytes}")


class TestRefusal:
    def test_an_expired_address(self, console: Console, image: Kept) -> None:
        assert console.http.get(console.link(image, lasts=timedelta(seconds=-1))).status_code == 403

    def test_one_signed_with_another_key(self, console: Console, image: Kept) -> None:
        assert console.http.get(console.link(image, key=generate_key())).status_code == 403

    def test_one_for_another_file(self, console: Console, image: Kept, media_folder: Path) -> None:
        other = console.store.keep(media_folder / "feed-2.jpg")
        link = console.link(image).replace(image.sha256, other.sha256)

        assert console.http.get(link).status_code == 403

    def test_one_with_a_later_expiry(self, console: Console, image: Kept) -> None:
        _, _, ticket, name = console.link(image).split("/")
        expiry, _, signature = ticket.partition("-")

        assert console.http.get(f"/media/{int(expiry) + 1}-{signature}/{name}").status_code == 403

    def test_it_does_not_tell_whether_a_file_is_kept(self, console: Console, image: Kept) -> None:
        ticket = "99999999999-" + "0" * 64
        kept = console.http.get(f"/media/{ticket}/{image.sha256}.jpg")
        missing = console.http.get(f"/media/{ticket}/{'0' * 64}.jpg")

        assert (kept.status_code, kept.content) == (missing.status_code, missing.content) == (403, missing.content)


def test_a_signed_address_of_a_file_that_is_gone_is_not_found(console: Console, image: Kept) -> None:
    link = console.link(image)
    image.path.unlink()

    answer = console.http.get(link)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/media",
        "/media/",
        "/media/x",
        "/media/../secret.key",
        "/media/%2e%2e/secret.key",
        "/media/..%2fsecret.key",
        "/media/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/media//etc/passwd",
        "/media/1-0/..%2f..%2fsecret.key",
        "/media/1-0/%00",
    ],
)
def test_no_path_lists_or_leaves_the_store(console: Console, path: str) -> None:
    (console.store.root.parent / "secret.key").write_text("a secret")

    answer = console.http.get(path)

    assert answer.status_code in {403, 404}
    assert "a secret" not in answer.text


def test_nothing_can_be_written(console: Console, image: Kept) -> None:
    for method in ("PUT", "POST", "DELETE"):
        assert console.http.request(method, console.link(image)).status_code == 405
    assert image.path.exists()
