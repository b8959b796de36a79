"""Polls, prompts and invitations: Facebook Login only."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id

POST: dict[str, Any] = {"caption": "Which one?", "image_url": "http://media.invalid/a.jpg"}
POLL = json.dumps(["Mug", "Bowl", "Plate"])


def _published(sim: Sim, **params: Any) -> dict[str, Any]:
    made = sim.finished(**POST, **params)
    found: dict[str, Any] = sim.post(f"/{ig_id(0)}/media_publish", creation_id=made)
    return found


def test_a_poll_goes_out_with_its_post_and_is_read_by_its_edge(sim: Sim) -> None:
    answer = _published(sim, poll_attachment=POLL)

    assert answer.keys() > {"id"}, "more than the id is answered"
    poll = sim.get(f"/{answer['id']}/poll_attachment")
    shares = [poll[f"option_{letter}_votes_percentage"] for letter in "abc"]
    assert [poll[f"option_{letter}"] for letter in "abc"] == ["Mug", "Bowl", "Plate"]
    assert "option_d" not in poll
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) == pytest.approx(1, abs=0.001)
    taken = sim.get(f"/{answer['id']}", fields="timestamp")["timestamp"]
    open_for = datetime.fromisoformat(poll["expiration_timestamp"]) - datetime.fromisoformat(taken)
    assert open_for.days == 3
    assert sim.refused("GET", f"/{answer['id']}", fields="poll_attachment") == (100, None)


def test_a_media_without_a_poll_answers_null(sim: Sim) -> None:
    answer = _published(sim, is_comment_prompt_used=True)
    assert sim.get(f"/{answer['id']}/poll_attachment") is None
    assert sim.get(f"/{answer['id']}/prompt_response") == {"data": []}

    sim.control("POST", "readings", poll_attachment="data")

    assert sim.get(f"/{answer['id']}/poll_attachment") == {"data": None}
    assert _published(sim).keys() == {"id"}


@pytest.mark.parametrize(
    "poll", ['["only one"]', '["a","b","c","d","e"]', '["a",""]', "[1,2]", "nonsense", '{"question":"a"}']
)
def test_a_poll_has_two_to_four_options(shared: Sim, poll: str) -> None:
    assert shared.refused("POST", f"/{ig_id(0)}/media", **POST, poll_attachment=poll) == (100, None)


def test_a_poll_needs_a_caption(shared: Sim) -> None:
    bare: dict[str, Any] = {"image_url": POST["image_url"], "poll_attachment": POLL}

    assert shared.refused("POST", f"/{ig_id(0)}/media", **bare) == (100, None)


def test_stories_have_neither_poll_nor_prompt(sim: Sim) -> None:
    media = sim.publish(media_type="STORIES", image_url="http://media.invalid/a.jpg", poll_attachment=POLL)

    assert sim.refused("GET", f"/{media}/poll_attachment") == (100, 33)
    assert sim.refused("GET", f"/{media}/prompt_response") == (100, 33)
    assert "story_image: poll_attachment" in sim.report()["ignored_params"]


@pytest.mark.parametrize(
    "params",
    [
        {"poll_attachment": POLL},
        {"is_comment_prompt_used": "true"},
        {"is_poll_duration_extended": "true"},
        {"is_paid_partnership": "true"},
        {"branded_content_sponsor_ids": "1"},
        {"cross_post_to_threads": "true"},
        {"show_ig_link": "true"},
        {"title": "x"},
    ],
)
def test_what_facebook_login_alone_has_is_refused_on_the_other(shared: Sim, params: dict[str, Any]) -> None:
    path = f"/{ig_id(INSTAGRAM)}/media"

    assert shared.refused("POST", path, as_account=INSTAGRAM, **POST, **params) == (100, None)
    assert shared.post(f"/{ig_id(0)}/media", **POST, **params)["id"]


def test_an_invitation_is_listed_until_it_is_answered(sim: Sim) -> None:
    made = sim.control("POST", "invite", account=0, caption="We two")
    path = f"/{ig_id(0)}/collaboration_invites"

    (invite,) = sim.get(path)["data"]

    assert (invite["media_id"], invite["caption"]) == (made["media_id"], "We two")
    assert invite.keys() == {"media_id", "media_owner_username", "caption", "media_url"}
    assert sim.refused("POST", path, media_id=made["media_id"]) == (100, None)
    assert sim.post(path, media_id=made["media_id"], accept=True) == {"success": True}
    assert sim.get(path) == {"data": []}
    assert sim.refused("POST", path, media_id=made["media_id"], accept=True) == (100, 33)
    on_instagram = f"/{ig_id(INSTAGRAM)}/collaboration_invites"
    assert sim.refused("GET", on_instagram, as_account=INSTAGRAM) == (100, 33)
