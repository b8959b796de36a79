"""Resumable upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.waiting import until
from tests.unit.simulator.client import Helper, Sim, ig_id, running

REEL = {"media_type": "REELS", "upload_type": "resumable"}


@pytest.fixture
def fetching(simulate: Callable[..., Sim]) -> Sim:
    return simulate(accounts=4, fetch_media=True)


def _send(sim: Sim, uri: str, data: bytes, *, offset: int = 0, size: int | None = None) -> httpx.Response:
    headers = {
        "authorization": "OAuth SIM-TOKEN-0",
        "offset": str(offset),
        "file_size": str(len(data) if size is None else size),
    }
    return sim.http.post(uri, content=data, headers=headers)


def test_a_video_is_uploaded_and_published(fetching: Sim, videos: dict[str, bytes]) -> None:
    made = fetching.post(f"/{ig_id(0)}/media", **REEL, caption="uploaded")
    assert made["uri"] == f"{fetching.url}/ig-api-upload/v25.0/{made['id']}"
    fields = "status_code,video_status"
    before = fetching.get(f"/{made['id']}", fields=fields)
    assert (before["status_code"], before["video_status"]["uploading_phase"]["status"]) == (
        "IN_PROGRESS",
        "not_started",
    )

    answer = _send(fetching, made["uri"], videos["good"])

    assert answer.json() == {"success": True, "message": "Upload successful."}
    until(lambda: fetching.status(made["id"]) == "FINISHED")
    after = fetching.get(f"/{made['id']}", fields=fields)["video_status"]["uploading_phase"]
    assert after == {"status": "complete", "bytes_transferred": len(videos["good"])}
    media = fetching.post(f"/{ig_id(0)}/media_publish", creation_id=made["id"])["id"]
    assert fetching.ledger()[0]["media_id"] == media


def test_an_upload_is_resumed_where_it_broke_off(fetching: Sim, videos: dict[str, bytes]) -> None:
    data, half = videos["good"], len(videos["good"]) // 2
    made = fetching.post(f"/{ig_id(0)}/media", **REEL)

    first = _send(fetching, made["uri"], data[:half], size=len(data))
    assert first.status_code == 400
    assert first.json()["debug_info"]["retriable"] is True
    status = fetching.get(f"/{made['id']}", fields="video_status")["video_status"]["uploading_phase"]
    assert status == {"status": "in_progress", "bytes_transferred": half}
    beyond = _send(fetching, made["uri"], data[half:], offset=half + 1, size=len(data))
    assert beyond.json()["debug_info"]["type"] == "ProcessingFailedError"

    assert _send(fetching, made["uri"], data[half:], offset=half, size=len(data)).status_code == 200
    until(lambda: fetching.status(made["id"]) == "FINISHED")


def test_a_file_can_be_fetched_instead(fetching: Sim, host: Helper) -> None:
    made = fetching.post(f"/{ig_id(0)}/media", **REEL)
    headers = {"authorization": "OAuth SIM-TOKEN-0", "file_url": f"{host.url}/good.mp4"}

    assert fetching.http.post(made["uri"], headers=headers).json()["success"] is True
    until(lambda: fetching.status(made["id"]) == "FINISHED")


def test_a_file_that_was_to_be_fetched_is_fetched_after_a_restart(tmp_path: Path, host: Helper) -> None:
    with running(state_dir=tmp_path, fetch_media=True) as sim:
        made = sim.post(f"/{ig_id(0)}/media", **REEL)
        headers = {"authorization": "OAuth SIM-TOKEN-0", "file_url": f"{host.url}/good.mp4"}
        # The journal of a simulator that was killed between the answer and the fetching ends here.
        assert sim.http.post(made["uri"], headers=headers).status_code == 200
        journal = (tmp_path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in journal if b'"container.fetched"' not in line]
    (tmp_path / "journal.jsonl").write_bytes(b"".join(kept))

    with running(state_dir=tmp_path, fetch_media=True) as sim:
        until(lambda: sim.status(made["id"]) == "FINISHED", what=lambda: sim.status(made["id"]))


def test_a_bad_video_fails_in_processing(fetching: Sim, videos: dict[str, bytes]) -> None:
    made = fetching.post(f"/{ig_id(0)}/media", **REEL)

    assert _send(fetching, made["uri"], videos["short"]).status_code == 200
    until(lambda: fetching.status(made["id"]) == "ERROR")


@pytest.mark.parametrize(
    "headers",
    [
        {"offset": "0"},
        {"offset": "-1", "file_size": "10"},
        {"offset": "0", "file_size": "0"},
        {"offset": "0", "file_size": "2"},
        {"offset": "9", "file_size": "10"},
    ],
)
def test_bad_headers_are_refused(fetching: Sim, headers: dict[str, str]) -> None:
    made = fetching.post(f"/{ig_id(0)}/media", **REEL)

    answer = fetching.http.post(made["uri"], content=b"abc", headers={"authorization": "OAuth SIM-TOKEN-0", **headers})

    assert answer.status_code == 400
    assert answer.json()["debug_info"]["message"]


def test_only_its_owner_may_upload_and_only_once(fetching: Sim, videos: dict[str, bytes]) -> None:
    made = fetching.post(f"/{ig_id(0)}/media", **REEL)
    stranger = fetching.http.post(made["uri"], content=b"x", headers={"authorization": "OAuth SIM-TOKEN-2"})
    assert stranger.json()["error"]["error_subcode"] == 33
    assert fetching.http.post(made["uri"], content=b"x").json()["error"]["code"] == 190
    assert _send(fetching, made["uri"], videos["good"]).status_code == 200
    until(lambda: fetching.status(made["id"]) == "FINISHED")

    assert _send(fetching, made["uri"], videos["good"]).status_code == 400
    assert _send(fetching, f"{fetching.url}/ig-api-upload/v25.0/1", b"x").json()["error"]["code"] == 100
    image = fetching.http.get(made["uri"], headers={"authorization": "OAuth SIM-TOKEN-0"})
    assert image.json()["error"]["error_subcode"] == 33


def test_faults_strike_uploads_too(fetching: Sim, videos: dict[str, bytes]) -> None:
    made = fetching.post(f"/{ig_id(0)}/media", **REEL)
    modes: list[dict[str, Any]] = [{"mode": "reset"}, {"mode": "refuse_500"}, {"mode": "accept_then_500"}]
    for rule in modes:
        fetching.control("POST", "faults", endpoint="upload", nth=1, **rule)
        try:
            assert _send(fetching, made["uri"], videos["good"]).status_code == 500
        except httpx.TransportError:
            assert rule["mode"] == "reset"

    until(lambda: fetching.status(made["id"]) == "FINISHED")
