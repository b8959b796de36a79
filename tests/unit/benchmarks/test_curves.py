"""A curve is a small picture that says its numbers."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.support.curves import Curve, draw

SVG = "{http://www.w3.org/2000/svg}"


def test_all_points_are_drawn_and_told_and_the_picture_is_small() -> None:
    flat, steep = Curve("flat <ms>"), Curve("steep, ms")
    for power in range(1, 6):
        flat.add(10**power, 5.0)
        steep.add(10**power, 10.0 ** (power - 2))

    drawn = draw("accounts", [flat, steep])

    picture = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    dots = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in picture.iter(f"{SVG}circle")]
    told = picture.findtext(f"{SVG}desc") or ""
    assert len(dots) == 10
    assert len({y for _, y in dots[:5]}) == 1
    assert [y for _, y in dots[5:]] == sorted((y for _, y in dots[5:]), reverse=True)
    assert "flat <ms>: 5 at 10, 5 at 100" in told
    assert all(0 <= x <= 640 and 0 <= y <= 340 for x, y in dots)
    assert len(drawn) < 6_000


def test_a_cost_of_nothing_has_its_place_too() -> None:
    curve = Curve("nothing, ms")
    curve.add(1, 0.0)

    picture = ElementTree.fromstring(draw("posts", [curve]))  # noqa: S314 - our own
    assert picture.find(f"{SVG}circle") is not None
