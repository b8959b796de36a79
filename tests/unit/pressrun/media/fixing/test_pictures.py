"""Pictures of every kind become upright sRGB JPEGs that Instagram takes, and say what was done to them."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from pressrun.media.fixing import jpeg, profiles
from pressrun.media.fixing.recipe import Recipe, read_colour, read_focus, use_of
from pressrun.media.fixing.run import fix_file
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import MediaUnreadable
from pressrun.media.rules import MEBIBYTE, Use
from tests.unit.pressrun.media.fixing.judging import delta_e, fields, fixed

LEFT, RIGHT = (200, 60, 40), (30, 120, 200)


def two_colours(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, LEFT)
    ImageDraw.Draw(picture).rectangle((size[0] // 2, 0, *size), fill=RIGHT)
    return picture


def colours_of(path: Path) -> tuple[Any, Any]:
    with Image.open(path) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        middle = picture.height // 2
        return picture.getpixel((picture.width // 4, middle)), picture.getpixel((picture.width * 3 // 4, middle))


def private_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x8298], exif[0x013B] = orientation, "(c) Ada", "Ada"
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    exif.get_ifd(0x8769)[0xA431] = "SN-0815"
    return exif


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.avif", "a.tif", "a.bmp", "a.gif", "a.heic"])
def test_every_format_becomes_jpeg_of_the_same_colours(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    picture = two_colours((400, 400))
    if name.endswith("heic"):
        pillow_heif.from_pillow(picture).save(source, quality=95)
    else:
        picture.save(source, quality=95)

    target, made = fixed(source, Use.FEED_IMAGE)

    assert fields(made) == ["format"]
    assert made.changes[0].section == "§2.2 Format"
    for seen, was in zip(colours_of(target), (LEFT, RIGHT), strict=True):
        assert delta_e(seen, was) <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK", "LAB", "PA"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    source = tmp_path / ("a.tif" if mode in {"CMYK", "LAB"} else "a.png")
    if mode == "I;16":
        Image.new(mode, (400, 400), 200 * 257).save(source)
    elif mode == "LAB":
        lab = ImageCms.profileToProfile(
            Image.new("RGB", (400, 400), (200, 200, 200)),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
        assert lab is not None
        lab.save(source)
    else:
        Image.new("L", (400, 400), 200).convert("RGB" if mode in {"CMYK", "P"} else "L").convert(
            "P" if mode == "PA" else mode, dither=Image.Dither.NONE
        ).save(source)

    target, _ = fixed(source, Use.FEED_IMAGE)

    wanted = 255 if mode == "1" else 200
    assert delta_e(colours_of(target)[0], (wanted,) * 3) <= 3


@pytest.mark.parametrize(("size", "use"), [((1080, 1350), Use.FEED_IMAGE), ((1080, 1920), Use.STORY_IMAGE)])
def test_what_is_right_stays_bit_by_bit(tmp_path: Path, size: tuple[int, int], use: Use) -> None:
    source = tmp_path / "right.jpg"
    two_colours(size).save(source, quality=85)

    target, made = fixed(source, use)

    assert made.changes == ()
    assert target.read_bytes() == source.read_bytes()


class TestShape:
    @pytest.mark.parametrize("size", [(1200, 628), (1081, 1352), (100, 3000), (4000, 300), (321, 402), (1440, 1801)])
    @pytest.mark.parametrize("way", ["pad", "crop"])
    def test_any_shape_becomes_one_that_is_taken(self, tmp_path: Path, size: tuple[int, int], way: str) -> None:
        source = tmp_path / "a.png"
        two_colours(size).save(source)

        target, made = fixed(source, Use.FEED_IMAGE, way=way)

        with Image.open(target) as picture:
            assert 320 <= picture.width <= 1440
        assert "ratio" in fields(made)

    def test_padding_shows_all_of_it_on_the_colour(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        two_colours((1000, 2000)).save(source)

        target, _ = fixed(source, Use.FEED_IMAGE, pad_color="#00ff00")

        with Image.open(target) as picture:
            edge: Any = picture.getpixel((5, picture.height // 2))
            corner: Any = picture.getpixel((picture.width // 2 - 20, 5))
        assert delta_e(edge, (0, 255, 0)) <= 3
        assert delta_e(corner, LEFT) <= 3

    def test_a_blurred_edge_is_made_of_the_picture(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        Image.new("RGB", (1000, 2000), LEFT).save(source)

        target, _ = fixed(source, Use.FEED_IMAGE, pad_color="blur")

        with Image.open(target) as picture:
            edge: Any = picture.getpixel((5, picture.height // 2))
        assert delta_e(edge, LEFT) <= 3

    @pytest.mark.parametrize(("focus", "shown"), [((0.0, 0.5), LEFT), ((1.0, 0.5), RIGHT)])
    def test_a_crop_keeps_its_focus(self, tmp_path: Path, focus: tuple[float, float], shown: tuple[int, ...]) -> None:
        source = tmp_path / "a.png"
        two_colours((4000, 500)).save(source)

        target, _ = fixed(source, Use.FEED_IMAGE, way="crop", focus=focus)

        assert all(delta_e(colour, shown) <= 3 for colour in colours_of(target))

    def test_a_small_picture_is_enlarged_and_that_is_said(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        two_colours((100, 100)).save(source)

        _, made = fixed(source, Use.FEED_IMAGE)

        assert (made.after.width, made.after.height) == (320, 320)
        assert "larger original" in made.notes[0]

    def test_a_cut_of_an_uneven_width_is_not_called_enlarged(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        two_colours((1500, 501)).save(source)

        _, made = fixed(source, Use.FEED_IMAGE, way="crop")

        assert (made.after.width, made.notes) == (957, ())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_stands_upright(tmp_path: Path, orientation: int) -> None:
    source = tmp_path / "phone.jpg"
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    picture = two_colours((800, 600))
    stored = picture.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else picture
    stored.save(source, exif=private_exif(orientation), quality=95)

    target, made = fixed(source, Use.FEED_IMAGE)

    assert (made.after.width, made.after.height) == (800, 600)
    assert [delta_e(seen, was) <= 3 for seen, was in zip(colours_of(target), (LEFT, RIGHT), strict=True)] == [
        True,
        True,
    ]
    with Image.open(target) as shown:
        assert shown.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("is_right", [True, False], ids=["bit by bit", "anew"])
def test_what_is_private_goes_and_the_copyright_stays(tmp_path: Path, is_right: bool) -> None:
    source = tmp_path / "phone.jpg"
    picture = two_colours((800, 800) if is_right else (800, 2000))
    picture.save(source, exif=private_exif(), quality=90)

    target, made = fixed(source, Use.FEED_IMAGE)

    told = next(change for change in made.changes if change.field == "metadata")
    assert told.before == "place (GPS), serial number of the camera"
    assert "copyright and maker kept" in told.after
    data = target.read_bytes()
    assert b"SN-0815" not in data
    with Image.open(target) as shown:
        exif = shown.getexif()
        assert dict(exif.get_ifd(0x8825)) == {}
        assert (exif[0x8298], exif[0x013B]) == ("(c) Ada", "Ada")
        if is_right:
            with Image.open(source) as was:
                assert shown.tobytes() == was.tobytes()


SAID = b"""<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description %s>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Ada</rdf:li></rdf:Alt></dc:rights>%s
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.heic"])
@pytest.mark.parametrize(
    ("attributes", "elements", "told"),
    [
        (b'aux:SerialNumber="SECRET"', b"", "serial number of the camera"),
        (b"", b"<exifEX:BodySerialNumber>SECRET</exifEX:BodySerialNumber>", "serial number of the camera"),
        (b'aux:LensSerialNumber="SECRET" aux:Lens="50 mm"', b"", "serial number of the lens"),
        (b'aux:OwnerName="SECRET"', b"", "name of the camera's owner"),
        (b'exif:GPSLatitude="52,30N" exif:GPSAreaInformation="SECRET"', b"", "place (GPS)"),
        (b'photoshop:City="SECRET"', b"", "place"),
        (b"", b"<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>SECRET</rdf:li></rdf:Bag>", "names of people"),
        (b'exif:GPSVersionID="2.3.0.0" aux:SerialNumber="" xmp:Rating="5"', b"", None),
    ],
    ids=["camera", "as an element", "lens", "owner", "place", "city", "people", "nothing"],
)
def test_what_is_private_in_xmp_goes_and_is_told(
    tmp_path: Path, name: str, attributes: bytes, elements: bytes, told: str | None
) -> None:
    source, xmp = tmp_path / name, SAID % (attributes, elements)
    picture = Image.new("RGB", (320, 320), LEFT)
    if name.endswith("heic"):
        pillow_heif.from_pillow(picture).save(source, quality=50, xmp=xmp)
    elif name.endswith("png"):
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", xmp.decode())
        picture.save(source, pnginfo=chunks)
    else:
        picture.save(source, xmp=xmp)
    assert xmp[100:200] in source.read_bytes()

    target, made = fixed(source, Use.FEED_IMAGE)

    assert [one.before for one in made.changes if one.field == "metadata"] == ([told] if told else [])
    data = target.read_bytes()
    assert b"SECRET" not in data
    assert b"(c) Ada" in data


def test_xmp_that_goes_on_in_another_segment_is_read_too(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    Image.new("RGB", (320, 320), LEFT).save(source)
    more = b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + b'<rdf:Description aux:OwnerName="SECRET"/>'
    data = source.read_bytes()
    source.write_bytes(data[:2] + struct.pack(">HH", 0xFFE1, len(more) + 2) + more + data[2:])

    target, made = fixed(source, Use.FEED_IMAGE)

    assert [one.before for one in made.changes] == ["name of the camera's owner"]
    assert target.read_bytes() == data


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_what_is_private_in_iptc_goes_and_is_told(tmp_path: Path, name: str) -> None:
    sets = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(said)) + said
        for number, said in ((90, b"SECRET"), (80, b"Ada"), (116, b"(c) Ada"))
    )
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(sets)) + sets + bytes(len(sets) % 2)
    source, picture = tmp_path / name, Image.new("RGB", (320, 320), LEFT)
    if name.endswith("png"):
        chunks = PngImagePlugin.PngInfo()
        chunks.add_text("Raw profile type iptc", f"\niptc\n {len(block):8}\n{block.hex()}\n")
        picture.save(source, pnginfo=chunks)
    else:
        picture.save(source)
        body = b"Photoshop 3.0\0" + block
        data = source.read_bytes()
        source.write_bytes(data[:2] + struct.pack(">HH", 0xFFED, len(body) + 2) + body + data[2:])

    target, made = fixed(source, Use.FEED_IMAGE)

    assert [one.before for one in made.changes if one.field == "metadata"] == ["place"]
    assert b"SECRET" not in target.read_bytes()
    with Image.open(target) as shown:
        assert (shown.getexif()[0x8298], shown.getexif()[0x013B]) == ("(c) Ada", "Ada")


def test_what_makers_of_cameras_put_into_and_behind_a_picture_goes(tmp_path: Path) -> None:
    """A segment of a maker's own, and the video of a moving photo, which has a place of its own."""
    source = tmp_path / "a.jpg"
    picture = two_colours((320, 320))
    picture.save(source, xmp=SAID % (b'GCamera:MotionPhoto="1"', b""), progressive=True)
    data = source.read_bytes()
    own = struct.pack(">HH", 0xFFE5, 8) + b"SECRET"
    source.write_bytes(data[:2] + own + data[2:] + b"\0\0\0\x18ftypmp42 SECRET")

    target, made = fixed(source, Use.FEED_IMAGE)

    assert [one.before for one in made.changes] == ["video behind the picture"]
    assert b"SECRET" not in target.read_bytes()
    with Image.open(target) as shown, Image.open(source) as was:
        assert shown.tobytes() == was.tobytes()


class TestColours:
    # Adobe RGB (1998) of R 0.5, G 0.7, B 0.3 and their sRGB, both by the matrices of their standards.
    ADOBE = ((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457))

    def test_a_profile_is_applied(self, tmp_path: Path) -> None:
        profile = profiles.matrix_profile("Adobe RGB (1998)", self.ADOBE, (563 / 256,))
        source = tmp_path / "a.png"
        Image.new("RGB", (400, 400), (128, 179, 77)).save(source, icc_profile=profile)

        target, made = fixed(source, Use.FEED_IMAGE)

        assert "Adobe RGB (1998)" in [change.before for change in made.changes if change.field == "colour"]
        assert delta_e(colours_of(target)[0], (99, 181, 67)) <= 3

    def test_a_profile_that_does_not_fit_is_passed_over(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        Image.new("RGB", (400, 400), LEFT).save(source, icc_profile=b"no profile at all" * 20)

        target, _ = fixed(source, Use.FEED_IMAGE)

        assert delta_e(colours_of(target)[0], LEFT) <= 3

    def test_what_is_transparent_lies_on_the_colour(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        Image.new("RGBA", (400, 400), (255, 0, 0, 0)).save(source)

        target, made = fixed(source, Use.FEED_IMAGE, pad_color="#336699")

        assert "transparency" in fields(made)
        assert delta_e(colours_of(target)[0], (0x33, 0x66, 0x99)) <= 3

    def test_a_picture_of_several_gives_its_first(self, tmp_path: Path) -> None:
        source = tmp_path / "a.jpg"
        others = [Image.new("RGB", (400, 400), RIGHT)]
        Image.new("RGB", (400, 400), LEFT).save(source, "MPO", save_all=True, append_images=others)

        target, made = fixed(source, Use.FEED_IMAGE)

        assert [change.before for change in made.changes if change.field == "format"] == ["MPO"]
        assert delta_e(colours_of(target)[0], LEFT) <= 3

    def test_a_moving_picture_gives_its_first_frame(self, tmp_path: Path) -> None:
        source = tmp_path / "a.webp"
        frames = [Image.new("RGB", (400, 400), colour) for colour in (LEFT, RIGHT)]
        frames[0].save(source, save_all=True, append_images=frames[1:], lossless=True)

        target, made = fixed(source, Use.FEED_IMAGE)

        assert "frames" in fields(made)
        assert delta_e(colours_of(target)[0], LEFT) <= 3


class TestSize:
    def noise(self, size: tuple[int, int]) -> Image.Image:
        return Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))

    def test_quality_falls_as_far_as_the_limit_asks(self) -> None:
        picture = self.noise((300, 300))
        best = jpeg.encode(picture, most_bytes=10 * MEBIBYTE)
        assert best is not None

        less = jpeg.encode(picture, most_bytes=len(best.data) * 3 // 4)

        assert less is not None
        assert jpeg.FLOOR_QUALITY <= less.quality < best.quality == jpeg.BEST_QUALITY
        assert len(less.data) <= len(best.data) * 3 // 4
        assert jpeg.encode(picture, most_bytes=len(best.data) // 4) is None

    @pytest.mark.long
    def test_below_the_floor_the_picture_gets_smaller_instead(self, tmp_path: Path) -> None:
        source = tmp_path / "a.png"
        self.noise((1440, 5760)).save(source, compress_level=1)

        target, made = fixed(source, Use.STORY_IMAGE)

        assert target.stat().st_size <= 8 * MEBIBYTE
        assert 320 <= made.after.width < 1440
        assert made.after.width / made.after.height == pytest.approx(1 / 4, rel=0.01)


class TestBombs:
    def test_too_many_pixels_are_refused_before_they_are_unpacked(self, tmp_path: Path) -> None:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        source = tmp_path / "bomb.png"
        head = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 6, 0, 0, 0)
        source.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))))

        with pytest.raises(CannotFix, match="144 megapixels"):
            fix_file(source, tmp_path / "out", Recipe(Use.FEED_IMAGE))
        assert not (tmp_path / "out").exists()

    def test_fifty_megapixels_are_ordinary(self, tmp_path: Path) -> None:
        source = tmp_path / "phone.jpg"
        Image.new("RGB", (8160, 6120), LEFT).save(source, quality=50)

        _, made = fixed(source, Use.FEED_IMAGE)

        assert (made.after.width, made.after.height) == (1440, 1080)


def test_a_cut_file_is_damaged(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    TestSize().noise((200, 200)).save(source)
    source.write_bytes(source.read_bytes()[:2000])

    with pytest.raises(MediaUnreadable, match="damaged or cut short"):
        fix_file(source, tmp_path / "out", Recipe(Use.FEED_IMAGE))


def test_a_recipe_is_known_by_what_it_does() -> None:
    one = Recipe(Use.FEED_IMAGE, pad_color=read_colour("White"), focus=read_focus("0.5,0.5"))

    assert one.key == Recipe(Use.FEED_IMAGE).key != Recipe(Use.STORY_IMAGE).key
    assert Recipe.from_json(one.as_json()) == one
    assert (use_of(None, "image"), use_of(None, "video")) == (Use.FEED_IMAGE, Use.REEL)
