"""Polls and prompts of media (graph-api.md §5.3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from graph.client import GraphClient
from graph.publishing.add_ons import Poll, PollOption, PromptResponse
from graph.publishing.publishing import ContainerKind, ContainerSpec
from tests.unit.graph.server import ScriptedServer

POLL = {
    "option_a": "Mug",
    "option_b": "Bowl",
    "option_a_votes_percentage": 0.25,
    "option_b_votes_percentage": 0.75,
    "expiration_timestamp": "2026-10-04T07:00:00+0000",
}


@pytest.mark.parametrize("answer", [POLL, {"data": POLL}], ids=["bare", "below data"])
def test_a_poll_is_read_in_either_shape(facebook: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    found = facebook.add_ons.poll("1")

    options = (PollOption("Mug", 0.25), PollOption("Bowl", 0.75))
    assert found == Poll(options, datetime(2026, 10, 4, 7, tzinfo=UTC))
    assert server.last.path == "/v25.0/1/poll_attachment"


@pytest.mark.parametrize("answer", [None, {"data": None}, {"data": []}, {}])
def test_a_media_without_one_has_none(facebook: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    assert facebook.add_ons.poll("1") is None


def test_answers_to_a_prompt_keep_all_that_they_hold(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "5", "text": "yes"}]})

    assert facebook.add_ons.prompt_responses("1") == (PromptResponse("5", {"text": "yes"}),)
    assert server.last.path == "/v25.0/1/prompt_response"


def test_a_container_asks_for_its_add_ons(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": "1"})
    spec = ContainerSpec(
        ContainerKind.IMAGE,
        media_url="https://x/a.jpg",
        caption="which?",
        poll_options=("Mug", "Bowl"),
        is_poll_duration_extended=True,
        is_comment_prompt_used=True,
    )

    facebook.publishing.create_container(spec)

    asked = server.last.form
    assert json.loads(asked["poll_attachment"]) == {"option_a": "Mug", "option_b": "Bowl"}
    assert (asked["is_poll_duration_extended"], asked["is_comment_prompt_used"]) == ("true", "true")
