"""What a draft is told while it is written, and what is done to many posts at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from operations.operation import OWNER, Context
from operations.posts import bulk, drafts, posts
from operations.posts.bulk import Action
from operations.posts.posts import PostFields
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.media.store import MediaStore
from tests.factories.rows import make_account, make_post

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_draft_without_a_time_is_told_nothing_about_one(ctx: Context, media_folder: Path) -> None:
    now = clock.now()
    with ctx.database.transaction() as tx:
        bakery = make_account(tx, name="bakery", timezone="Europe/Berlin")
        make_post(tx, bakery, key="near", publish_at=now + DAY, next_action_at=now + DAY)
    ctx = replace(ctx, settings=ctx.settings.model_copy(update={"public_url": "https://pressrun.example"}))
    kept = MediaStore(ctx.settings.home / "media").keep(media_folder / "feed.jpg")
    fields = PostFields(account="bakery", type="image", media=(f"kept:{kept.sha256}",), caption="bread")

    without = drafts.judge(ctx, OWNER, fields)
    with_one = drafts.judge(ctx, OWNER, replace(fields, publish_at="+1d"))

    assert [(one.column, one.message) for one in without.problems] == [("publish_at", "is missing")]
    assert {one.column for one in without.warnings} == {"alt_text"}
    assert with_one.problems == ()
    assert {one.column for one in with_one.warnings} == {"alt_text", "publish_at"}
    assert [one.key for one in posts.list_posts(ctx, OWNER)] == ["near"]  # nothing was queued


def test_of_many_it_is_told_which_have_changed(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        held = make_post(tx, account, key="held", state="draft", next_action_at=None).id
        planned = make_post(tx, account, key="planned").id

    results = bulk.act(ctx, OWNER, Action.PAUSE, ["held", "planned", "gone"])

    assert [(one.post, one.has_changed) for one in results] == [("held", False), ("planned", True), ("gone", False)]
    assert [one.shown.id for one in results if one.shown] == [held, planned]


def test_a_number_is_that_of_its_post_whatever_key_another_has(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        other, meant = make_post(tx, account), make_post(tx, account, key="meant")
        other.key = str(meant.id)

    [result] = bulk.act(ctx, OWNER, Action.CANCEL, ["meant"])

    assert [posts.show(ctx, OWNER, f"{one.id}").post.state for one in (meant, other)] == ["canceled", "scheduled"]
    assert result.shown is not None
    assert result.shown.id == meant.id


def test_posts_keep_their_time_of_day_whatever_their_clocks_do(ctx: Context) -> None:
    year = clock.now().year + 1
    last = max(day for day in range(25, 32) if datetime(year, 3, day, tzinfo=UTC).weekday() == 6)
    at = datetime(year, 3, last, 9, tzinfo=BERLIN) - DAY
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery", timezone="Europe/Berlin")
        make_post(tx, account, key="planned", timezone="Europe/Berlin", publish_at=at, next_action_at=at)

    [result] = bulk.shift(ctx, OWNER, ["planned"], 1)

    assert result.has_changed
    assert result.shown is not None
    assert result.shown.publish_at == datetime(year, 3, last, 9, tzinfo=BERLIN)
    assert result.shown.publish_at - at.astimezone(UTC) == timedelta(hours=23)


def test_too_many_are_refused_whole(ctx: Context) -> None:
    many = [str(one) for one in range(501)]
    for ask in (partial(bulk.shift, days=1), partial(bulk.act, action=Action.PAUSE)):
        with pytest.raises(Invalid) as caught:
            ask(ctx, OWNER, selection=many)
        assert caught.value.type == "bulk.too_many"
