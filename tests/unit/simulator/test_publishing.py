"""media_publish, quota and ledger."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from pressrun.clock import now
from tests.unit.simulator.client import Sim, ig_id

PUBLISH = f"/{ig_id(0)}/media_publish"


def test_the_ledger_records_what_was_accepted(sim: Sim) -> None:
    before = now()
    made = sim.finished(image_url="http://media.invalid/a.jpg", caption="hello")
    media = sim.post(f"/{ig_id(0)}/media_publish", creation_id=made)["id"]

    (line,) = sim.ledger()

    assert line | {"at": "", "accepted_at": "", "signature": ""} == {
        "seq": 1,
        "account": ig_id(0),
        "ig_id": ig_id(0),
        "account_index": 0,
        "container_id": made,
        "media_id": media,
        "media_type": "IMAGE",
        "product_type": "FEED",
        "caption": "hello",
        "at": "",
        "accepted_at": "",
        "children": [],
        "source_urls": ["http://media.invalid/a.jpg"],
        "signature": "",
    }
    at = datetime.fromisoformat(line["at"])
    assert before <= at <= datetime.fromisoformat(line["accepted_at"]) <= now() + timedelta(seconds=1)


def test_the_same_container_never_becomes_two_media(sim: Sim) -> None:
    made = sim.finished()

    def publish(_number: int) -> str:
        return str(sim.post(f"/{ig_id(0)}/media_publish", creation_id=made)["id"])

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(publish, range(16)))

    assert len(ids) == 1
    assert len(sim.ledger()) == 1
    assert sim.status(made) == "PUBLISHED"
    assert sim.get(f"/{made}", fields="status")["status"] == "Published: Media has been successfully published."


def test_a_second_publish_can_be_an_error_instead(simulate: Callable[..., Sim]) -> None:
    sim = simulate(readings={"republish": "error"})
    made = sim.finished()
    sim.post(f"/{ig_id(0)}/media_publish", creation_id=made)

    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=made) == (9007, 2207027)


def test_an_unfinished_container_is_not_ready(simulate: Callable[..., Sim]) -> None:
    sim = simulate(image_processing_s=1000)
    made = sim.container()

    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=made) == (9007, 2207027)
    sim.advance(1300)
    assert sim.post(f"/{ig_id(0)}/media_publish", creation_id=made)


def test_what_is_no_container_of_the_account_is_refused(sim: Sim) -> None:
    child = sim.finished(image_url="http://media.invalid/a.jpg", is_carousel_item=True)

    assert sim.refused("POST", f"/{ig_id(0)}/media_publish") == (100, None)
    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id="17880000000000000") == (24, 2207008)
    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=child) == (100, None)
    assert sim.ledger() == []


def test_a_restricted_account_can_neither_create_nor_publish(sim: Sim) -> None:
    made = sim.finished()
    sim.control("POST", "account", account=0, is_restricted=True)

    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=made) == (25, 2207050)
    assert sim.refused("POST", f"/{ig_id(0)}/media", image_url="http://media.invalid/a.jpg") == (25, 2207050)


def test_the_quota_is_a_rolling_window_per_account(simulate: Callable[..., Sim]) -> None:
    sim = simulate(quota_total=2, quota_duration_s=3600)
    sim.publish(caption="one", image_url="http://media.invalid/1.jpg")
    sim.advance(1800)
    sim.publish(caption="two", image_url="http://media.invalid/2.jpg")
    third = sim.finished()

    assert sim.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=third) == (9, 2207042)
    assert sim.status(third) == "FINISHED"
    assert sim.publish(1), "the other account has a quota of its own"
    sim.advance(1810)
    assert sim.post(f"/{ig_id(0)}/media_publish", creation_id=third)
    assert sim.report()["quota_violations"] == []


def test_a_window_that_holds_too_much_is_reported(sim: Sim) -> None:
    for number in range(3):
        sim.publish(caption=str(number), image_url=f"http://media.invalid/{number}.jpg")
    assert sim.report()["quota_violations"] == []

    sim.control("POST", "account", account=0, quota_total=2)

    (found,) = sim.report()["quota_violations"]
    assert (found["account"], found["at"], found["quota_total"]) == (ig_id(0), sim.ledger()[2]["accepted_at"], 2)


def test_the_limit_can_be_read(simulate: Callable[..., Sim]) -> None:
    sim = simulate(quota_total=3)
    sim.publish()
    path = f"/{ig_id(0)}/content_publishing_limit"

    assert sim.get(path) == {"data": [{"quota_usage": 1}]}
    config = {"quota_total": 3, "quota_duration": 86_400}
    assert sim.get(path, fields="quota_usage,config") == {"data": [{"quota_usage": 1, "config": config}]}
    later = now().timestamp() + 5
    sim.advance(60)
    assert sim.get(path, since=int(later)) == {"data": [{"quota_usage": 0}]}
    assert sim.refused("GET", path, since=int(later - 2 * 86_400)) == (100, None)
    assert sim.refused("GET", path, fields="quota_left") == (100, None)


def test_an_account_can_have_a_quota_of_its_own(sim: Sim) -> None:
    sim.control("POST", "account", account=0, quota_total=25)

    shown = sim.get(f"/{ig_id(0)}/content_publishing_limit", fields="config")

    assert shown["data"][0]["config"]["quota_total"] == 25


@pytest.mark.parametrize("same", [True, False])
def test_equal_posts_are_reported_as_duplicates(sim: Sim, same: bool) -> None:
    sim.publish(image_url="http://media.invalid/1.jpg", caption="one")
    sim.publish(image_url="http://media.invalid/1.jpg", caption="one" if same else "another")
    sim.publish(1, image_url="http://media.invalid/1.jpg", caption="one")

    found = sim.report()["duplicates"]

    assert len(found) == (1 if same else 0)
    if same:
        assert found[0]["reason"] == "content"
        assert found[0]["media_ids"] == [line["media_id"] for line in sim.ledger()[:2]]


def test_published_media_lead_the_lists(sim: Sim) -> None:
    media = sim.publish()
    story = sim.publish(media_type="STORIES", image_url="http://media.invalid/s.jpg")

    assert sim.get(f"/{ig_id(0)}/media")["data"][0] == {"id": media}
    assert sim.get(f"/{ig_id(0)}/stories")["data"] == [{"id": story}]
    sim.advance(86_400)
    assert sim.get(f"/{ig_id(0)}/stories")["data"] == []
    assert story not in [row["id"] for row in sim.get(f"/{ig_id(0)}/media")["data"]]


def test_a_deleted_media_is_gone_but_stays_in_the_ledger(sim: Sim) -> None:
    media = sim.publish()

    assert sim.call("DELETE", f"/{media}").json() == {"success": True, "deleted_id": media}
    assert sim.refused("GET", f"/{media}") == (100, 33)
    assert media not in [row["id"] for row in sim.get(f"/{ig_id(0)}/media")["data"]]
    assert len(sim.ledger()) == 1


def test_the_report_tells_how_late_each_post_was(sim: Sim) -> None:
    start = sim.control("GET", "clock")["seconds"]
    posts = [
        {"account": 0, "caption": "on its second", "at": start + 100},
        {"account": ig_id(2), "caption": "never", "at": start + 50},
        {"account": 0, "caption": "on its second", "at": start + 7200},
    ]
    assert sim.control("POST", "due", posts=posts) == {"told": 3}
    sim.control("POST", "due", account=0, caption="early", at="2099-01-01T00:00:00Z")
    made = [sim.finished(caption="on its second", image_url=f"http://media.invalid/{n}.jpg") for n in range(2)]

    sim.advance(103)
    sim.post(f"/{ig_id(0)}/media_publish", creation_id=made[0])
    sim.publish(caption="early", image_url="http://media.invalid/early.jpg")
    sim.advance(7200)
    sim.post(f"/{ig_id(0)}/media_publish", creation_id=made[1])

    never, first, second, early = sim.report()["lateness"]
    assert (never["caption"], never["at"], never["late_s"]) == ("never", None, None)
    assert first["at"] == sim.ledger()[0]["at"]
    assert 3 <= first["late_s"] < 60
    assert 103 <= second["late_s"] < 200
    assert early["late_s"] < 0


def test_a_due_without_an_instant_is_refused(sim: Sim) -> None:
    for body in ({"account": 0, "caption": "x"}, {"posts": [1]}, {"account": 9, "at": 1}, {"at": "soon"}):
        assert sim.http.post("/_sim/due", json=body).status_code == 400
    assert sim.report()["lateness"] == []


def test_by_one_reading_a_second_publish_doubles_reels_and_nothing_else(sim: Sim) -> None:
    sim.control("POST", "readings", republish="second_reel")
    reel = sim.finished(media_type="REELS", video_url="http://media.invalid/r.mp4", caption="twice")
    image = sim.finished()

    reels = [sim.post(PUBLISH, creation_id=reel)["id"] for _ in range(2)]
    images = [sim.post(PUBLISH, creation_id=image)["id"] for _ in range(2)]

    assert (len(set(reels)), len(set(images))) == (2, 1)
    assert [line["media_id"] for line in sim.ledger()] == [*reels, images[0]]
    (by_content, by_container) = sim.report()["duplicates"]
    assert (by_content["reason"], by_container["reason"]) == ("content", "container")
    assert by_container["media_ids"] == reels


def test_trial_reels_have_a_cap_of_their_own(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=2, trial_quota=2)
    reel: dict[str, Any] = {"media_type": "REELS", "video_url": "http://media.invalid/r.mp4"}
    trial: dict[str, Any] = {**reel, "trial_params": {"graduation_strategy": "MANUAL"}}
    for number in range(2):
        sim.publish(**trial, caption=f"trial {number}")
    third = sim.finished(**trial, caption="third")

    answer = sim.call("POST", PUBLISH, json={"creation_id": third})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, 9)
    assert "trial" in error["message"]
    assert "error_subcode" not in error
    assert sim.publish(**reel, caption="no trial")
    sim.advance(12 * 3600)
    waiting = sim.finished(**trial, caption="the next day")
    sim.advance(12 * 3600 + 60)
    assert sim.post(PUBLISH, creation_id=waiting)["id"]


def test_stories_and_reels_count_against_the_quota(sim: Sim) -> None:
    sim.publish(media_type="STORIES", image_url="http://media.invalid/s.jpg")
    sim.publish(media_type="REELS", video_url="http://media.invalid/r.mp4")

    usage = sim.get(f"/{ig_id(0)}/content_publishing_limit", fields="quota_usage")

    assert usage == {"data": [{"quota_usage": 2}]}
