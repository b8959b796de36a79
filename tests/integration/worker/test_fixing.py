"""Files made right for posts: once, bounded, waited for with a date, and told; a kill at any step loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, text

from models.owed import claims, presence, works
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.conversion import Conversion
from models.posts.part import parts_of
from models.posts.post import Post, get_post
from models.posts.states import PostState
from models.reading.posts.posts import post_page
from operations.operation import OWNER, Context
from operations.posts import library, posts
from pressrun import clock, failpoints
from pressrun.errors import Conflict
from pressrun.media.routes import Ways
from pressrun.media.samples import make_mp4
from pressrun.media.store import MediaStore
from pressrun.network.hints import Task
from scheduler.posts import changing
from scheduler.posts.editing import edit_post
from scheduler.posts.importing import ImportReport, import_fields
from scheduler.warnings import Warnings
from tests.factories.rows import make_endpoint
from tests.support.bench import Bench
from tests.support.beside import under_way
from worker import fixing
from worker.boundary import perform

MEDIA = next(work for work in WORKS if work.table == "conversions")


@pytest.fixture(autouse=True)
def converters_closed() -> Iterator[None]:
    yield
    fixing.close_converters()


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "tall.png"
    Image.radial_gradient("L").resize((300, 900)).convert("RGB").save(path)
    return path


def queue(bench: Bench, media: Path | str, **columns: str) -> ImportReport:
    fields = {"account": "sim-0", "publish_at": "+2h", "type": "image", "media": str(media), "fix": "yes", **columns}
    return import_fields(bench.database, bench.settings, fields, base=bench.media_folder)


def queued(bench: Bench, media: Path | str, **columns: str) -> int:
    report = queue(bench, media, **columns)
    assert report.problems == []
    return report.added[0]


def convert(bench: Bench) -> int:
    """Run the conversions that are due; returns how many."""
    with bench.database.transaction() as tx:
        hints = claim_due(tx, MEDIA, limit=10, lease_s=30)
    for hint in hints:
        perform(bench.ctx, {Task.MEDIA_FIX: fixing.run}, hint)
    return len(hints)


def conversions(bench: Bench) -> list[Conversion]:
    with bench.database.transaction() as tx:
        return list(tx.scalars(select(Conversion).order_by(Conversion.id)))


def due_now(bench: Bench) -> None:
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE conversions SET next_action_at = now(), leased_until = NULL WHERE state = 'asked'"))


def left_over(bench: Bench) -> list[str]:
    """What lies in the store beside kept files."""
    root = bench.settings.home / "media"
    return [path.name for path in root.iterdir() if path.name.startswith(".")]


def test_a_post_with_a_wrong_file_goes_out_with_the_fixed_one(bench: Bench, png: Path) -> None:
    bench.account(0)
    original = png.read_bytes()
    post_id = queued(bench, png)

    assert convert(bench) == 1
    post = bench.drive(post_id)

    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    with bench.database.transaction() as tx:
        [part] = parts_of(tx, post_id)
        page = post_page(tx, get_post(tx, post_id), Ways("auto", has_host=True, has_bucket=False))
    [row] = conversions(bench)
    assert (row.state, part.media_sha256, part.media_extension) == ("done", row.result_sha256, "jpg")
    assert (part.probe["format"], "likeness" in part.probe) == ("JPEG", True)
    store = MediaStore(bench.settings.home / "media")
    assert store.path(row.source_sha256).read_bytes() == original == png.read_bytes()
    with Image.open(store.path(row.result_sha256 or "")) as fixed:
        assert (fixed.format, fixed.width / fixed.height) == ("JPEG", 0.8)
    assert "media.fixed" in bench.events(post_id)
    [fix] = page.fixes
    assert fix.made is not None
    assert {change["field"] for change in fix.made["changes"]} == {"format", "ratio", "width"}


def test_the_original_stays_in_the_library_while_a_post_needs_what_was_made_of_it(bench: Bench, png: Path) -> None:
    bench.account(0)
    ctx = Context(bench.database, bench.settings)
    library.add(ctx, OWNER, [png], name="tall")
    post_id = queued(bench, "lib:tall")
    convert(bench)

    with pytest.raises(Conflict, match=f"needed by post {post_id}"):
        library.remove(ctx, OWNER, "tall")
    posts.cancel(ctx, OWNER, str(post_id))
    assert library.remove(ctx, OWNER, "lib:tall").needed_by == ()


def test_what_is_needed_first_is_made_first(bench: Bench, tmp_path: Path) -> None:
    bench.account(0)
    bench.account(1)
    for number in range(4):
        Image.new("RGB", (400, 500), (number * 50, 9, 9)).save(tmp_path / f"{number}.png")
    late = queued(bench, tmp_path / "0.png", publish_at="+9h")
    queued(bench, tmp_path / "1.png", publish_at="+3h")
    queued(bench, tmp_path / "2.png", publish_at="+2h", account="sim-1")
    queued(bench, tmp_path / "3.png", publish_at="+4h", caption="one")
    queued(bench, tmp_path / "3.png", publish_at="+1h", caption="needs it sooner")

    def order() -> list[int]:
        with bench.database.transaction() as tx:
            claimed = [hint.id for hint in claim_due(tx, MEDIA, limit=10, lease_s=30)]
        due_now(bench)
        return claimed

    assert order() == [4, 3, 2, 1]
    with bench.database.transaction() as tx:
        assert [hint.id for hint in claim_due(tx, MEDIA, limit=1, lease_s=30)] == [4]
    due_now(bench)
    assert edit_post(bench.database, bench.settings, late, {"publish_at": "+90m"}, base=None).problems == []
    assert order() == [4, 1, 3, 2]


def test_a_post_whose_files_take_too_long_is_told_of_early(bench: Bench, png: Path, tmp_path: Path) -> None:
    bench.account(0)
    queued(bench, png)
    convert(bench)
    with bench.database.transaction() as tx:
        make_endpoint(tx)
        tx.execute(text("UPDATE conversions SET begun_at = settled_at - interval '4000 seconds'"))
    for number in range(2):
        Image.new("RGB", (400, 500), (number * 50, 9, 9)).save(tmp_path / f"{number}.png")

    soon = queue(bench, tmp_path / "0.png", publish_at="+1h")
    later = queue(bench, tmp_path / "1.png", publish_at="+3h")
    for _ in range(2):
        Warnings(bench.database, late_after=timedelta(minutes=5)).run(now=clock.now())

    slow = [[one.column for one in report.warnings if one.type == "media.late"] for report in (soon, later)]
    assert slow == [["publish_at"], []]
    with bench.database.transaction() as tx:
        told = tx.execute(text("SELECT post_id, message FROM notices WHERE kind = 'post.late'")).all()
    assert [row.post_id for row in told] == soon.added
    assert "no worker of the queue media is connected" in told[0].message


def test_the_same_input_and_recipe_are_converted_once(bench: Bench, png: Path) -> None:
    bench.account(0)
    first = queued(bench, png, caption="one")
    second = queued(bench, png, caption="two")
    assert convert(bench) == 1
    third = queue(bench, png, caption="three")

    assert (third.problems, third.fixing) == ([], 0)
    assert len(conversions(bench)) == 1
    with bench.database.transaction() as tx:
        digests = {part.media_sha256 for one in (first, second, third.added[0]) for part in parts_of(tx, one)}
    assert digests == {conversions(bench)[0].result_sha256}
    again = queue(bench, png, caption="three")
    assert (again.added, again.unchanged) == ([], third.added)


def test_another_recipe_is_another_file(bench: Bench, png: Path) -> None:
    bench.account(0)
    queued(bench, png, caption="one")
    queued(bench, png, caption="two", fix="crop")
    queued(bench, png, caption="three", fix="pad:#112233")

    while convert(bench):
        pass

    assert len({row.result_sha256 for row in conversions(bench)}) == 3


def test_what_is_right_is_not_converted(bench: Bench) -> None:
    bench.account(0)

    report = queue(bench, "feed.jpg")

    assert (report.problems, report.fixing) == ([], 0)
    assert conversions(bench) == []


def test_a_right_video_keeps_its_bytes(bench: Bench) -> None:
    """Whether it is right only its packets tell: a worker looks."""
    bench.account(0)
    post_id = queued(bench, "reel.mp4", type="reel")
    with bench.database.transaction() as tx:
        [before] = [part.media_sha256 for part in parts_of(tx, post_id)]

    assert convert(bench) == 1

    [row] = conversions(bench)
    assert (row.state, row.result_sha256) == ("done", before)
    assert left_over(bench) == []


@pytest.mark.parametrize(
    ("fix", "setting", "is_taken"),
    [("yes", "no", True), ("", "yes", True), ("", "no", False), ("no", "yes", False), ("sometimes", "yes", False)],
)
def test_a_row_and_a_setting_say_whether(bench: Bench, png: Path, fix: str, setting: str, is_taken: bool) -> None:
    bench.account(0)
    bench.settings = bench.settings.model_copy(update={"fix": setting})

    report = queue(bench, png, fix=fix)

    assert (report.problems == []) == is_taken
    if fix == "sometimes":
        assert [problem.column for problem in report.problems] == ["fix"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"type": "reel", "media": "short.mp4"}, "1.0 s is shorter than the 3 s"),
        ({"type": "image", "media": "reel.mp4"}, "must be an image"),
        ({"type": "image", "media": "notes.png"}, "not an image or a video"),
    ],
)
def test_what_can_never_be_made_right_is_refused_when_it_is_queued(
    bench: Bench, tmp_path: Path, columns: dict[str, str], said: str
) -> None:
    bench.account(0)
    make_mp4(tmp_path / "short.mp4", 144, 256, 1.0, label="short", audio=False)
    (tmp_path / "notes.png").write_text("notes")
    media = columns["media"] if columns["media"] == "reel.mp4" else str(tmp_path / columns["media"])

    report = queue(bench, media, **{name: value for name, value in columns.items() if name != "media"})

    assert [problem.column for problem in report.problems] == ["media"]
    assert said in report.problems[0].message
    assert conversions(bench) == []


def test_a_post_waits_with_a_date_and_goes_on_when_its_file_is_there(bench: Bench, png: Path) -> None:
    bench.account(0)
    post_id = queued(bench, png)
    bench.hurry()
    bench.step(Task.POST_STAGE)

    waiting = bench.read(post_id)
    assert (waiting.state, waiting.wait_reason) == ("scheduled", "media")
    assert waiting.next_action_at == waiting.publish_at - timedelta(minutes=10)

    convert(bench)
    woken = bench.read(post_id)
    assert woken.next_action_at is not None
    assert woken.next_action_at <= clock.now()
    assert bench.drive(post_id).state == PostState.PUBLISHED


def test_a_post_whose_file_is_not_ready_in_time_fails_while_a_person_can_act(bench: Bench, png: Path) -> None:
    bench.account(0)
    post_id = queued(bench, png)
    with bench.database.transaction() as tx:
        tx.execute(
            text("UPDATE posts SET created_at = now() - interval '1 day', publish_at = now() + interval '9 min'")
        )
    bench.hurry()

    bench.step(Task.POST_STAGE)

    post = bench.read(post_id)
    assert (post.state, post.error_class) == ("failed", "invalid_media")
    assert "has not been made right in time" in (post.error or "")


def test_a_file_that_cannot_be_made_right_fails_its_posts_at_once_and_a_retry_tries_again(
    bench: Bench, png: Path
) -> None:
    bench.account(0)
    bmp = png.with_suffix(".bmp")
    with Image.open(png) as picture:
        picture.save(bmp)
    bmp.write_bytes(bmp.read_bytes()[:-3000])  # its head is sound, its end is not
    post_id = queued(bench, bmp)

    convert(bench)
    bench.step(Task.POST_STAGE)

    post = bench.read(post_id)
    assert post.state == "failed", bench.story(post_id)
    assert "cannot be made right" in (post.error or "")
    assert post.publish_at > clock.now() + timedelta(hours=1)
    again = queue(bench, bmp, caption="another")
    assert "cannot be made right: the BMP image is damaged" in again.problems[0].message

    with bench.database.transaction() as tx:
        changing.retry(tx, post_id, bench.settings, now=clock.now())
    assert [row.state for row in conversions(bench)] == ["asked"]


def test_a_carousel_is_brought_to_the_shape_of_its_first_where_that_is_asked_for(bench: Bench, png: Path) -> None:
    bench.account(0)
    wide = png.with_name("wide.png")
    Image.new("RGB", (900, 500), (1, 2, 3)).save(wide)
    post_id = queued(bench, f"feed.jpg|{wide}|{png}", type="carousel", fix="crop")

    while convert(bench):
        pass
    post = bench.drive(post_id)

    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    with bench.database.transaction() as tx:
        shapes = {part.probe["width"] / part.probe["height"] for part in parts_of(tx, post_id) if part.probe}
    assert shapes == {0.8}


def test_a_cover_is_made_right_too(bench: Bench, png: Path) -> None:
    bench.account(0)
    post_id = queued(bench, "reel.mp4", type="reel", cover_url=str(png))

    while convert(bench):
        pass
    post = bench.drive(post_id)

    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    cover = post.params["cover"]
    assert cover["extension"] == "jpg"
    assert MediaStore(bench.settings.home / "media").path(cover["sha256"]).suffix == ".jpg"


def test_an_edit_while_a_cover_is_made_right_keeps_it(bench: Bench, png: Path) -> None:
    bench.account(0)
    post_id = queued(bench, "reel.mp4", type="reel", cover_url=str(png))
    while convert(bench):
        pass
    edit_post(bench.database, bench.settings, post_id, {"caption": "new"}, base=bench.media_folder)

    post = bench.read(post_id)
    assert (post.caption, post.params["cover"]["extension"]) == ("new", "jpg")


def test_the_cover_of_a_post_that_is_moved_with_other_media_is_needed_then(bench: Bench, png: Path) -> None:
    bench.account(0)
    post_id = queued(bench, "reel.mp4", type="reel", cover_url=str(png), publish_at="+9h")
    changes = {"media": "reel.mp4", "publish_at": "+2h"}

    assert edit_post(bench.database, bench.settings, post_id, changes, base=bench.media_folder).problems == []

    post = bench.read(post_id)
    needed = {one.id: one.needed_at for one in conversions(bench)}
    assert post.cover_conversion_id is not None
    assert needed[post.cover_conversion_id] == post.publish_at


def test_two_that_exchange_covers_and_move_their_posts_do_not_wait_for_each_other_in_a_circle(
    bench: Bench, tmp_path: Path
) -> None:
    bench.account(0)
    used = {}
    for number in range(2):
        cover = tmp_path / f"{number}.png"
        Image.new("RGB", (400, 500), (number * 50, 9, 9)).save(cover)
        post_id = queued(bench, "reel.mp4", type="reel", cover_url=str(cover))
        used[bench.read(post_id).cover_conversion_id] = post_id, cover
    covers = [one for one in conversions(bench) if one.id in used]
    first, last = sorted(covers, key=lambda one: (one.source_sha256, one.recipe_key))
    post_id = used[first.id][0]
    changes = {"cover_url": str(used[last.id][1]), "publish_at": "+5h"}

    with ThreadPoolExecutor(1) as pool:
        with bench.database.transaction() as other:  # it comes to the first before this one does
            hold = text("SELECT FROM conversions WHERE id = :id FOR UPDATE NOWAIT")
            other.execute(hold, {"id": first.id})
            edit = under_way(
                pool,
                bench.database,
                lambda: edit_post(bench.database, bench.settings, post_id, changes, base=bench.media_folder),
            )
            assert not edit.done()
            other.execute(hold, {"id": last.id})
        assert edit.result(20).problems == []

    assert bench.read(post_id).cover_conversion_id == last.id


def test_other_media_of_an_edit_are_made_right(bench: Bench, png: Path) -> None:
    bench.account(0)
    post_id = queued(bench, "feed.jpg")

    report = edit_post(bench.database, bench.settings, post_id, {"media": str(png)}, base=bench.media_folder)

    assert (report.problems, report.fixing) == ([], 1)
    convert(bench)
    assert bench.drive(post_id).state == PostState.PUBLISHED, bench.story(post_id)


class TestKills:
    @pytest.mark.parametrize("point", ["fix.begun", "fix.converted", "fix.kept", "fix.settled"])
    def test_a_worker_that_dies_at_any_step_loses_nothing_and_leaves_nothing(
        self, bench: Bench, png: Path, point: str
    ) -> None:
        bench.account(0)
        post_id = queued(bench, png)
        pid = os.fork()
        if pid == 0:
            _die_at(bench, point)
        assert os.waitpid(pid, 0)[1] != 0
        due_now(bench)

        while convert(bench):
            due_now(bench)

        [row] = conversions(bench)
        assert row.state == "done", row.error
        assert left_over(bench) == []
        kept = [path for path in (bench.settings.home / "media").rglob("*.*") if path.is_file()]
        assert len(kept) == 2
        assert bench.drive(post_id).state == PostState.PUBLISHED, bench.story(post_id)

    def test_a_file_that_ends_the_worker_each_time_is_given_up(self, bench: Bench, png: Path) -> None:
        bench.account(0)
        queued(bench, png)
        with bench.database.transaction() as tx:
            tx.execute(text("UPDATE conversions SET tries = 3"))

        convert(bench)

        [row] = conversions(bench)
        assert (row.state, row.error) == ("failed", "3 tries to convert it did not come to an end")

    def test_a_worker_that_is_told_to_stop_leaves_the_file_to_another(self, bench: Bench, png: Path) -> None:
        bench.account(0)
        queued(bench, png)
        with bench.database.transaction() as tx:
            [hint] = claim_due(tx, MEDIA, limit=1, lease_s=30)
            lease = claims.take(tx, "conversions", hint.id, hint.claim, lease_s=30)
        assert lease is not None
        bench.ctx.stopping.set()

        fixing.run(bench.ctx, lease)

        bench.ctx.stopping.clear()
        [row] = conversions(bench)
        assert (row.state, row.tries, row.leased_until) == ("asked", 0, None)
        assert convert(bench) == 1

    def test_a_claim_that_passed_on_settles_nothing(self, bench: Bench, png: Path) -> None:
        bench.account(0)
        queued(bench, png)
        with bench.database.transaction() as tx:
            [hint] = claim_due(tx, MEDIA, limit=1, lease_s=30)
            lease = claims.take(tx, "conversions", hint.id, hint.claim, lease_s=30, holder=7)
            assert presence.release(tx, [7]) == 1
        assert lease is not None

        with pytest.raises(claims.ClaimLost):
            fixing.run(bench.ctx, lease)

        assert [row.state for row in conversions(bench)] == ["asked"]


def _die_at(bench: Bench, point: str) -> None:
    """In a forked process: begin a conversion and be killed at the point."""
    try:
        bench.database.engine.dispose(close=False)
        failpoints.arm(f"{point}=exit")
        convert(bench)
    finally:
        os._exit(0)


def test_no_more_are_under_way_than_may_be(bench: Bench, tmp_path: Path) -> None:
    bench.account(0)
    rows: list[Any] = []
    for number in range(works.CONVERSIONS_AT_ONCE + 2):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (400, 400), (number, 0, 0)).save(path)
        rows.append(queued(bench, path, caption=str(number)))

    with bench.database.transaction() as tx:
        hints = claim_due(tx, MEDIA, limit=100, lease_s=30)
    with bench.database.transaction() as tx:
        more = claim_due(tx, MEDIA, limit=100, lease_s=30)

    assert (len(hints), more) == (works.CONVERSIONS_AT_ONCE, [])
    with bench.database.transaction() as tx:
        assert tx.scalar(select(Post.id).where(Post.wait_reason.is_not(None))) is None
