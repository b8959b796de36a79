"""What was answered is never forgotten: the simulator is killed and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pressrun.errors import UsageError
from pressrun.network.trust import authorities
from simulator.config import SimulatorConfig
from simulator.world.clock import real_seconds
from simulator.world.journal import Journal
from simulator.world.world import World
from tests.support.processes import Process, start_module
from tests.support.waiting import until
from tests.unit.simulator.client import Helper, Sim, ig_id, running


@contextmanager
def started(state: Path, port: int = 0, *flags: str) -> Iterator[tuple[Process, Sim]]:
    arguments = ["--port", str(port), "--accounts", "4", "--state-dir", str(state), "--no-fetch-media"]
    arguments += ["--image-processing-s", "0", "--video-processing-s", "0", *flags]
    with start_module("simulator", *arguments) as process:
        url = process.line(r"^LISTENING (http://\S+)$")
        with httpx.Client(base_url=url, timeout=60, verify=authorities()) as http:
            yield process, Sim(url, http)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_its_clock_is_that_of_the_machine_however_long_the_start_took(tmp_path: Path) -> None:
    world = World(SimulatorConfig(accounts=1, state_dir=tmp_path))

    before, told, after = real_seconds(), world.clock.now(), real_seconds()

    assert before <= told <= after


def test_the_world_survives_a_kill(tmp_path: Path) -> None:
    port = _free_port()
    with started(tmp_path, port) as (process, sim):
        waiting = sim.finished()
        media = sim.publish(caption="kept", image_url="http://media.invalid/k.jpg")
        mention = sim.control("POST", "mention", account=0, kind="comment", text="hi")
        sim.post(f"/{media}/comments", message="first!")
        sim.get("/ig_hashtag_search", user_id=ig_id(0), q="kept")
        token = sim.control("POST", "token", account=3, action="rotate")["token"]
        sim.advance(3600)
        before = _snapshot(sim, media)
        process.kill()

    with started(tmp_path, port) as (process, sim):
        assert _snapshot(sim, media) == before
        assert sim.status(waiting) == "FINISHED"
        field = f"mentioned_comment.comment_id({mention['comment_id']}){{text}}"
        assert "hi" in sim.get(f"/{ig_id(0)}", fields=field)["mentioned_comment"]["text"]
        assert sim.control("GET", "accounts")[3]["token"] == token
        assert sim.refused("GET", f"/{ig_id(3)}", as_account=3) == (190, 460)
        another = sim.publish(caption="new", image_url="http://media.invalid/n.jpg")
        assert another != media
        assert [line["seq"] for line in sim.ledger()] == [1, 2]
        process.send(signal.SIGTERM)
        assert process.wait() == 0


def _snapshot(sim: Sim, media: str) -> dict[str, Any]:
    feed = sim.get(f"/{ig_id(0)}/media", fields="id,timestamp,caption,comments{text}", limit=100)
    return {
        "ledger": sim.ledger(),
        "feed": feed["data"],
        "comments": sim.get(f"/{media}/comments")["data"],
        "usage": sim.get(f"/{ig_id(0)}/content_publishing_limit"),
        "hashtags": sim.get(f"/{ig_id(0)}/recently_searched_hashtags")["data"],
        "tags": sim.get(f"/{ig_id(0)}/tags")["data"],
    }


def test_the_report_survives_a_kill(tmp_path: Path) -> None:
    with started(tmp_path) as (process, sim):
        sim.publish(caption="kept", image_url="http://media.invalid/k.jpg")
        sim.call("GET", f"/{ig_id(0)}?access_token=SIM-TOKEN-0&brand_new=1")
        sim.http.get(f"/v18.0/{ig_id(0)}/live_videos", headers={"authorization": "Bearer SIM-TOKEN-0"})
        sim.control("POST", "throttle", account=2, seconds=3600)
        sim.refused("GET", f"/{ig_id(2)}", as_account=2)
        sim.control("POST", "due", account=0, caption="kept", at=1)
        before = sim.report() | {"now": None}
        process.kill()

    with started(tmp_path) as (_, sim):
        assert sim.report() | {"now": None} == before
        assert before["calls"]["media_publish"] == 1
        assert before["throttled"]["refused"] == 1
        assert [before[name] for name in ("tokens_in_urls", "unknown_paths")] == [
            {"user": 1},
            {"GET /{id}/live_videos": 1},
        ]
        assert before["lateness"][0]["late_s"] > 0
        sim.get(f"/{ig_id(0)}")
        assert sim.report()["calls"]["user"] == before["calls"]["user"] + 1


def test_fault_rules_set_at_run_time_survive_a_kill_with_their_counts(tmp_path: Path) -> None:
    with started(tmp_path, 0, "--fault", "stories:refuse") as (process, sim):
        sim.control("POST", "faults", endpoint="tags", mode="refuse")
        sim.control("DELETE", "faults")
        sim.control("POST", "faults", endpoint="user", mode="refuse", code=4711, nth=3, account=0)
        sim.get(f"/{ig_id(0)}")
        sim.get(f"/{ig_id(0)}")
        process.kill()

    with started(tmp_path) as (process, sim):
        (rule,) = sim.control("GET", "faults")["faults"]
        assert (rule["endpoint"], rule["seen"], rule["fired"], rule["account"]) == ("user", 2, 0, 0)
        assert sim.refused("GET", f"/{ig_id(0)}") == (4711, None)
        process.kill()

    with started(tmp_path, 0, "--fault", "user_media:refuse") as (_, sim):
        assert sim.get(f"/{ig_id(0)}"), "it struck as often as it was to, before the kill"
        assert [rule["endpoint"] for rule in sim.control("GET", "faults")["faults"]] == ["user", "user_media"]
        assert sim.report()["faults_fired"] == {"user:refuse": 1}


@pytest.mark.parametrize("mode", ["accept_then_hang", "accept_then_reset"])
def test_an_effect_without_an_answer_is_durable(tmp_path: Path, mode: str) -> None:
    with started(tmp_path, 0, "--fault", f"media_publish:{mode}") as (process, sim):
        made = sim.finished()
        with pytest.raises(httpx.HTTPError):
            sim.call("POST", f"/{ig_id(0)}/media_publish", json={"creation_id": made}, timeout=0.5)
        process.kill()

    with started(tmp_path) as (_, sim):
        assert sim.status(made) == "PUBLISHED"
        assert len(sim.ledger()) == 1


def test_every_answer_under_load_is_in_the_ledger_after_a_kill(tmp_path: Path) -> None:
    answered: dict[str, str] = {}
    with started(tmp_path) as (process, sim):
        made = [sim.finished(image_url=f"http://media.invalid/{n}.jpg", caption=str(n)) for n in range(40)]

        def publish(container: str) -> None:
            with contextlib.suppress(httpx.HTTPError):
                answer = sim.call("POST", f"/{ig_id(0)}/media_publish", json={"creation_id": container})
                answered[container] = answer.json()["id"]
                if len(answered) == 12:
                    process.send(signal.SIGKILL)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(publish, made))
        process.wait()

    with started(tmp_path) as (_, sim):
        recorded = {line["container_id"]: line["media_id"] for line in sim.ledger()}
        assert len(answered) >= 12
        assert answered.items() <= recorded.items()
        assert len(sim.ledger()) == len(recorded) < 40
        for container in made:
            sim.post(f"/{ig_id(0)}/media_publish", creation_id=container)
        assert len(sim.ledger()) == 40
        assert sim.report()["duplicates"] == []


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    with running(state_dir=tmp_path) as sim:
        media = sim.publish()
    journal = tmp_path / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"kind":"media.published","seq":2,"i')

    with running(state_dir=tmp_path) as sim:
        assert [line["media_id"] for line in sim.ledger()] == [media]
        sim.publish(caption="after the tear", image_url="http://media.invalid/t.jpg")

    with running(state_dir=tmp_path) as sim:
        assert len(sim.ledger()) == 2


def test_two_simulators_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    with pytest.raises(UsageError, match="another simulator"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_the_event_is_with_the_system_before_the_answer(tmp_path: Path) -> None:
    with running(state_dir=tmp_path) as sim:
        media = sim.publish()
        assert media in (tmp_path / "journal.jsonl").read_text()


def test_more_accounts_can_join_later(tmp_path: Path) -> None:
    with running(state_dir=tmp_path, accounts=1) as sim:
        media = sim.publish()
    with running(state_dir=tmp_path, accounts=3) as sim:
        sim.publish(2)
    with running(state_dir=tmp_path, accounts=1) as sim:
        assert len(sim.control("GET", "accounts")) == 3
        assert sim.ledger()[0]["media_id"] == media


def test_a_video_whose_fetch_was_cut_short_is_fetched_again(tmp_path: Path, host: Helper) -> None:
    with running(state_dir=tmp_path, fetch_media=True) as sim:
        made = sim.finished(media_type="REELS", video_url=f"{host.url}/good.mp4")
    assert host.seen
    host.seen.clear()
    lines = (tmp_path / "journal.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"container.fetched"' not in line]
    assert len(kept) == len(lines) - 1
    (tmp_path / "journal.jsonl").write_text("".join(kept))

    with running(state_dir=tmp_path, fetch_media=True) as sim:
        until(lambda: sim.status(made) == "FINISHED")
    assert {exchange.path for exchange in host.seen} == {"/good.mp4"}


def test_state_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with running(state_dir=tmp_path):
        assert os.stat(tmp_path / "journal.jsonl").st_mode & 0o077 == 0


def test_memory_is_forgotten_without_a_folder() -> None:
    config = SimulatorConfig()
    assert config.state_dir is None
    with running() as sim:
        sim.publish()
    with running() as sim:
        assert sim.ledger() == []


def test_a_journal_of_before_has_fewer_keys_and_still_tells_the_same(tmp_path: Path) -> None:
    with running(accounts=2, state_dir=tmp_path, webhook_url="http://127.0.0.1:1/x") as sim:
        sim.control("POST", "faults", endpoint="user", mode="refuse_500", account=1)
        sim.control("POST", "comment", account=0)
    journal = tmp_path / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in events:
        for name in ("encoding", "login"):
            event.pop(name, None)
        for name in ("token", "changes"):
            event.get("rule", {}).pop(name, None)
    journal.write_text("".join(json.dumps(event) + "\n" for event in events))

    with running(accounts=2, state_dir=tmp_path) as sim:
        assert sim.control("GET", "faults")["faults"][0]["endpoint"] == "user"
        assert sim.refused("GET", "/me", as_account=1, status=500) == (2, None)
        assert sim.report()["webhooks"]["pending"] == 1
