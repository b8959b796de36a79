"""Writing a post with a real browser: crop with a focus point, a file made right, the library, a cover, a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from console.app import create_app
from graph.wire.transport import Transport
from migrations import HEAD
from models.owed.claims import claim_due
from models.owed.works import WORKS
from operations.operation import OWNER
from operations.posts import drafts, library
from pressrun.media.samples import make_mp4
from pressrun.media.store import MediaStore
from pressrun.network.hints import Task
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_account
from tests.integration.console.pages.conftest import ACCOUNTS, Console, Window, becomes, place_of, serving, window
from tests.support.servers import Servers, clone_database, drop_database
from tests.support.waiting import until
from tests.support.web import serve
from worker import fixing
from worker.boundary import perform
from worker.context import WorkerContext

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from models.store.session import Database

pytestmark = [pytest.mark.needs("chromium", "chromium"), pytest.mark.cost(cpu_s=9)]

MEDIA = next(work for work in WORKS if work.table == "conversions")


@pytest.fixture(scope="module")
def desk(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console with one account, whose files a worker makes right."""
    from models.store.session import Database

    name = f"desk_{tmp_path_factory.mktemp('desk').name}_{id(template)}"
    database = Database(clone_database(servers.database_url, template, name))
    with database.transaction() as tx:
        make_account(tx, name=ACCOUNTS[0], timezone="Europe/Oslo")
    with serving(database, tmp_path_factory.mktemp("home")) as console, _making_right(console, database):
        yield console
    database.close()
    drop_database(servers.database_url, name)


@contextmanager
def _making_right(console: Console, database: Database) -> Iterator[None]:
    over = threading.Event()
    with Transport() as transport:
        ctx = WorkerContext(console.ctx.settings, database, Vault([KEY]), transport)

        def work() -> None:
            while not over.wait(0.05):
                with database.transaction() as tx:
                    hints = claim_due(tx, MEDIA, limit=1, lease_s=30)
                for hint in hints:
                    perform(ctx, {Task.MEDIA_FIX: fixing.run}, hint)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)
            fixing.close_converters()


@pytest.fixture(scope="module")
def shown(browser: Browser, desk: Console) -> Iterator[Window]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield window(context, desk)


@pytest.fixture(autouse=True)
def _silent(shown: Window) -> Iterator[None]:
    shown.said.clear()
    yield
    assert [one for one in shown.said if "ERR_CONNECTION" not in one] == []


def _heic(path: Path) -> Path:
    """Twice as tall as wide: red above, blue below."""
    import pillow_heif

    picture = Image.new("RGB", (600, 1200), (200, 30, 30))
    picture.paste((30, 30, 200), (0, 600, 600, 1200))
    pillow_heif.from_pillow(picture).save(path, quality=90)
    return path


def _kept(page: Page) -> str:
    return page.locator("#shelf [name=media]").first.input_value()


def _saved(page: Page, desk: Console, **fields: str) -> int:
    """The number of the page's draft, once these fields of it are kept."""
    page.locator("#saved", has_text="Saved as draft").wait_for()
    number = int(page.input_value("[name=draft]"))

    def kept() -> dict[str, Any]:
        known = drafts.show(desk.ctx, OWNER, number).fields
        return {name: known.get(name) for name in fields}

    until(lambda: kept() == fields, what=lambda: str(kept()))
    return number


def test_a_heic_is_cropped_around_a_point_and_made_right(shown: Window, desk: Console, tmp_path: Path) -> None:
    page = shown.open("/compose")
    page.set_input_files("#files", _heic(tmp_path / "IMG_0001.HEIC"))
    page.locator('[data-told="media"]', has_text="must be JPEG, this is HEIF").wait_for()
    original = _kept(page)

    page.locator("#shelf .fix").click()
    page.get_by_label("crop: fill the shape").check()
    point = page.locator("#fix-focus")
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "ArrowLeft"):
        point.press(key)
    assert point.get_attribute("aria-label") == "Focus point: 48 % across, 30 % down"
    box = place_of(page.locator("#fix-picture"))
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 2)
    page.mouse.up()
    page.locator("#fix-make").click()
    page.locator("#fix-changes li").first.wait_for()
    told = page.locator("#fix-changes").inner_text()
    assert "format HEIF → JPEG Instagram takes JPEG pictures only (§2.2 Format)" in told
    assert "0.500:1 → 0.800:1, cropped" in told
    becomes(page.locator("#fix-result")).to_be_visible()
    becomes(page.locator("#fix-picture")).to_be_visible()
    page.locator("#fix-use").click()

    page.locator("#saved", has_text="Saved as draft").wait_for()
    page.locator("#fix-all-row").wait_for(state="hidden")
    made = _kept(page)
    assert made.startswith("kept:")
    assert made != original
    with Image.open(MediaStore(desk.ctx.settings.home / "media").path(made.removeprefix("kept:"))) as fixed:
        red, _, blue = fixed.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        assert (fixed.format, fixed.width / fixed.height) == ("JPEG", 0.8)
    assert red > blue  # a crop around the middle would have as much of both

    page.fill("[name=caption]", "From a phone")
    _saved(page, desk, caption="From a phone")
    page.goto(page.url)
    assert (_kept(page), page.locator("#shelf .fix").inner_text()) == (made, "Made right")
    page.locator("#shelf .fix").click()
    page.locator("#fix-changes li").first.wait_for()
    page.locator("#fix-back").click()
    assert _kept(page) == original


def test_all_that_is_not_right_is_made_so_at_once(shown: Window, tmp_path: Path) -> None:
    Image.radial_gradient("L").save(tmp_path / "one.png")
    page = shown.open("/compose")
    page.set_input_files("#files", [tmp_path / "one.png", _heic(tmp_path / "two.heic")])
    becomes(page.locator("#shelf img")).to_have_count(2)  # it makes right what is there
    page.locator("#fix-all").click()
    page.locator("#fix-all-told", has_text="2 made right").wait_for()

    assert page.locator("[name=type]").input_value() == "carousel"
    assert page.locator("#shelf .fix.done").count() == 2


def test_media_are_taken_from_the_library_by_keys(shown: Window, desk: Console, media_folder: Path) -> None:
    for name, tags in (("feed", ["bread", "spring"]), ("story", ["oven"])):
        library.add(desk.ctx, OWNER, [media_folder / f"{name}.jpg"], name=f"a-{name}", tags=tags)
    page = shown.open("/compose")
    page.locator("#open-library").press("Enter")
    page.locator(".pick").nth(1).wait_for()

    page.keyboard.type("bre")
    page.locator(".pick").nth(1).wait_for(state="detached")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    assert _kept(page) == "lib:a-feed"
    assert page.locator("#shelf img").get_attribute("src") == "/pictures/library/a-feed?w=160"
    assert not page.locator("#library").is_visible()


def test_a_library_that_does_not_answer_leaves_nothing_of_the_last_search(shown: Window, desk: Console) -> None:
    page = shown.open("/compose")
    page.locator("#open-library").press("Enter")
    page.route("**/compose/library?q=x", lambda route: route.fulfill(status=503))

    with page.expect_console_message():  # the browser itself says that the answer was no answer
        page.fill("#library-find", "x")

    page.locator("#library-found", has_text="did not answer").wait_for()
    assert page.locator(".pick").count() == 0
    shown.said.clear()


def test_the_cover_of_a_reel_is_a_frame_or_a_picture(shown: Window, desk: Console, tmp_path: Path) -> None:
    make_mp4(tmp_path / "reel.mp4", 180, 320, 4, label="reel")
    page = shown.open("/compose")
    page.set_input_files("#files", tmp_path / "reel.mp4")
    slide = page.locator("#cover-slide")
    slide.wait_for()
    slide.fill("2.5")

    page.locator("#cover-shot img").wait_for()
    assert page.input_value("[name=cover_at]") == "2.5s"
    assert "&at=2500" in (page.locator("#cover-shot img").get_attribute("src") or "")
    assert page.evaluate("document.querySelector('#cover-shot img').decode().then(() => true)")
    _saved(page, desk, cover_at="2.5s")
    page.set_input_files("#cover-file", _heic(tmp_path / "cover.heic"))
    page.locator('[data-told="cover_url"]', has_text="must be JPEG").wait_for()
    assert page.input_value("[name=cover_at]") == ""
    assert page.input_value("[name=cover_url]").startswith("kept:")


def test_people_are_tagged_on_the_picture_and_stand_there_when_the_draft_is_opened_again(
    shown: Window, desk: Console, media_folder: Path
) -> None:
    page = shown.open("/compose")
    page.set_viewport_size({"width": 390, "height": 800})
    page.set_input_files("#files", media_folder / "feed.jpg")
    page.get_by_text("People, place and more").click()
    page.locator("#tag-open").click()
    page.keyboard.type("@ana.bakes")
    page.keyboard.press("Enter")
    for key in ("Shift+ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    page.fill("#tag-name", "tom")
    box = place_of(page.locator("#tag-picture"))
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75)
    both = "ana.bakes 0.4 0.49\ntom 0.25 0.75"
    becomes(page.locator("[name=user_tags]")).to_have_value(both)
    page.fill("#tag-name", "gone")
    page.keyboard.press("Enter")
    page.keyboard.press("Delete")
    becomes(page.locator("[name=user_tags]")).to_have_value(both)
    page.get_by_role("button", name="Done").click()
    page.fill("[name=caption]", "Two are tagged")
    tags = [{"username": "ana.bakes", "x": 0.4, "y": 0.49}, {"username": "tom", "x": 0.25, "y": 0.75}]
    number = _saved(page, desk, caption="Two are tagged", user_tags=json.dumps(tags))

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{desk.url}/compose?draft={number}")
    assert page.input_value("[name=user_tags]") == both
    page.fill("[name=caption]", "With both")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert _saved(page, desk, caption="With both", user_tags=json.dumps(tags)) == number


def test_a_restart_in_the_middle_of_a_draft_loses_nothing(shown: Window, desk: Console) -> None:
    page, home = shown.page, desk.ctx.settings.home
    app = [create_app(desk.ctx, media_keys=[], media_root=home / "media", schema_head=HEAD) for _ in range(2)]
    with ExitStack() as first:
        url = first.enter_context(serve(app[0]))
        page.goto(f"{url}/compose")
        page.fill("[name=caption]", "Before it went")
        page.locator("#saved", has_text="Saved as draft").wait_for()
        page.goto("about:blank")  # the stream of events ends
        page.go_back()
    page.fill("[name=caption]", "Written while nobody listened")
    page.locator("#saved", has_text="Not saved").wait_for()

    with serve(app[1], int(url.rpartition(":")[2])):
        page.locator("#saved", has_text="Saved as draft").wait_for()
        number = int(page.input_value("[name=draft]"))
        page.goto("about:blank")

    assert drafts.show(desk.ctx, OWNER, number).fields["caption"] == "Written while nobody listened"
    assert [one.id for one in drafts.list_drafts(desk.ctx, OWNER).items][:1] == [number]
