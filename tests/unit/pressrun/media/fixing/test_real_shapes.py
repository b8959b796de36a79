"""Files as phones, cameras, designers and the web make them, made here by ffmpeg and ImageMagick."""

from __future__ import annotations

import ctypes
import itertools
import struct
import subprocess
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import av
import PIL
import pillow_heif
import pytest
from PIL import Image

from pressrun.media.fixing.told import Made
from pressrun.media.probe import probe
from pressrun.media.rules import Use
from tests.support.tools import require
from tests.unit.pressrun.media.fixing.judging import delta_e, fields, fixed, flash_and_click, hue

_FLASH_S = 2.0
_FLASH = "drawbox=c=white:t=fill:enable='between(t,1.99,2.01)'"
_PICTURE = f"testsrc=s={{size}}:r={{rate}}:d=3.2,{_FLASH}"
_SOUND = f"aevalsrc='0.6*sin(6283*t)*between(t,{_FLASH_S},{_FLASH_S + 0.01})':s=48000:d=3.2"
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str) -> None:
    program = require("ffmpeg", "ffmpeg")
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True, capture_output=True, timeout=120)


def convert(*arguments: str) -> None:
    subprocess.run([require("convert", "imagemagick"), *arguments], check=True, capture_output=True, timeout=120)


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
    assert None not in (before.duration_s, after.duration_s, after.fps)
    return abs((before.duration_s or 0) - (after.duration_s or 0)) <= 1 / (after.fps or 1) + 0.001


def stays_together(target: Path) -> bool:
    """Whether the flash is shown when it was, within a frame, and the click is heard with it."""
    flash, click = flash_and_click(target)
    assert abs(flash - _FLASH_S) <= 1 / (probe(target).fps or 1)
    return round(abs(click - flash), 3) <= 0.040


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
        assert stays_together(target)
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
        assert stays_together(target)

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

    def test_hdr10_keeps_its_hues(self, tmp_path: Path) -> None:
        colours = [(190, 60, 50), (60, 170, 70), (50, 70, 180), (190, 170, 60), (60, 160, 180), (170, 70, 170)]
        source = tmp_path / "hdr.mp4"
        _hdr10(source, colours)

        target, _ = fixed(source, Use.REEL)

        shown = frame_at(target, 1.0)
        for place, colour in enumerate(colours):
            seen: Any = shown.getpixel((place * 32 + 16, 100))
            turned = abs(hue(seen) - hue(colour))
            assert min(turned, 360 - turned) <= 5, (colour, seen)
            assert delta_e(seen, colour) <= 8, (colour, seen)

    def test_five_channels_and_one_become_stereo(self, tmp_path: Path) -> None:
        source = clip(tmp_path / "surround.mp4", *_X264, "-c:a", "aac", "-ac", "6", "-movflags", "+faststart")

        target, made = fixed(source, Use.REEL)

        assert of(made, "audio_channels") == ["6 channels"]
        assert probe(target).audio_channels == 2
        assert lasts_as_long(target, source)
        assert stays_together(target)

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
        assert stays_together(target)

    def test_a_fragmented_mp4(self, tmp_path: Path) -> None:
        flags = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "30")
        source = clip(tmp_path / "stream.mp4", *_X264, "-c:a", "aac", *flags)

        target, made = fixed(source, Use.REEL)

        assert "fragments" in fields(made)
        assert lasts_as_long(target, source)
        assert stays_together(target)
        assert looks_like(target, source)

    def test_a_cameras_interlaced_video(self, tmp_path: Path) -> None:
        inter = ("-vf", "tinterlace=interleave_top", "-flags", "+ildct+ilme", "-c:v", "mpeg2video", "-b:v", "2M")
        source = clip(tmp_path / "camera.avi", *inter, "-c:a", "pcm_s16le", size="160x284", rate=50)

        target, made = fixed(source, Use.REEL)

        assert {"interlacing", "video_codec", "audio_codec", "format"} <= set(fields(made))
        assert probe(target).is_interlaced is False
        assert lasts_as_long(target, source)
        assert stays_together(target)

    def test_pixels_that_are_not_square(self, tmp_path: Path) -> None:
        source = clip(tmp_path / "pal.mp4", "-vf", "setsar=16/15", *_X264, "-c:a", "aac", size="180x144")

        _, made = fixed(source, Use.REEL)

        assert of(made, "width") == ["pixels of 16:15"]
        assert (made.after.width, made.after.height) == (192, 144)


def _hdr10(path: Path, colours: list[tuple[int, int, int]]) -> None:
    """Bars of these colours of BT.709, 32 pixels wide, as BT.2020 under PQ with white at 203 nits (ITU-R BT.2100)."""
    size = (32 * len(colours), 320)
    bars = [_in_pq(colour) for colour in colours]
    with av.open(path, "w", format="mp4") as container:
        options = {"preset": "ultrafast", "x265-params": "log-level=none:crf=10"}
        stream: Any = container.add_stream("libx265", rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 16, 9, 1
        for number in range(75):
            frame = av.VideoFrame(*size, "yuv420p10le")
            for channel, plane in enumerate(frame.planes):
                wide, high = (32, size[1]) if channel == 0 else (16, size[1] // 2)
                line = b"".join(struct.pack("<H", bar[channel]) * wide for bar in bars)
                plane.update(line.ljust(plane.line_size, b"\0") * high)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _in_pq(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """The codes of 10 bits, narrow range."""
    light = [(value / 255) ** 2.4 for value in colour]
    wide = [sum(a * b for a, b in zip(row, light, strict=True)) for row in _TO_2020]
    red, green, blue = (_pq(one * 203 / 10_000) for one in wide)
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    reds, blues = (red - luma) / 1.4746, (blue - luma) / 1.8814
    return round(64 + 876 * luma), round(512 + 896 * blues), round(512 + 896 * reds)


def _pq(light: float) -> float:
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    raised = max(light, 0.0) ** m1
    shown: float = ((c1 + c2 * raised) / (1 + c3 * raised)) ** m2
    return shown


_TO_2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))


class _Point(ctypes.Structure):
    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double), ("luminance", ctypes.c_double))


def adobe_rgb() -> bytes:
    """A profile of Adobe RGB (1998) as LittleCMS writes it: of version 2, with a gamma and an adapted white."""
    beside = Path(PIL.__file__).parents[1] / "pillow.libs"
    name = next((str(one) for one in beside.glob("liblcms2*")), None) or find_library("lcms2")
    assert name, "neither Pillow's wheel nor Debian's liblcms2-2 is there"
    lcms = ctypes.CDLL(name)
    for function in (lcms.cmsBuildGamma, lcms.cmsCreateRGBProfile):
        function.restype = ctypes.c_void_p
    white = _Point(0.3127, 0.3290, 1.0)
    primaries = (_Point * 3)(_Point(0.64, 0.33, 1), _Point(0.21, 0.71, 1), _Point(0.15, 0.06, 1))
    gamma = ctypes.c_void_p(lcms.cmsBuildGamma(None, ctypes.c_double(563 / 256)))
    made = lcms.cmsCreateRGBProfile(ctypes.byref(white), ctypes.byref(primaries), (ctypes.c_void_p * 3)(*[gamma] * 3))
    profile = ctypes.c_void_p(made)
    lcms.cmsSetProfileVersion(profile, ctypes.c_double(2.1))
    size = ctypes.c_uint32(0)
    assert lcms.cmsSaveProfileToMem(profile, None, ctypes.byref(size))
    data = ctypes.create_string_buffer(size.value)
    assert lcms.cmsSaveProfileToMem(profile, data, ctypes.byref(size))
    lcms.cmsCloseProfile(profile)
    lcms.cmsFreeToneCurve(gamma)
    return data.raw


def _adobe_of(colour: tuple[int, int, int]) -> tuple[int, ...]:
    """The codes of a colour of sRGB in Adobe RGB, by the matrices of both standards under D65."""
    straight = [value / 255 for value in colour]
    light = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in straight]
    to_adobe = ((0.71513, 0.28487, 0.0), (0.0, 1.0, 0.0), (0.0, 0.04116, 0.95884))
    wide = [sum(a * b for a, b in zip(row, light, strict=True)) for row in to_adobe]
    return tuple(round(255 * max(one, 0.0) ** (256 / 563)) for one in wide)


def is_as(target: Path, original: Image.Image, *, most: float = 3.0) -> bool:
    """Whether it has the colours of the original all over, wherever the middles of sixteen by sixteen fields fall."""
    with Image.open(target) as shown:
        there = shown.convert("RGB").resize((16, 16), Image.Resampling.BOX)
    here = original.convert("RGB").resize((16, 16), Image.Resampling.BOX)
    return max(delta_e(one, two) for one, two in zip(_pixels(there), _pixels(here), strict=True)) <= most


def gradient(size: tuple[int, int] = (480, 480)) -> Image.Image:
    """From colour to colour in both directions."""
    along = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (along, along.rotate(90), Image.eval(along, lambda one: 255 - one)))


class TestGradients:
    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.avif", "a.tif", "a.bmp", "a.heic"])
    def test_a_gradient_is_as_it_was(self, tmp_path: Path, name: str) -> None:
        source, original = tmp_path / name, gradient()
        if name == "a.heic":
            pillow_heif.from_pillow(original).save(source, quality=95)
        else:
            original.save(source, quality=95)

        target, _ = fixed(source, Use.FEED_IMAGE)

        assert is_as(target, original)

    def test_adobe_rgb_by_a_profile_of_others(self, tmp_path: Path) -> None:
        """A gradient of sRGB, written in Adobe RGB as a camera does, is that gradient again."""
        original = gradient((320, 320))
        wide = [_adobe_of(colour) for colour in _pixels(original)]  # type: ignore[arg-type]
        source = tmp_path / "camera.jpg"
        picture = Image.frombytes("RGB", original.size, bytes(itertools.chain.from_iterable(wide)))
        picture.save(source, quality=95, subsampling=0, icc_profile=adobe_rgb())

        target, made = fixed(source, Use.FEED_IMAGE)

        assert len(of(made, "colour")) == 1
        assert not is_as(source, original)
        assert is_as(target, original)


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
        convert("-size", "400x300", "gradient:rgb(200,60,40)-rgb(30,120,200)", str(plain))
        exif = Image.Exif()
        exif[0x0112] = 6
        with Image.open(plain) as picture:
            pillow_heif.from_pillow(picture.convert("RGB")).save(source, quality=95, exif=exif.tobytes())

        target, made = fixed(source, Use.STORY_IMAGE)

        assert (made.after.width, made.after.height) == (320, 427)  # 300x400 enlarged
        with Image.open(plain) as upright:
            assert is_as(target, upright.transpose(Image.Transpose.ROTATE_270))
