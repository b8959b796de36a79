"""Posts as every face asks for them: typed answers, named errors, and nothing for whoever may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from models.posts.post import Post
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from operations.posts import posts
from operations.posts.imports import Queued, import_file
from operations.posts.posts import PostFields, PostShown
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown, UsageError
from tests.factories.rows import make_account, make_post

READER = Asker("reader", frozenset({Scope.READ}))
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(ctx: Context) -> Context:
    """With an address for local files, and the account `bakery` in Berlin among others."""
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Berlin")
        make_account(tx, name="another")
    return replace(ctx, settings=ctx.settings.model_copy(update={"public_url": "https://pressrun.example"}))


def queue(ctx: Context, base: Path, **over: Any) -> PostShown:
    fields = PostFields(account="bakery", publish_at="+2h", type="image", media=("feed.jpg",), caption="bread")
    queued = posts.add(ctx, OWNER, replace(fields, **over), base=base)
    assert queued.problems == ()
    [post_id] = queued.added
    return posts.show(ctx, OWNER, str(post_id)).post


def put(ctx: Context, post_id: int, **values: object) -> None:
    """The post in another state."""
    with ctx.database.transaction() as tx:
        post = tx.get_one(Post, post_id)
        for name, value in values.items():
            setattr(post, name, value)


def test_a_post_is_queued_listed_and_shown(desk: Context, media_folder: Path) -> None:
    post = queue(desk, media_folder, media=("feed.jpg", "feed-2.jpg"), type="carousel", key="spring")

    page = posts.show(desk, READER, "spring")

    assert posts.list_posts(desk, READER) == posts.list_posts(desk, READER, account="bakery") == [post]
    assert posts.list_posts(desk, READER, account="another") == posts.list_posts(desk, READER, state="failed") == []
    assert (post.account, post.state, post.timezone) == ("bakery", "scheduled", "Europe/Berlin")
    assert (page.caption, [part.kind for part in page.parts]) == ("bread", ["carousel", "image", "image"])
    assert [one.reason for one in page.events] == ["post.queued"]


def test_what_is_wrong_with_a_post_is_told_by_column_and_type(desk: Context, media_folder: Path) -> None:
    fields = PostFields(account="backery", publish_at="tomorrow", type="image", media=("feed.jpg",))

    queued = posts.add(desk, OWNER, fields, base=media_folder)

    assert queued.added == ()
    types = {one.column: one.type for one in queued.problems}
    assert (set(types), types["account"]) == ({"account", "publish_at"}, "account.unknown")


def test_the_times_are_told_as_they_were_understood(desk: Context, media_folder: Path, tmp_path: Path) -> None:
    year = clock.now().year + 1
    campaign = tmp_path / "campaign.csv"
    campaign.write_text(
        "account,publish_at,type,media\n"
        f"bakery,{year}-07-01T18:30,image,{media_folder / 'feed.jpg'}\n"
        f"another,{year}-07-01T09:00,image,{media_folder / 'feed.jpg'}\n"
    )

    queued = import_file(desk, OWNER, campaign)
    again = import_file(desk, OWNER, campaign)

    assert str(queued.first_due) == f"{year}-07-01 09:00:00 UTC"
    assert str(queued.last_due) == f"{year}-07-01 18:30:00 Europe/Berlin"
    assert (again.unchanged, again.first_due, again.last_due) == (queued.added, None, None)


def test_what_is_behind_an_address_is_kept_when_the_asker_wants_it(ctx: Context, tmp_path: Path) -> None:
    """What is kept needs an address of ours, and there is none."""
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery")
    address = "http://127.0.0.1:9/feed.jpg"
    fields = PostFields(account="bakery", publish_at="+2h", type="image", media=(address,))
    campaign = tmp_path / "campaign.csv"
    campaign.write_text(f"account,publish_at,type,media\nbakery,+2h,image,{address}\n")

    wanted = {
        keep_media: [
            posts.add(ctx, OWNER, fields, base=tmp_path, keep_media=keep_media),
            import_file(ctx, OWNER, campaign, keep_media=keep_media),
        ]
        for keep_media in (True, False)
    }

    def asks_for_an_address(queued: Queued) -> bool:
        return any("PRESSRUN_PUBLIC_URL" in one.message for one in queued.problems)

    assert all(asks_for_an_address(one) for one in wanted[True])
    assert not any(asks_for_an_address(one) for one in wanted[False])


def test_no_token_is_read_for_queueing(desk: Context, media_folder: Path, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign.csv"
    campaign.write_text(f"account,publish_at,type,media\nbakery,+1h,image,{media_folder / 'feed.jpg'}\n")
    asked: list[str] = []
    event.listen(desk.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    queue(desk, media_folder)
    assert len(import_file(desk, OWNER, campaign).added) == 1

    about_accounts = [one for one in asked if "FROM accounts" in one and "JOIN accounts" not in one]
    assert about_accounts
    assert not [one for one in asked if "token_sealed" in one]


@pytest.mark.parametrize(
    ("state", "change", "then"),
    [
        ("scheduled", lambda ctx, id_: posts.cancel(ctx, OWNER, id_, why="a typo"), "canceled"),
        ("scheduled", lambda ctx, id_: posts.pause(ctx, OWNER, id_), "draft"),
        ("draft", lambda ctx, id_: posts.resume(ctx, OWNER, id_), "scheduled"),
        ("failed", lambda ctx, id_: posts.retry(ctx, OWNER, id_), "scheduled"),
        ("needs_review", lambda ctx, id_: posts.resolve(ctx, OWNER, id_, media_id=None), "failed"),
        ("needs_review", lambda ctx, id_: posts.resolve(ctx, OWNER, id_, media_id="17900000000000001"), "published"),
    ],
    ids=["cancel", "pause", "resume", "retry", "resolve as not published", "resolve as published"],
)
def test_a_change_answers_with_the_post_as_it_is_then(
    desk: Context, media_folder: Path, state: str, change: Callable[[Context, str], PostShown], then: str
) -> None:
    post = queue(desk, media_folder)
    put(desk, post.id, state=state, **({} if state == "scheduled" else {"next_action_at": None}))

    changed = change(desk, str(post.id))

    assert (changed.id, changed.state) == (post.id, then)
    assert posts.list_posts(desk, READER) == [changed]


def test_a_retry_may_be_for_a_time_in_the_zone_of_the_post(desk: Context, media_folder: Path) -> None:
    post = queue(desk, media_folder)
    put(desk, post.id, state="expired", next_action_at=None)
    year = clock.now().year + 1

    with pytest.raises(Invalid, match="is in the past") as refused:
        posts.retry(desk, OWNER, str(post.id), publish_at="2020-07-01T10:00")
    with pytest.raises(Invalid, match="has no time of day") as incomplete:
        posts.retry(desk, OWNER, str(post.id), publish_at=f"{year}-07-01")
    with pytest.raises(UsageError, match="is not a time") as unread:
        posts.retry(desk, OWNER, str(post.id), publish_at="soon")
    retried = posts.retry(desk, OWNER, str(post.id), publish_at=f"{year}-07-01T10:00")

    assert refused.value.field == incomplete.value.field == unread.value.field == "publish_at"
    assert retried.publish_at.isoformat() == f"{year}-07-01T08:00:00+00:00"


def test_an_edit_answers_with_its_problems_or_with_the_post(desk: Context, media_folder: Path) -> None:
    post = queue(desk, media_folder)

    refused = posts.edit(desk, OWNER, str(post.id), PostFields(publish_at="2020-01-01T00:00"), base=media_folder)
    edited = posts.edit(desk, OWNER, str(post.id), PostFields(caption="", publish_at="+3h"), base=media_folder)

    assert [(one.column, one.type) for one in refused.problems] == [("publish_at", "post.late")]
    assert refused.post == post
    assert edited.problems == ()
    assert edited.post.publish_at > post.publish_at + HOUR / 2
    assert (post.version, edited.post.version) == (1, 2)
    assert posts.show(desk, READER, str(post.id)).caption == ""


@pytest.mark.parametrize(
    ("ask", "error", "type_", "field"),
    [
        (lambda ctx, _: posts.show(ctx, OWNER, "nothing"), Unknown, "post.unknown", "post"),
        (lambda ctx, _: posts.cancel(ctx, OWNER, "nothing"), Unknown, "post.unknown", "post"),
        (lambda ctx, _: posts.list_posts(ctx, OWNER, account="nobody"), Unknown, "account.unknown", "account"),
        (lambda ctx, _: posts.list_posts(ctx, OWNER, state="lost"), Invalid, "post.state", "state"),
        (lambda ctx, id_: posts.resume(ctx, OWNER, id_), NotPossible, "post.not_possible", None),
        (lambda ctx, id_: posts.resolve(ctx, OWNER, id_, media_id="x"), Invalid, "media.id", "media_id"),
        (
            lambda ctx, id_: posts.edit(ctx, OWNER, id_, PostFields(), base=Path()),
            Invalid,
            "post.nothing_to_change",
            None,
        ),
        (
            lambda ctx, id_: posts.edit(ctx, OWNER, id_, PostFields(key="new"), base=Path()),
            Invalid,
            "post.field",
            "key",
        ),
        (
            lambda ctx, id_: posts.edit(ctx, OWNER, id_, PostFields(caption="x"), base=Path(), version=7),
            Conflict,
            "post.changed",
            "version",
        ),
    ],
)
def test_errors_say_kind_type_and_field_and_no_flag(
    desk: Context, ask: Callable[[Context, str], object], error: type[UsageError], type_: str, field: str | None
) -> None:
    with desk.database.transaction() as tx:
        post = make_post(tx, make_account(tx))

    with pytest.raises(error) as refused:
        ask(desk, str(post.id))

    assert (refused.value.type, refused.value.field) == (type_, field)
    assert "--" not in str(refused.value)
    assert "pressrun " not in str(refused.value)


def test_a_media_is_of_one_post(desk: Context, media_folder: Path) -> None:
    first, second = queue(desk, media_folder), queue(desk, media_folder, caption="rolls")
    for one in (first, second):
        put(desk, one.id, state="needs_review", next_action_at=None)
    posts.resolve(desk, OWNER, str(first.id), media_id="17900000000000001")

    with pytest.raises(Conflict) as refused:
        posts.resolve(desk, OWNER, str(second.id), media_id="17900000000000001")

    assert refused.value.ids == {"post": first.id, "media": "17900000000000001"}
    posts.resolve(desk, OWNER, str(second.id), media_id=None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ctx, id_: posts.add(ctx, READER, PostFields(), base=Path()),
        lambda ctx, id_: import_file(ctx, READER, Path("campaign.csv")),
        lambda ctx, id_: posts.cancel(ctx, READER, id_),
        lambda ctx, id_: posts.edit(ctx, READER, id_, PostFields(caption="mine"), base=Path()),
    ],
    ids=["add", "import", "cancel", "edit"],
)
def test_whoever_only_reads_changes_nothing(
    desk: Context, media_folder: Path, ask: Callable[[Context, str], object]
) -> None:
    post = queue(desk, media_folder)

    with pytest.raises(NotAllowed):
        ask(desk, str(post.id))

    assert posts.list_posts(desk, READER) == [post]
