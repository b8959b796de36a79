"""What no page offers and anybody can send: numbers that are none, cursors of no list, days that are no days."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest

from models.accounts.account import find_account
from operations.posts import campaigns
from pressrun import clock
from pressrun.paging import cursor_of
from tests.factories.rows import make_comment
from tests.integration.console.pages.conftest import Console, Form, planned, state_of


@pytest.mark.parametrize("days", ["+-3", "²", "", "1000"])
def test_days_that_are_none_move_nothing_and_are_nothing_to_a_pause(month: Console, form: Form, days: str) -> None:
    far = clock.now() + timedelta(days=40)
    number = planned(month, f"days-{days}", publish_at=far)
    held = planned(month, f"held-{days}", publish_at=far, state="draft", next_action_at=None)

    assert form.send("/calendar/bulk", do="move", days=days, post=number)["words"] == "say by how many days"
    told = form.send("/calendar/bulk", do="pause", days=days, post=[number, held])

    assert told["words"] == "2 posts paused."
    assert told["fields"]["posts"] == str(number)  # the other was paused before, and stays so
    form.send(told["undo"], **told["fields"])
    assert (state_of(month, f"days-{days}"), state_of(month, f"held-{days}")) == ("scheduled", "draft")


CURSORS = (
    "2026-01-01~99999999999999999999",
    "2026-01-01T10:00:00~1",
    cursor_of("mentions", "2026-01-01T10:00:00", 1),
    "²",
)


@pytest.mark.parametrize("cursor", CURSORS)
def test_a_place_in_a_list_that_is_none_is_refused(form: Form, cursor: str) -> None:
    for path in ("/inbox?show=mentions&after=", "/inbox?show=comments&after=", "/inbox?show=tags&after="):
        assert form.http.get(path + quote(cursor)).status_code == 400, path
    assert form.http.get("/system/audit?before=" + quote(cursor)).status_code == 400


@pytest.mark.parametrize("number", ["x", "²", "-1", "9" * 19, "9" * 5000])
def test_what_has_no_such_number_is_unknown(form: Form, number: str) -> None:
    for path in ("/inbox/{}/reply", "/inbox/{}/resolve", "/inbox/comments/{}/hide", "/accounts/slots/{}/remove"):
        told = form.send(path.format(quote(number)))
        assert (told["is_bad"], told["words"].partition(" no ")[0]) == (True, "there is"), path
    assert form.send("/system/people/end", session=number)["is_bad"]


def test_a_list_goes_on_where_it_ended(month: Console, form: Form) -> None:
    with month.ctx.database.transaction() as tx:
        account = find_account(tx, "northlight-studio")
        for number in range(60):
            make_comment(tx, account, username=f"yy.{number:02}")
    asked = "/inbox?show=comments&account=northlight-studio"
    first = form.http.get(asked).text
    [older] = re.findall(r'href="([^"]+)" rel="next"', first)
    second = form.http.get(unescape(older)).text

    shown = [set(re.findall(r"yy\.\d\d", page)) for page in (first, second)]
    assert [len(one) for one in shown] == [50, 10]
    assert not shown[0] & shown[1]


ODD_INSIGHTS = {
    "since=0001-01-01&until=0001-02-01": 400,
    "since=9999-11-01&until=9999-12-31&account=harbour-bakery": 400,
    "on=9999-12-31": 200,
    "on=0001-01-01&format=" + "9" * 5000: 200,
    "on=0001-01-01&format=%00": 400,
    "account=&account=lena-makes": 200,
    "account=%00": 400,
    "account=harbour-bakery&known=soon": 400,
    "account=" + "&account=".join("abcdefgh"): 400,
}


def test_insights_of_odd_days_and_accounts_are_a_page_all_the_same(form: Form) -> None:
    told = {asked: form.http.get(f"/insights?account=lena-makes&{asked}").status_code for asked in ODD_INSIGHTS}

    assert told == ODD_INSIGHTS


def test_comments_below_a_media_that_nobody_knows_are_not_just_none(form: Form) -> None:
    answer = form.http.get("/inbox?show=comments&media=17999")

    assert (answer.status_code, "no media has the id &#39;17999&#39;" in answer.text) == (404, True)


@pytest.mark.parametrize(
    "path",
    ["/posts?q=%00", "/posts/a%00", "/calendar?account=%00", "/insights?a%00=1", "/compose?like=%00", "/seek?q=a%00"],
)
def test_what_no_text_may_hold_is_refused_where_it_is_asked(form: Form, path: str) -> None:
    answer = form.http.get(path)

    assert answer.status_code == 400
    assert "holds a character that no text may hold" in answer.text


@pytest.mark.parametrize("path", ["/compose/save", "/import/read", "/accounts/lena-makes/slots", "/library/add"])
def test_what_no_text_may_hold_is_refused_where_it_is_sent(form: Form, path: str) -> None:
    assert "holds a character" in form.send(path, account="lena-makes", caption="a\0b")["words"]


@pytest.mark.parametrize("path", ["/accounts/connect", "/accounts/connect/consent"])
def test_a_login_that_the_page_does_not_offer_is_refused(form: Form, path: str) -> None:
    answer = form.page(path, login="threads", name="me")

    assert answer.status_code == 400
    assert "say by which login: facebook or instagram" in answer.text


def test_a_fault_of_ours_in_what_a_form_does_is_a_page_and_a_line_in_the_log(
    form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(campaigns, "hand_in", fails)
    answer = form.page("/import/read", pasted="account\tpublish_at\ttype\tmedia\nlena-makes\t\t\t\n")

    assert answer.status_code == 500
    assert "Look before you try again" in answer.text
    assert "a fault" not in answer.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?columns=days", 400),
        ("?columns=accounts&account=nobody", 404),
        ("?columns=accounts&page=99999", 200),
        ("?columns=accounts&on=2011-12-30&zone=Pacific/Apia", 400),  # a day that was left out there
        ("?columns=accounts&on=2026-10-25&zone=Europe/Oslo", 200),
        ("?columns=accounts&view=week", 200),
        ("/consequences?post=month-failed&wall=2030-01-01T10:00&other=nothing", 404),
    ],
)
def test_columns_and_swaps_of_nothing_are_told_apart(form: Form, query: str, status: int) -> None:
    assert form.http.get(f"/calendar{query}").status_code == status


def test_a_post_swaps_with_nothing_by_saying_so(month: Console, form: Form) -> None:
    told = form.send("/calendar/swap", post=planned(month, "lonely"), other="")

    assert (told["is_bad"], told["words"]) == (True, "no post has the number or key ''")
