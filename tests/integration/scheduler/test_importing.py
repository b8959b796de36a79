"""Bulk import: every problem with its line, then all rows or none, and the same file twice adds nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image
from sqlalchemy import func, select, text

from models.accounts.account import Account
from models.owed.claims import WAKE_CHANNEL
from models.posts.event import timeline
from models.posts.part import Part, parts_of
from models.posts.post import Post
from models.store.session import Database
from pressrun import clock
from pressrun.errors import PressrunError, UsageError
from pressrun.media.samples import make_jpeg
from pressrun.media.store import MediaStore
from pressrun.settings import Settings
from scheduler.posts.editing import edit_post
from scheduler.posts.importing import ImportReport, RowProblem, import_fields, import_file
from scheduler.posts.wish import COLUMNS
from tests.factories.rows import make_account
from tests.integration.models.racing import race

Row = Mapping[str, str]

YEAR = clock.now().year + 1


def _last_sunday(month: int) -> date:
    """The day on which clocks change in Berlin."""
    last = date(YEAR, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


SPRING, AUTUMN = _last_sunday(3), _last_sunday(10)


class Desk:
    """Where a person imports: a folder with media, an account, settings with an address for local files."""

    def __init__(self, database: Database, settings: Settings, folder: Path) -> None:
        self.database, self.settings, self.folder = database, settings, folder

    def row(self, **fields: str) -> dict[str, str]:
        """A row that is right: a picture in an hour."""
        return {"account": "bakery", "publish_at": "+1h", "type": "image", "media": "feed.jpg", **fields}

    def write(self, *rows: Row, name: str = "campaign.csv", header: tuple[str, ...] | None = None) -> Path:
        names = header or tuple(name for name in COLUMNS if any(name in row for row in rows))
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = self.folder / name
        path.write_text(out.getvalue(), encoding="utf-8")
        return path

    def import_(self, *rows: Row, late: bool = False, settings: Settings | None = None) -> ImportReport:
        return import_file(self.database, settings or self.settings, self.write(*rows), late=late)

    def queue(self, *rows: Row, late: bool = False) -> list[Post]:
        """Import rows that must be accepted; the posts, in order."""
        report = self.import_(*rows, late=late)
        assert report.problems == []
        with self.database.transaction() as tx:
            return [tx.get_one(Post, post_id) for post_id in report.added]

    def refuse(self, *rows: Row, late: bool = False) -> list[tuple[int, str, str]]:
        """Import rows that must be refused; nothing may be in the database afterwards. Line, column and message."""
        before = self.counts()
        report = self.import_(*rows, late=late)
        assert report.problems
        assert report.added == []
        assert self.counts() == before
        return [(one.line, one.column, one.message) for one in report.problems]

    def counts(self) -> dict[str, int]:
        with self.database.transaction() as tx:
            return {
                name: tx.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608
                for name in ("posts", "parts", "post_events")
            }

    def parts(self, post: Post) -> list[Part]:
        with self.database.transaction() as tx:
            return parts_of(tx, post.id)


@pytest.fixture
def desk(database: Database, media_folder: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "campaign"
    shutil.copytree(media_folder, folder)
    with database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Berlin")
    settings = Settings(home=tmp_path / "home", public_url="https://pressrun.example", stage_ahead="30m")
    return Desk(database, settings, folder)


class TestTheFile:
    def test_an_ordinary_one_is_queued_row_by_row(self, desk: Desk) -> None:
        posts = desk.queue(desk.row(caption="one"), desk.row(caption="two"))

        assert [post.caption for post in posts] == ["one", "two"]
        assert desk.counts() == {"posts": 2, "parts": 2, "post_events": 2}

    def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(self, desk: Desk) -> None:
        path = desk.write(desk.row(caption="grüße"))
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

        report = import_file(desk.database, desk.settings, path)

        assert (report.problems, len(report.added)) == ([], 1)

    def test_quotes_commas_and_line_ends_belong_to_the_text(self, desk: Desk) -> None:
        caption = 'He said: "now, or never"\n\n#yes'

        (post,) = desk.queue(desk.row(caption=caption))

        assert post.caption == caption

    def test_a_line_end_of_windows_inside_a_text_becomes_a_plain_one(self, desk: Desk) -> None:
        (post,) = desk.queue(desk.row(caption="one\r\ntwo"))

        assert post.caption == "one\ntwo"

    def test_empty_rows_are_skipped_and_lines_still_counted_right(self, desk: Desk) -> None:
        path = desk.write(desk.row(), desk.row(type="igtv"))
        header, first, second = path.read_text().splitlines()
        path.write_text("\n".join([header, "", first, ",,,", "", second]) + "\n")

        report = import_file(desk.database, desk.settings, path)

        assert [(one.line, one.column) for one in report.problems] == [(6, "type")]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "is empty"),
            (b"\n\n", "is empty"),
            (b"account,publish_at,type,media\n", "holds no rows"),
            (b"account,publish_at,type,media\n,,,\n", "holds no rows"),
            (b"account,publish_at,type\nbakery,+1h,image\n", "the column 'media' is missing"),
            (b"account,publish_at,type,media,captoin\n", "unknown column 'captoin'; did you mean caption?"),
            (b"account,publish_at,type,media,media\n", "the column 'media' stands there twice"),
            (b"account,publish_at,type,media\nbakery,+1h,image,a,b\n", "line 2: the row has more than 4 fields"),
            (b'account,publish_at,type,media\nbakery,+1h,image,"a\n', "line 2: a double quote of the row"),
            (b'account,publish_at,type,media\nbakery,+1h,image,"a"b\n', "line 2: a double quote of the row"),
            (b"account,publish_at,type,media\nb\xe4ckerei,+1h,image,a\n", "line 2, column account: is not UTF-8 text"),
            ("account,publish_at,type,media\n".encode("utf-16"), "holds no rows"),
        ],
    )
    def test_one_that_cannot_be_read_is_refused_with_its_name(self, desk: Desk, content: bytes, told: str) -> None:
        path = desk.folder / "broken.csv"
        path.write_bytes(content)

        with pytest.raises(UsageError) as caught:
            import_file(desk.database, desk.settings, path)

        assert str(path) in str(caught.value)
        assert told in str(caught.value)

    def test_one_that_is_not_there_is_refused(self, desk: Desk) -> None:
        with pytest.raises(UsageError, match="no such file"):
            import_file(desk.database, desk.settings, desk.folder / "nothing.csv")
        with pytest.raises(UsageError, match="cannot be read"):
            import_file(desk.database, desk.settings, desk.folder)


class TestProblems:
    def test_all_of_them_are_told_with_line_and_column(self, desk: Desk) -> None:
        found = desk.refuse(
            desk.row(account="bäckerei", max_lateness="long"),
            desk.row(),
            desk.row(publish_at="tomorrow", type="igtv"),
            desk.row(media="nothing.jpg"),
            desk.row(type="story", media="story.jpg", caption="none is taken"),
        )

        assert [(line, column) for line, column, _ in found] == [
            (2, "account"),
            (2, "max_lateness"),
            (4, "type"),
            (4, "publish_at"),
            (5, "media"),
            (6, "caption"),
        ]

    def test_times_and_keys_are_told_with_the_rest(self, desk: Desk) -> None:
        desk.queue(desk.row(key="taken"))

        found = desk.refuse(
            desk.row(key="taken", caption="another"),
            desk.row(type="igtv"),
            desk.row(publish_at="2020-01-01T10:00", caption="old"),
        )

        assert [(line, column) for line, column, _ in found] == [(2, "key"), (3, "type"), (4, "publish_at")]

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"publish_at": "2020-01-01T10:00", "media": "nothing.jpg"}, ["media", "publish_at"]),
            ({"publish_at": "tomorrow", "media": "nothing.jpg"}, ["publish_at", "media"]),
            ({"publish_at": "2020-01-01T10:00", "caption": "x" * 2201}, ["caption", "publish_at"]),
            (
                {"account": "backery", "publish_at": "2020-01-01T10:00", "media": "no.jpg"},
                ["account", "media", "publish_at"],
            ),
            ({"if_late": "next_slot", "media": "nothing.jpg"}, ["media", "if_late"]),
            ({"key": "taken", "caption": "another", "publish_at": "2020-01-01T10:00"}, ["key", "publish_at"]),
            ({"type": "igtv", "media": "nothing.jpg", "caption": "x" * 2201}, ["type", "media", "caption"]),
            ({"type": "igtv", "media": "reel.mp4"}, ["type"]),
            ({"fix": "perhaps", "media": "nothing.jpg"}, ["fix", "media"]),
            ({"media": "", "first_comment": "x" * 2201}, ["media", "first_comment"]),
            ({"key": "taken", "publish_at": "2020-01-01T10:00", "media": "nothing.jpg"}, ["media"]),
        ],
        ids=str,
    )
    def test_no_problem_of_a_row_hides_another(self, desk: Desk, fields: dict[str, str], told: list[str]) -> None:
        """Nor is one told that may be none: of a type or an account that nobody knows, of a row that may be queued."""
        desk.queue(desk.row(key="taken"))

        found = desk.refuse(desk.row(**fields))

        assert [column for _, column, _ in found] == told

    def test_of_a_time_in_a_zone_that_is_not_known_what_is_past_everywhere_is_told(self, desk: Desk) -> None:
        ago = [f"{clock.now() - timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (11, 13)]

        found = desk.refuse(*[desk.row(account="backery", publish_at=at) for at in ago])

        assert [(line, column) for line, column, _ in found] == [(2, "account"), (3, "account"), (3, "publish_at")]

    def test_the_same_row_twice_is_told_though_its_media_are_wrong(self, desk: Desk) -> None:
        found = desk.refuse(desk.row(media="nothing.jpg"), desk.row(media="nothing.jpg"), desk.row(media="no.jpg"))

        assert [(line, column) for line, column, _ in found] == [(2, "media"), (3, "media"), (3, "key"), (4, "media")]

    def test_an_unknown_account_is_told_with_those_that_are_known(self, desk: Desk) -> None:
        ((_, column, message),) = desk.refuse(desk.row(account="backery"))

        assert (column, message) == ("account", "unknown account 'backery'; known: bakery")

    def test_without_any_account_it_is_told_that_there_is_none(self, desk: Desk) -> None:
        with desk.database.transaction() as tx:
            tx.execute(text("DELETE FROM accounts"))

        assert desk.refuse(desk.row())[0][2] == "unknown account 'bakery'; known: none yet"

    @pytest.mark.parametrize(
        ("fields", "column", "told"),
        [
            ({"media": "reel.mp4"}, "media", "a feed image must be an image, this is a video"),
            ({"type": "reel"}, "media", "a reel must be a video, this is an image"),
            ({"media": "notes.txt"}, "media", "notes.txt"),
            ({"media": "empty.jpg"}, "media", "the file is empty"),
            ({"media": "cut.jpg"}, "media", "damaged or cut short"),
            ({"type": "reel", "media": "cut.mp4"}, "media", "cut.mp4"),
            ({"media": "."}, "media", "folder"),
            ({"media": "~nobody-of-that-name/a.jpg"}, "media", "~nobody-of-that-name/a.jpg"),
            ({"media": "x" * 300 + ".jpg"}, "media", "cannot be opened"),
            ({"media": "flat.jpg"}, "media", "wider than"),
            ({"media": "feed.jpg|feed-2.jpg"}, "media", "takes exactly one file, here are 2"),
            ({"type": "carousel"}, "media", "takes 2 to 10 files, here are 1"),
            ({"type": "carousel", "media": "|".join(["feed.jpg"] * 11)}, "media", "takes 2 to 10 files, here are 11"),
            ({"type": "carousel", "media": "feed.jpg|nothing.jpg|" * 5 + "feed.jpg"}, "media", "here are 11"),
            ({"type": "carousel", "media": "nothing.jpg"}, "media", "takes 2 to 10 files, here are 1"),
            ({"type": "reel", "media": "reel.mp4", "cover_url": "reel.mp4"}, "cover_url", "a reel cover must be"),
            ({"type": "reel", "media": "reel.mp4", "cover_url": "nothing.jpg"}, "cover_url", "no such file"),
            ({"type": "reel", "media": "reel.mp4", "cover_at": "2m"}, "cover_at", "beyond the end: the video lasts"),
            ({"type": "reel", "media": "reel.mp4", "thumb_offset_ms": "120000"}, "thumb_offset_ms", "beyond the end"),
            ({"caption": "x" * 2201}, "caption", "2201 characters are over the limit of 2200"),
            ({"alt_text": "x" * 1001}, "alt_text", "over the limit of 1000"),
            ({"collaborators": "a|b|c|d"}, "collaborators", "over the limit of 3"),
            ({"collaborators": "not a name!"}, "collaborators", "not an Instagram username"),
            ({"user_tags": '[{"username": "a"}]'}, "user_tags", "needs both x and y"),
            (
                {"type": "carousel", "media": "feed.jpg|reel.mp4", "alt_text": "one|two"},
                "alt_text",
                "reel.mp4 is a video",
            ),
        ],
        ids=str,
    )
    def test_what_can_be_refused_now_is_refused_now(
        self, desk: Desk, fields: dict[str, str], column: str, told: str
    ) -> None:
        _bad_files(desk.folder)

        found = desk.refuse(desk.row(**fields))

        assert any(where == column and told in message for _, where, message in found), found

    def test_what_stands_for_no_file_is_refused_by_its_name_and_waited_for_by_nobody(self, desk: Desk) -> None:
        (desk.folder / "link.jpg").symlink_to(desk.folder / "gone.jpg")
        os.mkfifo(desk.folder / "pipe.jpg")
        named = ("link.jpg", "pipe.jpg", "*.jpg", "fee?.jpg", "m\\feed.jpg")

        found = desk.refuse(*(desk.row(media=name, key=str(number)) for number, name in enumerate(named)))

        assert [(line, column) for line, column, _ in found] == [(line, "media") for line in range(2, 7)]
        assert all(name in message for name, (_, _, message) in zip(named, found, strict=True))
        assert "not a regular file" in found[1][2]

    def test_what_is_wrong_with_media_has_a_stable_name(self, desk: Desk) -> None:
        _bad_files(desk.folder)
        named = {
            "reel.mp4": "media.kind",
            "notes.txt": "media.unreadable",
            "nothing.jpg": "media.unreadable",
            "flat.jpg": "media.ratio",
            "feed.jpg|feed-2.jpg": "media.count",
            "http://192.0.2.1:1/a.jpg": "media.unreachable",
            f"kept:{'0' * 64}": "media.not_kept",
            "lib:nothing": "library.unknown",
        }

        report = desk.import_(*[desk.row(media=source, key=source) for source in named])

        assert {one.line - 2: one.type for one in report.problems} == dict(enumerate(named.values()))

    def test_a_problem_of_one_of_several_files_names_it(self, desk: Desk) -> None:
        found = desk.refuse(desk.row(type="story", media="story.jpg|nothing.jpg|story.mp4"))

        assert [(column, "nothing.jpg" in message) for _, column, message in found] == [("media", True)]

    def test_a_warning_does_not_stop_anything(self, desk: Desk) -> None:
        report = desk.import_(desk.row(caption=" ".join(f"#tag{number}" for number in range(9)), alt_text="cake"))

        assert [(one.line, one.column) for one in report.warnings] == [(2, "caption")]
        assert len(report.added) == 1

    def test_one_wrong_row_keeps_all_others_out(self, desk: Desk) -> None:
        rows = [desk.row(caption=str(number)) for number in range(30)]

        desk.refuse(*rows, desk.row(type="igtv"))

    def test_a_row_that_is_only_found_wrong_while_queueing_keeps_all_others_out(self, desk: Desk) -> None:
        desk.queue(desk.row(key="taken", caption="first"))

        found = desk.refuse(desk.row(caption="new"), desk.row(key="taken", caption="other"), desk.row(caption="newer"))

        assert [(line, column) for line, column, _ in found] == [(3, "key")]


def _bad_files(folder: Path) -> None:
    (folder / "notes.txt").write_text("no media at all")
    (folder / "empty.jpg").touch()
    for name in ("feed.jpg", "reel.mp4"):
        whole = (folder / name).read_bytes()
        (folder / f"cut{Path(name).suffix}").write_bytes(whole[: len(whole) // 2])
    make_jpeg(folder / "flat.jpg", 1200, 300, label="flat")


class TestWhereInstagramCanFetch:
    def _settings(self, desk: Desk, **over: Any) -> Settings:
        return desk.settings.model_copy(update={"public_url": None, "graph_url": None, **over})

    @pytest.mark.parametrize(
        ("fields", "column"),
        [
            ({}, "media"),
            ({"type": "carousel", "media": "reel.mp4|feed.jpg"}, "media"),
            ({"type": "story", "media": "story.jpg"}, "media"),
        ],
        ids=str,
    )
    def test_local_files_need_a_public_address(self, desk: Desk, fields: dict[str, str], column: str) -> None:
        report = desk.import_(desk.row(**fields), settings=self._settings(desk))

        assert [(one.column, "PRESSRUN_PUBLIC_URL" in one.message) for one in report.problems] == [(column, True)]
        assert desk.counts()["posts"] == 0

    def test_so_does_a_local_cover(self, desk: Desk, pages: str) -> None:
        settings = self._settings(desk, allow_private_urls=True)
        row = desk.row(type="reel", media=f"{pages}/reel.mp4", cover_url="story.jpg")

        report = desk.import_(row, settings=settings)

        assert [(one.column, "PRESSRUN_PUBLIC_URL" in one.message) for one in report.problems] == [("cover_url", True)]

    def test_files_that_others_serve_need_none(self, desk: Desk, pages: str) -> None:
        settings = self._settings(desk, allow_private_urls=True)
        row = desk.row(type="reel", media=f"{pages}/reel.mp4", cover_url=f"{pages}/story.jpg")

        report = desk.import_(row, settings=settings)

        assert (report.problems, len(report.added)) == ([], 1)

    def test_a_simulator_on_this_machine_needs_none(self, desk: Desk) -> None:
        report = desk.import_(desk.row(), settings=self._settings(desk, graph_url="http://127.0.0.1:9/"))

        assert (report.problems, len(report.added)) == ([], 1)

    @pytest.mark.parametrize(
        "address", ["file:///etc/passwd", "ftp://x.example/a.jpg", "http://", "https://127.0.0.1/a.jpg"]
    )
    def test_an_address_that_is_none_of_theirs_is_refused(self, desk: Desk, address: str) -> None:
        assert [column for _, column, _ in desk.refuse(desk.row(media=address))] == ["media"]

    def test_an_address_that_answers_nothing_good_is_refused(self, desk: Desk, pages: str) -> None:
        settings = desk.settings.model_copy(update={"allow_private_urls": True})

        report = desk.import_(desk.row(media=f"{pages}/nothing.jpg"), settings=settings)

        assert [(one.column, "404" in one.message) for one in report.problems] == [("media", True)]


@pytest.fixture
def asked() -> list[str]:
    """The paths that the server of `pages` was asked for."""
    return []


@pytest.fixture
def pages(desk: Desk, asked: list[str]) -> Iterator[str]:
    """The address of a web server that serves the desk's media."""
    import threading
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path.partition("?")[0])
            super().do_GET()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(desk.folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestAddresses:
    """Files behind a URL, judged like files."""

    @pytest.fixture
    def there(self, desk: Desk, pages: str) -> str:
        desk.settings = desk.settings.model_copy(update={"allow_private_urls": True})
        return pages

    def test_one_that_ends_before_the_post_is_due_is_refused_with_its_line(self, desk: Desk, there: str) -> None:
        signed = f"{there}/feed.jpg?X-Amz-Date={YEAR}0501T070000Z&X-Amz-Expires=3600&X-Amz-Signature=secret"
        due = f"{YEAR}-05-01T08:00:00"

        found = desk.refuse(desk.row(), desk.row(media=signed, publish_at=f"{due}.5Z"))

        assert [(line, column) for line, column, _ in found] == [(3, "media")]
        assert f"ends at {YEAR}-05-01 08:00:00 UTC, needed until {YEAR}-05-01 08:00:00 UTC" in found[0][2]
        assert "secret" not in found[0][2]
        assert len(desk.queue(desk.row(media=signed, publish_at=f"{due}Z"))) == 1

    def test_so_is_one_of_a_cover(self, desk: Desk, there: str) -> None:
        signed = f"{there}/story.jpg?Expires={int(datetime(YEAR, 5, 1, tzinfo=UTC).timestamp())}"
        row = desk.row(type="reel", media="reel.mp4", cover_url=signed, publish_at=f"{YEAR}-05-02T00:00Z")

        assert [column for _, column, _ in desk.refuse(row)] == ["cover_url"]

    def test_a_post_is_not_moved_beyond_the_end_of_its_address(self, desk: Desk, there: str) -> None:
        signed = f"{there}/feed.jpg?Expires={int(datetime(YEAR, 5, 1, tzinfo=UTC).timestamp())}"
        (post,) = desk.queue(desk.row(media=signed, publish_at=f"{YEAR}-04-30T00:00Z"))

        later = {"publish_at": f"{YEAR}-05-02T00:00Z"}
        report = edit_post(desk.database, desk.settings, post.id, later, base=desk.folder)

        assert [(one.column, "needed until" in one.message) for one in report.problems] == [("media", True)]

    def test_one_that_ends_is_no_matter_where_the_file_is_kept(self, desk: Desk, there: str) -> None:
        desk.settings = desk.settings.model_copy(update={"keep_media": "all"})
        signed = f"{there}/feed.jpg?Expires={int(datetime(YEAR, 5, 1, tzinfo=UTC).timestamp())}"

        assert len(desk.queue(desk.row(media=signed, publish_at=f"{YEAR}-05-02T00:00Z"))) == 1

    @pytest.mark.parametrize("keep_media", ["files", "all"])
    def test_a_multi_picture_file_is_refused_as_a_file_is(self, desk: Desk, there: str, keep_media: str) -> None:
        desk.settings = desk.settings.model_copy(update={"keep_media": keep_media})
        first, second = (Image.new("RGB", (800, 800), colour) for colour in ("teal", "navy"))
        first.save(desk.folder / "mpo.jpg", "MPO", save_all=True, append_images=[second])

        told = [message for _, _, message in desk.refuse(desk.row(media="mpo.jpg"), desk.row(media=f"{there}/mpo.jpg"))]

        assert [message.partition(": ")[2] for message in told] == [
            "a feed image must be JPEG, this is MPO: convert it"
        ] * 2

    def test_a_picture_is_measured_by_its_beginning(self, desk: Desk, there: str) -> None:
        make_jpeg(desk.folder / "flat.jpg", 1200, 300, label="flat")

        ((_, _, message),) = desk.refuse(desk.row(media=f"{there}/flat.jpg"))

        assert "1200x300 (4:1) is wider than 1.91:1" in message

    @pytest.mark.parametrize("keep_media", ["files", "all"])
    def test_each_is_fetched_once(self, desk: Desk, there: str, asked: list[str], keep_media: str) -> None:
        desk.settings = desk.settings.model_copy(update={"keep_media": keep_media})
        rows = [
            desk.row(media=f"{there}/feed.jpg", caption=str(number), type=post_type)
            for number, post_type in enumerate(("image", "image", "story"))
        ]

        desk.queue(*(row | ({"caption": ""} if row["type"] == "story" else {}) for row in rows))

        assert asked == ["/feed.jpg"]

    def test_what_was_checked_is_kept_when_that_is_wanted(self, desk: Desk, there: str) -> None:
        desk.settings = desk.settings.model_copy(update={"keep_media": "all"})

        (post,) = desk.queue(desk.row(media=f"{there}/feed.jpg"))

        (part,) = desk.parts(post)
        checked = (desk.folder / "feed.jpg").read_bytes()
        assert part.media_sha256 == hashlib.sha256(checked).hexdigest()
        assert MediaStore(desk.settings.home / "media").path(part.media_sha256).read_bytes() == checked
        assert (part.source, part.probe["width"] > 0) == (f"{there}/feed.jpg", True)

    def test_what_is_kept_needs_an_address_of_ours(self, desk: Desk, there: str) -> None:
        desk.settings = desk.settings.model_copy(update={"keep_media": "all", "public_url": None})

        assert [column for _, column, _ in desk.refuse(desk.row(media=f"{there}/feed.jpg"))] == ["media"]


class TestWhatWasUnderstood:
    def test_the_first_and_the_last_time_are_told_in_the_accounts_zone(self, desk: Desk) -> None:
        report = desk.import_(
            desk.row(publish_at=f"{YEAR}-07-01T18:30", caption="last"),
            desk.row(publish_at=f"{YEAR}-01-01T08:30:00Z", caption="first"),
            desk.row(publish_at=f"{YEAR}-05-01T08:30"),
        )

        assert str(report.first_due) == f"{YEAR}-01-01 09:30:00 Europe/Berlin"
        assert str(report.last_due) == f"{YEAR}-07-01 18:30:00 Europe/Berlin"

    def test_what_is_there_already_has_none(self, desk: Desk) -> None:
        row = desk.row(publish_at=f"{YEAR}-07-01T18:30")
        desk.queue(row)

        report = desk.import_(row)

        assert (report.first_due, report.last_due) == (None, None)

    @pytest.mark.parametrize(
        "text",
        [
            "2027-06-02",
            "20270603",
            "2027-05-03T08.30",
            "2027-05-03 18.30",
            "2027-05-03T08,30",
            "2027-05-03T12345678",
            "2027-05-03T08:30+05.30",
        ],
    )
    def test_a_time_that_is_half_of_one_queues_nothing(self, desk: Desk, text: str) -> None:
        assert [column for _, column, _ in desk.refuse(desk.row(publish_at=text))] == ["publish_at"]

    def test_a_workbook_is_imported_like_its_rows(self, desk: Desk) -> None:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        sheet.append(["account", "publish_at", "type", "media", "caption"])
        sheet.append(["bakery", datetime(YEAR, 7, 1, 18, 30), "image", "feed.jpg", "one"])  # noqa: DTZ001 - wall time
        path = desk.folder / "campaign.csv"
        book.save(path)

        report = import_file(desk.database, desk.settings, path)

        assert (report.problems, str(report.first_due)) == ([], f"{YEAR}-07-01 18:30:00 Europe/Berlin")

    def test_a_first_comment_is_judged(self, desk: Desk) -> None:
        ((_, column, message),) = desk.refuse(desk.row(first_comment="x" * 2201))
        report = desk.import_(desk.row(first_comment="BUY NOW: https://a.example", alt_text="cake"))

        assert (column, "2200" in message) == ("first_comment", True)
        assert [one.column for one in report.warnings] == ["first_comment", "first_comment"]


class TestWhatIsQueued:
    def test_a_post_has_everything_that_its_row_said(self, desk: Desk) -> None:
        (post,) = desk.queue(
            desk.row(
                publish_at=f"{YEAR}-07-01T18:30",
                caption="A cake",
                alt_text="a cake on a plate",
                first_comment="#cake",
                location_id="123",
                user_tags='[{"username": "lena", "x": 0.5, "y": 0.25}]',
                collaborators="lena",
                max_lateness="10m",
                if_late="publish",
                key="cake",
            )
        )

        assert (post.key, post.type, post.state, post.caption) == ("cake", "image", "scheduled", "A cake")
        assert (post.publish_at, post.timezone) == (datetime(YEAR, 7, 1, 16, 30, tzinfo=UTC), "Europe/Berlin")
        assert post.next_action_at == post.publish_at - timedelta(minutes=30)
        assert (post.first_comment, post.max_lateness_s, post.if_late) == ("#cake", 600, "publish")
        assert post.params == {
            "location_id": "123",
            "user_tags": [{"username": "lena", "x": 0.5, "y": 0.25}],
            "collaborators": ["lena"],
        }
        (part,) = desk.parts(post)
        assert (part.kind, part.source, part.alt_text, part.position) == ("image", "feed.jpg", "a cake on a plate", 0)
        assert part.probe["width"] == 1080
        with desk.database.transaction() as tx:
            (event,) = timeline(tx, post.id)
        assert (event.from_state, event.to_state, event.reason) == (None, "scheduled", "post.queued")

    def test_what_was_not_said_is_not_kept_as_said(self, desk: Desk) -> None:
        (post,) = desk.queue(desk.row())

        assert post.params == {}
        assert (post.caption, post.first_comment) == ("", None)

    def test_a_reel_keeps_what_only_reels_have(self, desk: Desk) -> None:
        (post,) = desk.queue(
            desk.row(type="reel", media="reel.mp4", thumb_offset_ms="1500", share_to_feed="false", trial="MANUAL")
        )

        assert post.params == {"thumb_offset_ms": 1500, "share_to_feed": False, "trial": "MANUAL"}
        (framed,) = desk.queue(desk.row(type="reel", media="reel.mp4", cover_at="1.5s"))
        assert framed.params == {"thumb_offset_ms": 1500}
        assert [(part.kind, part.parent_id) for part in desk.parts(post)] == [("video", None)]

    def test_a_cover_is_kept_like_any_media(self, desk: Desk) -> None:
        (post,) = desk.queue(desk.row(type="reel", media="reel.mp4", cover_url="story.jpg"))

        kept = MediaStore(desk.settings.home / "media").path(post.params["cover"]["sha256"])
        assert post.params["cover"]["extension"] == "jpg"
        assert kept.read_bytes() == (desk.folder / "story.jpg").read_bytes()

    def test_a_carousel_has_a_whole_and_below_it_its_items_in_order(self, desk: Desk) -> None:
        (post,) = desk.queue(desk.row(type="carousel", media="feed-2.jpg|reel.mp4|feed.jpg", alt_text="two||one"))

        whole, *items = desk.parts(post)
        assert (whole.kind, whole.position, whole.source, whole.parent_id) == ("carousel", 0, None, None)
        assert [(one.position, one.kind, one.source, one.alt_text) for one in items] == [
            (1, "image", "feed-2.jpg", "two"),
            (2, "video", "reel.mp4", None),
            (3, "image", "feed.jpg", "one"),
        ]
        assert {one.parent_id for one in items} == {whole.id}

    def test_several_stories_are_parts_of_their_own_in_order(self, desk: Desk) -> None:
        (post,) = desk.queue(desk.row(type="story", media="story.mp4|story.jpg"))

        assert [(one.position, one.kind, one.parent_id) for one in desk.parts(post)] == [
            (0, "video", None),
            (1, "image", None),
        ]

    def test_what_goes_out_is_what_was_checked(self, desk: Desk) -> None:
        source = desk.folder / "feed.jpg"
        content = source.read_bytes()

        (post,) = desk.queue(desk.row())
        source.write_bytes(b"changed after it was queued")

        (part,) = desk.parts(post)
        assert part.media_sha256 == hashlib.sha256(content).hexdigest()
        assert MediaStore(desk.settings.home / "media").path(part.media_sha256).read_bytes() == content

    @pytest.mark.parametrize(
        ("account", "fields", "kept"),
        [
            ({}, {}, (900, "expire")),
            ({"max_lateness_s": 60, "if_late": "publish"}, {}, (60, "publish")),
            (
                {"max_lateness_s": 60, "if_late": "publish"},
                {"max_lateness": "2m", "if_late": "expire"},
                (120, "expire"),
            ),
            ({"max_lateness_s": 0}, {}, (0, "expire")),
            ({}, {"max_lateness": "0s"}, (0, "expire")),
        ],
        ids=str,
    )
    def test_lateness_is_the_posts_or_the_accounts_or_the_setting(
        self, desk: Desk, account: dict[str, Any], fields: dict[str, str], kept: tuple[int, str]
    ) -> None:
        with desk.database.transaction() as tx:
            bakery = tx.scalars(select(Account)).one()
            for name, value in account.items():
                setattr(bakery, name, value)

        (post,) = desk.queue(desk.row(**fields))

        assert (post.max_lateness_s, post.if_late) == kept

    def test_a_post_that_is_due_soon_is_owed_its_first_step_now_and_wakes_the_schedulers(self, desk: Desk) -> None:
        with desk.database.standing_connection(channel=WAKE_CHANNEL) as ear:
            before = clock.now()
            (post,) = desk.queue(desk.row(publish_at="+20s"))

            assert [notice.channel for notice in ear.notifies(timeout=60, stop_after=1)] == [WAKE_CHANNEL]
        assert post.next_action_at is not None
        assert before <= post.next_action_at <= clock.now()

    def test_a_post_of_another_day_wakes_nobody(self, desk: Desk) -> None:
        with desk.database.standing_connection(channel=WAKE_CHANNEL) as ear:
            desk.queue(desk.row(publish_at="+1d"))

            assert list(ear.notifies(timeout=0.2)) == []


class TestFullWindows:
    def _limit(self, desk: Desk, total: int) -> None:
        with desk.database.transaction() as tx:
            tx.scalars(select(Account)).one().quota_total = total

    def test_a_post_that_would_find_the_window_full_is_queued_with_a_warning(self, desk: Desk) -> None:
        self._limit(desk, 3)
        desk.queue(desk.row(caption="known"))

        report = desk.import_(*[desk.row(publish_at=f"+{hours}h", caption=str(hours)) for hours in (2, 3, 4, 48)])

        assert len(report.added) == 4
        [full] = _of_windows(report)
        assert (full.line, full.column) == (4, "publish_at")
        assert "bakery would have 4 posts in the 24 h before it, Instagram allows 3" in full.message

    def test_each_of_several_stories_counts(self, desk: Desk) -> None:
        self._limit(desk, 3)
        desk.queue(desk.row(type="story", media="story.jpg|story.mp4"))

        report = desk.import_(desk.row(publish_at="+2h", type="story", media="story.mp4|story.jpg"))

        assert [(one.line, "4 posts" in one.message) for one in _of_windows(report)] == [(2, True)]

    def test_nobody_is_warned_again_of_what_is_queued_already(self, desk: Desk) -> None:
        self._limit(desk, 1)
        rows = [desk.row(caption="one"), desk.row(caption="two")]
        assert len(_of_windows(desk.import_(*rows))) == 2

        assert desk.import_(*rows).warnings == []

    def test_another_account_has_a_window_of_its_own(self, desk: Desk) -> None:
        self._limit(desk, 1)
        with desk.database.transaction() as tx:
            make_account(tx, name="other", quota_total=1)

        assert _of_windows(desk.import_(desk.row(), desk.row(account="other"))) == []


def _of_windows(report: ImportReport) -> list[RowProblem]:
    return [one for one in report.warnings if "Instagram allows" in one.message]


class TestWallTime:
    @pytest.mark.parametrize(
        ("wall", "instant"),
        [
            (f"{YEAR}-01-15T09:00", f"{YEAR}-01-15T08:00:00+00:00"),
            (f"{YEAR}-07-15T09:00", f"{YEAR}-07-15T07:00:00+00:00"),
            (f"{SPRING}T02:30", f"{SPRING}T01:00:00+00:00"),  # does not exist: the first valid instant after it
            (f"{AUTUMN}T02:30", f"{AUTUMN}T00:30:00+00:00"),  # exists twice: the first
            (f"{YEAR}-07-15T09:00Z", f"{YEAR}-07-15T09:00:00+00:00"),
        ],
    )
    def test_is_that_of_the_account(self, desk: Desk, wall: str, instant: str) -> None:
        (post,) = desk.queue(desk.row(publish_at=wall))

        assert post.publish_at == datetime.fromisoformat(instant)

    def test_each_row_has_that_of_its_own_account(self, desk: Desk) -> None:
        with desk.database.transaction() as tx:
            make_account(tx, name="tokyo", timezone="Asia/Tokyo")

        berlin, tokyo = desk.queue(
            desk.row(publish_at=f"{YEAR}-07-15T09:00"), desk.row(account="tokyo", publish_at=f"{YEAR}-07-15T09:00")
        )

        assert (berlin.publish_at, berlin.timezone) == (datetime(YEAR, 7, 15, 7, tzinfo=UTC), "Europe/Berlin")
        assert (tokyo.publish_at, tokyo.timezone) == (datetime(YEAR, 7, 15, 0, tzinfo=UTC), "Asia/Tokyo")

    def test_relative_times_count_from_one_moment_for_the_whole_file(self, desk: Desk) -> None:
        before = clock.now()
        first, second = desk.queue(desk.row(publish_at="+10m"), desk.row(publish_at="+10m30s"))

        assert second.publish_at - first.publish_at == timedelta(seconds=30)
        assert before <= first.publish_at - timedelta(minutes=10) <= clock.now()


class TestThePast:
    def _past(self, **ago: float) -> str:
        return (clock.now() - timedelta(**ago)).isoformat()

    def test_a_time_in_the_past_is_refused(self, desk: Desk) -> None:
        ((line, column, message),) = desk.refuse(desk.row(publish_at=self._past(seconds=5)))

        assert (line, column) == (2, "publish_at")
        assert message.endswith("is in the past: correct it")

    def test_unless_the_person_wants_it_out_late(self, desk: Desk) -> None:
        before = clock.now()
        (post,) = desk.queue(desk.row(publish_at=self._past(days=2)), late=True)

        assert post.if_late == "publish"
        assert post.next_action_at is not None
        assert before <= post.next_action_at <= clock.now()

    def test_a_late_post_keeps_the_rule_that_it_names(self, desk: Desk) -> None:
        (post,) = desk.queue(desk.row(publish_at=self._past(days=2), if_late="expire"), late=True)

        assert post.if_late == "expire"

    @pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "0026-12-24T18:30", "2206-12-24T18:30", "9999-12-31T23:59"])
    def test_a_year_that_must_be_a_slip_of_the_pen_is_refused_all_the_same(self, desk: Desk, at: str) -> None:
        ((_, column, message),) = desk.refuse(desk.row(publish_at=at), late=True)

        assert (column, "check the year" in message) == ("publish_at", True)


class TestTheSameAgain:
    def test_a_file_that_is_imported_twice_adds_nothing(self, desk: Desk) -> None:
        rows = [
            desk.row(caption="with a key", key="k1"),
            desk.row(caption="without one", publish_at=f"{YEAR}-07-15T09:00"),
            desk.row(caption="relative", publish_at="+20m", type="carousel", media="feed.jpg|feed-2.jpg"),
        ]
        added = desk.import_(*rows).added
        before = desk.counts()

        again = desk.import_(*rows)

        assert (again.added, again.problems) == ([], [])
        assert again.unchanged == added
        assert desk.counts() == before

    def test_also_later_when_its_times_have_passed(self, desk: Desk) -> None:
        rows = [desk.row(publish_at=f"{YEAR}-07-15T09:00", key="k1"), desk.row(publish_at=f"{YEAR}-07-15T10:00")]
        desk.import_(*rows)
        with desk.database.transaction() as tx:  # as if the file had been written for last year
            tx.execute(text("UPDATE posts SET state = 'canceled', next_action_at = NULL"))
        soon = (clock.now() + timedelta(seconds=1)).isoformat()
        desk.queue(desk.row(publish_at=soon, caption="soon"))
        _wait_until(soon)

        again = desk.import_(*rows, desk.row(publish_at=soon, caption="soon"))

        assert (again.added, again.problems, len(again.unchanged)) == ([], [], 3)

    def test_new_rows_in_it_are_added_and_the_others_left_alone(self, desk: Desk) -> None:
        (first,) = desk.import_(desk.row(key="k1")).added

        report = desk.import_(desk.row(key="k1"), desk.row(key="k2"))

        assert (report.unchanged, len(report.added)) == ([first], 1)

    @pytest.mark.parametrize(
        "change",
        [
            {"caption": "other"},
            {"publish_at": f"{YEAR}-07-15T09:01"},
            {"media": "feed-2.jpg"},
            {"alt_text": "other"},
            {"first_comment": "other"},
            {"location_id": "1"},
            {"user_tags": '[{"username": "a", "x": 0, "y": 0}]'},
            {"collaborators": "a"},
            {"max_lateness": "1m"},
            {"if_late": "publish"},
            {"type": "story", "media": "story.jpg"},
        ],
        ids=str,
    )
    def test_a_key_with_other_content_is_refused(self, desk: Desk, change: dict[str, str]) -> None:
        row = desk.row(publish_at=f"{YEAR}-07-15T09:00", key="k1")
        (known,) = desk.queue(row)

        ((line, column, message),) = desk.refuse(row | change)

        assert (line, column) == (2, "key")
        assert f"taken by post {known.id}" in message

    def test_a_file_whose_content_has_changed_is_another_content(self, desk: Desk) -> None:
        desk.queue(desk.row(key="k1"))
        shutil.copy(desk.folder / "feed-2.jpg", desk.folder / "feed.jpg")

        assert [column for _, column, _ in desk.refuse(desk.row(key="k1"))] == ["key"]

    def test_the_same_key_for_another_account_is_refused(self, desk: Desk) -> None:
        with desk.database.transaction() as tx:
            make_account(tx, name="other", timezone="Europe/Berlin")
        desk.queue(desk.row(key="k1"))

        assert [column for _, column, _ in desk.refuse(desk.row(key="k1", account="other"))] == ["key"]

    @pytest.mark.parametrize(
        ("fields", "told"),
        [({"key": "k1"}, "key 'k1' stands in line 2 already"), ({}, "the same row stands in line 2")],
    )
    def test_twice_in_one_file_is_refused(self, desk: Desk, fields: dict[str, str], told: str) -> None:
        found = desk.refuse(desk.row(**fields), desk.row(caption="between"), desk.row(**fields))

        assert [(line, column) for line, column, _ in found] == [(4, "key")]
        assert told in found[0][2]

    def test_imports_of_the_same_file_at_once_queue_it_once(self, desk: Desk) -> None:
        path = desk.write(*[desk.row(key=f"k{number}", caption=str(number)) for number in range(12)])

        def import_() -> ImportReport | PressrunError:
            try:
                return import_file(desk.database, desk.settings, path)
            except PressrunError as problem:
                return problem

        reports = race([import_] * 4)

        assert desk.counts()["posts"] == 12
        added = [one for one in reports if isinstance(one, ImportReport) and one.added]
        refused = [str(one) for one in reports if isinstance(one, PressrunError)]
        assert [len(one.added) for one in added] == [12]
        assert all("at the same moment: try again" in message for message in refused)


def _wait_until(instant: str) -> None:
    from tests.support.waiting import until

    until(lambda: clock.now() > datetime.fromisoformat(instant))


class TestOnePost:
    def _import(self, desk: Desk, **fields: str) -> ImportReport:
        return import_fields(desk.database, desk.settings, desk.row(**fields), base=desk.folder)

    def test_is_queued_like_a_row(self, desk: Desk) -> None:
        (post_id,) = self._import(desk, key="k1").added

        assert self._import(desk, key="k1").unchanged == [post_id]

    def test_its_problems_carry_line_one(self, desk: Desk) -> None:
        report = self._import(desk, type="igtv")

        assert [(one.line, one.column) for one in report.problems] == [(1, "type")]

    @pytest.mark.parametrize("spoil", [lambda text: text + "\0", lambda text: text + "\udce9"], ids=["NUL", "no text"])
    def test_what_no_text_may_hold_is_a_problem_and_no_crash(self, desk: Desk, spoil: Callable[[str], str]) -> None:
        report = self._import(desk, caption=spoil("a caption"), media=spoil("feed.jpg"))

        assert {one.column for one in report.problems} == {"caption", "media"}
        with desk.database.transaction() as tx:
            assert tx.scalar(select(func.count()).select_from(Post)) == 0
