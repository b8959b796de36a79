"""The two pictures of README.md, made from a demo that stays: `make pictures`.

python -m tests.support.pictures            starts a demo, looks at it, and stops it
python -m tests.support.pictures LINK       looks at one that runs, by the link that it printed
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.support.processes import Process
from tests.support.tools import require

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
Theme = Literal["light", "dark"]
SHOTS: tuple[tuple[str, str, Theme], ...] = (
    ("calendar", "/calendar", "light"),
    ("insights", "/insights?account=harbour-bakery", "dark"),
)
_WIDTH, _HEIGHT = 1280, 820
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
_QUALITY = 82
_PICTURES_ARE_THERE = """() => Promise.all([...document.images]
    .filter((one) => one.getBoundingClientRect().top < innerHeight && !one.complete)
    .map((one) => new Promise((done) => { one.onload = one.onerror = done; })))"""


def main(arguments: list[str]) -> None:
    with _given(arguments[0]) if arguments else _demo() as link:
        take(link)


def take(link: str) -> None:
    """Sign in by the link, and write each picture."""
    FOLDER.mkdir(exist_ok=True)
    address = link.partition("/link/")[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require("chromium", "chromium"), args=_FLAGS)
        context = browser.new_context(viewport={"width": _WIDTH, "height": _HEIGHT}, reduced_motion="reduce")
        page = context.new_page()
        page.goto(link)
        for name, path, theme in SHOTS:
            page.emulate_media(color_scheme=theme)
            page.goto(address + path)
            page.locator("main h1").wait_for()
            page.evaluate(_PICTURES_ARE_THERE)
            shot = Image.open(io.BytesIO(page.screenshot()))
            shot.convert("RGB").save(FOLDER / f"{name}.webp", "WEBP", quality=_QUALITY, method=6)
        browser.close()


@contextmanager
def _given(link: str) -> Iterator[str]:
    yield link


@contextmanager
def _demo() -> Iterator[str]:
    with Process([sys.executable, "-u", "-m", "cli", "demo", "--keep"]) as demo:
        link = demo.line(r"^open +(\S+)$", 900)
        demo.line(r"^demo: ", 60)
        yield link
        demo.terminate(120)


if __name__ == "__main__":
    main(sys.argv[1:])
