"""Every failpoint fires once in a running stack, as a SIGKILL and as a stall past the lease, while part of the publish
calls lose their answers: each post still goes out once, with its true media id.

As an exception each point fires in the matrix (`tests/integration/worker/test_failpoints.py`) and in harvests that are
interrupted (`tests/integration/harvest/test_interrupted.py`): there the process lives on, so it needs no stack. The one
point of the scheduler's own, which nothing else interrupts, raises beside the stalls.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.failpoints import POINTS
from tests.support.servers import reachable_folder
from tests.support.simulator import Simulator
from tests.support.stack import QUICK, Stack, judge, write_campaign

FAULTS = ("accept_then_reset", "accept_then_500", "accept_then_html", "refuse_500", "reset")
TYPES = (  # no stories: two lost at once look alike, and are left to a person
    {"type": "image", "media": "feed.jpg"},
    {"type": "carousel", "media": "feed.jpg|feed-2.jpg"},
    {"type": "reel", "media": "reel.mp4"},
)
OF_WHAT_IS_LOST = {"reconcile.after_read", "reconcile.after_record", "comment.after_read"}
ASKED_FOR = {"backfill", "connect", "deletion", "inbox", "inquiry", "reply", "subscription"}
"""No webhook arrives here, nobody connects an account, asks for anything or replies."""
ELSEWHERE = {"care", "delivery", "fix", "object", "upload"}
"""Nobody is told, tokens are young, files are right and go by the host: each has a test of its own that kills it."""
ARMED = {"arm.after_claim", "arm.after_intents"}
POSTS, MOST_MORE = 18, 4
REACHED = {point for point in POINTS if point.partition(".")[0] not in ASKED_FOR | ELSEWHERE}


@pytest.mark.cost(cpu_s=36, stack=True)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("action", ["exit", "stall:10"])
def test_each_point_fires_once_and_every_post_goes_out_once(
    simulator_factory: Callable[..., Simulator], media_folder: Path, action: str
) -> None:
    faults = [f"media_publish:{mode}:probability=0.08" for mode in FAULTS]
    simulator = simulator_factory(accounts=3, image_processing_s=0.2, video_processing_s=1, faults=tuple(faults))
    rows = []
    for number in range(POSTS):
        kind = TYPES[number % 3]
        # The last ones come when most has been killed: they are armed ahead, and find a worker at their second.
        due = f"+{12 + number * 1.5 + (25 if number >= 14 else 0):.1f}s"
        row = {"account": f"acc{number % 3}", "publish_at": due, "key": f"k{number}", "if_late": "publish", **kind}
        rows.append(row | {"caption": f"{action} {number}", "first_comment": f"comment {number}"})
    campaign = write_campaign(media_folder / f"points-{action[:4]}.csv", rows)
    with reachable_folder() as marks:
        env = QUICK | {
            "PRESSRUN_FAILPOINTS": ",".join(f"{point}={what_at(point, action)}" for point in sorted(REACHED)),
            "PRESSRUN_FAILPOINTS_ONCE_DIR": str(marks),
        }
        with Stack.start(simulator, accounts=3, env=env) as stack:
            stack.run("post", "import", str(campaign))

            posts = stack.wait_final(len(rows), 300)
            while missed := ARMED - fired_in(marks):
                # On a slow machine the last ones, too, came while workers were down: another one finds them all there.
                assert len(rows) < POSTS + MOST_MORE, missed
                rows.append(rows[0] | {"key": f"k{len(rows)}", "publish_at": "+12s", "caption": f"more {len(rows)}"})
                stack.run("post", "import", str(write_campaign(campaign, rows[-1:])))
                posts = stack.wait_final(len(rows), 300)

            judge(stack, posts)
            stack.run("doctor")
            fired = fired_in(marks)
            assert fired >= REACHED - OF_WHAT_IS_LOST, REACHED - fired


def fired_in(marks: Path) -> set[str]:
    return {mark.name for mark in marks.iterdir()}


def what_at(point: str, action: str) -> str:
    return "raise" if point == "dispatch.after_claim" and action != "exit" else action
