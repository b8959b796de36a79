"""Media are really fetched and really looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.waiting import until
from tests.unit.simulator.client import Exchange, Helper, Sim, helper, ig_id, jpeg


@pytest.fixture
def fetching(simulate: Callable[..., Sim]) -> Sim:
    return simulate(fetch_media=True, fetch_timeout_s=5)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("missing.jpg", (9004, 2207052)),
        ("page.jpg", (9004, 2207052)),
        ("moved.jpg", (9004, 2207052)),
        ("broken.jpg", (9004, 2207052)),
        ("picture.png", (36001, 2207005)),
        ("huge.jpg", (36000, 2207004)),
        ("tall.jpg", (36003, 2207009)),
        ("wide.jpg", (36003, 2207009)),
    ],
)
def test_a_bad_image_is_refused_at_once(fetching: Sim, host: Helper, file: str, expected: tuple[int, int]) -> None:
    assert fetching.refused("POST", f"/{ig_id(0)}/media", image_url=f"{host.url}/{file}") == expected


@pytest.mark.parametrize(
    "url", ["ftp://x/y.jpg", "http://bücher.example/a.jpg", "http://127.0.0.1:1/a.jpg", "nonsense"]
)
def test_an_address_that_cannot_be_fetched_is_refused(fetching: Sim, url: str) -> None:
    assert fetching.refused("POST", f"/{ig_id(0)}/media", image_url=url) == (9004, 2207052)


def test_a_story_may_have_any_ratio(fetching: Sim, host: Helper) -> None:
    assert fetching.publish(media_type="STORIES", image_url=f"{host.url}/tall.jpg")


def test_no_token_reaches_the_media_host(fetching: Sim, host: Helper) -> None:
    fetching.publish(image_url=f"{host.url}/good.jpg")

    (seen,) = host.seen
    assert seen.headers["user-agent"] == "facebookexternalhit/1.1"
    assert "authorization" not in seen.headers
    assert "TOKEN" not in seen.path


def test_a_good_video_finishes(fetching: Sim, host: Helper) -> None:
    made = fetching.finished(media_type="REELS", video_url=f"{host.url}/good.mp4", thumb_offset=3000)

    assert fetching.get(f"/{made}", fields="status")["status"].startswith("Finished")
    assert host.seen[0].headers["range"] == "bytes=0-"
    assert fetching.report()["sources_without_range"] == {"127.0.0.1": 1}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"video_url": "/missing.mp4"}, 2207077),
        ({"video_url": "/noise.mp4"}, 2207026),
        ({"video_url": "/good.jpg"}, 2207026),
        ({"video_url": "/short.mp4"}, 2207026),
        ({"video_url": "/good.mp4", "thumb_offset": 60_000}, 2207057),
        ({"video_url": "/good.mp4", "cover_url": "/picture.png"}, 2207005),
    ],
)
def test_a_bad_video_ends_in_an_error_status(fetching: Sim, host: Helper, params: dict[str, Any], code: int) -> None:
    full: dict[str, Any] = {
        name: host.url + value if isinstance(value, str) else value for name, value in params.items()
    }
    made = fetching.container(media_type="REELS", **full)
    until(lambda: fetching.status(made) == "ERROR", what=lambda: fetching.status(made))

    status = fetching.get(f"/{made}", fields="status")["status"]

    assert status == f"Error: Media upload has failed with error code {code}"
    assert fetching.refused("POST", f"/{ig_id(0)}/media_publish", creation_id=made) == (9007, 2207027)


@pytest.fixture
def silent_host() -> Iterator[Helper]:
    leave = threading.Event()

    def answer(_exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
        leave.wait(20)
        return 200, {"content-type": "image/jpeg"}, jpeg()

    with helper(answer) as server:
        yield server
        leave.set()


def test_a_host_that_does_not_answer_is_a_timeout(simulate: Callable[..., Sim], silent_host: Helper) -> None:
    sim = simulate(fetch_media=True, fetch_timeout_s=0.3)

    assert sim.refused("POST", f"/{ig_id(0)}/media", image_url=f"{silent_host.url}/a.jpg") == (-2, 2207003)


@pytest.mark.parametrize(("reading", "is_refused"), [("ignored", False), ("obeyed", True)])
def test_a_host_can_shut_out_the_fetcher_by_its_robots_txt(
    simulate: Callable[..., Sim], reading: str, is_refused: bool
) -> None:
    robots = b"User-agent: facebookexternalhit\nDisallow: /shut/\n"

    def answer(exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
        if exchange.path == "/robots.txt":
            return 200, {"content-type": "text/plain"}, robots
        return 200, {"content-type": "image/jpeg"}, jpeg(1080, 1080)

    sim = simulate(fetch_media=True, readings={"robots": reading})
    with helper(answer) as server:
        assert sim.container(image_url=f"{server.url}/open/a.jpg")
        if is_refused:
            shut = f"{server.url}/shut/a.jpg"
            assert sim.refused("POST", f"/{ig_id(0)}/media", image_url=shut) == (9004, 2207052)
        else:
            assert sim.container(image_url=f"{server.url}/shut/a.jpg")

    assert [exchange.path for exchange in server.seen].count("/robots.txt") == int(is_refused)


def test_a_firewall_that_refuses_the_fetcher_is_a_media_that_cannot_be_fetched(fetching: Sim) -> None:
    def answer(exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
        is_refused = "facebookexternalhit" in exchange.headers["user-agent"]
        return (403 if is_refused else 200), {"content-type": "image/jpeg"}, jpeg(1080, 1080)

    with helper(answer) as server:
        refused = fetching.refused("POST", f"/{ig_id(0)}/media", image_url=f"{server.url}/a.jpg")

    assert refused == (9004, 2207052)
