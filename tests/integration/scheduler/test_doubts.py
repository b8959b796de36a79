"""What a person may not have meant is told when a post is queued, and stands in nobody's way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text

from models.session import Database
from pressrun import clock
from pressrun.media.likeness import are_alike, likeness
from pressrun.media.samples import make_jpeg
from pressrun.settings import Settings
from scheduler.posts.files.rows import Row
from scheduler.posts.importing import ImportReport, import_rows
from tests.factories.rows import make_account


class Desk:
    def __init__(self, database: Database, home: Path, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.settings = Settings(home=home, public_url="https://x.example")

    def import_(self, *rows: dict[str, str]) -> ImportReport:
        usual = {"account": "bakery", "publish_at": "+1h", "type": "image", "media": "feed.jpg", "alt_text": "cake"}
        found = [Row(number, usual | row) for number, row in enumerate(rows, 1)]
        report = import_rows(self.database, self.settings, found, base=self.folder, late=False)
        assert report.problems == []
        assert len(report.added) == len(rows)
        return report

    def warned(self, *rows: dict[str, str]) -> list[tuple[int, str, str]]:
        found = [(one.line, one.column, one.message) for one in self.import_(*rows).warnings]
        return [one for one in found if "is not 9:16" not in one[2]]  # of stories, and no doubt of ours


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("pictures")
    make_jpeg(tmp_path / "feed.jpg", 1080, 1350, label="feed")
    make_jpeg(tmp_path / "dog.jpg", 1080, 1350, label="dog")
    with Image.open(tmp_path / "feed.jpg") as image:
        image.resize((720, 900)).save(tmp_path / "smaller.jpg", quality=60)
        image.crop((20, 20, 1060, 1320)).save(tmp_path / "cut.jpg")
    make_jpeg(tmp_path / "wide.jpg", 1200, 640, label="wide")
    Image.new("RGB", (1080, 1350), "white").save(tmp_path / "white.jpg")
    Image.new("RGB", (1080, 1350), "navy").save(tmp_path / "navy.jpg")
    return tmp_path


@pytest.fixture
def desk(database: Database, tmp_path: Path, pictures: Path) -> Desk:
    with database.transaction() as tx:
        make_account(tx, name="bakery")
        make_account(tx, name="other")
    return Desk(database, tmp_path, pictures)


def test_an_ordinary_post_is_doubted_by_nobody(desk: Desk) -> None:
    assert desk.warned({}, {"publish_at": "+1d", "media": "dog.jpg"}) == []


class TestRepeats:
    @pytest.mark.parametrize("again", ["smaller.jpg", "cut.jpg"])
    def test_a_picture_that_looks_like_an_earlier_one_is_told_with_which(self, desk: Desk, again: str) -> None:
        [post] = desk.import_({}).added

        [(line, column, message)] = desk.warned({"publish_at": "+20d", "media": again})

        assert (line, column) == (1, "media")
        assert message.startswith(f"{again} looks like feed.jpg of post {post}, due ")

    def test_the_same_file_is_told_as_such_within_one_file_too(self, desk: Desk) -> None:
        found = desk.warned({}, {"publish_at": "+2d", "caption": "again"})

        assert [message.partition(", due")[0] for _, _, message in found] == [
            "feed.jpg is the same picture as feed.jpg of the one in line 1"
        ]

    def test_each_picture_of_a_carousel_is_looked_at(self, desk: Desk) -> None:
        desk.import_({})

        found = desk.warned(
            {"type": "carousel", "media": "dog.jpg|cut.jpg", "publish_at": "+1d", "alt_text": "a dog|cake"}
        )

        assert [message.partition(" ")[0] for _, _, message in found] == ["cut.jpg"]

    @pytest.mark.parametrize(
        "row",
        [
            {"publish_at": "+92d"},
            {"publish_at": "+2d", "account": "other"},
            {"publish_at": "+2d", "type": "story", "alt_text": ""},
            {"publish_at": "+2d", "media": "dog.jpg"},
        ],
        ids=["long after", "another account", "a story", "another picture"],
    )
    def test_what_is_no_repeat_is_not_told(self, desk: Desk, row: dict[str, str]) -> None:
        desk.import_({})

        assert desk.warned(row) == []

    def test_what_never_went_out_counts_for_nothing(self, desk: Desk) -> None:
        desk.import_({})
        with desk.database.transaction() as tx:
            tx.execute(text("UPDATE posts SET state = 'canceled', next_action_at = NULL"))

        assert desk.warned({"publish_at": "+1d"}) == []

    def test_pictures_without_detail_are_not_taken_for_each_other(self, desk: Desk) -> None:
        assert desk.warned({"media": "white.jpg"}, {"media": "navy.jpg", "publish_at": "+1d"}) == []


class TestCrowding:
    def test_two_posts_within_an_hour_are_told(self, desk: Desk) -> None:
        [post] = desk.import_({}).added

        found = desk.warned({"publish_at": "+90m", "media": "dog.jpg"}, {"publish_at": "+9h", "media": "wide.jpg"})

        assert [(line, column) for line, column, _ in found][:1] == [(1, "publish_at")]
        assert f"another post of bakery goes out within an hour of it (post {post})" in found[0][2]
        assert [column for _, column, _ in found if column == "publish_at"] == ["publish_at"]

    def test_an_hour_apart_is_enough_and_stories_do_not_count(self, desk: Desk) -> None:
        at = clock.now() + timedelta(days=1)
        times = [(at + timedelta(minutes=minutes)).isoformat() for minutes in (0, 60, 61)]

        found = desk.warned(
            {"publish_at": times[0]},
            {"publish_at": times[1], "media": "dog.jpg"},
            {"publish_at": times[2], "type": "story", "alt_text": ""},
        )

        assert found == []


def test_an_image_without_alt_text_is_told(desk: Desk) -> None:
    found = desk.warned(
        {"alt_text": ""},
        {"type": "carousel", "media": "feed.jpg|dog.jpg", "alt_text": "|a dog", "publish_at": "+1d"},
        {"type": "story", "alt_text": "", "publish_at": "+2d"},
    )

    assert [line for line, column, _ in found if column == "alt_text"] == [1, 2]


def test_a_picture_of_which_the_grid_hides_much_is_told(desk: Desk) -> None:
    [(_, column, message)] = desk.warned({"media": "wide.jpg"})

    assert (column, message) == (
        "media",
        "wide.jpg: the profile's grid shows the middle of it at 3:4, without 60% of the picture",
    )


def test_likeness_says_nothing_of_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff and nothing more")

    assert likeness(tmp_path / "x.jpg") is None
    assert likeness(tmp_path / "nowhere.jpg") is None
    assert not are_alike("0" * 32, "f" * 32)
