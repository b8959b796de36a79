"""`/api/v1/media` and `/uploads`: files in one go or in pieces, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.console.api.conftest import Api, in_hours
from tests.integration.console.api.test_posts import problem
from tests.support.waiting import until

RAW = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def photo(media_folder: Path) -> bytes:
    return (media_folder / "feed.jpg").read_bytes()


def begin(api: Api, size: int) -> str:
    answer = api.http.post("/uploads", json={"size_bytes": size})
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == "0"
    return answer.headers["location"].removeprefix("/api/v1")


def test_a_file_is_kept_and_posts_name_it(api: Api, photo: bytes) -> None:
    kept = api.http.post("/media", content=photo, headers=RAW)

    told, sha256 = kept.json(), hashlib.sha256(photo).hexdigest()
    assert (kept.status_code, told["reference"], told["width"]) == (201, f"kept:{sha256}", 1080)
    assert api.http.get(kept.headers["location"].removeprefix("/api/v1")).json() == told
    given = {"account": "bakery", "publish_at": in_hours(2), "type": "image", "media": [told["reference"]]}
    assert api.http.post("/posts", json=given).json()["parts"][0]["source"] == told["reference"]
    problem(api.http.get(f"/media/{'0' * 64}"), 404, "media.not_kept")


def test_a_kept_file_is_held_to_the_rules_and_made_right(api: Api, tmp_path: Path) -> None:
    Image.new("RGB", (900, 300)).save(tmp_path / "wide.png")
    path = f"/media/{api.keep(tmp_path / 'wide.png').removeprefix('kept:')}"

    found = api.http.get(f"{path}/check", params={"use": "feed"}).json()
    asked = api.http.post(f"{path}/fixes", json={"use": "feed", "ratio": "crop", "focus": "0,0.5"})
    again = api.http.post(f"{path}/fixes", json={"use": "feed", "ratio": "crop", "focus": "0,0.5"})

    assert (found["fits"], found["shape"], found["media"]["media_type"]) == ([], 1.91, "image/png")
    assert {(one["type"], one["section"]) for one in found["faults"]} == {
        ("urn:pressrun:media.format", "§2.2 Format"),
        ("urn:pressrun:media.ratio", "§2.2 Ratio"),
    }
    assert (asked.status_code, asked.json()["state"], asked.json()) == (202, "asked", again.json())
    assert api.http.get(asked.headers["location"].removeprefix("/api/v1")).json() == asked.json()
    problem(api.http.post(f"{path}/fixes", json={"focus": "middle"}), 422, "media.focus")
    problem(api.http.post(f"{path}/fixes", json={"use": "story", "cover_at": "1s"}), 422, "media.cover_at")
    problem(api.http.get(f"{path}/fixes/{'0' * 64}"), 404, "fix.unknown")
    problem(api.http.get(f"{path}/origin"), 404, "fix.unknown")
    problem(api.http.post(f"/media/{'0' * 64}/fixes", json={}), 404, "media.not_kept")


def test_an_upload_goes_on_where_it_ended(api: Api, photo: bytes) -> None:
    path = begin(api, len(photo))
    half = len(photo) // 2

    first = api.http.patch(path, content=photo[:half], headers=RAW | {"Upload-Offset": "0"})
    torn = api.http.patch(path, content=photo[:half], headers=RAW | {"Upload-Offset": "0"})
    where = api.http.get(path)
    last = api.http.patch(path, content=photo[half:], headers=RAW | {"Upload-Offset": where.headers["upload-offset"]})

    assert (first.json()["offset"], first.json()["media"]) == (half, None)
    assert problem(torn, 409, "upload.offset")["ids"] == {"offset": half}
    assert last.json()["media"]["sha256"] == hashlib.sha256(photo).hexdigest()


def test_whoever_has_lost_the_last_answer_is_told_what_became_of_an_upload(api: Api, photo: bytes) -> None:
    path, end = begin(api, len(photo)), {"Upload-Offset": str(len(photo))}

    last = api.http.patch(path, content=photo, headers=RAW | {"Upload-Offset": "0"})

    assert api.http.get(path).json() == last.json()
    assert api.http.patch(path, headers=RAW | end).json() == last.json()
    assert problem(api.http.patch(path, content=photo, headers=RAW | {"Upload-Offset": "0"}), 409, "upload.offset")[
        "ids"
    ]
    problem(api.http.patch(path, content=b"x", headers=RAW | end), 422, "upload.too_much")
    problem(api.http.get(path, headers=api.as_("author")), 404, "upload.unknown")
    assert [file.suffix for file in (api.store.root.parent / "uploads").iterdir()] == [".json"]
    assert api.http.delete(path).status_code == 204
    problem(api.http.get(path), 404, "upload.unknown")
    assert api.http.get(f"/media/{last.json()['media']['sha256']}").status_code == 200


def test_a_file_that_cannot_be_kept_now_is_not_sent_again(api: Api, photo: bytes) -> None:
    path, end = begin(api, len(photo)), {"Upload-Offset": str(len(photo))}
    api.store.root.write_text("A file where the folder belongs: nothing can be kept, as on a full disk.")

    problem(api.http.patch(path, content=photo, headers=RAW | {"Upload-Offset": "0"}), 409, "media.no_room")
    api.store.root.unlink()

    assert api.http.get(path).json()["offset"] == len(photo)
    assert api.http.patch(path, headers=RAW | end).json()["media"]["sha256"] == hashlib.sha256(photo).hexdigest()


def test_what_others_take_away_meanwhile_keeps_nobody_from_beginning(api: Api) -> None:
    """A name that leads nowhere is what has gone between the listing of a folder and the look at it."""
    begin(api, 10)
    folder = api.store.root.parent / "uploads"
    (folder / ".piece-of-another").symlink_to("gone")
    (folder / f"{'x' * 22}.json").symlink_to("gone")
    (folder / f"{'y' * 22}.json").touch()

    begin(api, 10)


def test_what_is_no_media_is_thrown_away(api: Api) -> None:
    path = begin(api, 5)

    answer = api.http.patch(path, content=b"hello", headers=RAW | {"Upload-Offset": "0"})

    assert problem(answer, 422, "media.unreadable")["field"] == "media"
    problem(api.http.get(path), 404, "upload.unknown")
    problem(api.http.post("/media", content=b"hello", headers=RAW), 422, "media.unreadable")


def test_bounds(api: Api, photo: bytes) -> None:
    path = begin(api, 10)

    more = api.http.patch(path, content=photo, headers=RAW | {"Upload-Offset": "0"})
    large = api.http.post("/uploads", json={"size_bytes": 400_000_000})
    announced = HTTPConnection(api.url.removeprefix("http://"), timeout=30)
    announced.putrequest("POST", "/api/v1/media")
    for name, value in (RAW | api.as_("owner") | {"Content-Length": str(400_000_000)}).items():
        announced.putheader(name, value)
    announced.endheaders()

    problem(more, 422, "upload.too_much")
    problem(large, 422, "request.invalid")
    assert announced.getresponse().status == 413
    announced.close()
    assert api.http.delete(path).status_code == 204
    problem(api.http.delete(path), 404, "upload.unknown")


@pytest.mark.parametrize("name", ["%2e%2e%2fx", "x" * 22, "a.json"])
def test_an_upload_is_its_askers_alone(api: Api, name: str) -> None:
    path = begin(api, 10)

    problem(api.http.get(path, headers=api.as_("author")), 404, "upload.unknown")
    assert api.http.get(f"/uploads/{name}").status_code == 404
    problem(api.http.post("/uploads", json={"size_bytes": 1}, headers=api.as_("reader")), 403, "not_allowed")


def test_what_nobody_goes_on_with_for_a_day_is_gone(api: Api) -> None:
    path = begin(api, 10)
    folder = api.store.root.parent / "uploads"
    for file in folder.iterdir():
        os.utime(file, (1, 1))

    begin(api, 10)

    problem(api.http.get(path), 404, "upload.unknown")
    assert len(list(folder.iterdir())) == 2


def test_a_slow_upload_lives_as_long_as_somebody_goes_on_with_it(api: Api) -> None:
    path = begin(api, 10)
    begun = api.store.root.parent / path.removeprefix("/")
    os.utime(begun.with_name(f"{begun.name}.json"), (1, 1))
    api.http.patch(path, content=b"x", headers=RAW | {"Upload-Offset": "0"})

    begin(api, 10)

    assert api.http.get(path).json()["offset"] == 1


def test_many_slow_uploads_hold_up_nobody(api: Api) -> None:
    """More of them than there are threads, each in the middle of its file: others are answered, whatever they ask."""
    host, port = api.url.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/media HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer owner\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 314572800\r\n\r\n"
    ).encode()
    with ExitStack() as open_:
        slow = [open_.enter_context(socket.create_connection((host, int(port)))) for _ in range(60)]
        for one in slow:
            one.sendall(head + b"\xff\xd8\xff")
        uploads = api.store.root.parent / "uploads"
        until(lambda: len([*uploads.glob(".piece-*")]) == len(slow), what="not all have begun")

        assert api.http.get("/posts").status_code == 200
        assert api.http.post("/uploads", json={"size_bytes": 10}).status_code == 201
        assert len([*uploads.glob(".piece-*")]) == len(slow)
    until(lambda: not [*uploads.glob(".piece-*")], what="what was cut off lies there still")
