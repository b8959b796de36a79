"""Every page opens in a real browser: silent, without a fault that axe knows, in both themes, on a phone, and light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.console.pages.conftest import Console, Window, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium", "chromium"), pytest.mark.cost(cpu_s=20)]

PAGES = (
    "/",
    "/calendar",
    "/calendar?view=week",
    "/calendar?view=list",
    "/posts",
    "/posts/month-failed",
    "/posts/month-review",
    "/posts/month-lena-makes-4",
    "/compose",
    "/import",
    "/library",
    "/insights?account=lena-makes",
    "/inbox",
    "/inbox?show=comments",
    "/accounts",
    "/accounts/lena-makes",
    "/accounts/connect",
    "/notices",
    "/system",
    "/system/harvests",
    "/system/settings",
    "/system/people",
)
MOST_BYTES = 200 * 1024
OPTIONS = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def shown(browser: Browser, month: Console) -> Iterator[Window]:
    with browser.new_context(
        color_scheme="light", viewport={"width": 1280, "height": 900}, bypass_csp=False
    ) as context:
        yield window(context, month)


def _faults(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # none are published

    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_silent_and_open_to_all(shown: Window, path: str) -> None:
    shown.said.clear()
    page = shown.page
    page.set_viewport_size({"width": 1280, "height": 900})
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        shown.open(path)
        assert _faults(page) == [], theme

    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
    assert page.locator("nav.main a").count() >= 10
    assert page.locator("main h1").count() == 1
    assert shown.said == []


def test_a_page_is_light(shown: Window) -> None:
    weights: dict[str, int] = {}
    shown.page.on("response", lambda answer: weights.update({answer.url: len(answer.body())}))
    for path in ("/", "/insights?account=lena-makes"):
        weights.clear()
        shown.open(path)
        assert sum(size for url, size in weights.items() if "/pictures/" not in url) < MOST_BYTES, path
