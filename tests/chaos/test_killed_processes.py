"""Design §8.1 and §8.2 with real processes: SIGKILL to any one of them while posts fall due."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.simulator import Simulator
from tests.support.stack import SERVERS, SERVICES, Stack, judge, write_campaign

# The proportions of the defaults, so that what takes minutes in production takes seconds here.
QUICK = {
    "PRESSRUN_CALL_DEADLINE": "4s",
    "PRESSRUN_LEASE": "8s",
    "PRESSRUN_SETTLE": "13s",
    "PRESSRUN_SETTLE_GAP": "3s",
    "PRESSRUN_HINT_LEASE": "4s",
}
VICTIMS = (*SERVICES, *SERVERS, *(f"{name}-keeper" for name in SERVERS))
TYPES = (
    {"type": "image", "media": "feed.jpg"},
    {"type": "carousel", "media": "feed.jpg|feed-2.jpg"},
    {"type": "reel", "media": "reel.mp4"},
    {"type": "story", "media": "story.jpg"},
)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_post_goes_out_once_whoever_is_killed(
    simulator_factory: Callable[..., Simulator], media_folder: Path
) -> None:
    simulator = simulator_factory(accounts=3, image_processing_s=0.2, video_processing_s=1, latency_ms=100)
    rows = []
    for number in range(3 * len(VICTIMS)):
        kind = TYPES[number % len(TYPES)]
        caption = "" if kind["type"] == "story" else f"killed {number}"
        due = f"+{15 + number * 1.2:.1f}s"
        rows.append({"account": f"acc{number % 3}", "publish_at": due, "key": f"k{number}", "caption": caption, **kind})
    campaign = write_campaign(media_folder / "killed.csv", rows)
    with Stack.start(simulator, accounts=3, env=QUICK) as stack:
        stack.run("post", "import", str(campaign))

        for victim in VICTIMS:
            stack.kill(victim)

        judge(stack, stack.wait_final(len(rows), 240))
        stack.run("doctor")
