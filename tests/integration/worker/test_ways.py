"""Kept media reach Instagram by each way, whatever dies on it, and nothing of ours stays behind in a bucket."""

from __future__ import annotations

import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from models.accounts.account import Login
from models.connecting.joining import NewAccount, join_account
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.states import PostState
from pressrun.failpoints import POINTS
from pressrun.log import redact
from pressrun.media.bucket import PART_BYTES, Bucket, BucketTrouble
from pressrun.media.bucket_keys import sealed
from pressrun.media.samples import make_jpeg
from pressrun.network.hints import Hint
from pressrun.settings import Settings
from pressrun.vault import Vault, generate_key
from scheduler.posts.changing import cancel
from tests.factories.rows import KEY
from tests.support.bench import FINAL, Bench
from tests.support.buckets import ACCESS_KEY, S3, s3_server
from tests.support.mortal import Doomed, Mortals
from tests.support.servers import url_of
from tests.support.statements import after_first
from tests.support.waiting import until
from worker.boundary import perform
from worker.tasks import STEPS

OUR_VAULT: dict[str, Any] = {"secret_keys": [SecretStr(KEY)]}
MOVING = ("object", "upload")
OF_POSTS = ("publish", "prepare")


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture
def s3(server: S3) -> Iterator[S3]:
    yield server
    assert (server.keys(), server.uploads()) == ([], [])  # whatever the test did


class Away(Protocol):
    def __call__(self, *, has_host: bool = False, **settings: Any) -> Bench: ...


@pytest.fixture
def away(bench: Bench) -> Iterator[Away]:
    """The bench of an installation that is set up otherwise; without `has_host` nobody reaches its console."""
    with ExitStack() as made:

        def over(*, has_host: bool = False, **settings: Any) -> Bench:
            told = Settings(**bench.settings.model_dump(exclude_unset=True) | settings)
            another = replace(
                bench, settings=told, media_base_url=bench.media_base_url if has_host else None, _ctx=None
            )
            made.callback(another.close)
            return another

        yield over


def turn(bench: Bench, *names: str) -> int:
    """Claim and run what is due of these works."""
    hints = []
    for work in WORKS:
        if work.name in (names or (*OF_POSTS, *MOVING)):
            with bench.database.transaction() as tx:
                hints += claim_due(tx, work, limit=20, lease_s=30)
    for hint in hints:
        perform(bench.ctx, STEPS, hint)
    return len(hints)


def hurry(bench: Bench) -> None:
    bench.hurry()
    with bench.database.transaction() as tx:
        for table in ("bucket_objects", "uploads"):
            tx.execute(text(f"UPDATE {table} SET next_action_at = now() WHERE next_action_at > now()"))  # noqa: S608


def drive(bench: Bench, post_id: int) -> PostState:
    """Run all steps until the post has come to an end and nothing of it is on a way any more."""

    def ended() -> PostState | None:
        hurry(bench)
        turn(bench)
        owed = bench.value("SELECT (SELECT count(*) FROM uploads WHERE next_action_at IS NOT NULL)")
        owed += bench.value("SELECT count(*) FROM bucket_objects WHERE state <> 'gone'")
        state = PostState(bench.read(post_id).state)
        return state if state in FINAL and not owed else None

    return until(ended, what=lambda: bench.story(post_id))


def routes(bench: Bench) -> set[str]:
    with bench.database.transaction() as tx:
        return set(tx.scalars(text("SELECT route FROM containers WHERE route IS NOT NULL")))


class TestBucket:
    @pytest.mark.parametrize(
        "columns",
        [
            {"type": "carousel", "media": "feed.jpg|reel.mp4|feed-2.jpg"},
            {"type": "reel", "media": "reel.mp4", "cover_url": "feed.jpg"},
        ],
        ids=["carousel", "reel with a cover"],
    )
    def test_a_post_goes_out_from_a_bucket_that_is_empty_afterwards(
        self, away: Away, s3: S3, columns: dict[str, str]
    ) -> None:
        bench = away(media_route="s3", **s3.settings)
        post_id = bench.post(bench.account(1), **columns)

        turn(bench, *OF_POSTS)
        waits = bench.read(post_id)
        turn(bench, *MOVING)
        there = s3.keys()

        assert (waits.state, waits.wait_reason) == (PostState.SCHEDULED, "media")
        assert len(there) == columns["media"].count("|") + 1 + ("cover_url" in columns)
        assert all(key.startswith("pressrun/") for key in there)
        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)
        assert routes(bench) == {"s3"}
        assert [entry["media_id"] for entry in bench.simulator.publishes()] == [bench.read(post_id).media_id]

    def test_posts_with_the_same_file_share_one_object(self, away: Away, s3: S3) -> None:
        bench = away(media_route="s3", **s3.settings | sealed_keys(s3, KEY))
        account = bench.account(0)
        posts = [bench.post(account, caption=caption) for caption in ("one", "two")]

        turn(bench, *OF_POSTS)
        assert turn(bench, *MOVING) == 1
        assert len(s3.keys()) == 1

        assert [drive(bench, post_id) for post_id in posts] == [PostState.PUBLISHED] * 2

    def test_what_is_canceled_on_its_way_leaves_nothing_in_the_bucket(self, away: Away, s3: S3) -> None:
        bench = away(media_route="s3", **s3.settings)
        post_id = bench.post(bench.account(0))
        turn(bench, *OF_POSTS)
        turn(bench, *MOVING)

        with bench.database.transaction() as tx:
            cancel(tx, post_id)

        assert drive(bench, post_id) == PostState.CANCELED

    def test_a_bucket_that_is_not_there_is_told_and_the_post_goes_on_once_it_is(self, away: Away, s3: S3) -> None:
        bench = away(media_route="s3", **s3.settings | {"s3_bucket": "mislaid"})
        post_id = bench.post(bench.account(0), if_late="publish")

        for _ in range(3):
            turn(bench)
            hurry(bench)
        told = bench.read(post_id)
        s3.client.create_bucket(Bucket="mislaid")

        assert told.state == PostState.SCHEDULED
        assert "the bucket mislaid refuses: " in (told.error or "")
        assert [event.message for event in bench.timeline(post_id)].count(told.error) == 1
        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)
        assert bench.read(post_id).error is None
        assert "Contents" not in s3.client.list_objects_v2(Bucket="mislaid")
        s3.client.delete_bucket(Bucket="mislaid")

    def test_keys_that_do_not_open_are_told_and_the_post_goes_on_once_they_do(self, away: Away, s3: S3) -> None:
        bench = away(media_route="s3", **s3.settings | sealed_keys(s3, generate_key()))
        post_id = bench.post(bench.account(0), if_late="publish")

        for _ in range(3):
            turn(bench)
            hurry(bench)
        told = bench.read(post_id)

        assert told.state == PostState.SCHEDULED
        assert "which PRESSRUN_SECRET_KEYS does not hold" in (told.error or "")
        assert drive(away(media_route="s3", **s3.settings), post_id) == PostState.PUBLISHED, bench.story(post_id)

    def test_an_object_that_somebody_took_away_is_put_there_again(self, away: Away, s3: S3) -> None:
        bench = away(media_route="s3", **s3.settings)
        post_id = bench.post(bench.account(0), if_late="publish")
        turn(bench, *OF_POSTS)
        turn(bench, *MOVING)
        s3.client.delete_object(Bucket=s3.place.bucket, Key=s3.keys()[0])

        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)
        assert "stage.refused" in bench.events(post_id)


class TestUpload:
    @pytest.mark.parametrize(
        "columns", [{"type": "reel", "media": "reel.mp4"}, {"type": "story", "media": "story.mp4"}]
    )
    def test_without_address_and_bucket_videos_still_go_on_facebook_login(
        self, away: Away, columns: dict[str, str]
    ) -> None:
        bench = away()
        post_id = bench.post(bench.account(0), **columns)

        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)

        assert routes(bench) == {"upload"}
        assert bench.simulator.report()["calls"]["upload"] == 1

    def test_videos_of_a_carousel_are_uploaded_and_its_images_fetched(self, away: Away) -> None:
        bench = away(has_host=True, media_route="upload")
        post_id = bench.post(bench.account(0), type="carousel", media="feed.jpg|reel.mp4")

        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)

        assert routes(bench) == {"host", "upload"}

    def test_it_goes_on_where_instagram_says(self, away: Away) -> None:
        bench = away()
        post_id = bench.post(bench.account(0), type="reel", media="reel.mp4")
        turn(bench, *OF_POSTS)
        content = (bench.media_folder / "reel.mp4").read_bytes()
        half = len(content) // 2
        _send_some(bench, content, half)

        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)

        assert bench.value("SELECT bytes_sent FROM uploads") == half

    def test_an_upload_that_is_cut_off_is_sent_again(self, away: Away) -> None:
        bench = away()
        post_id = bench.post(bench.account(0), type="reel", media="reel.mp4")
        bench.simulator.fault(endpoint="upload", mode="refuse_500", count=2)

        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)

        assert bench.simulator.report()["calls"]["container_create"] == 1
        assert bench.simulator.report()["calls"]["upload"] == 3

    def test_a_late_refusal_of_an_old_token_holds_up_neither_account_nor_upload(self, away: Away) -> None:
        bench = away()
        account = bench.account(0)
        post_id = bench.post(account, type="reel", media="reel.mp4")
        turn(bench, *OF_POSTS)
        bench.simulator.fault(endpoint="upload", mode="refuse", code=190, status=401, count=1)
        renewed = NewAccount(Login.FACEBOOK, account.ig_id, account.name, bench.simulator.token(0))

        def renew() -> None:
            with bench.database.transaction() as tx:
                join_account(tx, renewed, Vault([KEY]))

        with after_first(bench.database, "FROM gates", renew):
            turn(bench, "upload")

        assert bench.simulator.report()["calls"]["upload"] == 1
        assert bench.value("SELECT state FROM accounts") == "active"
        assert bench.value("SELECT state FROM uploads") == "owed"
        assert bench.value("SELECT next_action_at <= now() + interval '5 seconds' FROM uploads")
        assert drive(bench, post_id) == PostState.PUBLISHED, bench.story(post_id)

    def test_a_kept_file_that_is_gone_fails_the_post_and_says_so(self, away: Away) -> None:
        bench = away()
        post_id = bench.post(bench.account(0), type="reel", media="reel.mp4")
        turn(bench, *OF_POSTS)
        for file in (bench.settings.home / "media").rglob("*.mp4"):
            file.unlink()

        assert drive(bench, post_id) == PostState.FAILED
        assert "add the file again" in (bench.read(post_id).error or "")

    def test_a_post_that_is_canceled_is_uploaded_no_more(self, away: Away) -> None:
        bench = away()
        post_id = bench.post(bench.account(0), type="reel", media="reel.mp4")
        turn(bench, *OF_POSTS)
        with bench.database.transaction() as tx:
            cancel(tx, post_id)

        turn(bench, *MOVING)

        assert bench.value("SELECT state FROM uploads") == "dropped"
        assert "upload" not in bench.simulator.report()["calls"]


def sealed_keys(s3: S3, key: str) -> dict[str, Any]:
    """The settings of the key as `media seal` prints them under that key of the vault."""
    told = sealed(Settings(secret_keys=[SecretStr(key)], **s3.settings))
    return {name.removeprefix("PRESSRUN_").lower(): value for name, value in told.items()} | OUR_VAULT


def _send_some(bench: Bench, content: bytes, count: int) -> None:
    """What a worker sends that is killed on the way."""
    address = urlsplit(bench.value("SELECT url FROM uploads"))
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=60) as sending:
        head = (
            f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: OAuth {bench.simulator.token(0)}\r\n"
            f"offset: 0\r\nfile_size: {len(content)}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        sending.sendall(head.encode() + content[:count])
    _until_there(bench, count)


def _until_there(bench: Bench, count: int) -> None:
    """So much of the newest upload has come to Instagram."""
    address = urlsplit(bench.value("SELECT url FROM uploads ORDER BY id DESC LIMIT 1"))
    name = address.path.rpartition("/")[2]
    asked = {"fields": "video_status", "access_token": bench.simulator.token(0)}

    def has_come() -> bool:
        seen = bench.simulator.http.get(f"/v25.0/{name}", params=asked).json()
        return bool(seen["video_status"]["uploading_phase"]["bytes_transferred"] == count)

    until(has_come)


PIECE_BYTES = 256 * 1024
"""Of a file that is uploaded: so much is read at a time."""


def _larger(source: Path, target: Path, *, by: int) -> Path:
    """The same video, with so many bytes behind it that mean nothing."""
    target.write_bytes(source.read_bytes() + struct.pack(">I4s", by, b"free") + bytes(by - 8))
    return target


DEADLY = [point for point in POINTS if point.partition(".")[0] in MOVING]


@pytest.mark.cost(cpu_s=8)
def test_a_kill_at_any_point_loses_nothing_and_leaves_nothing_behind(away: Away, s3: S3, tmp_path: Path) -> None:
    """Each step dies once at its point, in a process of its own; two of them as the post is canceled."""
    bench = away(media_route="upload", **s3.settings)  # a picture goes by the bucket then
    account, died = bench.account(0), []
    lease, url = timedelta(seconds=30), url_of(bench.database)
    mortals = Mortals.start(bench.settings, lease=lease, database_url=url, key=KEY, media_base_url=None)
    for number, point in enumerate(DEADLY):
        work = point.partition(".")[0]
        is_amid = point == "upload.before_part"
        file = str(make_jpeg(tmp_path / f"{number}.jpg", 320, 320, label=point)) if work == "object" else "reel.mp4"
        if is_amid:
            file = str(_larger(bench.media_folder / "reel.mp4", tmp_path / "large.mp4", by=3 * PIECE_BYTES))
        kind = "image" if work == "object" else "reel"
        post_id = bench.post(account, type=kind, media=file, caption=point, if_late="publish")
        turn(bench, *OF_POSTS)
        is_leaving = point in {"object.after_leaving", "object.after_delete"}
        if is_leaving:
            turn(bench, *MOVING)
            with bench.database.transaction() as tx:
                cancel(tx, post_id)
        hurry(bench)
        died += mortals.run([Doomed(due(bench, work), point, nth=3 if is_amid else 1)])
        if is_amid:
            _until_there(bench, 2 * PIECE_BYTES)

        state = drive(bench, post_id)

        assert state is (PostState.CANCELED if is_leaving else PostState.PUBLISHED), bench.story(post_id)
        assert (s3.keys(), s3.uploads()) == ([], [])
        if is_amid:
            assert bench.value("SELECT bytes_sent FROM uploads ORDER BY id DESC LIMIT 1") == 2 * PIECE_BYTES
    mortals.close()
    assert died == [-9] * len(DEADLY), mortals.output
    calls = bench.simulator.report()["calls"]
    assert (calls["upload"], calls["container_create"]) == (5, len(DEADLY) - 2)


def due(bench: Bench, name: str) -> Hint:
    """The one row of that work that is due, claimed."""
    [work] = [one for one in WORKS if one.name == name]
    with bench.database.transaction() as tx:
        [hint] = claim_due(tx, work, limit=5, lease_s=30)
    return hint


class TestSecrets:
    def test_neither_key_nor_signature_is_written_anywhere(
        self, away: Away, s3: S3, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bench = away(media_route="s3", **s3.settings | {"s3_secret_key": "wrong-secret-of-the-tests"})
        caplog.set_level("DEBUG")
        post_id = bench.post(bench.account(0), if_late="publish")

        assert drive(bench, post_id) == PostState.PUBLISHED
        address = bench.ctx.need_bucket().address("pressrun/x.jpg")

        ours = [str(record.msg) for record in caplog.records if record.name != "werkzeug"]
        written = " ".join(ours) + capsys.readouterr().err + repr(bench.settings) + repr(bench.ctx.need_bucket().place)
        written += str(bench.value("SELECT string_agg(concat(message, detail::text), '') FROM post_events"))
        assert "X-Amz-Signature=" in address
        assert "X-Amz-Signature=[redacted]" in redact(address)
        assert "wrong-secret-of-the-tests" not in written
        assert ACCESS_KEY not in redact(address)
        assert "X-Amz-Signature=" not in written.replace("X-Amz-Signature=[redacted]", "")


class TestParts:
    def test_what_a_kill_has_left_in_parts_is_gone_on_with(self, s3: S3, tmp_path: Path) -> None:
        path, key = tmp_path / "large.mp4", "pressrun/large.mp4"
        content = bytes(range(256)) * (3 * PART_BYTES // 256) + b"the end"
        path.write_bytes(content)
        bucket = s3.bucket

        assert _killed_amid(bucket, path, key, after=3) == -signal.SIGKILL
        [begun] = s3.uploads()
        sent: list[int] = []
        bucket.put(path, key, "video/mp4", between=lambda: sent.append(1))

        assert len(sent) == 3  # the third part, the last one, and the end of it
        assert begun["Key"] == key
        assert s3.client.get_object(Bucket=s3.place.bucket, Key=key)["Body"].read() == content
        bucket.put(path, key, "video/mp4", between=lambda: sent.append(1))
        assert len(sent) == 3
        bucket.remove(key)
        bucket.close()

    def test_an_upload_that_was_cut_otherwise_is_begun_anew(self, s3: S3, tmp_path: Path) -> None:
        path, key = tmp_path / "large.mp4", "pressrun/large.mp4"
        path.write_bytes(bytes(PART_BYTES + 1))
        told = {"Bucket": s3.place.bucket, "Key": key}
        other = s3.client.create_multipart_upload(**told)["UploadId"]
        s3.client.upload_part(**told, UploadId=other, PartNumber=1, Body=b"x" * 77)
        bucket = s3.bucket

        bucket.put(path, key, "video/mp4", between=lambda: None)

        assert bucket.size_of(key) == PART_BYTES + 1
        bucket.remove(key)
        bucket.close()

    def test_what_is_removed_takes_along_what_was_begun(self, s3: S3) -> None:
        s3.client.create_multipart_upload(Bucket=s3.place.bucket, Key="pressrun/x.mp4")
        bucket = s3.bucket

        bucket.remove("pressrun/x.mp4")

        bucket.close()

    def test_a_server_that_is_not_there_is_told_in_one_line(self, s3: S3) -> None:
        bucket = Bucket(replace(s3.place, endpoint="http://127.0.0.1:1"))

        with pytest.raises(BucketTrouble, match="the bucket media cannot be reached: ") as told:
            bucket.size_of("x")

        assert "\n" not in str(told.value)


def _killed_amid(bucket: Bucket, path: Path, key: str, *, after: int) -> int:
    """How a process ends that puts the file there and is killed once it has asked the bucket so many times."""
    pid = os.fork()
    if pid == 0:
        left = iter(range(after))

        def between() -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            bucket.put(path, key, "video/mp4", between=between)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
