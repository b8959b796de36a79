"""Every failpoint fires once in a running stack, as a SIGKILL, an exception or a stall past the lease, while part of
the publish calls lose their answers: each post still goes out once, with its true media id.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.failpoints import POINTS
from tests.chaos.test_killed_processes import QUICK, TYPES
from tests.support.servers import reachable_folder
from tests.support.simulator import Simulator
from tests.support.stack import Stack, judge, write_campaign

FAULTS = ("accept_then_reset", "accept_then_500", "accept_then_html", "refuse_500", "reset")
# No webhook arrives here, nobody asks for a backfill or replies.
REACHED = {point for point in POINTS if point.partition(".")[0] not in {"inbox", "backfill", "reply", "connect"}}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("action", ["exit", "raise", "stall:10"])
def test_each_point_fires_once_and_every_post_goes_out_once(
    simulator_factory: Callable[..., Simulator], media_folder: Path, action: str
) -> None:
    faults = [f"media_publish:{mode}:probability=0.08" for mode in FAULTS]
    simulator = simulator_factory(accounts=3, image_processing_s=0.2, video_processing_s=1, faults=tuple(faults))
    rows = []
    for number in range(18):
        kind = TYPES[number % 3]  # no stories: two lost at once look alike, and are left to a person
        due = f"+{12 + number * 1.5:.1f}s"
        row = {"account": f"acc{number % 3}", "publish_at": due, "key": f"k{number}", "if_late": "publish", **kind}
        rows.append(row | {"caption": f"{action} {number}", "first_comment": f"comment {number}"})
    campaign = write_campaign(media_folder / f"points-{action[:4]}.csv", rows)
    with reachable_folder() as marks:
        env = QUICK | {
            "PRESSRUN_FAILPOINTS": ",".join(f"{point}={action}" for point in sorted(REACHED)),
            "PRESSRUN_FAILPOINTS_ONCE_DIR": str(marks),
        }
        with Stack.start(simulator, accounts=3, env=env) as stack:
            stack.run("post", "import", str(campaign))

            posts = stack.wait_final(len(rows), 300)

            judge(stack, posts)
            fired = {mark.name for mark in marks.iterdir()}
            assert fired >= REACHED - {"reconcile.after_read", "reconcile.after_record"}, REACHED - fired
