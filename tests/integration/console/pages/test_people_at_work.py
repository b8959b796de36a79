"""What people do in the console, with a real browser: by keyboard, by drag, with words that mean harm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from models.account import find_account
from models.post import find_post
from operations import posts
from operations.operation import OWNER
from pressrun import clock
from tests.factories.rows import make_mention, make_post
from tests.integration.console.pages.conftest import Console, Window, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.needs("chromium", "chromium"), pytest.mark.cost(cpu_s=12)]

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"' --> {{ 7*7 }} \u202eright to left \u202c"
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 " + "w" * 10_000
)


@pytest.fixture(scope="module")
def shown(browser: Browser, month: Console) -> Iterator[Window]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield window(context, month)


@pytest.fixture(autouse=True)
def _silent(shown: Window) -> Iterator[None]:
    shown.said.clear()
    yield
    assert shown.said == []


def _planned(month: Console, key: str, *, caption: str = "planned") -> int:
    with month.ctx.database.transaction() as tx:
        account = find_account(tx, "lena-makes")
        at = (clock.now() + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
        return make_post(
            tx, account, key=key, caption=caption, publish_at=at, next_action_at=at, timezone="Europe/Oslo"
        ).id


def _state(month: Console, key: str) -> str:
    with month.ctx.database.transaction() as tx:
        return find_post(tx, key).state


def test_words_that_mean_harm_change_no_page(shown: Window, month: Console) -> None:
    number = _planned(month, "hostile", caption=HOSTILE)
    with month.ctx.database.transaction() as tx:
        make_mention(tx, find_account(tx, "lena-makes"), username="<b>x</b>", text=HOSTILE)

    for path in ("/", "/posts?q=script", f"/posts/{number}", "/calendar", "/calendar?view=list", "/inbox"):
        page = shown.open(path)
        assert page.locator("main script, main img[src=x], main b:has-text('x') b").count() == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, path


def test_a_post_is_moved_by_keyboard_alone_and_back(shown: Window, month: Console) -> None:
    number = _planned(month, "by-keyboard")
    before = posts.show(month.ctx, OWNER, "by-keyboard").post.publish_at
    page = shown.open(f"/calendar?view=week&on={before:%Y-%m-%d}&zone=Europe/Oslo")

    page.locator(f'.chip[data-post="{number}"] a').focus()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    page.locator("#cal-tip", has_text="Nothing stands in its way").wait_for()
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert page.locator(".said").inner_text().startswith("Moved to")
    assert posts.show(month.ctx, OWNER, "by-keyboard").post.publish_at == before + timedelta(minutes=30)
    with page.expect_navigation():
        page.locator(".said button", has_text="Undo").press("Enter")
    assert posts.show(month.ctx, OWNER, "by-keyboard").post.publish_at == before


def test_a_post_is_dragged_to_another_day(shown: Window, month: Console) -> None:
    number = _planned(month, "by-drag")
    before = posts.show(month.ctx, OWNER, "by-drag").post.publish_at
    page = shown.open(f"/calendar?view=week&on={before:%Y-%m-%d}&zone=Europe/Oslo")
    chip = page.locator(f'.chip[data-post="{number}"]')
    day, hour = (chip.locator("xpath=..").get_attribute(name) for name in ("data-day", "data-hour"))
    cells = page.locator(f'.slotrow[data-hour="{hour}"]:not([data-day="{day}"])')
    target = cells.last if (cells.last.get_attribute("data-day") or "") > (day or "") else cells.first

    with page.expect_navigation():
        chip.drag_to(target)

    moved = posts.show(month.ctx, OWNER, "by-drag").post.publish_at
    assert moved.date().isoformat() == target.get_attribute("data-day") or moved != before


def test_what_cannot_be_taken_back_is_named_first(shown: Window, month: Console) -> None:
    number = _planned(month, "to-cancel", caption="A post that goes")
    page = shown.open(f"/posts/{number}")

    page.get_by_role("button", name="Cancel post").click()
    assert "A post that goes" in page.locator("#sure-words").inner_text()
    page.keyboard.press("Escape")
    assert _state(month, "to-cancel") == "scheduled"
    page.get_by_role("button", name="Cancel post").click()
    with page.expect_navigation():
        page.locator("#sure-yes").click()
    assert _state(month, "to-cancel") == "canceled"


def test_a_campaign_is_corrected_in_place_and_queued(shown: Window, month: Console) -> None:
    page = shown.open("/import")
    page.fill(
        "#pasted",
        "account\tpublish_at\ttype\tmedia\tcaption\nlena-make\t2030-01-05T09:00\tpicture\t\tOne\n",
    )
    page.get_by_role("button", name="Look at it").click()

    assert page.locator("td.wrong").count() == 3
    page.fill('[name="1.account"]', "lena-makes")
    page.fill('[name="1.type"]', "image")
    page.get_by_role("button", name="Look again").click()
    assert page.locator("td.wrong").count() == 1
    assert page.input_value('[name="1.caption"]') == "One"


def test_a_draft_is_kept_at_each_pause(shown: Window, month: Console) -> None:
    page = shown.open("/compose")
    page.select_option("[name=account]", "lena-makes")
    page.fill("[name=caption]", "Half a thought #one #two")
    page.locator("#saved", has_text="Saved as draft").wait_for()

    assert "2 of 30 hashtags" in page.locator("#counts").inner_text()
    page.goto(page.url)
    assert page.input_value("[name=caption]") == "Half a thought #one #two"
    with month.ctx.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM drafts")).scalar_one() == 1


def test_a_chart_tells_its_values_by_keys(shown: Window) -> None:
    page = shown.open("/insights?account=lena-makes")
    chart = page.locator("[data-chart] svg.chart").first
    chart.focus()
    page.keyboard.press("Home")

    told = page.locator(".tip").inner_text()
    first = page.locator("[data-chart] tbody tr").first.locator("td")
    page.locator("[data-chart] summary").first.click()
    assert first.nth(0).inner_text() in told
    assert f"Reach: {first.nth(1).inner_text()}" in told


def test_an_open_page_hears_of_a_change(shown: Window, month: Console) -> None:
    number = _planned(month, "watched", caption="Watched from afar")
    with shown.page.expect_response("**/api/v1/events"):  # it listens from its first byte on
        page = shown.open("/posts?q=Watched")
    posts.pause(month.ctx, OWNER, str(number))

    page.locator("[data-live]", has_text="Paused").wait_for()
