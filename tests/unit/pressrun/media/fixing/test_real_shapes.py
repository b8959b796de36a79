"""Files as phones, cameras, designers and the web make them, made here by ffmpeg and ImageMagick."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import av
import pillow_heif
import pytest
from PIL import Image

from pressrun.media.fixing.told import Made
from pressrun.media.probe import probe
from pressrun.media.rules import Use
from tests.support.tools import require
from tests.unit.pressrun.media.fixing.judging import delta_e, fields, fixed

_PICTURE = "testsrc=s={size}:r={rate}:d=3.2"
_SOUND = "sine=f=440:r=48000:d=3.2"
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str) -> None:
    program = require("ffmpeg", "ffmpeg")
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True, capture_output=True, timeout=60)


def convert(*arguments: str) -> None:
    subprocess.run([require("convert", "imagemagick"), *arguments], check=True, capture_output=True, timeout=60)


def clip(path: Path, *arguments: str, size: str = "160x284", rate: int = 30, sound: bool = True) -> Path:
    heard = ("-f", "lavfi", "-i", _SOUND) if sound else ()
    ffmpeg("-f", "lavfi", "-i", _PICTURE.format(size=size, rate=rate), *heard, *arguments, str(path))
    return path


def frame_at(path: Path, at_s: float) -> Image.Image:
    """What ffmpeg's own program shows then, turned as the file says."""
    shot = path.with_suffix(".frame.png")
    ffmpeg("-ss", str(at_s), "-i", str(path), "-frames:v", "1", str(shot))
    with Image.open(shot) as shown:
        return shown.convert("RGB")


def lasts_as_long(target: Path, source: Path) -> bool:
    before, after = probe(source), probe(target)
    assert before.duration_s is not None
    assert after.duration_s is not None
    return abs(before.duration_s - after.duration_s) <= 1 / 23


def looks_like(target: Path, source: Path, *, at_s: float = 1.5) -> bool:
    """Whether both show the same, on the whole, as ffmpeg decodes them."""
    one, other = frame_at(target, at_s), frame_at(source, at_s)
    assert one.size == other.size
    small = [picture.resize((4, 7), Image.Resampling.BOX) for picture in (one, other)]
    pairs = zip(_pixels(small[0]), _pixels(small[1]), strict=True)
    return all(delta_e(here, there) <= 3 for here, there in pairs)


def _pixels(picture: Image.Image) -> list[tuple[int, ...]]:
    data = picture.tobytes()
    return [tuple(data[at : at + 3]) for at in range(0, len(data), 3)]


def of(made: Made, field: str) -> list[str]:
    return [change.before for change in made.changes if change.field == field]


@pytest.mark.needs("ffmpeg", "ffmpeg")
class TestVideos:
    def test_a_phones_mov_turned_and_with_an_edit_list(self, tmp_path: Path) -> None:
        upright = clip(tmp_path / "upright.mp4", *_X264, "-bf", "2", "-c:a", "aac", size="284x160")
        source = tmp_path / "IMG_0001.MOV"
        ffmpeg("-i", str(upright), "-c", "copy", "-metadata:s:v", "rotate=90", str(source))
        assert probe(source).orientation not in (None, 1)

        target, made = fixed(source, Use.REEL)

        assert {"orientation", "edit_list"} <= set(fields(made))
        assert (made.after.width, made.after.height) == (160, 284)
        assert lasts_as_long(target, source)
        assert looks_like(target, source)

    def test_a_beginning_that_an_edit_list_hides(self, tmp_path: Path) -> None:
        whole = clip(tmp_path / "whole.mp4", *_X264, "-g", "90", "-c:a", "aac", size="160x284")
        ffmpeg("-stream_loop", "1", "-i", str(whole), "-c", "copy", str(tmp_path / "twice.mp4"))
        source = tmp_path / "cut.mp4"
        ffmpeg("-ss", "1.3", "-i", str(tmp_path / "twice.mp4"), "-c", "copy", str(source))

        target, made = fixed(source, Use.REEL)

        assert "edit_list" in fields(made)
        assert looks_like(target, source)

    def test_a_screen_recording_of_variable_rate(self, tmp_path: Path) -> None:
        drop = "select='not(mod(n,3)*between(n,20,70))'"
        source = clip(tmp_path / "screen.mp4", "-vf", drop, "-vsync", "vfr", *_X264, "-c:a", "aac")

        target, made = fixed(source, Use.REEL)

        assert of(made, "fps") == ["a variable frame rate"]
        assert lasts_as_long(target, source)

    def test_hdr10_is_mapped_down(self, tmp_path: Path) -> None:
        """A grey of 58 % PQ is the white of 203 nits; the eye of the standard screen sees it just below white."""
        grey = "color=c=0x949494:s=160x284:r=30:d=3.1,format=yuv420p10le"
        tags = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
        told = "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
        source = tmp_path / "hdr.mp4"
        coded = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", told, "-tag:v", "hvc1")
        ffmpeg("-f", "lavfi", "-i", grey, *coded, *tags, str(source))

        target, made = fixed(source, Use.REEL)

        assert of(made, "hdr") == ["HDR (PQ)"]
        after = probe(target)
        assert (after.video_codec, after.pixel_format, after.hdr) == ("h264", "yuv420p", None)
        with av.open(target) as container:
            context = container.streams.video[0].codec_context
            assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        red, green, blue = _pixels(frame_at(target, 1.0))[0]
        assert 225 <= green <= 252
        assert max(red, green, blue) - min(red, green, blue) <= 3

    def test_five_channels_and_one_become_stereo(self, tmp_path: Path) -> None:
        source = clip(tmp_path / "surround.mp4", *_X264, "-c:a", "aac", "-ac", "6", "-movflags", "+faststart")

        target, made = fixed(source, Use.REEL)

        assert of(made, "audio_channels") == ["6 channels"]
        assert probe(target).audio_channels == 2
        assert lasts_as_long(target, source)

    def test_no_sound_stays_no_sound(self, tmp_path: Path) -> None:
        target, made = fixed(clip(tmp_path / "mute.mov", *_X264, sound=False), Use.REEL)

        assert probe(target).audio_codec is None
        assert "the video has no sound" in made.notes

    def test_odd_sizes(self, tmp_path: Path) -> None:
        quick = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
        source = clip(tmp_path / "odd.webm", *quick, size="161x285")

        target, made = fixed(source, Use.REEL)

        assert (made.after.width % 2, made.after.height % 2) == (0, 0)
        assert lasts_as_long(target, source)

    def test_a_fragmented_mp4(self, tmp_path: Path) -> None:
        flags = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "30")
        source = clip(tmp_path / "stream.mp4", *_X264, "-c:a", "aac", *flags)

        target, made = fixed(source, Use.REEL)

        assert "fragments" in fields(made)
        assert looks_like(target, source)

    def test_a_cameras_interlaced_video(self, tmp_path: Path) -> None:
        inter = ("-vf", "tinterlace=interleave_top", "-flags", "+ildct+ilme", "-c:v", "mpeg2video", "-b:v", "2M")
        source = clip(tmp_path / "camera.avi", *inter, "-c:a", "pcm_s16le", size="160x284", rate=50)

        target, made = fixed(source, Use.REEL)

        assert {"interlacing", "video_codec", "audio_codec", "format"} <= set(fields(made))
        assert probe(target).is_interlaced is False

    def test_pixels_that_are_not_square(self, tmp_path: Path) -> None:
        source = clip(tmp_path / "pal.mp4", "-vf", "setsar=16/15", *_X264, "-c:a", "aac", size="180x144")

        _, made = fixed(source, Use.REEL)

        assert of(made, "width") == ["pixels of 16:15"]
        assert (made.after.width, made.after.height) == (192, 144)


@pytest.mark.needs("convert", "imagemagick")
class TestPictures:
    def test_a_progressive_jpeg_stays(self, tmp_path: Path) -> None:
        source = tmp_path / "web.jpg"
        convert("-size", "400x400", "gradient:red-blue", "-interlace", "JPEG", str(source))

        target, made = fixed(source, Use.FEED_IMAGE)

        assert made.changes == ()
        assert target.read_bytes() == source.read_bytes()

    def test_a_cmyk_jpeg_has_the_colours_that_it_had(self, tmp_path: Path) -> None:
        source = tmp_path / "print.jpg"
        convert("-size", "400x400", "xc:rgb(180,90,40)", "-colorspace", "CMYK", "-quality", "95", str(source))

        target, made = fixed(source, Use.FEED_IMAGE)

        assert of(made, "colour") == ["CMYK"]
        with Image.open(target) as shown:
            pixel: Any = shown.getpixel((200, 200))
        assert delta_e(pixel, (180, 90, 40)) <= 3

    def test_sixteen_bits_with_alpha(self, tmp_path: Path) -> None:
        source = tmp_path / "deep.png"
        convert("-size", "400x400", "xc:rgba(180,90,40,0.5)", "-depth", "16", f"PNG64:{source}")

        target, made = fixed(source, Use.FEED_IMAGE, pad_color="#000000")

        assert "transparency" in fields(made)
        with Image.open(target) as shown:
            pixel: Any = shown.getpixel((200, 200))
        assert delta_e(pixel, (90, 45, 20)) <= 3

    def test_sixteen_bits_of_grey_in_a_tiff(self, tmp_path: Path) -> None:
        source = tmp_path / "scan.tif"
        convert("-size", "400x400", "xc:gray(50%)", "-colorspace", "Gray", "-depth", "16", str(source))

        target, _ = fixed(source, Use.FEED_IMAGE)

        with Image.open(target) as shown:
            pixel: Any = shown.getpixel((200, 200))
        assert delta_e(pixel, (128, 128, 128)) <= 3

    def test_an_animated_webp(self, tmp_path: Path) -> None:
        frames = [tmp_path / "1.png", tmp_path / "2.png"]
        for frame, colour in zip(frames, ("rgb(180,90,40)", "blue"), strict=True):
            convert("-size", "400x400", f"xc:{colour}", str(frame))
        source = tmp_path / "moving.webp"
        convert("-delay", "20", *map(str, frames), "-define", "webp:lossless=true", str(source))

        target, made = fixed(source, Use.FEED_IMAGE)

        assert of(made, "frames") == ["2 frames"]
        with Image.open(target) as shown:
            pixel: Any = shown.getpixel((200, 200))
        assert delta_e(pixel, (180, 90, 40)) <= 3

    def test_a_heic_with_orientation(self, tmp_path: Path) -> None:
        plain, source = tmp_path / "plain.png", tmp_path / "IMG_0002.HEIC"
        convert("-size", "400x300", "gradient:red-blue", str(plain))
        exif = Image.Exif()
        exif[0x0112] = 6
        with Image.open(plain) as picture:
            pillow_heif.from_pillow(picture.convert("RGB")).save(source, quality=95, exif=exif.tobytes())

        target, made = fixed(source, Use.STORY_IMAGE)

        assert (made.after.width, made.after.height) == (320, 427)  # 300x400 enlarged
        with Image.open(target) as shown:
            left: Any = shown.getpixel((8, 200))
            right: Any = shown.getpixel((311, 200))
        assert left[2] > left[0]
        assert right[0] > right[2]
