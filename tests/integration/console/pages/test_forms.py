"""What the forms of the pages do, without a browser: everything works where no script runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from models.account import find_account
from models.post import find_post
from operations import posts
from operations.operation import OWNER
from pressrun import clock
from tests.factories.rows import make_mention, make_post
from tests.integration.console.pages.conftest import Console


class Form:
    """Somebody who sends forms, with the token of a page."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.token = http.get("/").text.partition('data-csrf="')[2].partition('"')[0]

    def send(self, path: str, **fields: Any) -> dict[str, Any]:
        """What the next page says of it."""
        answer = self.http.post(path, data={"csrf_token": self.token, **fields})
        assert answer.status_code == 303, answer.text[:500]
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(answer.cookies["said"]))
        self.http.cookies.delete("said")
        return told

    def page(self, path: str, **fields: Any) -> httpx.Response:
        return self.http.post(path, data={"csrf_token": self.token, **fields})


@pytest.fixture(scope="module")
def form(month: Console) -> Iterator[Form]:
    with month.client() as http:
        yield Form(http)


def _planned(month: Console, key: str, **over: Any) -> int:
    with month.ctx.database.transaction() as tx:
        at = clock.now() + timedelta(days=4)
        told = {"key": key, "publish_at": at, "next_action_at": at, "timezone": "Europe/Oslo"} | over
        return make_post(tx, find_account(tx, "lena-makes"), **told).id


def _state(month: Console, key: str) -> str:
    with month.ctx.database.transaction() as tx:
        return find_post(tx, key).state


def test_a_failed_post_is_tried_again(month: Console, form: Form) -> None:
    _planned(month, "mended", state="failed", error="it was too large", next_action_at=None)

    told = form.send("/posts/mended/retry", back="/")

    assert told["words"] == "Queued again."
    assert _state(month, "mended") == "scheduled"


def test_a_pause_can_be_undone(month: Console, form: Form) -> None:
    _planned(month, "held")

    told = form.send("/posts/held/pause")
    assert _state(month, "held") == "draft"
    form.send(told["undo"], **told["fields"])

    assert _state(month, "held") == "scheduled"


def test_of_two_who_move_one_post_the_second_is_told(month: Console, form: Form) -> None:
    number = _planned(month, "wanted-by-two")
    version = posts.show(month.ctx, OWNER, str(number)).post.version
    later = (clock.now() + timedelta(days=5)).strftime("%Y-%m-%dT10:00")
    fields = {"post": number, "wall": later, "zone": "Europe/Oslo", "version": version, "back": "/calendar"}

    first = form.send("/calendar/move", **fields)
    second = form.send("/calendar/move", **fields)

    assert (first["is_bad"], second["is_bad"]) == (False, True)
    assert "has been changed since" in second["words"]


def test_what_a_move_comes_to_is_told_before_it(month: Console, form: Form) -> None:
    number = _planned(month, "looked-at")
    with month.ctx.database.transaction() as tx:
        at = clock.now() + timedelta(days=6)
        for other in range(50):
            make_post(
                tx, find_account(tx, "lena-makes"), key=f"crowd-{other}", publish_at=at, next_action_at=at, parts=1
            )
    wall = (at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")

    def ask(**query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = form.http.get("/calendar/consequences", params={"post": number, **query}).json()
        return answer

    assert "would have 51 posts in 24 h, Instagram allows 50" in ask(wall=wall, zone="UTC")["warnings"][0]
    assert ask(wall="2020-01-01T10:00", zone="UTC")["problems"] == ["That time is in the past."]


def test_several_posts_are_changed_and_what_is_refused_is_told(month: Console, form: Form) -> None:
    numbers = [_planned(month, f"one-of-{number}") for number in range(2)]
    gone = find_number(month, "month-lena-makes-4")

    told = form.send("/calendar/bulk", do="pause", post=[*numbers, gone])

    assert told["words"].startswith("2 posts paused. 1 could not be: ")
    assert {_state(month, f"one-of-{number}") for number in range(2)} == {"draft"}


def find_number(month: Console, key: str) -> int:
    with month.ctx.database.transaction() as tx:
        return find_post(tx, key).id


def test_a_mention_is_replied_to_once(month: Console, form: Form) -> None:
    with month.ctx.database.transaction() as tx:
        mention = make_mention(tx, find_account(tx, "lena-makes")).id

    first = form.send(f"/inbox/{mention}/reply", text="Thank you")
    second = form.send(f"/inbox/{mention}/reply", text="Thank you")

    assert (first["is_bad"], second["is_bad"]) == (False, True)
    with month.ctx.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM replies WHERE mention_id = :id"), {"id": mention}).scalar() == 1


def test_slots_are_added_and_taken_away_with_an_undo(month: Console, form: Form) -> None:
    form.send("/accounts/lena-makes/slots", days="sun", at="07:45")
    with month.ctx.database.transaction() as tx:
        slot = tx.execute(text("SELECT id FROM slots WHERE wall_time = '07:45'")).scalar_one()

    told = form.send(f"/accounts/slots/{slot}/remove", account="lena-makes", days="sun", at="07:45")

    assert told["undo"] == "/accounts/lena-makes/slots"
    assert told["fields"] == {"days": "sun", "at": "07:45"}


def test_a_key_is_shown_once_and_in_no_cookie(month: Console, form: Form) -> None:
    made = form.page("/system/people/add-key", name="dashboard", scope="read")

    assert made.status_code == 200
    assert 'value="pr_' in made.text
    assert "said" not in made.cookies
    assert 'value="pr_' not in form.http.get("/system/people").text


def test_a_token_is_in_no_page(month: Console, form: Form) -> None:
    told = {"login": "facebook", "ig_id": "17841499777777777", "name": "new", "token": "SIM-TOKEN-of-a-form"}
    wrong = form.page("/accounts/connect", **told | {"name": "\n"})
    right = form.page("/accounts/connect", **told)

    assert (wrong.status_code, right.status_code) == (400, 303)
    assert "SIM-TOKEN" not in wrong.text + form.http.get(right.headers["location"]).text


def test_a_way_back_leads_nowhere_else(month: Console, form: Form) -> None:
    _planned(month, "led-astray")
    for back in ("https://evil.example", "//evil.example", "/\\evil.example"):
        answer = form.page("/posts/led-astray/pause", back=back)
        assert answer.headers["location"].startswith("/posts/"), back
        form.page("/posts/led-astray/resume")


def test_numbers_come_as_csv(form: Form) -> None:
    answer = form.http.get("/insights/export?view=account_daily&account=lena-makes&since=2020-01-01")

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0].startswith("account_id,account,day")
    assert len(answer.text.splitlines()) > 20


def test_media_get_a_name_in_the_library(month: Console, form: Form, media_folder: Path) -> None:
    with (media_folder / "feed.jpg").open("rb") as file:
        told = {"csrf_token": form.token, "tags": "spring, menu"}
        added = form.http.post("/library/add", data=told, files=[("files", ("../../Feed one.jpg", file))])
    assert added.status_code == 303
    form.http.cookies.delete("said")

    page = form.http.get("/library?tag=menu")
    name = page.text.partition('src="/pictures/library/')[2].partition("?")[0]
    assert form.http.get(f"/pictures/library/{name}?w=160").headers["content-type"] == "image/webp"
    assert f"lib:{name}" in form.http.get(f"/library?item={name}").text
    assert form.send(f"/library/{name}/remove")["words"] == f"{name} is out of the library."
    assert form.http.get(f"/pictures/library/{name}").status_code == 404


def test_without_an_app_consent_says_what_is_missing(month: Console, form: Form) -> None:
    answer = form.page("/accounts/connect/consent", login="instagram", name="bakery")

    assert answer.status_code == 400
    assert "PRESSRUN_APP_ID" in answer.text
    assert 'value="bakery"' in answer.text
