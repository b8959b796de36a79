"""What can be wrong with media, each under a stable name: the `type` of a problem, for programs.

The names are a contract with those who read problem documents: never rename one. docs/api.md tells the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAULTS: Final[Mapping[str, str]] = {
    "media.kind": "a picture where a video belongs, or the other way round",
    "media.format": "a format that is not taken; `fix` makes another of it",
    "media.size": "more bytes than are taken",
    "media.ratio": "too tall or too wide; or neither pad nor crop",
    "media.width": "more or fewer pixels than are taken",
    "media.orientation": "stored turned",
    "media.duration": "too short or too long, or of no known length",
    "media.video_codec": "pictures in another codec than H.264 or HEVC",
    "media.fps": "frames a second outside 23 to 60",
    "media.bitrate": "more than 25 Mbit/s",
    "media.pixel_format": "colours that are not sampled 4:2:0",
    "media.hdr": "HDR",
    "media.interlacing": "interlaced",
    "media.audio_codec": "sound that is not AAC",
    "media.audio_rate": "sound of more than 48 kHz",
    "media.audio_channels": "more than two channels of sound",
    "media.moov": "the index stands after the data",
    "media.fragments": "fragmented",
    "media.edit_list": "with an edit list",
    "media.count": "more or fewer files than the type takes",
    "media.shapes": "items of a carousel that differ in shape",
    "media.unreadable": "no media, damaged, empty, or no file at all",
    "media.not_kept": "no kept file has that content",
    "media.not_here": "a path of a machine that is not the caller's",
    "media.no_room": "the media store takes no file",
    "media.unreachable": "the address cannot be fetched",
    "media.content_type": "the server calls the file something else",
    "media.range": "the server gives no part of a file",
    "media.ends": "the address ends before the post is due",
    "media.no_way": "Instagram cannot get a kept file from here",
    "media.cannot_fix": "it was tried, and cannot be made right",
    "media.late": "it can hardly be made right in time",
    "media.cover_at": "a frame that the video does not have, or a second cover",
    "media.repeated": "it looks like what was posted within 90 days",
    "media.hidden": "the grid of the profile hides much of it",
    "media.use": "made for something that there is not",
    "media.focus": "no point of a picture",
    "media.colour": "no colour",
    "media.fix": "a way of making right that there is not",
}
"""Type → what is wrong."""


def fault_of(field: str) -> str:
    """The type of what the rules find wrong with that property of a file."""
    return f"media.{field}"
