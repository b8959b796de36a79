"""The media specification of graph-api.md §2.2, at its edges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.media.checks import MIB, STRICT, ImageFacts, Strictness, VideoFacts, image_problem, video_problem
from simulator.world.records import Kind

GOOD = VideoFacts("mp4", "h264", 1080, 1920, 30.0, 30.0, "yuv420p", "aac", 48_000, 2)


@pytest.mark.parametrize(
    ("kind", "facts", "size", "subcode"),
    [
        (Kind.IMAGE, ImageFacts("JPEG", 800, 1000), 8 * MIB, None),
        (Kind.IMAGE, ImageFacts("JPEG", 1910, 1000), 1, None),
        (Kind.IMAGE, ImageFacts("JPEG", 799, 1000), 1, 2207009),
        (Kind.IMAGE, ImageFacts("JPEG", 1911, 1000), 1, 2207009),
        (Kind.IMAGE, ImageFacts("JPEG", 5000, 5000), 1, None),  # rescaled
        (Kind.IMAGE, ImageFacts("JPEG", 1, 1), 8 * MIB + 1, 2207004),
        (Kind.CHILD_IMAGE, ImageFacts("JPEG", 799, 1000), 1, 2207009),
        (Kind.STORY_IMAGE, ImageFacts("JPEG", 1, 1000), 1, None),
        (Kind.STORY_IMAGE, ImageFacts("MPO", 9, 16), 1, 2207005),
        (Kind.IMAGE, ImageFacts("PNG", 1, 1), 1, 2207005),
        (Kind.IMAGE, ImageFacts(None, 0, 0), 1, 2207052),
    ],
)
def test_images(kind: Kind, facts: ImageFacts, size: int, subcode: int | None) -> None:
    problem = image_problem(kind, facts, size)

    assert (problem.subcode if problem else None) == subcode


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"container": "mov"}, True),
        ({"container": None}, False),
        ({"codec": "hevc"}, True),
        ({"codec": "vp9"}, False),
        ({"is_moov_first": False}, False),
        ({"pixel_format": "yuv444p"}, False),
        ({"audio_codec": None}, True),
        ({"audio_codec": "mp3"}, False),
        ({"audio_rate": 96_000}, False),
        ({"audio_channels": 6}, False),
        ({"width": 1920, "height": 1080}, True),
        ({"width": 1921}, False),
        ({"duration_s": 3.0}, True),
        ({"duration_s": 2.9}, False),
        ({"duration_s": 900.0}, True),
        ({"duration_s": 901.0}, False),
        ({"fps": 23.0}, True),
        ({"fps": 22.0}, False),
        ({"fps": 60.0}, True),
        ({"fps": 61.0}, False),
        ({"fps": 60.04}, True),
        ({"fps": 60.08}, False),
        ({"bitrate": 25e6}, True),
        ({"bitrate": 25e6 + 1}, False),
        ({"is_interlaced": True}, False),
        ({"columns": 1921}, False),
        ({"has_edit_list": True, "has_open_groups": True}, True),
        ({"width": 10, "height": 1000}, True),
        ({"width": 10, "height": 1001}, False),
        ({"width": 1000, "height": 99}, False),
    ],
)
def test_reels(change: dict[str, Any], good: bool) -> None:
    assert video_problem(Kind.REEL, replace(GOOD, **change), 1, {}) == (None if good else 2207026)


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"duration_s": 60.0}, True),
        ({"duration_s": 61.0}, False),
        ({"duration_s": 2.0}, False),
        ({"width": 100, "height": 1000}, True),
        ({"width": 99, "height": 1000}, False),
    ],
)
def test_story_videos(change: dict[str, Any], good: bool) -> None:
    assert video_problem(Kind.STORY_VIDEO, replace(GOOD, **change), 1, {}) == (None if good else 2207026)


@pytest.mark.parametrize(("kind", "most"), [(Kind.REEL, 300 * MIB), (Kind.STORY_VIDEO, 100 * MIB)])
def test_the_largest_videos(kind: Kind, most: int) -> None:
    assert video_problem(kind, GOOD, most, {}) is None
    assert video_problem(kind, GOOD, most + 1, {}) == 2207026


@pytest.mark.parametrize("change", [{"has_edit_list": True}, {"has_open_groups": True}])
def test_what_phones_write_is_refused_by_the_letter_alone(change: dict[str, Any]) -> None:
    assert video_problem(Kind.REEL, replace(GOOD, **change), 1, {}) is None
    assert video_problem(Kind.REEL, replace(GOOD, **change), 1, {}, STRICT) == 2207026


def test_a_cover_lies_within_the_video() -> None:
    assert video_problem(Kind.REEL, GOOD, 1, {"thumb_offset": 30_000}) is None
    assert video_problem(Kind.REEL, GOOD, 1, {"thumb_offset": 30_001}) == 2207057


@pytest.mark.parametrize(
    ("facts", "size", "is_within"),
    [
        ({"duration_s": 60.0, "width": 1080, "height": 1440}, 1, True),
        ({"duration_s": 61.0, "width": 1080, "height": 1440}, 1, False),
        ({"width": 1080, "height": 1441}, 1, False),
        ({"width": 1920, "height": 1080}, 1, True),
        ({"width": 1920, "height": 1070}, 1, False),
    ],
)
def test_videos_in_carousels_are_free_unless_held_to_what_vendors_say(
    facts: dict[str, Any], size: int, is_within: bool
) -> None:
    found = replace(GOOD, **facts)

    assert video_problem(Kind.CHILD_VIDEO, found, size, {}) is None
    limited = video_problem(Kind.CHILD_VIDEO, found, size, {}, Strictness(is_child_limited=True))
    assert limited == (None if is_within else 2207026)


@pytest.mark.parametrize(
    ("sound", "audio", "subcode"),
    [
        (None, {"audio_id": "1"}, 2207082),
        (None, {"audio_id": "1", "video_volume": 30}, 2207082),
        (None, {"audio_id": "1", "video_volume": 0}, None),
        ("aac", {"audio_id": "1", "video_volume": 30}, None),
        (None, None, None),
    ],
)
def test_a_video_without_sound_cannot_be_mixed_with_music(
    sound: str | None, audio: dict[str, Any] | None, subcode: int | None
) -> None:
    params = {"audio_configuration": audio} if audio else {}

    assert video_problem(Kind.REEL, replace(GOOD, audio_codec=sound), 1, params) == subcode
