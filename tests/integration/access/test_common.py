"""What is one for all accounts: names, keys of posts, the library. What others have of it is told to nobody else."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from models.library.item import NewItem, add_item
from operations.accounts import accounts
from operations.operation import OWNER, Asker, Context, Scope
from operations.posts import library, posts
from operations.posts.posts import PostFields
from pressrun import clock
from pressrun.errors import Conflict
from tests.factories.rows import first_part, make_account, make_post

SHA256 = "ab" * 32


def _limited(account_id: int) -> Asker:
    return Asker("agency", frozenset(Scope), accounts=frozenset({account_id}))


def test_a_name_that_an_unseen_account_has_is_taken_and_no_more_is_said(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        mine, foreign = make_account(tx, name="mine").id, make_account(tx, name="foreign").id

    with pytest.raises(Conflict) as told:
        accounts.rename(ctx, _limited(mine), "mine", "foreign")
    with pytest.raises(Conflict) as told_all:
        accounts.rename(ctx, OWNER, "mine", "foreign")

    assert (told.value.type, told.value.ids) == ("account.name_taken", {})
    assert told_all.value.ids == {"account": foreign}


@pytest.mark.parametrize("is_rehearsed", [False, True])
def test_a_key_that_an_unseen_account_has_is_taken_and_no_more_is_said(
    ctx: Context, media_folder: Path, is_rehearsed: bool
) -> None:
    """The database alone sees it: that is not somebody who was quicker, and trying again would not help."""
    with ctx.database.transaction() as tx:
        limited = _limited(make_account(tx, name="mine").id)
        make_post(tx, make_account(tx, name="foreign"), key="spring")
    ctx = replace(ctx, settings=ctx.settings.model_copy(update={"public_url": "https://pressrun.example"}))
    at = (clock.now() + timedelta(days=1)).isoformat()
    fields = PostFields(account="mine", publish_at=at, media=("feed.jpg",), type="image", key="spring")

    with ctx.rehearsal() if is_rehearsed else nullcontext(ctx) as there:
        told = posts.add(there, limited, fields, base=media_folder)

        assert (told.added, told.page) == ((), None)
        assert [(one.column, one.message, one.type) for one in told.problems] == [
            ("key", "key 'spring' is taken: use another one", "post.key_taken")
        ]


def test_an_item_that_another_account_needs_stays_and_its_posts_are_not_told(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        mine, foreign = make_account(tx, name="mine"), make_account(tx, name="foreign")
        post = make_post(tx, foreign)
        first_part(tx, post).media_sha256 = SHA256
        add_item(tx, NewItem("bread", SHA256, "jpg", "image", "bread.jpg", 10, {}))
        limited, number = _limited(mine.id), post.id

    assert library.show(ctx, limited, "bread").needed_by == ()
    assert library.show(ctx, OWNER, "bread").needed_by == (number,)
    with pytest.raises(Conflict, match="needed for another account") as told:
        library.remove(ctx, limited, "bread")
    assert told.value.ids == {}
    with pytest.raises(Conflict, match=f"needed by post {number}"):
        library.remove(ctx, OWNER, "bread")
