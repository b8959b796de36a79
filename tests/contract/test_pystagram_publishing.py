"""pystagram 1.2.0 publishes: containers of every kind it knows, waited for and published."""

from __future__ import annotations

from typing import Any

import pytest
from pystagram.components.containers import (
    CarouselContainer,
    ImageContainer,
    ReelContainer,
    StoryContainer,
    VideoContainer,
)
from pystagram.components.fields import ContainerFields
from pystagram.components.tags import ProductTag, UserTag

from tests.contract.clients import pystagram, refused
from tests.contract.world import Account, World
from tests.support.waiting import until


@pytest.fixture
def api(world: World, account: Account) -> Any:
    return pystagram(world, account)


def finished(api: Any, container: Any) -> str:
    """The id of a container that is created and ready."""
    made: str = api.user.media.create(container).data["id"]

    def look() -> Any:
        return api.container.get(made, fields=[ContainerFields.STATUS_CODE, ContainerFields.STATUS]).data

    until(lambda: look()["status_code"] == "FINISHED", what=look)
    return made


def publish(api: Any, container: Any) -> str:
    return str(api.user.media_publish.create(finished(api, container)).data["id"])


def test_an_image(api: Any, world: World, account: Account) -> None:
    media = publish(
        api, ImageContainer(f"{world.media}/feed.jpg", caption="By pystagram", collaborators=["mona", "teo"])
    )

    line = world.published(account)[0]
    assert (line["media_id"], line["media_type"], line["product_type"]) == (media, "IMAGE", "FEED")
    assert line["caption"] == "By pystagram"
    assert api.user.content_publishing_limit.get().data["data"] == [{"quota_usage": 1}]
    assert api.media.get(media, fields=["permalink"]).data["permalink"].startswith("https://www.instagram.com/p/")


def test_publishing_twice_gives_no_second_post(api: Any, world: World, account: Account) -> None:
    container = finished(api, ImageContainer(f"{world.media}/feed.jpg"))

    first = api.user.media_publish.create(container).data
    again = api.user.media_publish.create(container).data

    assert first == again
    assert len(world.published(account)) == 1


def test_publishing_what_is_not_there(api: Any) -> None:
    assert refused(lambda: api.user.media_publish.create("17880000000000000")) == (24, 2207008)


def test_story_image_and_video(api: Any, world: World, account: Account) -> None:
    image = publish(api, StoryContainer(image_url=f"{world.media}/story.jpg"))
    video = publish(api, StoryContainer(video_url=f"{world.media}/story.mp4"))

    assert [(line["media_type"], line["product_type"]) for line in world.published(account)] == [
        ("IMAGE", "STORY"),
        ("VIDEO", "STORY"),
    ]
    assert {row["id"] for row in api.user.stories.get().data["data"]} == {image, video}


def test_story_defect_there_is_no_reel_url(api: Any, world: World) -> None:
    assert refused(lambda: api.user.media.create(StoryContainer(reel_url=f"{world.media}/reel.mp4"))) == (100, None)


def test_reel_defect_the_word_is_reels(api: Any, world: World, account: Account) -> None:
    reel = ReelContainer(f"{world.media}/reel.mp4", caption="A reel")
    assert refused(lambda: api.user.media.create(reel)) == (100, 2207023)

    reel.media_type = "REELS"  # what the constant should say
    media = publish(api, reel)

    assert world.published(account)[0]["product_type"] == "REELS"
    assert api.media.get(media, fields=["is_shared_to_feed"]).data == {"is_shared_to_feed": True, "id": media}


def test_video_defect_feed_videos_ended_in_2023(api: Any, world: World) -> None:
    assert refused(lambda: api.user.media.create(VideoContainer(f"{world.media}/reel.mp4"))) == (100, 2207023)


def test_carousel_defect_its_children_do_not_arrive_as_a_list(api: Any, world: World, account: Account) -> None:
    image = finished(api, ImageContainer(f"{world.media}/feed.jpg", is_carousel_item=True))
    video = finished(api, VideoContainer(f"{world.media}/reel.mp4", is_carousel_item=True))
    assert refused(lambda: api.user.media.create(CarouselContainer([image, video]))) == (100, 2207028)

    media = publish(api, CarouselContainer(f"{image},{video}", caption="Joined by hand"))

    assert len(world.published(account)) == 1
    assert len(world.published(account)[0]["children"]) == 2
    assert len(api.media.children.get(media).data["data"]) == 2


def test_tags_defect_they_are_not_serialised(api: Any, world: World) -> None:
    people = ImageContainer(f"{world.media}/feed.jpg", user_tags=[UserTag("mona", 0.5, 0.5)])
    products = ImageContainer(f"{world.media}/feed.jpg", product_tags=[ProductTag("3231775643510001", 0.5, 0.5)])

    assert refused(lambda: api.user.media.create(people)) == (100, None)
    assert refused(lambda: api.user.media.create(products)) == (100, None)


def test_what_cannot_be_fetched(api: Any, world: World) -> None:
    assert refused(lambda: api.user.media.create(ImageContainer(f"{world.media}/none.jpg"))) == (9004, 2207052)


def test_a_dead_token_and_a_missing_permission(api: Any, world: World, account: Account) -> None:
    world.push("account", account, without_scopes=["instagram_content_publish"])
    assert refused(lambda: api.user.content_publishing_limit.get(user_id=account.ig_id)) == (10, None)

    world.push("token", account, action="expire")
    assert refused(lambda: api.user.get(user_id=account.ig_id)) == (190, 463)
