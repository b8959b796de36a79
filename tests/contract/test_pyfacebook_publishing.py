"""python-facebook-api 0.24 publishes through its generic `post_object`, on both login flavours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyfacebook import BasicDisplayAPI

from tests.contract.clients import pyfacebook, pyfacebook_basic, refused
from tests.contract.world import Account, World
from tests.support.simulator import Simulator
from tests.support.waiting import until


@pytest.fixture
def api(world: World, account: Account) -> Iterator[Any]:
    with pyfacebook(world, account) as api:
        yield api


def finished(api: Any, account: Account, **params: Any) -> str:
    made: str = api.post_object(account.ig_id, "media", data=params)["id"]

    def look() -> Any:
        return api.get_object(made, fields="id,status_code,status")

    until(lambda: look()["status_code"] == "FINISHED", what=look)
    return made


def publish(api: Any, account: Account, **params: Any) -> str:
    container = finished(api, account, **params)
    return str(api.post_object(account.ig_id, "media_publish", data={"creation_id": container})["id"])


def of_each_kind(world: World) -> dict[str, dict[str, Any]]:
    image, video = f"{world.media}/feed.jpg", f"{world.media}/reel.mp4"
    return {
        "FEED": {"image_url": image, "caption": "An image"},
        "REELS": {"media_type": "REELS", "video_url": video, "caption": "A reel", "share_to_feed": "false"},
        "STORY": {"media_type": "STORIES", "image_url": f"{world.media}/story.jpg"},
        "STORY_VIDEO": {"media_type": "STORIES", "video_url": f"{world.media}/story.mp4"},
    }


@pytest.mark.parametrize("kind", ["FEED", "REELS", "STORY", "STORY_VIDEO"])
def test_publishing(api: Any, world: World, account: Account, kind: str) -> None:
    media = publish(api, account, **of_each_kind(world)[kind])

    line = world.published(account)[0]
    assert (line["media_id"], line["product_type"]) == (media, kind.removesuffix("_VIDEO"))
    assert api.media.get_info(media).id == media
    assert (len(api.user.get_stories().data) == 1) == ("STORY" in kind)
    limit = api.user.get_content_publishing_limit().data[0]
    assert (limit.quota_usage, limit.config.quota_total, limit.config.quota_duration) == (1, 50, 86400)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_carousel(api: Any, world: World, account: Account, as_json: bool) -> None:
    """Children as an array or as a comma list."""
    first = finished(api, account, image_url=f"{world.media}/feed.jpg", is_carousel_item="true", alt_text="One")
    second = finished(api, account, video_url=f"{world.media}/reel.mp4", media_type="VIDEO", is_carousel_item="true")
    children = json.dumps([first, second]) if as_json else f"{first},{second}"

    media = publish(api, account, media_type="CAROUSEL", children=children, caption="Both")

    assert [child.media_type for child in api.media.get_children(media).data] == ["IMAGE", "VIDEO"]
    assert len(world.published(account)) == 1
    assert set(api.container.get_batch([first, second])) == {first, second}


def test_container_states(simulator_factory: Callable[..., Simulator], world: World) -> None:
    slow = World(simulator_factory(accounts=40, video_processing_s=60), world.media)  # only the test moves its clock on
    account = slow.take()
    with pyfacebook(slow, account) as api:
        container = api.post_object(account.ig_id, "media", data=of_each_kind(slow)["REELS"])["id"]
        too_early = {"creation_id": container}

        assert api.container.get_info(container).status_code == "IN_PROGRESS"
        assert refused(lambda: api.post_object(account.ig_id, "media_publish", data=too_early)) == (9007, 2207027)
        until(lambda: _a_minute_later(slow, api, container) == "FINISHED")
        api.post_object(account.ig_id, "media_publish", data=too_early)
        found = api.container.get_info(container, fields="id,status,status_code")
        assert (found.status_code, found.status) == (
            "PUBLISHED",
            "Published: Media has been successfully published.",
        )


def _a_minute_later(slow: World, api: Any, container: str) -> Any:
    slow.simulator.post("/_sim/advance", seconds=60)
    return api.container.get_info(container).status_code


def test_a_video_that_is_none(api: Any, world: World, account: Account) -> None:
    data = {"media_type": "REELS", "video_url": f"{world.media}/feed.jpg"}
    container = api.post_object(account.ig_id, "media", data=data)["id"]

    until(lambda: api.container.get_info(container).status_code == "ERROR")
    assert api.container.get_info(container, fields="status").status.endswith("error code 2207026")


def test_the_quota(api: Any, world: World, account: Account) -> None:
    world.push("account", account, quota_total=1)
    publish(api, account, **of_each_kind(world)["FEED"])

    assert refused(lambda: publish(api, account, **of_each_kind(world)["STORY"])) == (9, 2207042)


def test_publishing_on_instagram_login(world: World, instagram_account: Account) -> None:
    with pyfacebook_basic(world, instagram_account, BasicDisplayAPI) as api:
        for params in of_each_kind(world).values():
            publish(api, instagram_account, **params)

        assert refused(
            lambda: api.post_object("me", "media", data={"media_type": "REELS", "upload_type": "resumable"})
        ) == (100, None)
    assert len(world.published(instagram_account)) == 4
