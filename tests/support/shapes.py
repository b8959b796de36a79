"""Files as people have them: what phones, cameras, designers and the web give, made by Pillow and Debian's ffmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.tools import require

_PICTURE = "testsrc2=size={size}:rate={rate}:duration=4"
_SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=4")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_AAC = ("-c:a", "aac")
_PQ = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1")

FEW = ("alpha.png", "phone.heic", "phone.mov", "silent.mp4")
"""Enough to see each kind of work: another format, a turn, an index; on each of two logins a picture and a video."""


def make(folder: Path, names: tuple[str, ...] | None = None) -> dict[str, Path]:
    """These files (all thirty), by name; each is like no other, so that none is taken for another's second copy."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for number, (name, write) in enumerate({**PICTURES, **VIDEOS}.items()):
        if names is None or name in names:
            write(folder / name, number)
            made[name] = folder / name
    return made


def is_video(name: str) -> bool:
    return name in VIDEOS


def _picture(number: int, width: int = 480, height: int = 480) -> Image.Image:
    """A smooth field of colours that no other number has."""
    small = Image.new("RGB", (4, 4))
    for place in range(16):
        mixed = (number * 97 + place * 61) * 2_654_435_761 & 0xFFFFFF
        small.putpixel((place % 4, place // 4), (mixed >> 16, mixed >> 8 & 255, mixed & 255))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def _plain(mode: str = "RGB", size: tuple[int, int] = (480, 480), **how: Any) -> Callable[[Path, int], None]:
    def write(path: Path, number: int) -> None:
        _picture(number, *size).convert(mode).save(path, **how)

    return write


def _alpha(path: Path, number: int) -> None:
    picture = _picture(number).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(path)


def _sixteen_bits(path: Path, number: int) -> None:
    Image.new("I;16", (400, 400), 20_000 + number * 500).save(path)


def _moving(path: Path, number: int) -> None:
    first, *rest = [_picture(number + step) for step in (0, 100, 200)]
    first.save(path, save_all=True, append_images=rest)


def _turned(path: Path, number: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (59.0, 54.0, 0.0)})
    _picture(number, 600, 450).save(path, exif=exif)


def _heic(path: Path, number: int) -> None:
    import pillow_heif

    pillow_heif.from_pillow(_picture(number, 800, 600)).save(path, quality=60)


def _video(*how: str, size: str = "180x320", rate: int = 25, sound: bool = True) -> Callable[[Path, int], None]:
    def write(path: Path, number: int) -> None:
        picture = _PICTURE.format(size=size, rate=rate) + f",hue=h={number * 17}"
        _ffmpeg("-f", "lavfi", "-i", picture, *(_SOUND if sound else ()), *how, "-shortest", str(path))

    return write


def _phone(path: Path, number: int) -> None:
    upright = path.with_name("upright.mov")
    _video(*_H264, *_AAC, size="320x180", rate=30)(upright, number)
    _ffmpeg("-i", str(upright), "-c", "copy", "-metadata:s:v", "rotate=90", str(path))
    upright.unlink()


def _ffmpeg(*arguments: str) -> None:
    command = [require("ffmpeg", "ffmpeg"), "-v", "error", "-y", "-threads", "1", *arguments]
    subprocess.run(command, check=True, capture_output=True)


PICTURES: Mapping[str, Callable[[Path, int], None]] = {
    "alpha.png": _alpha,
    "grey.png": _plain("L"),
    "palette.png": _plain("P"),
    "sixteen.png": _sixteen_bits,
    "web.webp": _plain(quality=80),
    "moving.webp": _moving,
    "moving.gif": _moving,
    "next.avif": _plain(),
    "phone.heic": _heic,
    "print.jpg": _plain("CMYK"),
    "progressive.jpg": _plain(progressive=True),
    "turned.jpg": _turned,
    "tiny.jpg": _plain(size=(200, 200)),
    "wide.jpg": _plain(size=(1500, 500)),
    "tall.jpg": _plain(size=(500, 1500)),
    "scan.tiff": _plain(compression="tiff_lzw"),
    "old.bmp": _plain(),
    "right.jpg": _plain(),
}
VIDEOS: Mapping[str, Callable[[Path, int], None]] = {
    "phone.mov": _phone,
    "variable.mp4": _video("-vf", "select='not(mod(n,3))+lt(n,30)'", "-vsync", "vfr", *_H264, rate=30, sound=False),
    "hdr10.mp4": _video(*_HEVC, "-pix_fmt", "yuv420p10le", *_PQ, sound=False),
    "surround.mp4": _video(*_H264, *_AAC, "-ac", "6"),
    "silent.mp4": _video(*_H264, sound=False),
    "odd.mp4": _video("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p", *_AAC, size="181x321"),
    "fragments.mp4": _video(*_H264, *_AAC, "-movflags", "frag_keyframe+empty_moov"),
    "interlaced.mp4": _video(*_H264, "-flags", "+ilme+ildct", "-x264opts", "interlaced=1", sound=False),
    "screen.webm": _video("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"),
    "film.mkv": _video(*_H264, "-c:a", "libmp3lame"),
    "slow.avi": _video("-c:v", "mpeg4", rate=15, sound=False),
    "fast.mov": _video(*_H264, *_AAC, rate=90),
}
