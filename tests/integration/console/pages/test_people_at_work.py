"""What people do in the console, with a real browser: by keyboard, by drag, with words that mean harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from models.accounts.account import find_account
from models.posts.post import find_post
from operations.access import users
from operations.operation import OWNER
from operations.posts import library, posts
from operations.posts.posts import PostFields
from pressrun import clock
from tests.factories.rows import make_mention, make_post
from tests.integration.console.pages.conftest import Console, Window, becomes, window

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.needs("chromium", "chromium"), pytest.mark.cost(cpu_s=40)]

OSLO = ZoneInfo("Europe/Oslo")
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


def _planned(month: Console, key: str, *, caption: str = "planned", **over: Any) -> int:
    with month.ctx.database.transaction() as tx:
        account = find_account(tx, "lena-makes")
        at = (clock.now() + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
        told = {"publish_at": at, "next_action_at": at, "timezone": "Europe/Oslo"} | over
        return make_post(tx, account, key=key, caption=caption, **told).id


def _faults(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # none are published

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def _state(month: Console, key: str) -> str:
    with month.ctx.database.transaction() as tx:
        return find_post(tx, key).state


def test_words_that_mean_harm_change_no_page(shown: Window, month: Console) -> None:
    number = _planned(month, "hostile", caption=HOSTILE)
    _planned(month, "hostile-failed", caption=HOSTILE, state="failed", error=HOSTILE, next_action_at=None)
    with month.ctx.database.transaction() as tx:
        make_mention(tx, find_account(tx, "lena-makes"), username="<b>x</b>", text=HOSTILE)

    for path in (
        "/",
        "/posts?q=script",
        f"/posts/{number}",
        "/calendar",
        "/calendar?view=list",
        "/inbox",
        "/posts/hostile-failed",
    ):
        page = shown.open(path)
        assert page.locator("main script, main img[src=x], main b:has-text('x') b").count() == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, path
        assert page.evaluate("document.documentElement.scrollHeight") < 12_000, path


@dataclass
class Week:
    """The week after next, or one that a test has to itself, with three posts of it, and where each stands by Oslo's
    clocks."""

    month: Console
    page: Page
    monday: date
    numbers: dict[str, int]

    @classmethod
    def of(cls, shown: Window, month: Console, prefix: str, *, weeks: int = 2) -> Week:
        today = clock.now().astimezone(OSLO).date()
        monday = today + timedelta(days=7 * weeks - today.weekday())
        walls = {f"{prefix}-mon": (0, 9), f"{prefix}-tue": (1, 10), f"{prefix}-thu": (3, 15)}
        numbers = {}
        for key, (day, hour) in walls.items():
            at = datetime.combine(monday + timedelta(days=day), time(hour, 7), OSLO).astimezone(UTC)
            numbers[key] = _planned(month, key, caption=f"Of the week: {key}", publish_at=at, next_action_at=at)
        return cls(month, shown.page, monday, numbers)

    def stand(self) -> list[str]:
        """Where the three stand, as `Mon 09:07`."""
        ats = [posts.show(self.month.ctx, OWNER, key).post.publish_at.astimezone(OSLO) for key in self.numbers]
        return [f"{at:%a %H:%M}" for at in ats if at.date() - self.monday < timedelta(days=7)]

    def chip(self, key: str) -> Locator:
        return self.page.locator(f'.chip[data-post="{self.numbers[key]}"]')

    def enter(self) -> str:
        """Press Enter where it leads to another page; what that says."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        said = self.page.locator(".said p, .said div").first
        return said.inner_text() if said.count() else ""

    def tab_to(self, there: Locator) -> None:
        for _ in range(250):
            self.page.keyboard.press("Tab")
            if there.evaluate("(one) => one === document.activeElement"):
                return
        raise AssertionError(f"Tab does not lead to {there}")

    def step_to(self, key: str) -> None:
        for _ in range(60):
            self.page.keyboard.press("j")
            if self.chip(key).evaluate("(one) => one.contains(document.activeElement)"):
                return
        raise AssertionError(f"j does not lead to {key}")


def test_a_week_is_planned_by_keyboard_alone(shown: Window, month: Console) -> None:
    """To the week after next, three posts moved, two of them swapped, and that taken back: no pointer, no address."""
    week = Week.of(shown, month, "keys")
    page = shown.open("/")
    with page.expect_navigation():
        page.keyboard.press("g")
        page.keyboard.press("c")
    week.tab_to(page.locator(".segments a", has_text="Week"))
    week.enter()
    for _ in range(2):
        week.tab_to(page.locator('a[rel="next"]'))
        week.enter()

    week.step_to("keys-mon")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(f"Alt+{key}")
    page.locator("#cal-tip", has_text="09:37").wait_for()
    assert week.stand() == ["Mon 09:07", "Tue 10:07", "Thu 15:07"]
    assert week.enter().startswith("Moved to")
    assert week.stand() == ["Wed 09:37", "Tue 10:07", "Thu 15:07"]

    week.step_to("keys-tue")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")  # from the month to the day
    page.keyboard.press("ArrowUp")
    page.locator("#move-told", has_text="10:07").wait_for()
    week.enter()
    assert week.stand() == ["Wed 09:37", "Wed 10:07", "Thu 15:07"]

    for key in ("keys-tue", "keys-thu"):
        week.step_to(key)
        page.keyboard.press("x")
    assert page.locator("#picked").inner_text() == "2 picked"
    assert page.locator("#picked-names").inner_text() == "“Of the week: keys-tue”, “Of the week: keys-thu”"
    week.tab_to(page.get_by_role("button", name="Swap two"))
    week.enter()
    assert week.stand() == ["Wed 09:37", "Thu 15:07", "Wed 10:07"]
    week.tab_to(page.locator(".said button", has_text="Undo"))
    week.enter()
    assert week.stand() == ["Wed 09:37", "Wed 10:07", "Thu 15:07"]


def test_two_posts_are_swapped_by_keys_where_one_is_moved_onto_the_other(shown: Window, month: Console) -> None:
    week = Week.of(shown, month, "swap-keys", weeks=5)
    wednesday = datetime.combine(week.monday + timedelta(days=2), time(10, 7), OSLO).astimezone(UTC)
    held = {"publish_at": wednesday, "next_action_at": wednesday}
    week.numbers["swap-keys-wed"] = _planned(month, "swap-keys-wed", caption="Of the day after", **held)
    page = _calendar_of(week)
    week.step_to("swap-keys-mon")
    page.keyboard.press("m")
    becomes(page.locator("#swap")).to_be_hidden()
    page.fill("#move [name=wall]", f"{week.monday + timedelta(days=3)}T15:07")
    becomes(page.locator("#move-other option:checked")).to_contain_text("15:07, Of the week: swap-keys-thu")
    becomes(page.locator("#swap-told")).to_contain_text("09:07 Europe/Oslo: “Of the week: swap-keys-thu”")
    with page.expect_navigation():
        page.keyboard.press("s")
    assert week.stand() == ["Thu 15:07", "Tue 10:07", "Mon 09:07", "Wed 10:07"]

    week.step_to("swap-keys-tue")
    page.keyboard.press("Alt+ArrowRight")
    becomes(page.locator("#cal-tip")).to_contain_text("10:07 Europe/Oslo: “Of the day after”")
    with page.expect_navigation():
        page.keyboard.press("s")
    assert week.stand() == ["Thu 15:07", "Wed 10:07", "Mon 09:07", "Tue 10:07"]


def test_a_post_dropped_on_another_offers_a_swap_and_does_nothing_before(shown: Window, month: Console) -> None:
    week = Week.of(shown, month, "swap-drag", weeks=6)
    page = _calendar_of(week)
    week.chip("swap-drag-mon").drag_to(week.chip("swap-drag-thu"))
    becomes(page.locator("#move-told")).to_contain_text("15:07 Europe/Oslo")
    becomes(page.locator("#swap-told div")).to_have_count(3)
    becomes(page.locator("#swap-told")).to_contain_text("Nothing stands in their way.")
    assert _faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator("#move").evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
    page.set_viewport_size({"width": 1280, "height": 900})
    assert week.stand() == ["Mon 09:07", "Tue 10:07", "Thu 15:07"]

    with page.expect_navigation():
        page.get_by_role("button", name="Swap their times").click()
    assert week.stand() == ["Thu 15:07", "Tue 10:07", "Mon 09:07"]
    with page.expect_navigation():
        page.locator(".said button", has_text="Undo").click()
    assert week.stand() == ["Mon 09:07", "Tue 10:07", "Thu 15:07"]


def test_in_columns_a_post_is_dragged_in_time_and_stays_with_its_account(shown: Window, month: Console) -> None:
    week = Week.of(shown, month, "columns", weeks=7)
    page = shown.open(f"/calendar?columns=accounts&on={week.monday}&zone=Europe/Oslo")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    chip = week.chip("columns-mon")

    def cell(account: str, hour: int) -> Locator:
        head = page.locator("[data-head]", has_text=account).get_attribute("data-head")
        return page.locator(f'.slotrow[data-of="{head}"][data-hour="{hour:02d}"]')

    becomes(cell("lena-makes", 9).locator(chip)).to_be_visible()
    chip.drag_to(cell("harbour-bakery", 14))
    becomes(page.get_by_role("alert")).to_contain_text("belongs to lena-makes: a post stays with its account")
    assert [one for one in asked if "14%3A07" in one or "/calendar/move" in one] == []
    with page.expect_navigation():
        chip.drag_to(cell("lena-makes", 14))
    assert week.stand() == ["Mon 14:07", "Tue 10:07", "Thu 15:07"]

    page.set_viewport_size({"width": 390, "height": 420})
    box, head = page.locator(".accounts"), page.locator(".accounts .dow.corner")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert box.evaluate("(one) => { one.scrollTo(9999, 9999); return one.scrollLeft > 0 && one.scrollTop > 0; }")
    away = """([box, head]) => { const [out, at] = [box, head].map((one) => one.getBoundingClientRect());
        return [at.left - out.left - box.clientLeft, at.top - out.top - box.clientTop].map(Math.round); }"""
    assert page.evaluate(away, [box.element_handle(), head.element_handle()]) == [0, 0], "heads and hours stay"
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_week_is_planned_by_drag(shown: Window, month: Console) -> None:
    week = Week.of(shown, month, "drag")
    page = shown.open(f"/calendar?view=week&on={week.monday}&zone=Europe/Oslo")
    slot = page.locator("a.free").first
    day, at = slot.get_attribute("data-day"), slot.get_attribute("data-time")

    def cell(days: int, hour: int) -> Locator:
        return page.locator(f'.slotrow[data-day="{week.monday + timedelta(days=days)}"][data-hour="{hour:02d}"]')

    for key, target in (("drag-mon", cell(5, 11)), ("drag-tue", cell(1, 16)), ("drag-thu", slot)):
        with page.expect_navigation():
            week.chip(key).drag_to(target)

    planned = f"{date.fromisoformat(str(day)):%a} {at}"
    assert week.stand() == ["Sat 11:07", "Tue 16:07", planned]
    with page.expect_navigation():
        page.locator(".said button", has_text="Undo").click()
    assert week.stand() == ["Sat 11:07", "Tue 16:07", "Thu 15:07"]


def test_a_mention_is_replied_to_by_keyboard_alone(shown: Window, month: Console) -> None:
    with month.ctx.database.transaction() as tx:
        mention = make_mention(tx, find_account(tx, "lena-makes"), username="zoe", text="Is it open?").id
    page = shown.open("/inbox?that=wait")

    page.keyboard.press("j")
    assert "Is it open?" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("r")
    page.keyboard.type("Until six")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")

    assert "it is sent once" in page.locator(".said").inner_text()
    with month.ctx.database.transaction() as tx:
        query = text("SELECT text FROM replies WHERE mention_id = :id")
        assert tx.execute(query, {"id": mention}).scalars().all() == ["Until six"]


def test_a_failing_post_is_written_anew_with_what_it_said(shown: Window) -> None:
    page = shown.open("/posts/month-failed")
    assert "To do:" in page.locator(".life").inner_text()

    page.get_by_role("link", name="Write one like it").click()
    page.wait_for_url("**/compose?like=*")

    assert page.input_value("[name=caption]") == "Behind the counter on market day"
    assert page.input_value("[name=account]") == "harbour-bakery"
    assert page.input_value("[name=publish_at]") == ""


def test_a_free_slot_leads_to_a_post_for_it(shown: Window) -> None:
    on = clock.now() + timedelta(days=7)
    page = shown.open(f"/calendar?view=week&account=lena-makes&zone=Europe/Oslo&on={on:%Y-%m-%d}")
    slot = page.locator("a.free").last
    day, time = slot.get_attribute("data-day"), slot.get_attribute("data-time")

    slot.click()
    page.wait_for_url("**/compose?*")

    assert page.input_value("[name=publish_at]") == f"{day}T{time}"
    assert page.input_value("[name=account]") == "lena-makes"


def test_what_takes_its_time_is_filled_in(shown: Window) -> None:
    page = shown.open("/system/checks")

    page.locator("#checks .needs", has_text="invariants").wait_for()

    assert page.locator("#checks[aria-busy]").count() == 0


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


def test_a_campaign_is_corrected_in_place_and_queued(shown: Window, month: Console, media_folder: Path) -> None:
    library.add(month.ctx, OWNER, [media_folder / "feed.jpg"], name="market")
    page = shown.open("/import")
    page.fill(
        "#pasted",
        "account\tpublish_at\ttype\tmedia\tcaption\tkey\nlena-make\t2030-01-05T09:00\tpicture\t\tOne\tcorrected\n",
    )
    page.get_by_role("button", name="Look at it").click()

    becomes(page.locator("td.wrong")).to_have_count(3)
    page.fill('[name="1.account"]', "lena-makes")
    page.fill('[name="1.type"]', "image")
    page.get_by_role("button", name="Look again").click()
    becomes(page.locator("td.wrong")).to_have_count(1)
    assert page.input_value('[name="1.caption"]') == "One"
    page.fill('[name="1.media"]', "lib:market")
    page.get_by_role("button", name="Look again").click()
    page.get_by_role("button", name="Queue 1 row").click()
    page.locator(".said").wait_for()

    assert _state(month, "corrected") == "scheduled"


def test_a_draft_is_kept_at_each_pause(shown: Window, month: Console) -> None:
    page = shown.open("/compose")
    page.select_option("[name=account]", "lena-makes")
    page.fill("[name=caption]", "Half a thought #one #two")
    becomes(page.locator("#counts")).to_contain_text("2 of 30 hashtags")  # what a pause before that kept has none

    becomes(page.locator("#saved")).to_contain_text("Saved as draft")
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


def test_a_day_of_a_drawing_and_a_format_narrow_the_posts(shown: Window) -> None:
    page = shown.open("/insights?account=lena-makes")
    posts = page.locator("#posts")
    becomes(posts).not_to_contain_text("Only")
    page.locator("[data-chart] svg.chart").first.click()
    page.wait_for_url("**on=*#posts")
    day = page.url.partition("on=")[2].partition("#")[0]
    becomes(posts.locator(".only")).to_contain_text(f"posted on {date.fromisoformat(day):%a %-d %b}")

    posts.get_by_role("link", name="Take off").focus()
    page.keyboard.press("Enter")
    becomes(posts.locator(".only")).to_have_count(0)
    page.get_by_role("link", name="Reels (list its posts alone)").focus()
    page.keyboard.press("Enter")
    becomes(posts.locator(".only")).to_contain_text("Reels")
    assert {*posts.locator("tbody .tiny").all_inner_texts()} == {"Reels"}

    page.locator("[data-chart][data-ready]").first.wait_for()
    page.locator("[data-chart] svg.chart").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url("**format=REELS&on=*")
    becomes(posts.locator(".only .tag")).to_have_count(2)


def test_an_open_page_hears_of_a_change(shown: Window, month: Console) -> None:
    number = _planned(month, "watched", caption="Watched from afar")
    with shown.page.expect_response("**/api/v1/events"):  # it listens from its first byte on
        page = shown.open("/posts?q=Watched")
    posts.pause(month.ctx, OWNER, str(number))

    page.locator("[data-live]", has_text="Paused").wait_for()


def test_an_open_page_loses_nothing_that_is_written_and_is_renewed_after_it(shown: Window, month: Console) -> None:
    def mention(username: str, words: str) -> None:
        with month.ctx.database.transaction() as tx:
            make_mention(tx, find_account(tx, "lena-makes"), username=username, text=words)

    number = str(_planned(month, "beside"))
    mention("ida", "Is there rye?")
    with shown.page.expect_response("**/api/v1/events"):
        page = shown.open("/inbox?that=wait")
    page.locator("[data-post]", has_text="Is there rye?").focus()
    page.keyboard.press("r")
    page.keyboard.type("On Fri")
    reply = page.locator("textarea:focus").element_handle()
    page.locator("h1").click()
    mention("kai", "And oat?")
    for change in (posts.pause, posts.resume):  # as it hears of the second the first is dealt with
        with page.expect_response(lambda one: "x-live" in one.request.headers):
            change(month.ctx, OWNER, number)

    assert reply is not None
    assert (reply.input_value(), reply.evaluate("(one) => one.isConnected")) == ("On Fri", True)
    assert page.locator("[data-post]", has_text="And oat?").count() == 0
    reply.fill("")
    page.locator("h1").click()
    becomes(page.locator("[data-post]", has_text="And oat?")).to_be_visible()


def test_results_stand_there_while_one_types(shown: Window, month: Console) -> None:
    number = _planned(month, "sought", caption="Zebra crossing <b>at dawn</b>")
    page = shown.open("/")
    page.keyboard.press("/")
    assert page.locator("#seek").get_attribute("role") == "combobox"
    page.keyboard.insert_text("zebra")  # at once: of a part of it there would be results too
    found = page.get_by_role("option", name="Zebra crossing <b>at dawn</b>")
    found.wait_for()

    assert _faults(page) == []
    page.keyboard.press("ArrowDown")
    assert page.locator("#seek").get_attribute("aria-activedescendant") == f"seek-{number}"
    assert found.get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert page.locator("#seek-box:popover-open").count() == 0
    assert page.locator("#seek").get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowDown")
    found.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/posts/{number}")


def test_only_the_last_thing_sought_is_shown(shown: Window) -> None:
    """An answer that comes after more was typed is dropped."""
    page = shown.open("/")
    page.route("**/seek?q=ins", lambda _: None)  # no answer at all
    page.focus("#seek")
    with page.expect_request("**/seek?q=ins"):
        page.keyboard.type("ins")
    with page.expect_event("requestfailed", lambda one: one.url.endswith("q=ins")):
        page.keyboard.type("ight")
    page.get_by_role("option", name="Insights", exact=True).wait_for()
    page.unroute("**/seek?q=ins")

    page.route("**/seek?q=insi", lambda route: route.fulfill(status=303, headers={"Location": "/sign-in"}))
    with page.expect_console_message():  # the browser itself says that the answer was no answer
        page.fill("#seek", "insi")
    page.locator("#seek-box", has_text="did not answer").wait_for()
    page.unroute("**/seek?q=insi")
    shown.said.clear()
    page.fill("#seek", "insights")
    page.get_by_role("option", name="Insights", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/insights")


def test_what_a_page_does_is_found_and_done_by_its_words(shown: Window, month: Console) -> None:
    number = _planned(month, "palette", caption="Found by its deeds")
    page = shown.open(f"/posts/{number}")
    page.keyboard.press("Control+k")
    assert page.get_by_role("option", name="Calendar", exact=True).is_visible()
    assert page.locator("#seek-found [role=option]").first.inner_text() == "Edit\ne"
    assert _faults(page) == []

    page.keyboard.insert_text("pau")
    becomes(page.locator("#seek-found [role=option]").first).to_have_text("Pausep")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert _state(month, "palette") == "draft"

    page.keyboard.press("/")
    page.keyboard.insert_text("makes")
    page.get_by_role("option", name="lena-makes", exact=True).click()
    page.wait_for_url("**/accounts/lena-makes")


def test_a_post_that_is_open_is_paused_and_edited_by_one_key_and_sent_by_none(shown: Window, month: Console) -> None:
    number = _planned(month, "single-key", caption="Held by a key")
    page = shown.open(f"/posts/{number}")
    with page.expect_navigation():
        page.keyboard.press("p")
    assert _state(month, "single-key") == "draft"
    assert page.locator("[data-key]").evaluate_all("(all) => all.map((one) => one.dataset.key)") == ["e"]

    page.keyboard.press("e")
    page.wait_for_url(f"**/compose?post={number}")


def _calendar_of(week: Week) -> Page:
    week.page.goto(f"{week.month.url}/calendar?view=week&on={week.monday}&zone=Europe/Oslo")
    return week.page


def test_a_post_is_changed_where_it_stands_and_that_is_undone(shown: Window, month: Console) -> None:
    week = Week.of(shown, month, "peeked")
    page = _calendar_of(week)
    week.chip("peeked-tue").click()
    sheet = page.locator("#peek")
    becomes(sheet.locator("h2")).to_have_text("Of the week: peeked-tue")
    assert _faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert sheet.evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
    page.set_viewport_size({"width": 1280, "height": 900})

    sheet.locator("textarea").fill("Said better")
    page.keyboard.press("Escape")
    becomes(sheet.get_by_role("alert")).to_contain_text("not saved")
    sheet.locator("[name=publish_at]").fill(f"{week.monday + timedelta(days=2)}T11:45")
    with page.expect_navigation():
        sheet.get_by_role("button", name="Save").click()

    becomes(page.locator(".said")).to_contain_text("Changed.")
    assert week.stand() == ["Mon 09:07", "Wed 11:45", "Thu 15:07"]
    assert posts.show(month.ctx, OWNER, "peeked-tue").caption == "Said better"
    with page.expect_navigation():
        page.locator(".said button", has_text="Undo").click()
    assert week.stand() == ["Mon 09:07", "Tue 10:07", "Thu 15:07"]
    assert posts.show(month.ctx, OWNER, "peeked-tue").caption == "Of the week: peeked-tue"


def test_what_was_typed_stays_where_it_is_refused_or_somebody_else_was_quicker(shown: Window, month: Console) -> None:
    week = Week.of(shown, month, "refused")
    page = _calendar_of(week)
    sheet, words = page.locator("#peek"), page.locator("#peek textarea")
    week.chip("refused-mon").locator("a").focus()
    page.keyboard.press("Space")
    for key in ("j", "k"):
        was = sheet.locator("h2").inner_text()
        page.keyboard.press(key)
        becomes(sheet.locator("h2")).not_to_have_text(was)
    becomes(sheet.locator("h2")).to_have_text("Of the week: refused-mon")

    words.fill("w" * 2201)
    sheet.get_by_role("button", name="Save").click()
    becomes(sheet.get_by_role("alert")).to_contain_text("over the limit of 2200")
    assert words.input_value() == "w" * 2201
    page.keyboard.press("Escape")
    becomes(sheet.get_by_role("alert")).to_contain_text("not saved")

    words.fill("Mine")
    moved = PostFields(caption="Theirs", publish_at=f"{week.monday}T12:30")
    posts.edit(month.ctx, OWNER, "refused-mon", moved, base=None)
    sheet.get_by_role("button", name="Save").click()
    becomes(sheet.get_by_role("alert")).to_contain_text("Look at it again")
    assert (words.input_value(), posts.show(month.ctx, OWNER, "refused-mon").caption) == ("Mine", "Theirs")
    with page.expect_navigation():
        sheet.get_by_role("button", name="Save").click()
    assert posts.show(month.ctx, OWNER, "refused-mon").caption == "Mine"
    assert week.stand() == ["Mon 12:30", "Tue 10:07", "Thu 15:07"], "the time, which was not touched, stays theirs"


def test_several_posts_of_a_list_are_picked_by_keys_and_by_mouse(shown: Window, month: Console) -> None:
    for at in range(4):
        _planned(month, f"row-{at}", caption=f"Pickable {at}")
    page = shown.open("/posts?q=Pickable")
    assert not page.locator("#bulk").is_visible()

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator(".posts input[type=checkbox]").nth(2).click(modifiers=["Shift"])
    assert page.locator("#picked").inner_text() == "3 picked"
    page.keyboard.press("Escape")
    assert not page.locator("#bulk").is_visible()
    page.locator(".posts input[type=checkbox]").nth(3).click()
    page.keyboard.press("k")
    page.keyboard.press("X")
    assert page.locator("#picked").inner_text() == "2 picked"
    assert page.locator("#picked-names").inner_text() == "“Pickable 1”, “Pickable 0”"
    with page.expect_navigation():
        page.get_by_role("button", name="Pause").press("Enter")

    assert page.locator(".said").inner_text().startswith("2 posts paused.")
    assert [_state(month, f"row-{at}") for at in range(4)] == ["draft", "draft", "scheduled", "scheduled"]
    with page.expect_navigation():
        page.locator(".said button", has_text="Undo").click()
    assert {_state(month, f"row-{at}") for at in range(4)} == {"scheduled"}


def test_without_a_script_posts_are_picked_and_sought(browser: Browser, shown: Window, month: Console) -> None:
    number = _planned(month, "scriptless", caption="Without any script")
    with browser.new_context(java_script_enabled=False, storage_state=shown.page.context.storage_state()) as context:
        page = context.new_page()
        page.goto(month.url + "/")
        page.fill("#seek", "without any")
        page.press("#seek", "Enter")
        page.wait_for_url("**/posts?q=without+any")
        page.check(f'input[name="post"][value="{number}"]')
        page.get_by_role("button", name="Cancel posts").click()
        becomes(page.locator("h1")).to_have_text("Cancel 1 post?")
        page.get_by_role("button", name="Cancel posts").click()
        becomes(page.locator(".said")).to_contain_text("1 post canceled.")

    assert _state(month, "scriptless") == "canceled"


def test_somebody_signs_in_by_name_and_password(browser: Browser, month: Console) -> None:
    users.add(month.ctx, OWNER, "nora", role="viewer", password="a long enough password", accounts=["lena-makes"])
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(month.url + "/posts?type=reel")
        page.fill("[name=name]", "nora")
        page.fill("[name=password]", "a long enough password")
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/posts?type=reel")

        assert page.locator(".posts > li").count() > 1
        assert page.locator("#bulk, .posts input, main .button.main").count() == 0


def test_one_signs_in_and_out_over_plain_http_on_a_name_of_the_house(browser: Browser, month: Console) -> None:
    """There a browser says nothing of where a form stood but its origin, and that only if the page lets it."""
    users.add(month.ctx, OWNER, "ingrid", role="author", password="correct horse battery")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(month.url.replace("127.0.0.1", "desk.example") + "/sign-in")
        page.fill("[name=name]", "ingrid")
        page.fill("[name=password]", "correct horse battery")
        page.keyboard.press("Enter")
        page.locator("h1", has_text="Today").wait_for()

        assert page.evaluate("[window.isSecureContext, location.hostname]") == [False, "desk.example"]
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
