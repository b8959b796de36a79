"""What a person may not have meant is told when a post is queued, and stands in nobody's way."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.accounts.account import Account, Terms, find_account, terms_of
from models.posts.part import PartKind, parts_of
from models.posts.post import Post, PostType
from models.store.session import Database
from pressrun import clock
from pressrun.media.likeness import are_alike, likeness
from pressrun.media.samples import make_jpeg
from pressrun.settings import Settings
from scheduler.posts import pace
from scheduler.posts.doubts import Past
from scheduler.posts.editing import edit_post
from scheduler.posts.examined import Examined
from scheduler.posts.files.rows import Row
from scheduler.posts.importing import ImportReport, import_rows
from scheduler.posts.preflight import Preflight
from scheduler.posts.queueing import Checked
from scheduler.posts.wish import Wish
from tests.factories.rows import make_account, make_post


def _last_sunday(month: int) -> date:
    """Of a month of 31 days, next year."""
    last = date(clock.now().year + 1, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


SPRING, AUTUMN = _last_sunday(3), _last_sunday(10)
"""When the clocks of Europe change."""


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


def test_a_lateness_by_which_the_post_cannot_go_out_is_doubted(desk: Desk) -> None:
    warned = desk.warned(
        {"max_lateness": "0s"},
        {"max_lateness": "0s", "if_late": "publish", "publish_at": "+3h", "media": "dog.jpg"},
        {"max_lateness": "1s", "publish_at": "+5h", "media": "navy.jpg"},
    )

    assert [(line, column) for line, column, _ in warned] == [(1, "max_lateness")]


def test_so_is_one_that_is_its_accounts_from_before_that_was_refused(desk: Desk) -> None:
    with desk.database.transaction() as tx:
        find_account(tx, "bakery").max_lateness_s = 0

    warned = desk.warned(
        {},
        {"max_lateness": "1m", "publish_at": "+3h", "media": "dog.jpg"},
        {"if_late": "publish", "publish_at": "+5h", "media": "navy.jpg"},
    )

    assert [(line, column) for line, column, _ in warned] == [(1, "max_lateness")]
    assert "bakery lets its posts be 0 s late, and no post goes out in the very instant it is due" in warned[0][2]
    with desk.database.transaction() as tx:
        find_account(tx, "bakery").if_late = "publish"
    assert desk.warned({"publish_at": "+7h", "media": "white.jpg", "max_lateness": "0s"}) == []


def test_an_ordinary_post_is_doubted_by_nobody(desk: Desk) -> None:
    assert desk.warned({}, {"publish_at": "+1d", "media": "dog.jpg"}) == []


class TestTheClock:
    @pytest.mark.parametrize(
        ("at", "doubted"),
        [
            (f"{SPRING}T02:30", f"the clocks of Europe/Oslo skip 02:30 that day: {SPRING} 03:00 is taken for it"),
            (f"{AUTUMN}T02:30", "the clocks of Europe/Oslo show 02:30 twice that day: the first time is taken"),
            (f"{SPRING}T03:00", None),
            (f"{SPRING}T02:30+01:00", None),
        ],
        ids=["skipped", "repeated", "after", "with an offset"],
    )
    def test_a_wall_time_that_is_skipped_or_repeated_is_told(self, desk: Desk, at: str, doubted: str | None) -> None:
        with desk.database.transaction() as tx:
            make_account(tx, name="oslo", timezone="Europe/Oslo")

        found = desk.warned({"account": "oslo", "publish_at": at})

        assert found == ([(1, "publish_at", doubted)] if doubted else [])


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


class TestEdits:
    def warned(self, desk: Desk, post: int, **changes: str) -> list[tuple[str, str]]:
        report = edit_post(desk.database, desk.settings, post, changes, base=desk.folder)
        assert (report.problems, report.added) == ([], [post])
        return [(one.column, one.type) for one in report.warnings]

    def test_what_is_told_of_a_new_post_is_told_of_an_edited_one(self, desk: Desk) -> None:
        _, post = desk.import_({}, {"publish_at": "+1d", "media": "dog.jpg"}).added

        assert self.warned(desk, post, caption="as it was") == []
        assert self.warned(desk, post, publish_at="+61m") == [("publish_at", "post.crowded")]
        assert self.warned(desk, post, media="cut.jpg", alt_text="", publish_at="+1d") == [
            ("media", "media.repeated"),
            ("alt_text", "alt_text.missing"),
        ]

    def test_of_a_move_only_what_its_time_gives_reason_for_is_told(self, desk: Desk) -> None:
        [post] = desk.import_({"alt_text": "", "media": "wide.jpg"}).added

        assert self.warned(desk, post, publish_at="+2d") == []
        assert self.warned(desk, post, caption="anew") == [("alt_text", "alt_text.missing"), ("media", "media.hidden")]


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


class TestTheSameForOneAsForMany:
    """Of one post the server says what of a file's posts is found here: the same of the same past, to the letter."""

    LOOKS = (0, 1, 0xFF, 0x1FF, 1 << 120, (1 << 128) - 1)
    STEPS_S = (0, 1, 1799, 3599, 3600, 3601, 86_399, 86_400, 86_401, 90 * 86_400, 90 * 86_400 + 1)

    def _past(self, tx: Session, account: Account, chance: random.Random, at: datetime, posts: int = 130) -> None:
        """More than fifty close to each other, and others at all the edges."""
        for number in range(posts):
            is_crowd = number < 60
            away_s = number * 10 if is_crowd else chance.choice(self.STEPS_S) * chance.choice((-1, 1))
            state = chance.choice(("scheduled", "canceled", "draft", "needs_review", "staged"))
            kind = {"type": "image"} if is_crowd else {"type": chance.choice(("image", "story")), "state": state}
            post = make_post(tx, account, publish_at=at + timedelta(seconds=away_s), **kind)
            for part in parts_of(tx, post.id):
                part.media_sha256 = chance.choice((None, "a" * 64, "b" * 64))
                part.source = chance.choice((None, "photo.jpg", "https://media.example.com/photo.jpg?key=secret"))
                part.probe = chance.choice(({}, {"likeness": f"{chance.choice(self.LOOKS):032x}"}))
                part.dropped_at = at if chance.random() < 0.1 else None

    def _wanted(self, chance: random.Random, at: datetime) -> Checked:
        type_ = chance.choice((PostType.IMAGE, PostType.CAROUSEL, PostType.STORY))
        media = tuple(
            Examined(
                f"mine-{number}.jpg",
                PartKind.IMAGE,
                chance.choice(("a" * 64, "b" * 64, "c" * 64)),
                "jpg",
                chance.choice(({"likeness": f"{chance.choice(self.LOOKS):032x}"}, {})),
            )
            for number in range(3 if type_ is PostType.CAROUSEL else 1)
        )
        at += timedelta(seconds=chance.choice(self.STEPS_S) * chance.choice((-1, 1)))
        wish = Wish("bakery", at, at.isoformat(), "UTC", type_, tuple(one.source for one in media))
        return Checked(wish, Preflight(media, None), "new", "digest")

    def _told(self, past: Past, one: Checked, account: Terms) -> list[object]:
        total, duration = pace.window_of(account)
        at = one.wish.publish_at
        full = pace.crowded(past.places, [at], total=0, duration=duration)
        return [*past.crowded(one.wish), *past.repeated(one), full, total]

    @pytest.mark.parametrize("seed", range(2))
    def test_whatever_stands_around(self, desk: Desk, seed: int) -> None:
        chance, at = random.Random(seed), clock.now() + timedelta(days=200)
        with desk.database.transaction() as tx:
            self._past(tx, find_account(tx, "bakery"), chance, at)
            self._past(tx, find_account(tx, "other"), chance, at, posts=5)
        with desk.database.transaction() as tx:
            account = terms_of(tx, ["bakery"])["bakery"]
            for _ in range(40):
                one = self._wanted(chance, at)
                besides = chance.choice([0, *tx.scalars(select(Post.id).limit(90))])
                near, known = Past.near(tx, account, one, besides=besides)
                whole = Past.of(tx, account, [one.wish.publish_at], besides=besides)

                assert known is None
                assert self._told(near, one, account) == self._told(whole, one, account)
