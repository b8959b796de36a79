"""What making a file right would end is marked on its problems, so that a face can offer it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pressrun.media.fixing.outlook import offered
from pressrun.media.probe import Probe
from pressrun.media.rules import Use, check

PNG = Probe(kind="image", format="PNG", size_bytes=400_000, width=1080, height=1080)
WIDE = replace(PNG, format="JPEG", width=2000, height=500)
VIDEO = Probe(kind="video", format="MKV", size_bytes=5_000_000, width=1080, height=1920, duration_s=12.0)


@pytest.mark.parametrize(("found", "use"), [(PNG, Use.FEED_IMAGE), (WIDE, Use.CAROUSEL_IMAGE), (VIDEO, Use.REEL)])
def test_what_can_come_right_is_marked(found: Probe, use: Use) -> None:
    problems = offered(check(found, use), found, use)

    assert {one.can_be_fixed for one in problems if one.severity == "error"} == {True}
    assert not any(one.can_be_fixed for one in problems if one.severity == "warning")


@pytest.mark.parametrize(
    ("found", "use"),
    [
        (PNG, Use.REEL),
        (VIDEO, Use.FEED_IMAGE),
        (replace(VIDEO, duration_s=1.0), Use.REEL),
        (replace(VIDEO, duration_s=61.0), Use.STORY_VIDEO),
    ],
)
def test_what_can_never_come_right_is_not(found: Probe, use: Use) -> None:
    problems = check(found, use)

    assert any(one.severity == "error" for one in problems)
    assert offered(problems, found, use) == list(problems)


def test_of_a_file_that_was_not_read_nothing_is_promised() -> None:
    problems = check(PNG, Use.FEED_IMAGE)

    assert offered(problems, None, Use.FEED_IMAGE) == list(problems)
