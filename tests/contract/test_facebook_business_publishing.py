"""facebook-business 26 publishes, in the flow of Meta's guide: container, wait, publish; on both login flavours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from facebook_business.adobjects.igaccesstokenforigonlyapi import IGAccessTokenForIGOnlyAPI
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.igmediaforigonlyapi import IGMediaForIGOnlyAPI
from facebook_business.adobjects.igrefreshaccesstokenforigonlyapi import IGRefreshAccessTokenForIGOnlyAPI
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.iguserforigonlyapi import IGUserForIGOnlyAPI
from facebook_business.adobjects.shadowigmediabuilder import ShadowIGMediaBuilder

from tests.contract.clients import facebook_business, names_of, refused
from tests.contract.world import APP_SECRET, Account, World
from tests.support.waiting import until


@pytest.fixture
def api(world: World, account: Account) -> Iterator[Any]:
    with facebook_business(world, account.token) as api:
        yield api


@pytest.fixture
def user(api: Any, account: Account) -> Any:
    return IGUser(account.ig_id, api=api)


@pytest.fixture
def instagram_user(world: World, instagram_account: Account) -> Iterator[Any]:
    with facebook_business(world, instagram_account.token, secret=None) as api:
        yield IGUserForIGOnlyAPI(instagram_account.ig_id, api=api)


def finished(user: Any, **params: Any) -> str:
    made: str = user.create_media(params=params)["id"]
    fields = [ShadowIGMediaBuilder.Field.status_code, ShadowIGMediaBuilder.Field.status]

    def look() -> Any:
        return ShadowIGMediaBuilder(made, api=user.get_api()).api_get(fields=fields)

    until(lambda: look()["status_code"] == "FINISHED", what=look)
    return made


def publish(user: Any, **params: Any) -> str:
    return str(user.create_media_publish(params={"creation_id": finished(user, **params)})["id"])


def test_an_image_with_everything_on_it(user: Any, world: World, account: Account) -> None:
    catalog = user.get_available_catalogs()[0]["catalog_id"]
    product = user.get_catalog_product_search(params={"catalog_id": catalog})[0]["product_id"]

    media = publish(
        user,
        image_url=f"{world.media}/feed.jpg",
        caption="Everything @mona #one 🎈",
        alt_text="A label",
        user_tags=[{"username": "mona", "x": 0.2, "y": 0.8}],
        product_tags=[{"product_id": str(product), "x": 0.5, "y": 0.5}],
        collaborators=["teo", "aya"],
        location_id="123456789",
        is_ai_generated=True,
        is_paid_partnership=True,
        branded_content_sponsor_ids=[1234, 5678],
    )

    found = IGMedia(media, api=user.get_api())
    found.api_get(fields=[IGMedia.Field.caption, IGMedia.Field.alt_text, IGMedia.Field.is_ai_generated])
    assert (found["caption"], found["alt_text"]) == ("Everything @mona #one 🎈", "A label")
    assert found["is_ai_generated"] is True
    assert [one["username"] for one in found.get_collaborators()] == ["teo", "aya"]
    assert [one["product_id"] for one in found.get_product_tags()] == [product]
    assert world.published(account)[0]["caption"] == "Everything @mona #one 🎈"


def test_a_reel_with_everything_on_it(user: Any, world: World, account: Account) -> None:
    media = publish(
        user,
        media_type="REELS",
        video_url=f"{world.media}/reel.mp4",
        caption="Moving",
        cover_url=f"{world.media}/story.jpg",
        thumb_offset="1000",
        share_to_feed=True,
        audio_name="Original",
        user_tags=[{"username": "mona"}],
        trial_params={"graduation_strategy": "MANUAL"},
        audio_configuration='{"audio_id":"17","audio_volume":40,"video_volume":100}',
    )

    line = world.published(account)[0]
    assert (line["media_id"], line["product_type"]) == (media, "REELS")


@pytest.mark.parametrize("name", ["story.jpg", "story.mp4"])
def test_a_story(user: Any, world: World, name: str) -> None:
    source = "image_url" if name.endswith("jpg") else "video_url"
    media = publish(user, media_type="STORIES", **{source: f"{world.media}/{name}"})

    assert [one["id"] for one in user.get_stories(fields=[IGMedia.Field.permalink])] == [media]


def test_a_carousel(user: Any, world: World) -> None:
    children = [
        finished(user, image_url=f"{world.media}/feed.jpg", is_carousel_item=True),
        finished(user, image_url=f"{world.media}/feed-2.jpg", is_carousel_item=True),
        finished(user, media_type="VIDEO", video_url=f"{world.media}/reel.mp4", is_carousel_item=True),
    ]

    media = publish(user, media_type="CAROUSEL", children=children, caption="Three")

    found = IGMedia(media, api=user.get_api()).get_children(fields=[IGMedia.Field.media_type])
    assert [child["media_type"] for child in found] == ["IMAGE", "IMAGE", "VIDEO"]
    usage = user.get_content_publishing_limit(fields=["quota_usage", "config"])[0]
    assert usage["quota_usage"] == 1, "a carousel counts once"


def test_the_builder_tells_its_state(user: Any, world: World) -> None:
    made = user.create_media(params={"media_type": "REELS", "video_url": f"{world.media}/reel.mp4"})["id"]
    builder = ShadowIGMediaBuilder(made, api=user.get_api())
    fields = ["status_code", "status", "copyright_check_status", "video_status"]

    until(lambda: builder.api_get(fields=fields)["status_code"] == "FINISHED")
    assert builder["status"].startswith("Finished: ")
    assert builder["copyright_check_status"].export_all_data() == {"status": "completed", "matches_found": False}
    assert builder["video_status"]["processing_phase"]["status"] == "complete"


def test_resumable_upload(user: Any, world: World, account: Account) -> None:
    made = user.create_media(params={"media_type": "REELS", "upload_type": "resumable"})
    video = f"{world.media}/reel.mp4"

    headers = {"Authorization": f"OAuth {account.token}", "file_url": video}
    answer = user.get_api().call("POST", made["uri"], headers=headers)

    assert answer.json() == {"success": True, "message": "Upload successful."}
    builder = ShadowIGMediaBuilder(made["id"], api=user.get_api())
    until(lambda: builder.api_get(fields=["status_code"])["status_code"] == "FINISHED")
    assert user.create_media_publish(params={"creation_id": made["id"]})["id"].isdigit()


def test_instagram_login(instagram_user: Any, world: World, instagram_account: Account) -> None:
    image = finished(instagram_user, image_url=f"{world.media}/feed.jpg", caption="From Instagram Login")
    reel = finished(instagram_user, media_type="REELS", video_url=f"{world.media}/reel.mp4")
    story = finished(instagram_user, media_type="STORIES", image_url=f"{world.media}/story.jpg")
    call = instagram_user.get_api().call

    for container in (image, reel, story):
        call("POST", (instagram_account.ig_id, "media_publish"), params={"creation_id": container})

    assert len(world.published(instagram_account)) == 3
    newest = instagram_user.get_media(params={"fields": "id", "limit": 2})[0]["id"]
    shown = IGMediaForIGOnlyAPI(newest, api=instagram_user.get_api())
    shown.api_get(fields=names_of(IGMediaForIGOnlyAPI.Field))
    assert shown["media_product_type"] == "REELS"
    assert len(list(instagram_user.get_stories())) == 1
    instagram_user.api_get(fields=names_of(IGUserForIGOnlyAPI.Field))
    assert instagram_user["user_id"] == instagram_account.ig_id
    assert instagram_user.get_content_publishing_limit(fields=["quota_usage"])[0]["quota_usage"] == 3


def test_instagram_login_defect_the_edge_is_called_media_publish(instagram_user: Any, world: World) -> None:
    container = finished(instagram_user, image_url=f"{world.media}/feed.jpg")

    assert refused(lambda: instagram_user.create_media_publish(params={"creation_id": container}))[0] == 100


def test_instagram_login_tokens(instagram_user: Any) -> None:
    api = instagram_user.get_api()
    exchange = {"grant_type": "ig_exchange_token", "client_secret": APP_SECRET}

    long = IGAccessTokenForIGOnlyAPI("access_token", api=api).api_get(params=exchange)
    fresh = IGRefreshAccessTokenForIGOnlyAPI("refresh_access_token", api=api)
    fresh.api_get(params={"grant_type": "ig_refresh_token"})

    assert long["token_type"] == fresh["token_type"] == "bearer"
    assert "instagram_business_basic" in fresh["permissions"]
    assert refused(IGRefreshAccessTokenForIGOnlyAPI("refresh_access_token", api=api).api_get) == (100, None)
