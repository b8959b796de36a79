"""Edits: what was said anew counts, what was not stays, and a bad edit changes nothing."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.part import Part, parts_of
from models.posts.post import Post, get_post
from models.posts.states import PostState
from models.store.session import Database
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible
from pressrun.settings import Settings
from scheduler.posts import changing
from scheduler.posts.editing import edit_post
from scheduler.posts.importing import ImportReport, import_fields
from scheduler.posts.wish import COLUMNS
from tests.factories.rows import first_part, make_account, make_container
from tests.support.statements import after_first, waits_for_a_lock
from tests.support.waiting import until

PREPARE = next(work for work in WORKS if work.name == "prepare")

REEL = {
    "type": "reel",
    "media": "reel.mp4",
    "caption": "as it was",
    "first_comment": "#first",
    "location_id": "12",
    "user_tags": '[{"username": "lena"}]',
    "collaborators": "lena",
    "cover_url": "story.jpg",
    "thumb_offset_ms": "1500",
    "share_to_feed": "true",
    "max_lateness": "10m",
    "if_late": "publish",
}


class Desk:
    """One post, and edits of it."""

    def __init__(self, database: Database, settings: Settings, folder: Path) -> None:
        self.database, self.settings, self.folder = database, settings, folder
        with database.transaction() as tx:
            self.account = make_account(tx, name="bakery", timezone="Europe/Berlin")

    def queue(self, **fields: str) -> int:
        row = {"account": "bakery", "publish_at": "+5h", "type": "image", "media": "feed.jpg", "key": "k"} | fields
        report = import_fields(self.database, self.settings, row, base=self.folder)
        assert report.problems == []
        return report.added[0]

    def edit(self, post_id: int, **changes: str) -> ImportReport:
        return edit_post(self.database, self.settings, post_id, changes, base=self.folder)

    def edited(self, post_id: int, **changes: str) -> Post:
        report = self.edit(post_id, **changes)
        assert (report.problems, report.added) == ([], [post_id])
        return self.read(post_id)

    def read(self, post_id: int) -> Post:
        with self.database.transaction() as tx:
            return get_post(tx, post_id)

    def parts(self, post_id: int) -> list[Part]:
        with self.database.transaction() as tx:
            return parts_of(tx, post_id)

    def rows(self) -> list[Any]:
        with self.database.transaction() as tx:
            queries = [f"SELECT * FROM {name} ORDER BY id" for name in ("posts", "parts", "post_events", "containers")]  # noqa: S608
            return [tx.execute(text(query)).all() for query in queries]


@pytest.fixture
def desk(database: Database, media_folder: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "campaign"
    shutil.copytree(media_folder, folder)
    return Desk(database, Settings(home=tmp_path / "home", public_url="https://pressrun.example"), folder)


KEPT = ("caption", "params", "first_comment", "publish_at", "timezone", "max_lateness_s", "if_late", "type", "key")


@pytest.mark.parametrize(
    ("changes", "now_reads"),
    [
        ({"caption": "as it is"}, {"caption": "as it is"}),
        ({"caption": ""}, {"caption": ""}),
        ({"first_comment": ""}, {"first_comment": None}),
        ({"location_id": "13"}, {"params": {"location_id": "13"}}),
        ({"location_id": ""}, {"params": {"location_id": None}}),
        ({"user_tags": ""}, {"params": {"user_tags": None}}),
        ({"collaborators": "otto"}, {"params": {"collaborators": ["otto"]}}),
        ({"thumb_offset_ms": ""}, {"params": {"thumb_offset_ms": None}}),
        ({"cover_at": ""}, {"params": {"thumb_offset_ms": None}}),
        ({"cover_at": "2.5s"}, {"params": {"thumb_offset_ms": 2500, "cover": None}}),
        ({"share_to_feed": "false"}, {"params": {"share_to_feed": False}}),
        ({"max_lateness": "1h"}, {"max_lateness_s": 3600}),
        ({"if_late": "expire"}, {"if_late": "expire"}),
        ({"cover_url": ""}, {"params": {"cover": None}}),
    ],
    ids=str,
)
def test_an_edit_changes_what_it_names_and_nothing_else(
    desk: Desk, changes: dict[str, str], now_reads: dict[str, Any]
) -> None:
    post_id = desk.queue(**REEL)
    before = desk.read(post_id)
    parts = [part.id for part in desk.parts(post_id)]

    after = desk.edited(post_id, **changes)

    expected = {name: getattr(before, name) for name in KEPT}
    params = {**expected["params"], **now_reads.get("params", {})}
    expected |= now_reads | {"params": {name: value for name, value in params.items() if value is not None}}
    assert {name: getattr(after, name) for name in KEPT} == expected
    assert [part.id for part in desk.parts(post_id)] == parts
    assert after.content_digest != before.content_digest


def test_a_new_time_moves_the_first_step_with_it(desk: Desk) -> None:
    post_id = desk.queue()
    later = (clock.now() + timedelta(days=2)).replace(microsecond=0)

    post = desk.edited(post_id, publish_at=later.isoformat())

    assert (post.publish_at, post.next_action_at) == (later, later - timedelta(minutes=30))


def test_wall_time_is_that_of_the_post(desk: Desk) -> None:
    post_id = desk.queue()
    year = clock.now().year + 1

    assert desk.edited(post_id, publish_at=f"{year}-01-15T09:00").publish_at.hour == 8


def test_other_media_replace_the_parts_and_the_old_ones_stay_as_history(desk: Desk) -> None:
    post_id = desk.queue(type="carousel", media="feed.jpg|feed-2.jpg")
    with desk.database.transaction() as tx:
        make_container(tx, parts_of(tx, post_id)[1], desk.account)

    desk.edited(post_id, media="feed-2.jpg|reel.mp4|feed.jpg")

    assert [(part.position, part.source) for part in desk.parts(post_id)] == [
        (0, None),
        (1, "feed-2.jpg"),
        (2, "reel.mp4"),
        (3, "feed.jpg"),
    ]
    with desk.database.transaction() as tx:
        counts = tx.execute(text("SELECT count(*) FILTER (WHERE dropped_at IS NOT NULL), count(*) FROM parts")).one()
        live = tx.execute(text("SELECT count(*) FROM containers WHERE dropped_at IS NULL")).scalar_one()
    assert (tuple(counts), live) == ((3, 7), 0)


def test_alt_texts_are_changed_in_place(desk: Desk) -> None:
    post_id = desk.queue(type="carousel", media="feed.jpg|feed-2.jpg", alt_text="one|two")

    desk.edited(post_id, alt_text="|zwei")

    assert [part.alt_text for part in desk.parts(post_id)] == [None, None, "zwei"]


def test_what_instagram_prepared_from_the_old_content_is_dropped(desk: Desk) -> None:
    post_id = desk.queue()
    with desk.database.transaction() as tx:
        make_container(tx, first_part(tx, get_post(tx, post_id)), desk.account)
        tx.execute(text("UPDATE posts SET state = 'staged'"))

    post = desk.edited(post_id, caption="other")

    assert post.state == PostState.SCHEDULED
    assert post.claim == 1
    with desk.database.transaction() as tx:
        assert tx.execute(text("SELECT drop_reason FROM containers")).scalar_one() == "edited"


def test_a_paused_post_stays_paused(desk: Desk) -> None:
    post_id = desk.queue()
    with desk.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET state = 'draft', next_action_at = NULL, wait_reason = 'paused'"))

    post = desk.edited(post_id, caption="other")

    assert (post.state, post.next_action_at, post.wait_reason) == (PostState.DRAFT, None, "paused")


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"caption": "x" * 2201}, "caption"),
        ({"media": "nothing.jpg"}, "media"),
        ({"media": "reel.mp4"}, "media"),
        ({"publish_at": "soon"}, "publish_at"),
        ({"publish_at": "2020-01-01T00:00"}, "publish_at"),
        ({"trial": "MANUAL"}, "trial"),
        ({"max_lateness": "x"}, "max_lateness"),
    ],
    ids=str,
)
def test_a_bad_edit_is_a_problem_and_changes_nothing(desk: Desk, changes: dict[str, str], column: str) -> None:
    post_id = desk.queue()
    before = desk.rows()

    report = desk.edit(post_id, **changes)

    assert [one.column for one in report.problems] == [column]
    assert desk.rows() == before


def test_all_that_is_wrong_with_an_edit_is_told_at_once(desk: Desk) -> None:
    post_id = desk.queue()
    before = desk.rows()
    wrong = {
        "location_id": "a bakery",
        "max_lateness": "soon",
        "fix": "perhaps",
        "publish_at": "2020-01-01T00:00",
        "media": "lost.jpg",
        "if_late": "next_slot",
        "caption": "#" + " #".join(f"tag{number}" for number in range(31)),
    }

    report = desk.edit(post_id, **wrong)

    assert sorted(one.column for one in report.problems) == sorted(wrong)
    assert desk.rows() == before


@pytest.mark.parametrize("column", ["account", "type", "key"])
def test_what_makes_it_another_post_cannot_be_edited(desk: Desk, column: str) -> None:
    post_id = desk.queue()

    with pytest.raises(Invalid, match=f"{column} of a queued post cannot be edited"):
        desk.edit(post_id, **{column: "story"})
    assert column in COLUMNS


@pytest.mark.parametrize(
    ("changes", "told"), [({}, "nothing to change"), ({"captoin": "x"}, "a post has no field 'captoin'")], ids=str
)
def test_an_edit_of_nothing_or_of_what_does_not_exist_is_refused(
    desk: Desk, changes: dict[str, str], told: str
) -> None:
    post_id = desk.queue()

    with pytest.raises(Invalid, match=told):
        desk.edit(post_id, **changes)


@pytest.mark.parametrize("state", ["published", "canceled", "failed", "expired", "needs_review"])
def test_a_post_that_is_past_it_cannot_be_edited(desk: Desk, state: str) -> None:
    post_id = desk.queue()
    with desk.database.transaction() as tx:
        tx.execute(
            text("UPDATE posts SET state = :state, next_action_at = NULL, published_at = now(), media_id = '1'"),
            {"state": state},
        )
        tx.execute(text("UPDATE parts SET media_id = '1'"))

    with pytest.raises(NotPossible):
        desk.edit(post_id, caption="other")

    assert desk.read(post_id).caption == ""


def test_a_post_of_which_a_part_is_live_cannot_be_edited(desk: Desk) -> None:
    post_id = desk.queue(type="story", media="story.jpg|story.mp4")
    with desk.database.transaction() as tx:
        first_part(tx, get_post(tx, post_id)).media_id = "1"

    with pytest.raises(NotPossible, match="gone out in part"):
        desk.edit(post_id, media="story.jpg")


def test_the_row_it_was_imported_from_does_not_undo_the_edit(desk: Desk) -> None:
    post_id = desk.queue(caption="as it was")
    desk.edited(post_id, caption="as it is")

    row = {"account": "bakery", "publish_at": "+5h", "type": "image", "media": "feed.jpg", "key": "k"}
    report = import_fields(desk.database, desk.settings, row | {"caption": "as it was"}, base=desk.folder)

    assert [one.column for one in report.problems] == ["key"]
    assert desk.read(post_id).caption == "as it is"


class TestAnotherPersonsChange:
    def test_an_edit_raises_the_version_and_a_worker_does_not(self, desk: Desk) -> None:
        post_id = desk.queue(publish_at="+1m")
        with desk.database.transaction() as tx:
            claim_due(tx, PREPARE, limit=1, lease_s=60)
        assert (desk.read(post_id).version, desk.read(post_id).claim) == (1, 1)

        assert desk.edited(post_id, caption="other").version == 2

    def test_a_version_that_is_the_newest_is_no_hindrance(self, desk: Desk) -> None:
        post_id = desk.queue()

        edit_post(desk.database, desk.settings, post_id, {"caption": "one"}, base=desk.folder, version=1)
        edit_post(desk.database, desk.settings, post_id, {"caption": "two"}, base=desk.folder, version=2)

        assert desk.read(post_id).caption == "two"

    def test_an_edit_of_an_older_version_is_refused_and_changes_nothing(self, desk: Desk) -> None:
        post_id = desk.queue()
        desk.edited(post_id, caption="hers")
        before = desk.rows()

        with pytest.raises(Conflict, match="has been changed since") as refused:
            edit_post(desk.database, desk.settings, post_id, {"caption": "his"}, base=desk.folder, version=1)

        assert (refused.value.type, refused.value.field) == ("post.changed", "version")
        assert refused.value.ids == {"post": post_id, "version": 2}
        assert desk.rows() == before

    def test_moving_the_time_does_not_bring_an_old_caption_back(self, desk: Desk) -> None:
        """Two people at once: he has read the post, she changes it, he writes."""
        post_id = desk.queue(caption="as it was")

        hers = after_first(desk.database, "FROM slots", lambda: desk.edited(post_id, caption="as it is"))
        with hers, pytest.raises(Conflict, match="version 2"):
            desk.edit(post_id, publish_at="+9h")

        post = desk.read(post_id)
        assert (post.caption, post.version) == ("as it is", 2)

    def test_an_edit_waits_for_another_one_that_is_being_written(self, desk: Desk) -> None:
        post_id = desk.queue(caption="as it was")

        with ThreadPoolExecutor(1) as pool:
            with desk.database.transaction() as tx:
                changing.pause(tx, post_id)
                running = pool.submit(desk.edit, post_id, caption="other")
                until(lambda: waits_for_a_lock(desk.database), what="the edit waits for nobody")
            with pytest.raises(Conflict, match="version 2"):
                running.result(60)

        assert (desk.read(post_id).caption, desk.read(post_id).state) == ("as it was", PostState.DRAFT)
