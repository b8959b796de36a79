"""Instagram's media specifications: what is over a limit is refused with limit, value and advice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pressrun.errors import Invalid
from pressrun.media.probe import Probe, probe
from pressrun.media.rules import LIMITS, MEBIBYTE, Problem, Use, check, check_together, use_for

IMAGE = Probe(kind="image", format="JPEG", size_bytes=400_000, width=1080, height=1350)
TALL_IMAGE = replace(IMAGE, height=1920)
VIDEO = Probe(
    kind="video",
    format="MP4",
    size_bytes=5_000_000,
    width=1080,
    height=1920,
    duration_s=12.0,
    fps=30.0,
    video_codec="h264",
    audio_codec="aac",
    audio_rate_hz=48_000,
    audio_channels=2,
    bitrate_bps=3_500_000,
    moov_first=True,
    has_edit_list=False,
    orientation=1,
    pixel_format="yuv420p",
    is_interlaced=False,
)
SQUARE = replace(VIDEO, width=1080, height=1080)
VIDEO_USES = [Use.REEL, Use.STORY_VIDEO, Use.CAROUSEL_VIDEO]
IMAGE_USES = [Use.FEED_IMAGE, Use.CAROUSEL_IMAGE, Use.STORY_IMAGE, Use.REEL_COVER]


def only(problems: tuple[Problem, ...]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize("use", IMAGE_USES)
def test_a_good_image_has_no_problem(use: Use) -> None:
    good = IMAGE if use in {Use.FEED_IMAGE, Use.CAROUSEL_IMAGE} else TALL_IMAGE

    assert check(good, use) == ()


@pytest.mark.parametrize("use", VIDEO_USES)
def test_a_good_video_has_no_problem(use: Use) -> None:
    assert check(SQUARE if use is Use.CAROUSEL_VIDEO else VIDEO, use) == ()


def test_real_files_have_none_either(jpeg: Path, mp4: Path) -> None:
    assert check(probe(jpeg), Use.FEED_IMAGE) == ()
    assert check(probe(mp4), Use.REEL) == ()
    assert check(probe(mp4), Use.STORY_VIDEO) == ()


def test_a_file_as_ffmpeg_writes_it_only_gets_a_warning_for_its_edit_list(make_video: Any) -> None:
    muxer = {"movflags": "+faststart"}
    path = make_video("clip.mp4", size=(144, 256), options={"bf": "2"}, sound="aac", muxer=muxer)

    problem = only(tuple(p for p in check(probe(path), Use.REEL) if p.field != "duration"))

    assert (problem.field, problem.severity) == ("edit_list", "warning")


@pytest.mark.parametrize("use", IMAGE_USES)
@pytest.mark.parametrize("name", ["PNG", "WEBP", "MPO", "GIF"])
def test_images_must_be_jpeg(use: Use, name: str) -> None:
    problem = next(p for p in check(replace(TALL_IMAGE, format=name), use) if p.field == "format")

    assert problem.severity == "error"
    assert name in problem.message
    assert "JPEG" in problem.message


@pytest.mark.parametrize("use", IMAGE_USES)
def test_the_size_of_an_image(use: Use) -> None:
    at_limit = replace(TALL_IMAGE, size_bytes=8 * MEBIBYTE)

    assert not [p for p in check(at_limit, use) if p.field == "size"]
    problem = next(p for p in check(replace(at_limit, size_bytes=9 * MEBIBYTE), use) if p.field == "size")
    assert problem.severity == "error"
    assert problem.message.startswith("9 MB is over the limit of 8 MB")


@pytest.mark.parametrize(
    ("width", "height", "severity"),
    [
        (1080, 1350, None),
        (1080, 1080, None),
        (1080, 566, None),
        (1200, 628, "error"),
        (1080, 1351, "error"),
        (1080, 1440, "error"),
        (1080, 1920, "error"),
        (1080, 500, "error"),
        (2000, 1000, "error"),
    ],
)
def test_the_shape_of_a_feed_image(width: int, height: int, severity: str | None) -> None:
    problems = check(replace(IMAGE, width=width, height=height), Use.FEED_IMAGE)

    assert [p.severity for p in problems if p.field == "ratio"] == ([severity] if severity else [])


def test_the_shape_counts_as_shown() -> None:
    turned = replace(IMAGE, width=1350, height=1080, orientation=6)

    problem = only(check(turned, Use.FEED_IMAGE))

    assert (problem.field, problem.severity) == ("orientation", "warning")


def test_a_small_image_is_a_warning() -> None:
    problem = only(check(replace(IMAGE, width=300, height=300), Use.FEED_IMAGE))

    assert (problem.field, problem.severity) == ("width", "warning")
    assert "300 px" in problem.message
    assert "320 px" in problem.message


@pytest.mark.parametrize("use", [Use.STORY_IMAGE, Use.REEL_COVER])
def test_a_shape_that_is_only_advised_is_a_warning(use: Use) -> None:
    problem = only(check(IMAGE, use))

    assert (problem.field, problem.severity) == ("ratio", "warning")
    assert "9:16" in problem.message


@pytest.mark.parametrize(
    ("use", "changes", "field"),
    [
        (Use.REEL, {"format": "MATROSKA"}, "format"),
        (Use.REEL, {"size_bytes": 301 * MEBIBYTE}, "size"),
        (Use.STORY_VIDEO, {"size_bytes": 101 * MEBIBYTE}, "size"),
        (Use.REEL, {"width": 2160, "height": 3840}, "width"),
        (Use.REEL, {"duration_s": 2.5}, "duration"),
        (Use.REEL, {"duration_s": 901.0}, "duration"),
        (Use.STORY_VIDEO, {"duration_s": 61.0}, "duration"),
        (Use.REEL, {"video_codec": "vp9"}, "video_codec"),
        (Use.REEL, {"fps": 15.0}, "fps"),
        (Use.REEL, {"fps": 120.0}, "fps"),
        (Use.REEL, {"bitrate_bps": 26_000_000}, "bitrate"),
        (Use.REEL, {"pixel_format": "yuv444p"}, "pixel_format"),
        (Use.REEL, {"is_interlaced": True}, "interlacing"),
        (Use.REEL, {"audio_codec": "opus"}, "audio_codec"),
        (Use.REEL, {"audio_rate_hz": 96_000}, "audio_rate"),
        (Use.REEL, {"audio_channels": 6}, "audio_channels"),
        (Use.REEL, {"moov_first": False}, "moov"),
        (Use.CAROUSEL_VIDEO, {"video_codec": "vp9"}, "video_codec"),
    ],
)
def test_a_documented_limit_is_an_error(use: Use, changes: dict[str, Any], field: str) -> None:
    problem = only(check(replace(SQUARE if use is Use.CAROUSEL_VIDEO else VIDEO, **changes), use))

    assert (problem.field, problem.severity) == (field, "error")
    assert ":" in problem.message


@pytest.mark.parametrize(
    ("use", "changes"),
    [
        (Use.REEL, {"duration_s": 3.0}),
        (Use.REEL, {"duration_s": 2.97}),
        (Use.REEL, {"duration_s": 900.0}),
        (Use.STORY_VIDEO, {"duration_s": 60.03}),
        (Use.REEL, {"fps": 24000 / 1001}),
        (Use.REEL, {"fps": 60000 / 1001}),
        (Use.REEL, {"audio_codec": None, "audio_rate_hz": None, "audio_channels": None}),
        (Use.REEL, {"pixel_format": "yuv420p10le", "video_codec": "hevc"}),
        (Use.REEL, {"width": 1920, "height": 1080, "orientation": 6}),
        (Use.REEL, {"format": "MOV"}),
    ],
)
def test_what_is_at_a_limit_passes(use: Use, changes: dict[str, Any]) -> None:
    assert check(replace(VIDEO, **changes), use) == ()


@pytest.mark.parametrize(
    "changes", [{"duration_s": 1.0}, {"size_bytes": 301 * MEBIBYTE}, {"width": 2000, "height": 2000}]
)
def test_videos_of_carousels_keep_the_limits_of_reels(changes: dict[str, Any]) -> None:
    assert [p.severity for p in check(replace(SQUARE, **changes), Use.CAROUSEL_VIDEO)] == ["error"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"duration_s": 60.0}, None),
        ({"duration_s": 70.0}, "duration"),
        ({"width": 1080, "height": 1440}, None),
        ({"width": 1080, "height": 1442}, "ratio"),
        ({"width": 480, "height": 1920}, "ratio"),
        ({"width": 1920, "height": 1080}, None),
        ({"width": 1920, "height": 1078}, "ratio"),
    ],
)
def test_what_vendors_say_of_videos_of_carousels_is_a_warning(changes: dict[str, Any], field: str | None) -> None:
    problems = check(replace(SQUARE, **changes), Use.CAROUSEL_VIDEO)

    assert [(p.field, p.severity) for p in problems] == ([(field, "warning")] if field else [])
    assert all("vendors report" in p.message for p in problems)


def test_an_unknown_length_is_refused() -> None:
    problem = only(check(replace(VIDEO, duration_s=None), Use.REEL))

    assert (problem.field, problem.severity) == ("duration", "error")


def test_all_problems_come_at_once() -> None:
    bad = replace(VIDEO, duration_s=1.0, video_codec="vp9", audio_codec="opus", moov_first=False)

    assert {p.field for p in check(bad, Use.REEL)} == {"duration", "video_codec", "audio_codec", "moov"}


@pytest.mark.parametrize(
    ("found", "use"), [(VIDEO, Use.FEED_IMAGE), (IMAGE, Use.REEL), (VIDEO, Use.REEL_COVER), (IMAGE, Use.STORY_VIDEO)]
)
def test_the_wrong_kind_is_the_only_problem_told(found: Probe, use: Use) -> None:
    problem = only(check(found, use))

    assert (problem.field, problem.severity) == ("kind", "error")


@pytest.mark.parametrize(
    ("post_type", "kind", "use"),
    [
        ("image", "image", Use.FEED_IMAGE),
        ("image", "video", Use.FEED_IMAGE),
        ("reel", "video", Use.REEL),
        ("reel", "image", Use.REEL),
        ("story", "image", Use.STORY_IMAGE),
        ("story", "video", Use.STORY_VIDEO),
        ("carousel", "image", Use.CAROUSEL_IMAGE),
        ("carousel", "video", Use.CAROUSEL_VIDEO),
    ],
)
def test_what_a_file_serves_as(post_type: str, kind: Any, use: Use) -> None:
    assert use_for(post_type, kind) is use


def test_an_unknown_post_type_is_refused() -> None:
    with pytest.raises(Invalid, match="unknown post type 'igtv'"):
        use_for("igtv", "video")


@pytest.mark.parametrize(
    ("post_type", "count", "fits"),
    [
        ("image", 1, True),
        ("image", 2, False),
        ("reel", 0, False),
        ("carousel", 1, False),
        ("carousel", 2, True),
        ("carousel", 10, True),
        ("carousel", 11, False),
        ("story", 3, True),
        ("story", 0, False),
    ],
)
def test_how_many_files_a_type_takes(post_type: str, count: int, fits: bool) -> None:
    problems = check_together(post_type, [IMAGE] * count)

    assert not [p for p in problems if p.severity == "error"] if fits else only(problems).severity == "error"


def test_a_carousel_of_different_shapes_is_a_warning() -> None:
    problem = only(check_together("carousel", [IMAGE, VIDEO]))

    assert problem.severity == "warning"
    assert "0.80:1" in problem.message


def test_every_use_has_limits() -> None:
    assert set(LIMITS) == set(Use)
