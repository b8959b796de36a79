"""Captions that come back changed, and accounts that are called otherwise than before."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id, running

SENT = "  Caf\u00e9 with @amber.press\n\nand  @mona_1 "


def _read(sim: Sim, media: str) -> list[str]:
    """The caption as the node and both kinds of list give it back."""
    shown = sim.get(f"/{ig_id(0)}", fields="media.limit(1){caption}")["media"]["data"][0]
    listed = sim.get(f"/{ig_id(0)}/media", fields="caption", limit=1)["data"][0]
    return [sim.get(f"/{media}", fields="caption")["caption"], shown["caption"], listed["caption"]]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("as_sent", SENT),
        ("without_at", SENT.replace("@", "")),
        ("trimmed", SENT.strip()),
        ("folded", "Café with @amber.press and @mona_1"),
        ("changed", unicodedata.normalize("NFD", "Café with amber.press and mona_1")),
    ],
)
def test_captions_come_back_as_the_reading_says(sim: Sim, how: str, expected: str) -> None:
    media = sim.publish(caption=SENT, image_url="http://media.invalid/a.jpg")
    sim.control("POST", "readings", captions=how)

    assert _read(sim, media) == [expected] * 3
    assert sim.ledger()[0]["caption"] == SENT, "the judge knows what was sent"


def test_one_account_can_be_shown_its_captions_otherwise_than_the_rest(sim: Sim) -> None:
    made = [sim.publish(account, caption="hi @you", image_url="http://media.invalid/a.jpg") for account in (0, 1)]
    sim.control("POST", "account", account=0, captions="without_at")

    shown = [sim.get(f"/{media}", as_account=at, fields="caption")["caption"] for at, media in enumerate(made)]

    assert shown == ["hi you", "hi @you"]
    assert sim.http.post("/_sim/account", json={"account": 0, "captions": "lost"}).status_code == 400


def test_a_renamed_account_is_called_by_its_new_name_in_every_answer(sim: Sim) -> None:
    old = sim.get(f"/{ig_id(0)}", fields="username")["username"]
    before = sim.publish(media_type="STORIES", image_url="http://media.invalid/a.jpg")
    older = sim.get(f"/{ig_id(0)}/media", limit=1)["data"][0]["id"]
    comment = sim.post(f"/{older}/comments", message="ours")["id"]

    assert sim.control("POST", "account", account=0, username="new.name")["username"] == "new.name"

    answers: list[Any] = [
        sim.get(f"/{ig_id(0)}", fields="username,media{username,permalink,comments{username,from}}"),
        sim.get(f"/{before}", fields="username,permalink"),
        sim.get(f"/{comment}", fields="username,from"),
        sim.get(f"/{ig_id(2)}", as_account=2, fields="business_discovery.username(new.name){username,media{username}}"),
        sim.control("GET", "accounts")[0],
    ]
    assert all(old not in str(answer) for answer in answers)
    assert all("new.name" in str(answer) for answer in answers)
    assert answers[2] == {"username": "new.name", "from": {"id": ig_id(0), "username": "new.name"}, "id": comment}
    gone = f"business_discovery.username({old}){{id}}"
    assert sim.refused("GET", f"/{ig_id(2)}", as_account=2, fields=gone) == (110, 2207013)


def test_what_was_written_before_a_renaming_keeps_the_old_name(sim: Sim) -> None:
    old = sim.get(f"/{ig_id(0)}", fields="username")["username"]
    sim.control("POST", "account", account=0, username="new.name")

    assert {media["caption"] for media in sim.get(f"/{ig_id(0)}/tags", fields="caption")["data"]} == {
        f"A day with @{old}"
    }
    made = sim.control("POST", "mention", account=0, kind="caption")
    found = sim.get(f"/{ig_id(0)}", fields=f"mentioned_media.media_id({made['media_id']}){{caption}}")
    assert found["mentioned_media"]["caption"].endswith("@new.name")


@pytest.mark.parametrize("name", ["", "With Space", "UPPER", "x" * 31])
def test_a_name_that_cannot_be_is_refused(sim: Sim, name: str) -> None:
    assert sim.http.post("/_sim/account", json={"account": 0, "username": name}).status_code == 400


def test_a_name_that_is_taken_is_refused(sim: Sim) -> None:
    taken = sim.control("GET", "accounts")[INSTAGRAM]["username"]

    assert "taken" in sim.http.post("/_sim/account", json={"account": 0, "username": taken}).json()["error"]


def test_a_renaming_survives_a_restart(tmp_path: Path, simulate: Callable[..., Sim]) -> None:
    with running(accounts=2, state_dir=tmp_path) as sim:
        sim.control("POST", "account", account=0, username="new.name", captions="folded")

    sim = simulate(accounts=2, state_dir=tmp_path)

    assert sim.get(f"/{ig_id(0)}", fields="username")["username"] == "new.name"
    assert sim.control("POST", "account", account="new.name")["captions"] == "folded"
