"""Every page opens in a real browser: silent, without a fault that axe knows, in both themes, on a phone, and light."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from pressrun import clock
from tests.integration.console.pages.conftest import Console, Window, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium", "chromium"), pytest.mark.cost(cpu_s=35)]

PAGES = (
    "/",
    "/calendar",
    "/calendar?view=week",
    "/calendar?view=day",
    "/calendar?columns=accounts",
    "/calendar?view=list",
    "/posts",
    "/posts/month-failed",
    "/posts/month-review",
    "/posts/month-lena-makes-4",
    "/compose",
    "/import",
    "/library",
    "/insights?account=lena-makes",
    "/insights?account=lena-makes&metric=views&days=7&compare=none&format=REELS",
    "/insights?account=lena-makes&account=harbour-bakery&account=northlight-studio",
    "/inbox",
    "/inbox?show=comments",
    "/accounts",
    "/accounts/lena-makes?remove=1",
    "/accounts/connect",
    "/notices",
    "/system",
    "/system/harvests",
    "/system/settings",
    "/system/checks?now=1",
    "/system/people",
    "/system/audit",
)
MOST_BYTES = 200 * 1024
SCRIPTS_AND_STYLES = """performance.getEntriesByType("resource").filter((one) => one.name.includes("/static/"))
    .reduce((sum, one) => sum + one.decodedBodySize, 0)"""
WEIGHTS = """["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .map((one) => [one.name, one.decodedBodySize])"""
AT_TWICE_THE_TEXT = """() => {
    document.documentElement.style.fontSize = "200%";
    return document.documentElement.scrollWidth;
}"""
EVERYTHING = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
COLOURS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
"""The rules whose answer another theme can change: themes are colours of one style sheet, the page stays the same."""
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def shown(browser: Browser, month: Console) -> Iterator[Window]:
    with browser.new_context(
        color_scheme="light", viewport={"width": 1280, "height": 900}, bypass_csp=False
    ) as context:
        yield window(context, month)


@cache
def _axe() -> str:
    from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # none are published

    return str(AXE_SCRIPT)


def _faults(page: Any, options: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found = page.evaluate("(options) => axe.run(options).then((found) => found.violations)", options)
    return [
        f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_silent_and_open_to_all(shown: Window, path: str) -> None:
    shown.said.clear()
    page = shown.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    shown.open(path)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert _faults(page, EVERYTHING) == []
    assert page.evaluate(SCRIPTS_AND_STYLES) > 50_000
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != background
    assert _faults(page, COLOURS) == []

    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate(AT_TWICE_THE_TEXT) <= 390
    assert page.locator("nav.main a").count() >= 10
    assert len(page.content().encode()) + page.evaluate(SCRIPTS_AND_STYLES) < MOST_BYTES
    assert page.locator("main h1").count() == 1
    assert shown.said == []


def test_a_page_on_a_phone_names_all_that_can_be_touched(shown: Window) -> None:
    page = shown.page
    page.set_viewport_size({"width": 390, "height": 800})
    shown.open("/accounts")
    assert _faults(page, EVERYTHING) == []
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("path", ["/", "/insights?account=lena-makes"])
def test_a_page_is_light(shown: Window, path: str) -> None:
    weights = shown.open(path).evaluate(WEIGHTS)
    assert sum(size for url, size in weights if "/pictures/" not in url) < MOST_BYTES
    assert sum(size > 0 for _, size in weights) > 3, "the page and what it is made of"


@pytest.mark.parametrize("path", ["/calendar?view=week", "/compose", "/insights?account=lena-makes", "/inbox"])
def test_a_keyboard_is_let_out_of_everything(shown: Window, path: str) -> None:
    """Each press of Tab leads on: nothing keeps the focus, and at the end it is back at the beginning."""
    page = shown.open(path)
    page.evaluate("""() => {
        window.visited = new Set();
        document.addEventListener("focusin", (event) => window.visited.add(event.target));
    }""")
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
    else:
        raise AssertionError("the focus never left the page")
    assert page.evaluate("window.visited.size") > 15


def test_a_week_and_a_month_stay_within_their_days(shown: Window) -> None:
    spilt = """() => [...document.querySelectorAll(".chip > a > *, .free > *")].filter((one) => one.offsetParent
        && !one.matches(".hidden") && one.getBoundingClientRect().right
            > one.closest("[data-day], .cell, .slotrow").getBoundingClientRect().right + 1).length"""
    on = (clock.now() - timedelta(days=8)).date()
    for path in (f"/calendar?view={view}&on={on}" for view in ("week", "month", "day", "day&columns=accounts")):
        page = shown.open(path)
        assert page.locator(".chip").count() > 0, path
        for width in (1440, 1200, 1060, 1000, 820, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(spilt) == 0, (path, width)
    page.set_viewport_size({"width": 1280, "height": 900})
