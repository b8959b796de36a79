"""Every post type on both login flavours goes out once, with its true media id."""

from __future__ import annotations

import pytest

from models.posts.states import PostState
from tests.support.bench import Bench

TYPES = {
    "image": {"type": "image", "media": "feed.jpg", "alt_text": "a picture", "caption": "an image"},
    "reel": {"type": "reel", "media": "reel.mp4", "thumb_offset_ms": "500", "share_to_feed": "true"},
    "trial reel": {"type": "reel", "media": "reel.mp4", "trial": "manual"},
    "reel with a cover": {"type": "reel", "media": "reel.mp4", "cover_url": "feed.jpg"},
    "carousel of images": {"type": "carousel", "media": "feed.jpg|feed-2.jpg"},
    "mixed carousel": {"type": "carousel", "media": "feed.jpg|reel.mp4|feed-2.jpg"},
    "story image": {"type": "story", "media": "story.jpg"},
    "story video": {"type": "story", "media": "story.mp4"},
}


@pytest.mark.parametrize("index", [0, 1], ids=["facebook", "instagram"])
@pytest.mark.parametrize("columns", TYPES.values(), ids=TYPES.keys())
def test_a_post_goes_out_once_with_its_media_id(bench: Bench, columns: dict[str, str], index: int) -> None:
    account = bench.account(index)
    post_id = bench.post(account, **columns)

    post = bench.drive(post_id)

    ledger = bench.simulator.publishes()
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert [entry["media_id"] for entry in ledger] == [post.media_id]
    assert post.sent_at is not None
    assert post.published_at is not None
    assert ledger[0]["caption"] == (post.caption or None) or ledger[0]["caption"] == post.caption


def test_several_stories_go_out_one_by_one_in_order(bench: Bench) -> None:
    account = bench.account(0)
    post_id = bench.post(account, type="story", media="story.jpg|story.mp4|feed-2.jpg")

    bench.drive(post_id)

    published = [entry["media_id"] for entry in bench.simulator.publishes()]
    with bench.database.transaction() as tx:
        from models.posts.part import parts_of

        kept = [part.media_id for part in parts_of(tx, post_id)]
    assert published == kept
    assert len(set(kept)) == 3


def test_permalink_and_first_comment_follow(bench: Bench) -> None:
    account = bench.account(0)
    post_id = bench.post(account, first_comment="more in the shop")

    bench.drive(post_id)
    post = bench.settle(post_id)

    assert post.permalink
    assert post.comment_id
    assert bench.events(post_id)[-1] == "comment.posted"


@pytest.mark.parametrize("kind", ["carousel", "story"])
def test_an_item_that_is_refused_after_others_were_made_is_named_and_made_again(bench: Bench, kind: str) -> None:
    post_id = bench.post(bench.account(0), type=kind, media="feed.jpg|feed-2.jpg")
    bench.simulator.fault(endpoint="container_create", mode="refuse_500", nth=2, count=1)

    bench.step()

    told = bench.timeline(post_id)[-1]
    assert (told.reason, told.to_state) == ("stage.refused", PostState.SCHEDULED)
    assert (told.message or "").startswith("media 2 of 2 (feed-2.jpg): ")
    assert bench.drive(post_id).state == PostState.PUBLISHED, bench.story(post_id)
    assert bench.simulator.report()["calls"]["container_create"] == (4 if kind == "carousel" else 3)
