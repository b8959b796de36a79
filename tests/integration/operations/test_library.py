"""The library: one item for each content, referred to by name, and kept for as long as something needs it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from models.accounts.account import Account
from models.posts.part import parts_of
from operations.operation import OWNER, Context
from operations.posts import library, posts
from operations.posts.imports import Queued
from operations.posts.posts import PostFields
from pressrun import clock
from pressrun.errors import Conflict, Invalid, Unknown
from pressrun.media.probe import MediaUnreadable
from pressrun.media.samples import make_jpeg
from pressrun.media.store import MediaStore
from scheduler.library import JUST_KEPT, drop_files
from tests.factories.rows import make_account, make_post


@pytest.fixture
def shop(ctx: Context) -> Context:
    """With a public address, so that files may be queued, and an account."""
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery")
    return Context(ctx.database, ctx.settings.model_copy(update={"public_url": "https://x.example"}))


def queue(ctx: Context, **fields: object) -> Queued:
    said = {"account": "bakery", "publish_at": "+1h", "type": "image", "media": ("lib:feed",), "alt_text": ("a",)}
    return posts.add(ctx, OWNER, PostFields(**said | fields), base=Path("/"))  # type: ignore[arg-type]


def age_files(ctx: Context) -> None:
    """As if the files had been kept long ago."""
    for path in MediaStore(ctx.settings.home / "media").files():
        os.utime(path, (0, clock.now().timestamp() - 2 * JUST_KEPT.total_seconds()))


def files(ctx: Context) -> int:
    return len(list(MediaStore(ctx.settings.home / "media").files()))


def clear_up(ctx: Context, keep: timedelta | None = None) -> int:
    return drop_files(ctx.database, MediaStore(ctx.settings.home / "media"), now=clock.now(), keep=keep)


class TestAdding:
    def test_the_same_content_is_one_item_under_the_name_that_it_has(self, ctx: Context, media_folder: Path) -> None:
        first = library.add(ctx, OWNER, [media_folder / "feed.jpg"], name="autumn", tags=["b", "a"])
        again = library.add(ctx, OWNER, [media_folder / "feed.jpg", media_folder / "reel.mp4"], tags=["c"])

        assert [(one.name, one.tags) for one in first.added] == [("autumn", ("a", "b"))]
        assert [(one.name, one.tags) for one in again.unchanged] == [("autumn", ("a", "b", "c"))]
        assert [(one.name, one.kind, one.width, round(one.duration_s or 0)) for one in again.added] == [
            ("reel", "video", 360, 4)
        ]
        assert [one.name for one in library.list_items(ctx, OWNER)] == ["autumn", "reel"]
        assert [one.name for one in library.list_items(ctx, OWNER, tag="a")] == ["autumn"]
        assert files(ctx) == 2

    def test_a_name_that_is_taken_is_refused_where_it_was_given_and_else_another(
        self, ctx: Context, tmp_path: Path, media_folder: Path
    ) -> None:
        other = make_jpeg(tmp_path / "feed.jpg", 640, 640, label="other")
        library.add(ctx, OWNER, [media_folder / "feed.jpg"])

        with pytest.raises(Conflict, match="other media under the name feed"):
            library.add(ctx, OWNER, [other], name="feed")

        assert [one.name for one in library.add(ctx, OWNER, [other]).added] == ["feed-2"]

    def test_files_of_which_one_cannot_be_read_are_not_added(self, ctx: Context, media_folder: Path) -> None:
        with pytest.raises(MediaUnreadable):
            library.add(ctx, OWNER, [media_folder / "feed.jpg", media_folder / "nowhere.jpg"])

        assert library.list_items(ctx, OWNER) == []

    @pytest.mark.parametrize("name", ["", "../x", "lib:", "a b", "ä", "-x", "x" * 101])
    def test_a_name_that_is_none_is_refused(self, ctx: Context, media_folder: Path, name: str) -> None:
        with pytest.raises(Invalid) as told:
            library.add(ctx, OWNER, [media_folder / "feed.jpg"], name=name)

        assert told.value.field == "name"

    def test_one_name_is_not_for_several_files(self, ctx: Context, media_folder: Path) -> None:
        with pytest.raises(Invalid, match="for one file"):
            library.add(ctx, OWNER, [media_folder / "feed.jpg", media_folder / "feed-2.jpg"], name="x")

    def test_a_file_name_becomes_a_name_that_rows_can_say(self, ctx: Context, tmp_path: Path) -> None:
        odd = make_jpeg(tmp_path / "Käse & Brot (2).jpg", 320, 320, label="odd")

        assert library.add(ctx, OWNER, [odd]).added[0].name == "K-se-Brot-2"


class TestTags:
    def test_they_are_given_and_taken(self, ctx: Context, media_folder: Path) -> None:
        library.add(ctx, OWNER, [media_folder / "feed.jpg"], tags=["old"])

        page = library.tag(ctx, OWNER, "lib:feed", add=["new", "new"], take=["old", "never"])

        assert page.item.tags == ("new",)

    def test_none_at_all_and_unknown_items_are_refused(self, ctx: Context) -> None:
        with pytest.raises(Invalid):
            library.tag(ctx, OWNER, "feed")
        with pytest.raises(Unknown, match="nothing under the name 'feed'"):
            library.tag(ctx, OWNER, "feed", add=["x"])


class TestReferring:
    def test_a_row_may_name_items_for_media_and_cover(self, shop: Context, media_folder: Path) -> None:
        library.add(shop, OWNER, [media_folder / "feed.jpg", media_folder / "reel.mp4"])

        carousel = queue(shop, type="carousel", media=("lib:feed", "lib:reel"))
        reel = queue(shop, type="reel", media=("lib:reel",), alt_text=None, cover_url="lib:feed")

        assert (carousel.problems, reel.problems) == ((), ())
        with shop.database.transaction() as tx:
            parts = parts_of(tx, carousel.added[0])
        assert [part.source for part in parts] == [None, "lib:feed", "lib:reel"]
        assert library.show(shop, OWNER, "feed").needed_by == (carousel.added[0], reel.added[0])

    def test_what_is_not_there_is_told_with_its_column(self, shop: Context) -> None:
        report = queue(shop)

        assert [(one.column, one.message) for one in report.problems] == [
            ("media", "lib:feed: the library has nothing under the name 'feed'")
        ]

    def test_an_item_is_held_to_the_rules_of_its_use(self, shop: Context, media_folder: Path) -> None:
        library.add(shop, OWNER, [media_folder / "story.jpg"], name="feed")

        [problem] = queue(shop).problems

        assert problem.message.startswith("lib:feed: ")

    def test_a_queued_post_can_be_edited_to_an_item(self, shop: Context, media_folder: Path) -> None:
        library.add(shop, OWNER, [media_folder / "feed.jpg", media_folder / "feed-2.jpg"])
        post = str(queue(shop).added[0])

        edited = posts.edit(shop, OWNER, post, PostFields(media=("lib:feed-2",)), base=Path("/"))

        assert edited.problems == ()
        assert library.show(shop, OWNER, "feed").needed_by == ()
        assert library.show(shop, OWNER, "feed-2").needed_by == (int(post),)


class TestRemoving:
    def test_what_a_queued_post_needs_stays(self, shop: Context, media_folder: Path) -> None:
        library.add(shop, OWNER, [media_folder / "feed.jpg", media_folder / "reel.mp4"])
        post = str(queue(shop, type="reel", media=("lib:reel",), alt_text=None, cover_url="lib:feed").added[0])

        for name in ("feed", "reel"):
            with pytest.raises(Conflict, match=f"needed by post {post}"):
                library.remove(shop, OWNER, name)
        posts.pause(shop, OWNER, post)
        with pytest.raises(Conflict):
            library.remove(shop, OWNER, "feed")
        posts.cancel(shop, OWNER, post)

        assert library.remove(shop, OWNER, "feed").item.name == "feed"
        assert [one.name for one in library.list_items(shop, OWNER)] == ["reel"]

    def test_its_file_goes_with_the_next_upkeep_and_its_name_is_free_at_once(
        self, ctx: Context, media_folder: Path
    ) -> None:
        library.add(ctx, OWNER, [media_folder / "feed.jpg"], tags=["x"])
        library.remove(ctx, OWNER, "feed")
        library.add(ctx, OWNER, [media_folder / "feed-2.jpg"], name="feed")

        assert clear_up(ctx) == 0  # it was kept just now: a post that is being queued may want it
        age_files(ctx)
        assert clear_up(ctx) == 1

        assert files(ctx) == 1
        with ctx.database.transaction() as tx:
            assert tx.scalar(text("SELECT count(*) FROM library_items")) == 1

    def test_a_file_that_others_need_stays(self, shop: Context, media_folder: Path) -> None:
        library.add(shop, OWNER, [media_folder / "feed.jpg"])
        library.remove(shop, OWNER, "feed")
        again = library.add(shop, OWNER, [media_folder / "feed.jpg"])
        age_files(shop)

        assert [one.name for one in again.added] == ["feed"]
        assert clear_up(shop) == 0
        assert files(shop) == 1

    def test_the_retention_takes_what_neither_the_library_nor_a_post_needs(
        self, shop: Context, media_folder: Path, tmp_path: Path
    ) -> None:
        library.add(shop, OWNER, [media_folder / "feed.jpg"])
        store = MediaStore(shop.settings.home / "media")
        old = store.keep(make_jpeg(tmp_path / "old.jpg", 320, 320, label="old"))
        failed = store.keep(make_jpeg(tmp_path / "failed.jpg", 320, 320, label="failed"))
        with shop.database.transaction() as tx:
            account = tx.query(Account).one()
            for kept, state in ((old, "published"), (failed, "failed")):
                post = make_post(tx, account, state=state, published_at=clock.now(), next_action_at=None)
                parts_of(tx, post.id)[0].media_sha256 = kept.sha256
                parts_of(tx, post.id)[0].media_id = f"179{post.id}" if state == "published" else None
        age_files(shop)

        assert clear_up(shop, keep=timedelta(days=9)) == 0
        assert clear_up(shop, keep=JUST_KEPT) == 1

        assert not old.path.exists()
        assert failed.path.exists()
