"""`/api/v1/media` and `/uploads`: files in one go or in pieces, whole or not at all."""

from __future__ import annotations

import hashlib
import os
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.integration.console.api.conftest import Api, in_hours
from tests.integration.console.api.test_posts import problem

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
    problem(api.http.get(path), 404, "upload.unknown")
    assert list((api.store.root.parent / "uploads").iterdir()) == []


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
