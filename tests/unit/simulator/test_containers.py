"""Containers: what may be asked for, what it becomes, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id

IMAGE: dict[str, Any] = {"image_url": "http://media.invalid/a.jpg"}
VIDEO: dict[str, Any] = {"video_url": "http://media.invalid/a.mp4"}
CHILD: dict[str, Any] = {**IMAGE, "is_carousel_item": True}

KINDS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "image": (IMAGE, ("IMAGE", "FEED")),
    "reel": ({**VIDEO, "media_type": "REELS"}, ("VIDEO", "REELS")),
    "image story": ({**IMAGE, "media_type": "STORIES"}, ("IMAGE", "STORY")),
    "video story": ({**VIDEO, "media_type": "STORIES"}, ("VIDEO", "STORY")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("account", [0, 1])
def test_each_kind_becomes_its_media(shared: Sim, kind: str, account: int) -> None:
    params, expected = KINDS[kind]

    media = shared.publish(account, **params)

    shown = shared.get(f"/{media}", as_account=account, fields="media_type,media_product_type,media_url,permalink")
    assert (shown["media_type"], shown["media_product_type"]) == expected
    assert shown["media_url"] == params.get("image_url", params.get("video_url"))
    assert ("/reel/" in shown["permalink"]) == (kind == "reel")


@pytest.mark.parametrize("form", ["list", "json", "comma"])
def test_a_carousel_shows_its_children_in_order(sim: Sim, form: str) -> None:
    first = sim.finished(**CHILD)
    second = sim.finished(**VIDEO, media_type="VIDEO", is_carousel_item="true")
    forms: dict[str, Any] = {"list": [first, second], "json": json.dumps([first, second]), "comma": f"{first},{second}"}

    media = sim.publish(media_type="CAROUSEL", caption="two", children=forms[form])

    shown = sim.get(f"/{media}", fields="media_type,caption,children{media_type}")
    assert shown["media_type"] == "CAROUSEL_ALBUM"
    assert [child["media_type"] for child in shown["children"]["data"]] == ["IMAGE", "VIDEO"]
    assert sim.get(f"/{media}/children")["data"] == [{"id": child["id"]} for child in shown["children"]["data"]]
    assert [child["container_id"] for child in sim.ledger()[0]["children"]] == [first, second]


@pytest.mark.parametrize("transport", ["query", "form", "json", "multipart"])
def test_params_come_by_query_form_json_or_multipart(sim: Sim, transport: str) -> None:
    params = {"image_url": "http://media.invalid/a.jpg", "caption": "Grüße & mehr ♥"}
    tags = json.dumps([{"username": "friend", "x": 0.5, "y": 0.5}])
    how: dict[str, dict[str, Any]] = {
        "query": {"params": params | {"user_tags": tags}},
        "form": {"data": params | {"user_tags": tags}},
        "json": {"json": params | {"user_tags": json.loads(tags)}},
        "multipart": {"files": {name: (None, value) for name, value in (params | {"user_tags": tags}).items()}},
    }

    made = sim.call("POST", f"/{ig_id(0)}/media", **how[transport]).json()["id"]

    sim.post(f"/{ig_id(0)}/media_publish", creation_id=made)
    assert sim.ledger()[0]["caption"] == "Grüße & mehr ♥"


def test_the_container_node_tells_its_progress(simulate: Callable[..., Sim]) -> None:
    sim = simulate(video_processing_s=1000, image_processing_s=1000)
    made = sim.container(**VIDEO, media_type="REELS")
    fields = "id,status_code,status,copyright_check_status,video_status"

    before = sim.get(f"/{made}", fields=fields)
    sim.advance(1300)
    after = sim.get(f"/{made}", fields=fields)

    assert (before["status_code"], after["status_code"]) == ("IN_PROGRESS", "FINISHED")
    assert before["copyright_check_status"]["status"] == "in_progress"
    assert after["status"] == "Finished: Media has been uploaded and it is ready to be published."
    assert after["video_status"]["processing_phase"] == {"status": "complete"}
    assert sim.get(f"/{made}") == {"id": made}


def test_a_container_expires_after_a_day(sim: Sim) -> None:
    made = sim.finished()
    sim.advance(86_400 + 1)

    assert sim.status(made) == "EXPIRED"
    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=made) == (24, 2207008)


def test_a_container_is_out_of_reach_for_others(sim: Sim) -> None:
    made = sim.finished()

    assert sim.refused("GET", f"/{made}", as_account=2) == (100, 33)
    assert sim.refused("POST", f"/{ig_id(2)}/media_publish", as_account=2, creation_id=made) == (24, 2207008)


TAG: dict[str, Any] = {"username": "friend", "x": 0.5, "y": 0.5}
REFUSED: dict[str, tuple[dict[str, Any], tuple[int, int | None]]] = {
    "no image_url": ({"caption": "x"}, (100, None)),
    "no video_url": ({"media_type": "REELS"}, (100, None)),
    "no children": ({"media_type": "CAROUSEL"}, (100, None)),
    "unknown media type": ({**IMAGE, "media_type": "REEL"}, (100, 2207023)),
    "feed video of old": ({**VIDEO, "media_type": "VIDEO"}, (100, 2207023)),
    "reel in a carousel": ({**VIDEO, "media_type": "REELS", "is_carousel_item": True}, (100, None)),
    "story of nothing": ({"media_type": "STORIES"}, (100, None)),
    "story of both": ({**IMAGE, **VIDEO, "media_type": "STORIES"}, (100, None)),
    "one child": ({"media_type": "CAROUSEL", "children": ["1"]}, (100, 2207028)),
    "eleven children": ({"media_type": "CAROUSEL", "children": list("12345678901")}, (100, 2207028)),
    "unknown child": ({"media_type": "CAROUSEL", "children": ["1", "2"]}, (24, 2207008)),
    "long caption": ({**IMAGE, "caption": "x" * 2201}, (36004, 2207010)),
    "31 hashtags": ({**IMAGE, "caption": " ".join(f"#tag{n}" for n in range(31))}, (100, None)),
    "21 mentions": ({**IMAGE, "caption": " ".join(f"@friend{n}" for n in range(21))}, (100, 2207040)),
    "long alt text": ({**IMAGE, "alt_text": "x" * 1001}, (100, None)),
    "21 user tags": ({**IMAGE, "user_tags": [TAG] * 21}, (100, 2207040)),
    "user tag without place": ({**IMAGE, "user_tags": [{"username": "friend"}]}, (100, None)),
    "user tag outside": ({**IMAGE, "user_tags": [{**TAG, "x": 1.5}]}, (100, None)),
    "private user": ({**IMAGE, "user_tags": [{**TAG, "username": "private_person"}]}, (110, 2207018)),
    "broken user tags": ({**IMAGE, "user_tags": "[{"}, (100, None)),
    "four collaborators": ({**IMAGE, "collaborators": ["a", "b", "c", "d"]}, (100, None)),
    "bad location": ({**IMAGE, "location_id": "Berlin"}, (100, None)),
    "negative thumb offset": ({**VIDEO, "media_type": "REELS", "thumb_offset": -1}, (1, 2207057)),
    "loud audio": ({**VIDEO, "media_type": "REELS", "audio_configuration": {"audio_volume": 101}}, (100, None)),
    "odd trial": ({**VIDEO, "media_type": "REELS", "trial_params": {"graduation_strategy": "SOON"}}, (100, None)),
    "AI label on child": ({**CHILD, "is_ai_generated": True}, (100, 2207100)),
    "three sponsors": ({**IMAGE, "branded_content_sponsor_ids": ["1", "2", "3"]}, (100, None)),
    "product without place": ({**IMAGE, "product_tags": [{"product_id": "3231775643510000"}]}, (100, 2207036)),
    "product placed on video": (
        {**VIDEO, "media_type": "REELS", "product_tags": [{"product_id": "3231775643510000", "x": 0.1, "y": 0.1}]},
        (100, 2207035),
    ),
    "rejected product": (
        {**IMAGE, "product_tags": [{"product_id": "3231775643510004", "x": 0, "y": 0}]},
        (100, 2207037),
    ),
    "resumable with url": ({**VIDEO, "media_type": "REELS", "upload_type": "resumable"}, (100, None)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_instagram_refuses_is_refused(shared: Sim, what: str) -> None:
    params, expected = REFUSED[what]

    assert shared.refused("POST", f"/{ig_id(0)}/media", **params) == expected


@pytest.mark.parametrize(
    "params", [{"upload_type": "resumable"}, {"product_tags": [{"product_id": 1}]}, {"audio_configuration": {}}]
)
def test_what_only_facebook_login_offers_is_refused_elsewhere(sim: Sim, params: dict[str, Any]) -> None:
    reel: dict[str, Any] = {"media_type": "REELS"} | ({} if "upload_type" in params else VIDEO)

    assert sim.refused("POST", f"/{ig_id(1)}/media", as_account=INSTAGRAM, **reel, **params) == (100, None)


def test_digits_alone_are_no_hashtag(sim: Sim) -> None:
    caption = " ".join([*(f"#tag{n}" for n in range(30)), *(f"#{n}" for n in range(2000, 2012))])

    assert sim.container(**IMAGE, caption=caption)


def test_everything_that_is_allowed_is_taken(sim: Sim) -> None:
    sim.container(
        **IMAGE,
        caption="x" * 2200,
        alt_text="y" * 1000,
        user_tags=[TAG] * 20,
        location_id="7640348500",
        collaborators=["a", "b", "c"],
        product_tags=[{"product_id": "3231775643510000", "x": 0.1, "y": 0.9}],
        is_ai_generated=True,
        is_paid_partnership=True,
        branded_content_sponsor_ids=["1", "2"],
    )
    sim.container(
        **VIDEO,
        media_type="REELS",
        cover_url="http://media.invalid/c.jpg",
        thumb_offset=500,
        share_to_feed=False,
        audio_name="Rain",
        audio_configuration={"audio_id": "1", "audio_volume": 50, "video_volume": 50},
        trial_params=json.dumps({"graduation_strategy": "MANUAL"}),
    )

    assert sim.report()["ignored_params"] == {}
    assert sim.report()["unknown_params"] == {}


def test_what_a_kind_does_not_take_is_ignored_and_reported(sim: Sim) -> None:
    sim.container(**IMAGE, media_type="STORIES", caption="nobody will read this")

    assert sim.report()["ignored_params"] == {"story_image: caption": 1}


def test_a_child_must_be_finished(simulate: Callable[..., Sim]) -> None:
    sim = simulate(image_processing_s=1000)
    children = [sim.container(**CHILD) for _ in range(2)]

    assert sim.refused("POST", f"/{ig_id(0)}/media", media_type="CAROUSEL", children=children) == (9007, 2207027)


def test_trials_can_be_closed_to_an_account(sim: Sim) -> None:
    sim.control("POST", "account", account=0, may_run_trials=False)
    params: dict[str, Any] = {**VIDEO, "media_type": "REELS", "trial_params": {"graduation_strategy": "MANUAL"}}

    assert sim.refused("POST", f"/{ig_id(0)}/media", **params) == (100, 2207081)


def test_the_number_of_containers_is_capped(simulate: Callable[..., Sim]) -> None:
    sim = simulate(container_quota=2)
    sim.container()
    sim.container()

    assert sim.refused("POST", f"/{ig_id(0)}/media", **IMAGE) == (9, 2207042)
    assert sim.container(1), "another account has a cap of its own"
    sim.advance(86_400 + 1)
    assert sim.container()


def test_a_lone_surrogate_in_a_caption_does_no_harm(sim: Sim) -> None:
    raw = b'{"image_url":"http://media.invalid/a.jpg","caption":"half a smile \\ud83d"}'
    answer = sim.call("POST", f"/{ig_id(0)}/media", content=raw, headers={"content-type": "application/json"})

    sim.post(f"/{ig_id(0)}/media_publish", creation_id=answer.json()["id"])
    assert sim.ledger()[0]["caption"] == "half a smile \ud83d"


def test_trials_need_a_thousand_followers(sim: Sim) -> None:
    params: dict[str, Any] = {**VIDEO, "media_type": "REELS", "trial_params": {"graduation_strategy": "MANUAL"}}
    sim.control("POST", "account", account=0, followers=999)
    assert sim.refused("POST", f"/{ig_id(0)}/media", **params) == (100, 2207081)

    sim.control("POST", "account", account=0, followers=1000)

    assert sim.container(**params)


def test_stories_of_a_creator_are_taken_unless_the_reading_refuses_them(sim: Sim) -> None:
    story: dict[str, Any] = {"media_type": "STORIES", "image_url": "http://media.invalid/a.jpg"}
    sim.control("POST", "account", account=1, is_creator=True)
    assert sim.get("/me", as_account=1, fields="account_type")["account_type"] == "MEDIA_CREATOR"
    assert sim.container(1, **story)

    sim.control("POST", "readings", creator_stories="refused")

    path = f"/{ig_id(1)}/media"
    assert sim.refused("POST", path, as_account=1, status=403, **story) == (10, None)
    assert sim.container(1), "other posts go out"
    assert sim.container(0, **story), "and stories of businesses"


def test_the_length_of_a_caption_can_be_counted_in_two_units(sim: Sim) -> None:
    caption = "\N{RED APPLE}" * 1101
    params: dict[str, Any] = {"image_url": "http://media.invalid/a.jpg", "caption": caption}
    assert sim.container(**params)

    sim.control("POST", "readings", caption_unit="utf16")

    assert sim.refused("POST", f"/{ig_id(0)}/media", **params) == (36004, 2207010)
    assert sim.container(**params | {"caption": caption[1:]})
