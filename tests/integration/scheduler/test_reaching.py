"""What Instagram could not get is refused when it is queued, with the two ways out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.store.session import Database
from pressrun.media.routes import Route, Ways
from pressrun.settings import Settings
from scheduler.posts.importing import ImportReport, import_fields
from tests.factories.rows import make_account


def queue(database: Database, media_folder: Path, settings: Settings, login: str, **fields: str) -> ImportReport:
    with database.transaction() as tx:
        make_account(tx, name=login, login=login)
    row = {"account": login, "publish_at": "+1h", "type": "image", "media": "feed.jpg", "alt_text": "", **fields}
    return import_fields(database, settings, row, base=media_folder)


REEL = {"type": "reel", "media": "reel.mp4"}
TWO_WAYS = ("PRESSRUN_PUBLIC_URL", "PRESSRUN_S3_BUCKET")


@pytest.mark.parametrize(
    ("login", "fields", "column"),
    [
        ("facebook", {}, "media"),
        ("facebook", {"type": "carousel", "media": "reel.mp4|feed.jpg"}, "media"),
        ("facebook", REEL | {"cover_url": "feed.jpg"}, "cover_url"),
        ("instagram", REEL, "media"),
    ],
)
def test_without_address_and_bucket_it_is_refused_with_the_two_ways_out(
    database: Database, media_folder: Path, tmp_path: Path, login: str, fields: dict[str, str], column: str
) -> None:
    report = queue(database, media_folder, Settings(home=tmp_path), login, **fields)

    assert [one.column for one in report.problems] == [column]
    assert all(name in report.problems[0].message for name in TWO_WAYS)
    assert report.problems[0].type == "media.no_way"
    assert report.added == []


@pytest.mark.parametrize("fields", [REEL, {"type": "story", "media": "story.mp4"}])
def test_videos_on_facebook_login_need_neither(
    database: Database, media_folder: Path, tmp_path: Path, fields: dict[str, str]
) -> None:
    report = queue(database, media_folder, Settings(home=tmp_path), "facebook", **fields)

    assert report.problems == []


KEYS: dict[str, Any] = {"s3_bucket": "media", "s3_access_key": "a-key-id", "s3_secret_key": "a-secret"}


@pytest.mark.parametrize(
    ("settings", "video_on_facebook", "else_"),
    [
        ({}, Route.UPLOAD, None),
        ({"public_url": "https://x.example"}, Route.HOST, Route.HOST),
        (KEYS, Route.S3, Route.S3),
        (KEYS | {"public_url": "https://x.example"}, Route.HOST, Route.HOST),
        (KEYS | {"public_url": "https://x.example", "media_route": "s3"}, Route.S3, Route.S3),
        (KEYS | {"public_url": "https://x.example", "media_route": "upload"}, Route.UPLOAD, Route.HOST),
        (KEYS | {"media_route": "upload"}, Route.UPLOAD, Route.S3),
        (KEYS | {"media_route": "host"}, None, None),
        ({"media_route": "upload"}, Route.UPLOAD, None),
    ],
)
def test_the_first_way_that_can_work_is_taken(
    settings: dict[str, Any], video_on_facebook: Route | None, else_: Route | None
) -> None:
    ways = Ways.of(Settings(**settings))

    taken = [
        ways.choose(is_video=is_video, on_facebook=on_facebook)
        for is_video, on_facebook in ((True, True), (True, False), (False, True), (False, False))
    ]

    assert [one and one.route for one in taken] == [video_on_facebook, else_, else_, else_]
    assert all(one.why for one in taken if one)
