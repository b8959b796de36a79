"""What the forms of the pages do, without a browser: everything works where no script runs."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from models.accounts.account import find_account
from models.posts.post import find_post
from operations.operation import OWNER
from operations.posts import library, posts
from pressrun import clock
from tests.factories.rows import make_comment, make_mention, make_post
from tests.integration.console.pages.conftest import Console, Form, planned, state_of

OSLO = ZoneInfo("Europe/Oslo")


def test_a_failed_post_is_tried_again(month: Console, form: Form) -> None:
    planned(month, "mended", state="failed", error="it was too large", next_action_at=None)

    told = form.send("/posts/mended/retry", back="/")

    assert told["words"] == "Queued again."
    assert state_of(month, "mended") == "scheduled"


def test_a_pause_can_be_undone(month: Console, form: Form) -> None:
    planned(month, "held")

    told = form.send("/posts/held/pause")
    assert state_of(month, "held") == "draft"
    form.send(told["undo"], **told["fields"])

    assert state_of(month, "held") == "scheduled"


def test_of_two_who_move_one_post_the_second_is_told(month: Console, form: Form) -> None:
    number = planned(month, "wanted-by-two")
    version = posts.show(month.ctx, OWNER, str(number)).post.version
    later = (clock.now() + timedelta(days=50)).strftime("%Y-%m-%dT10:00")  # in no day that another test counts
    fields = {"post": number, "wall": later, "zone": "Europe/Oslo", "version": version, "back": "/calendar"}

    first = form.send("/calendar/move", **fields)
    second = form.send("/calendar/move", **fields)

    assert (first["is_bad"], second["is_bad"]) == (False, True)
    assert "has been changed since" in second["words"]


def test_two_posts_swap_as_they_were_seen_and_that_is_undone(month: Console, form: Form) -> None:
    days = (clock.now() + timedelta(days=70), clock.now() + timedelta(days=71))
    pair = [planned(month, f"swap-{at:%j}", publish_at=at, next_action_at=at) for at in days]
    fields = {"post": pair[0], "version": 1, "other": pair[1], "other_version": 1, "back": "/calendar"}

    def stand() -> list[Any]:
        return [posts.show(month.ctx, OWNER, str(one)).post.publish_at for one in pair]

    told = form.send("/calendar/swap", **fields)
    assert told["words"] == "The two have swapped their times."
    assert stand() == [*reversed(days)]
    again = form.send("/calendar/swap", **fields)
    itself = form.send("/calendar/swap", post=pair[0], other=pair[0])
    assert [one["is_bad"] for one in (again, itself)] == [True, True]
    assert "has been changed since" in again["words"]
    assert "with itself" in itself["words"]

    form.send(told["undo"], **told["fields"])
    assert stand() == [*days]


def test_a_sheet_of_a_post_changes_it_without_a_script_too(month: Console, form: Form) -> None:
    number = planned(month, "sheeted")
    address = f"/posts/{number}/peek"
    assert 'name="caption"' in form.http.get(address).text

    wall = (clock.now() + timedelta(days=60)).strftime("%Y-%m-%dT10:00")
    told = form.send(address, caption="By\r\nhand", publish_at=wall, back="/calendar")
    refused = form.send(address, caption="By hand", publish_at="at noon")
    nothing = form.send(address, caption="By\nhand", publish_at="")

    assert told["words"].startswith("Changed.")
    assert (refused["is_bad"], "noon" in refused["words"]) == (True, True)
    assert nothing["words"] == "Nothing was changed."
    after = posts.show(month.ctx, OWNER, str(number))
    assert (after.caption, f"{after.post.publish_at.astimezone(OSLO):%Y-%m-%dT%H:%M}") == ("By\nhand", wall)


def test_what_a_move_comes_to_is_told_before_it(month: Console, form: Form) -> None:
    number = planned(month, "looked-at")
    with month.ctx.database.transaction() as tx:
        # Far from what the other tests move to fixed hours of the days next to come.
        at = clock.now() + timedelta(days=20)
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
    numbers = [planned(month, f"one-of-{number}") for number in range(2)]
    gone = find_number(month, "month-lena-makes-4")

    told = form.send("/calendar/bulk", do="pause", post=[*numbers, gone])

    assert told["words"] == "2 posts paused. 1 could not be:"
    [line] = told["lines"]
    assert line.startswith("“Cracked. It happens. This one becomes a…”: ")
    assert "it has gone out" in line
    assert {state_of(month, f"one-of-{number}") for number in range(2)} == {"draft"}
    assert line in html.unescape(said_on(form, "/posts", told))


def said_on(form: Form, path: str, told: dict[str, Any]) -> str:
    cookie = base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
    return form.http.get(path, headers={"Cookie": f"said={cookie}; {cookies_of(form)}"}).text


def cookies_of(form: Form) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in form.http.cookies.jar)


def test_media_lead_to_their_posts_and_those_of_others_say_so(month: Console, form: Form) -> None:
    post = posts.show(month.ctx, OWNER, "month-lena-makes-4").post

    assert f'data-post="{post.id}"' in form.http.get(f"/posts?q={post.media_id}").text
    assert "Not posted from here" in form.http.get("/posts?q=17950000002000000").text


def test_failed_posts_are_tried_again_together(month: Console, form: Form) -> None:
    numbers = [
        planned(month, f"broken-{at}", state="failed", error="too large", next_action_at=None) for at in range(2)
    ]

    told = form.send("/posts/bulk", do="retry", post=numbers)

    assert (told["words"], told["undo"]) == ("2 posts queued again.", None)
    assert {state_of(month, f"broken-{at}") for at in range(2)} == {"scheduled"}


def test_canceling_many_names_them_first(month: Console, form: Form) -> None:
    numbers = [planned(month, f"goes-{at}", caption=f"It goes, {at}") for at in range(2)]

    page = form.page("/posts/bulk", do="cancel", post=numbers, back="/posts?q=goes")
    assert "Cancel 2 posts?" in page.text
    assert "It goes, 0" in page.text
    assert {state_of(month, f"goes-{at}") for at in range(2)} == {"scheduled"}
    told = form.send("/posts/bulk", do="cancel", sure="1", post=numbers)

    assert (told["words"], told["undo"]) == ("2 posts canceled.", None)
    assert {state_of(month, f"goes-{at}") for at in range(2)} == {"canceled"}


def test_an_answer_that_is_too_long_for_its_cookie_is_cut_and_keeps_its_undo(month: Console, form: Form) -> None:
    gone = [
        planned(month, f"long-{at}", state="canceled", next_action_at=None, caption="パン" * 99) for at in range(12)
    ]
    free = planned(month, "not-so-long")

    told = form.send("/posts/bulk", do="pause", post=[*gone, free])

    assert (told["words"], told["undo"]) == ("1 post paused. 12 could not be:", "/posts/bulk")
    assert 1 <= len(told["lines"]) <= 9


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


def test_a_comment_is_replied_to_once_and_hidden_with_an_undo(month: Console, form: Form) -> None:
    with month.ctx.database.transaction() as tx:
        comment = make_comment(tx, find_account(tx, "lena-makes"), username="zz.ana").id
    at = f"/inbox/comments/{comment}"

    replies = [form.send(f"{at}/reply", text="Four euros")["is_bad"] for _ in range(2)]
    hidden = form.send(f"{at}/hide", back="/inbox?show=comments")

    assert replies == [False, True]
    assert (hidden["undo"], hidden["fields"]) == (f"{at}/unhide", {"back": "/inbox?show=comments"})
    with month.ctx.database.transaction() as tx:
        asked = tx.execute(text("SELECT kind FROM inquiries WHERE asked ->> 'comment_id' = :id"), {"id": str(comment)})
        assert asked.scalars().all() == ["comment_hide"]
    page = form.http.get("/inbox?show=comments").text
    assert "Hiding is under way" in page
    assert "zz.ana" not in form.http.get("/inbox?show=comments&that=wait").text


def test_what_was_done_to_many_is_undone_for_those_alone(month: Console, form: Form) -> None:
    numbers = [planned(month, f"together-{number}") for number in range(2)]
    before = {one: posts.show(month.ctx, OWNER, str(one)).post.publish_at for one in numbers}

    told = form.send("/calendar/bulk", do="move", days="3", post=[*numbers, find_number(month, "month-lena-makes-4")])
    assert posts.show(month.ctx, OWNER, str(numbers[0])).post.publish_at - before[numbers[0]] > timedelta(days=2)
    assert told["fields"]["posts"] == " ".join(map(str, numbers))
    form.send(told["undo"], **told["fields"])

    assert {one: posts.show(month.ctx, OWNER, str(one)).post.publish_at for one in numbers} == before


def test_a_doubtful_post_is_decided_by_what_stands_on_the_account(month: Console, form: Form) -> None:
    page = form.http.get("/posts/month-review").text
    named = re.findall(r'name="media_id" value="(\d+)"', page)

    assert len(set(named)) == 2
    told = form.send("/posts/month-review/resolve", media_id=named[1])

    assert (told["words"], state_of(month, "month-review")) == ("Decided: it is live as that media.", "published")
    assert "It is this one" not in form.http.get("/posts/month-review").text


def test_an_account_is_erased_only_by_its_name(month: Console, form: Form) -> None:
    page = form.http.get("/accounts/harbour-bakery?remove=1").text
    told = form.send("/accounts/harbour-bakery/remove", keep="0", named="lena-makes")

    assert "rows are kept here of it, or erased" in page
    assert told["is_bad"]
    assert "harbour-bakery" in form.http.get("/accounts").text


def test_hashtags_are_read_along_and_no_more(month: Console, form: Form) -> None:
    wish = {"account": "harbour-bakery", "kind": "hashtag", "name": "#SourDough"}
    added = form.send("/insights/watch", **wish)
    assert "#sourdough" in form.http.get("/insights?account=harbour-bakery").text

    form.send(added["undo"], **added["fields"])

    assert "#sourdough" not in form.http.get("/insights?account=harbour-bakery").text


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
    planned(month, "led-astray")
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


def not_known(page: str) -> int:
    """Values that the charts of a page hatch."""
    return sum(map(int, re.findall(r"Hatched: (\d+) values? not known", page)))


def test_numbers_are_shown_as_they_were_known(form: Form) -> None:
    known = f"{clock.now() - timedelta(days=20):%Y-%m-%d}"

    page = form.http.get(f"/insights?account=lena-makes&known={known}").text

    assert "Numbers as they were known" in page
    assert not_known(page) > not_known(form.http.get("/insights?account=lena-makes").text)
    assert form.http.get("/insights?account=lena-makes&metric=nothing").status_code == 400


def _fields(page: str) -> dict[str, str]:
    """What the table of an import would send: its rows as they are carried, and the cells that it shows."""
    found = dict(re.findall(r'<input[^>]* name="([0-9]+\.[a-z_]+)"[^>]* value="([^"]*)"', page))
    found |= dict(re.findall(r'<textarea[^>]* name="([0-9]+\.[a-z_]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL))
    [rows] = re.findall(r'name="rows" value="([^"]*)"', page)
    return {name: html.unescape(text).replace("\n", "\r\n") for name, text in found.items()} | {"rows": rows}


def test_of_many_rows_those_that_want_correcting_are_shown_and_the_others_stay(
    month: Console, form: Form, media_folder: Path
) -> None:
    library.add(month.ctx, OWNER, [media_folder / "feed.jpg"], name="many-rows")
    sheet = "account,publish_at,type,media,caption,key\n" + "".join(
        f"{'lena-make' if number == 97 else 'lena-makes'},2030-02-{number % 27 + 1:02}T09:00,image,lib:many-rows,"
        f'"{"One" if number != 5 else "Two"}\nline","many-{number}"\n'
        for number in range(1, 101)
    )
    read = form.page("/import/read", pasted=sheet).text
    sent = _fields(read)
    assert sorted(name for name in sent if name != "rows") == sorted(
        f"97.{column}" for column in ("account", "publish_at", "type", "media", "caption", "key")
    )
    assert "1 of 100 rows is shown: all with something wrong" in read

    later = form.page("/import/check", **sent, **{"from": "51"}).text
    assert "Rows 51 to 100 of 100" in later

    wrong = form.page("/import/check", **sent | {"97.account": "nobody"}, do="queue")
    right = form.page("/import/check", **_fields(wrong.text) | {"97.account": "lena-makes"}, do="queue")

    assert 'value="nobody"' in wrong.text
    assert right.status_code == 303
    with month.ctx.database.transaction() as tx:
        found = tx.execute(text("SELECT key, caption FROM posts WHERE key LIKE 'many-%'")).all()
    assert {row.key: row.caption for row in found} == {
        f"many-{number}": f"{'One' if number != 5 else 'Two'}\nline" for number in range(1, 101)
    }


def test_a_table_that_did_not_arrive_whole_queues_nothing(month: Console, form: Form) -> None:
    answer = form.page("/import/check", rows="cut", do="queue", **{"1.account": "lena-makes"})

    assert answer.status_code == 400
    assert "begin anew" in answer.text
