"""`/api/v1/posts`: a month's work with posts, over HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event, func, select

from models.accounts.account import find_account
from models.posts.post import Post
from operations.operation import Asker, Scope
from pressrun import clock
from pressrun.media.samples import make_jpeg
from tests.factories.rows import make_post
from tests.integration.console.api.conftest import ASKERS, Api, in_hours

YEAR = clock.now().year + 1
CREATE = ["accounts", "posts", "INTO posts", "INTO audit"]
"""What queueing a post reads and writes: its account; whether its key is taken and what stands around it; the post with
its parts and the first line of its timeline; who asked.
"""


def body(api: Api, folder: Path, **over: Any) -> dict[str, Any]:
    given = {
        "account": "bakery",
        "publish_at": in_hours(2),
        "type": "image",
        "media": [api.keep(folder / "feed.jpg")],
        "caption": "bread",
    }
    return given | over


def add(api: Api, folder: Path, **over: Any) -> dict[str, Any]:
    answer = api.http.post("/posts", json=body(api, folder, **over))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def count(api: Api) -> int:
    with api.database.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(Post)) or 0


def problem(answer: httpx.Response, status: int, type_: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["type"], told["status"]) == (f"urn:pressrun:{type_}", status)
    return told


class TestQueueing:
    def test_a_post_is_queued_shown_and_found_where_it_says(self, api: Api, media_folder: Path) -> None:
        given = body(api, media_folder, publish_at=f"{YEAR}-12-24T18:30:00+01:00", key="christmas")

        answer = api.http.post("/posts", json=given)

        assert answer.status_code == 201
        told = answer.json()
        assert told["publish_at"] == f"{YEAR}-12-24T17:30:00Z"
        assert (told["account"], told["state"], told["timezone"]) == ("bakery", "scheduled", "Europe/Berlin")
        assert (told["media"], told["caption"]) == (given["media"], "bread")
        assert [one["field"] for one in told["warnings"]] == ["alt_text"]
        assert answer.headers["etag"] == f'"{told["version"]}"'
        shown = httpx.get(api.url + answer.headers["location"], headers=api.as_("reader"))
        assert shown.json() == {name: value for name, value in told.items() if name != "warnings"}
        assert api.http.get("/posts/christmas").json()["id"] == told["id"]

    def test_a_time_without_a_zone_is_the_accounts(self, api: Api, media_folder: Path) -> None:
        told = add(api, media_folder, publish_at=f"{YEAR}-12-24T18:30")
        assert told["publish_at"] == f"{YEAR}-12-24T17:30:00Z"

    def test_every_column_of_a_campaign_can_be_said(self, api: Api, media_folder: Path) -> None:
        told = add(
            api,
            media_folder,
            alt_text=["a loaf"],
            first_comment="come by",
            location_id="123",
            user_tags=[{"username": "ana", "x": 0.5, "y": 0.5}],
            collaborators=["ben"],
            max_lateness="2h",
            if_late="publish",
        )

        assert (told["first_comment"], told["max_lateness_s"], told["if_late"]) == ("come by", 7200, "publish")
        assert told["params"] == {
            "location_id": "123",
            "user_tags": [{"username": "ana", "x": 0.5, "y": 0.5}],
            "collaborators": ["ben"],
        }
        assert told["parts"][0]["alt_text"] == "a loaf"

    def test_the_same_again_adds_nothing(self, api: Api, media_folder: Path) -> None:
        given = body(api, media_folder, key="once")

        first, again = (api.http.post("/posts", json=given) for _ in range(2))

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert "location" not in again.headers
        other = api.http.post("/posts", json=given | {"caption": "cake"})
        assert problem(other, 422, "post.key_taken")["field"] == "key"
        assert count(api) == 1

    def test_all_that_is_wrong_is_told_by_field(self, api: Api, media_folder: Path) -> None:
        answer = api.http.post("/posts", json=body(api, media_folder, account="backery", publish_at="tomorrow"))

        told = problem(answer, 422, "account.unknown")
        assert told["field"] == "account"
        assert {(one["field"], one["type"]) for one in told["errors"]} == {
            ("account", "urn:pressrun:account.unknown"),
            ("publish_at", "urn:pressrun:time.invalid"),
        }

    @pytest.mark.parametrize("source", ["/etc/passwd", "feed.jpg", "~/feed.jpg", "kept:" + "0" * 64, "kept:../../x"])
    def test_no_file_of_the_server_can_be_named(self, api: Api, media_folder: Path, source: str) -> None:
        answer = api.http.post("/posts", json=body(api, media_folder, media=[source]))
        told = problem(answer, 422, "media.not_kept" if source.startswith("kept:") else "media.not_here")

        assert told["field"] == "media"
        assert count(api) == 0

    def test_what_does_not_fit_the_document_is_told_and_not_repeated(self, api: Api, media_folder: Path) -> None:
        given = body(api, media_folder, type="poem", access_token="SIM-TOKEN-1")

        answer = api.http.post("/posts", json=given)

        told = problem(answer, 422, "request.invalid")
        assert {one["field"] for one in told["errors"]} == {"type", "access_token"}
        assert "SIM-TOKEN-1" not in answer.text

    def test_a_dry_run_answers_and_keeps_nothing(self, api: Api, media_folder: Path) -> None:
        answer = api.http.post("/posts", params={"dry_run": "true"}, json=body(api, media_folder))

        assert answer.status_code == 200
        assert answer.json()["state"] == "scheduled"
        assert "location" not in answer.headers
        assert count(api) == 0

    def test_whoever_may_only_read_changes_nothing(self, api: Api, media_folder: Path) -> None:
        answer = api.http.post("/posts", json=body(api, media_folder), headers=api.as_("reader"))

        problem(answer, 403, "not_allowed")
        problem(httpx.get(f"{api.url}/api/v1/posts"), 401, "key.missing")
        assert count(api) == 0


class TestFinding:
    def test_pages_are_stable_while_posts_are_added(self, api: Api) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            posts = [make_post(tx, account) for _ in range(5)]
            same = posts[0].publish_at
            for post in posts:
                post.publish_at = same

        first = api.http.get("/posts", params={"limit": 2}).json()
        with api.database.transaction() as tx:
            make_post(tx, find_account(tx, "bakery"), publish_at=same.replace(year=same.year - 1))
        second = api.http.get("/posts", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        third = api.http.get("/posts", params={"limit": 2, "cursor": second["next_cursor"]}).json()

        told = [one["id"] for page in (first, second, third) for one in page["items"]]
        assert told == sorted(post.id for post in posts)
        assert third["next_cursor"] is None

    def test_filters_words_and_order(self, api: Api) -> None:
        with api.database.transaction() as tx:
            bakery, another = find_account(tx, "bakery"), find_account(tx, "another")
            bread = make_post(tx, bakery, caption="100% Bread_and butter")
            failed = make_post(tx, bakery, state="failed", next_action_at=None, caption="cake")
            theirs = make_post(tx, another, caption="bread of others", type="reel")

        def ids(**params: Any) -> list[int]:
            return [one["id"] for one in api.http.get("/posts", params=params).json()["items"]]

        assert ids(q="bread") == [bread.id, theirs.id]
        assert ids(q="0% bread_A") == [bread.id]
        assert ids(q="%") == [bread.id]
        assert ids(account="bakery", sort="-id") == [failed.id, bread.id]
        assert ids(state=["failed", "expired"]) == [failed.id]
        assert ids(type="reel") == [theirs.id]
        assert ids(since=in_hours(1)) == ids(sort="-published_at") == []
        assert ids(until=in_hours(1), sort="-publish_at")[0] == theirs.id

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"cursor": "nonsense"}, "cursor"),
            ({"cursor": "W10"}, "cursor"),
            ({"sort": "caption"}, "sort"),
            ({"since": "soon"}, "since"),
            ({"limit": "0"}, "limit"),
            ({"state": "lost"}, "state"),
        ],
    )
    def test_what_cannot_be_asked_is_told(self, api: Api, params: dict[str, str], field: str) -> None:
        answer = api.http.get("/posts", params=params)

        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_a_cursor_is_of_its_list_alone(self, api: Api) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            for _ in range(2):
                make_post(tx, account)
        cursor = api.http.get("/posts", params={"limit": 1}).json()["next_cursor"]

        answer = api.http.get("/posts", params={"cursor": cursor, "sort": "-id"})

        assert problem(answer, 422, "cursor.bad")["field"] == "cursor"

    def test_a_timeline_comes_by_pages(self, api: Api, media_folder: Path) -> None:
        post = add(api, media_folder)
        api.http.post(f"/posts/{post['id']}/pause")

        first = api.http.get(f"/posts/{post['id']}/timeline", params={"limit": 1}).json()
        rest = api.http.get(f"/posts/{post['id']}/timeline", params={"cursor": first["next_cursor"]}).json()

        assert [one["reason"] for one in first["items"] + rest["items"]] == ["post.queued", "post.paused"]
        problem(api.http.get("/posts/0/timeline"), 404, "post.unknown")


class TestCost:
    """What a request asks of the database: statements, and transactions, each of which takes two trips more."""

    def _asked(self, api: Api, method: str, path: str, **more: Any) -> tuple[list[str], int]:
        asked: list[str] = []
        begun: list[str] = []

        def note(*given: Any) -> None:
            asked.append(given[2])

        def begin(connection: Connection) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                begun.append("BEGIN")

        event.listen(api.database.engine, "before_cursor_execute", note)
        event.listen(api.database.engine, "begin", begin)
        try:
            assert api.http.request(method, path, **more).is_success
        finally:
            event.remove(api.database.engine, "before_cursor_execute", note)
            event.remove(api.database.engine, "begin", begin)
        return asked, len(begun)

    def test_what_requests_ask_the_database(self, api: Api, media_folder: Path) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            posts = [make_post(tx, account) for _ in range(30)]

        for path, statements in (("/posts", 1), ("/posts?account=bakery", 2), (f"/posts/{posts[0].id}", 5)):
            asked, transactions = self._asked(api, "GET", path)
            assert (path, len(asked), transactions) == (path, statements, 0)

    @pytest.mark.parametrize("is_limited", [False, True])
    def test_queueing_a_post_takes_one_transaction(
        self, api: Api, media_folder: Path, monkeypatch: pytest.MonkeyPatch, is_limited: bool
    ) -> None:
        with api.database.transaction() as tx:
            only = frozenset({find_account(tx, "bakery").id}) if is_limited else None
        monkeypatch.setitem(ASKERS, "one", Asker("one", frozenset({Scope.PUBLISH}), accounts=only))

        asked, transactions = self._asked(api, "POST", "/posts", json=body(api, media_folder), headers=api.as_("one"))

        assert [re.search(r"(INTO \w+|(?<=FROM )\w+)", one)[0] for one in asked] == CREATE  # type: ignore[index]
        assert transactions == 1

    def test_a_key_costs_two_statements_more(self, api: Api, media_folder: Path) -> None:
        headers = {"Idempotency-Key": "counted"}

        first, transactions = self._asked(api, "POST", "/posts", json=body(api, media_folder), headers=headers)
        assert (len(first), transactions) == (len(CREATE) + 2, 1)

    def test_the_same_again_is_told_from_what_is_kept(self, api: Api, media_folder: Path) -> None:
        given, headers = body(api, media_folder), {"Idempotency-Key": "counted"}
        self._asked(api, "POST", "/posts", json=given, headers=headers)

        again, transactions = self._asked(api, "POST", "/posts", json=given, headers=headers)

        assert (len(again), transactions) == (2, 0)


class TestTruth:
    """A post that was queued is told from the rows as they were written: the same as whoever asks for it is told."""

    @pytest.mark.parametrize(
        "over",
        [
            {},
            {"type": "carousel", "media": ["feed.jpg", "second.jpg"], "alt_text": ["bread", ""], "key": "many"},
            {"type": "image", "collaborators": ["baker"], "user_tags": [{"username": "miller", "x": 0.5, "y": 0.25}]},
            {"first_comment": "until noon", "max_lateness": "2h", "if_late": "publish", "fix": "yes"},
            {"publish_at": "2031-07-01T09:30:00+05:45", "location_id": "1234"},
        ],
        ids=["plain", "carousel", "tags", "lateness", "zone"],
    )
    def test_it_is_told_as_whoever_asks_is_told(self, api: Api, media_folder: Path, over: dict[str, Any]) -> None:
        make_jpeg(media_folder / "second.jpg", 1080, 1350, label="second")
        named = {"media": [api.keep(media_folder / one) for one in over.get("media", ["feed.jpg"])]}

        queued = add(api, media_folder, **over | named)
        again = api.http.post(
            "/posts", json=body(api, media_folder, **over | named | {"publish_at": queued["publish_at"]})
        )
        shown = api.http.get(f"/posts/{queued['id']}").json()

        assert {name: value for name, value in queued.items() if name != "warnings"} == shown
        assert again.status_code == 200
        assert {name: value for name, value in again.json().items() if name != "warnings"} == shown

    def test_whoever_may_publish_and_not_read_is_told_what_they_queued(
        self, api: Api, media_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(ASKERS, "sender", Asker("sender", frozenset({Scope.PUBLISH})))
        sender = api.as_("sender")
        draft = api.http.post("/drafts", json=body(api, media_folder, caption="cake"), headers=sender)

        queued = api.http.post("/posts", json=body(api, media_folder), headers=sender)
        from_draft = api.http.post(f"/drafts/{draft.json()['id']}/queue", headers=sender)

        assert (queued.status_code, from_draft.status_code) == (201, 201), from_draft.text
        assert queued.json()["caption"] == "bread"


class TestChanging:
    def test_of_two_who_edit_the_same_the_second_is_told(self, api: Api, media_folder: Path) -> None:
        post = add(api, media_folder)
        seen = api.http.get(f"/posts/{post['id']}").headers["etag"]

        first = api.http.patch(f"/posts/{post['id']}", json={"caption": "cake"}, headers={"If-Match": seen})
        second = api.http.patch(f"/posts/{post['id']}", json={"caption": "tart"}, headers={"If-Match": seen})

        assert first.status_code == 200
        assert first.headers["etag"] != seen
        problem(second, 412, "post.changed")
        assert api.http.get(f"/posts/{post['id']}").json()["caption"] == "cake"
        odd = api.http.patch(f"/posts/{post['id']}", json={"caption": "tart"}, headers={"If-Match": '"odd"'})
        problem(odd, 412, "post.changed")
        several = [("If-Match", f'"odd", {seen}'), ("If-Match", f"W/{seen} ,, {first.headers['etag']}")]
        third = api.http.patch(f"/posts/{post['id']}", json={"caption": "tart"}, headers=several)
        assert (third.status_code, third.json()["caption"]) == (200, "tart"), third.text
        any_ = api.http.patch(f"/posts/{post['id']}", json={"caption": "roll"}, headers={"If-Match": "*"})
        assert any_.json()["caption"] == "roll"

    def test_null_takes_a_field_away_and_what_is_not_named_stays(self, api: Api, media_folder: Path) -> None:
        post = add(api, media_folder, first_comment="come by", alt_text=["a loaf"])

        api.http.patch(f"/posts/{post['id']}", json={"first_comment": None})

        told = api.http.get(f"/posts/{post['id']}").json()
        assert (told["first_comment"], told["caption"], told["parts"][0]["alt_text"]) == (None, "bread", "a loaf")

    def test_a_post_is_paused_resumed_moved_and_canceled(self, api: Api, media_folder: Path) -> None:
        path = f"/posts/{add(api, media_folder)['id']}"

        assert api.http.post(f"{path}/pause").json()["state"] == "draft"
        assert api.http.post(f"{path}/resume").json()["state"] == "scheduled"
        moved = api.http.post(f"{path}/move", json={"publish_at": f"{YEAR}-12-31T23:00"})
        assert (moved.json()["publish_at"], moved.headers["etag"]) == (f"{YEAR}-12-31T22:00:00Z", '"4"')
        past = api.http.post(f"{path}/move", json={"publish_at": "2020-12-31T23:00"})
        assert problem(past, 422, "post.late")["field"] == "publish_at"
        rehearsed = api.http.post(f"{path}/cancel?dry_run=1", json={"why": "no oven"})
        assert (rehearsed.status_code, rehearsed.json()["state"]) == (200, "canceled")
        assert api.http.get(path).json()["state"] == "scheduled"
        assert api.http.post(f"{path}/cancel", json={"why": "no oven"}).json()["state"] == "canceled"
        assert problem(api.http.post(f"{path}/pause"), 409, "post.not_possible")["ids"]

    def test_two_posts_change_places(self, api: Api, media_folder: Path) -> None:
        one = add(api, media_folder, publish_at=in_hours(2))
        other = add(api, media_folder, publish_at=in_hours(3), caption="cake")

        seen = {"other": str(other["id"]), "other_version": other["version"]}
        stale = api.http.post(f"/posts/{one['id']}/swap", json=seen | {"other_version": other["version"] + 1})
        answer = api.http.post(f"/posts/{one['id']}/swap", json=seen)

        assert problem(stale, 412, "post.changed")["ids"]["post"] == other["id"]
        assert [post["publish_at"] for post in answer.json()["items"]] == [other["publish_at"], one["publish_at"]]
        same = api.http.post(f"/posts/{one['id']}/swap", json={"other": str(one["id"])})
        assert problem(same, 422, "post.same")["field"] == "other"
        api.http.post(f"/posts/{other['id']}/cancel")
        problem(api.http.post(f"/posts/{one['id']}/swap", json={"other": str(other["id"])}), 409, "post.not_possible")
        assert api.http.get(f"/posts/{one['id']}").json()["publish_at"] == other["publish_at"]

    def test_a_failed_post_is_retried_and_a_doubtful_one_resolved(self, api: Api) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            failed = make_post(tx, account, state="failed", next_action_at=None)
            doubtful = make_post(tx, account, state="needs_review", next_action_at=None)

        assert api.http.post(f"/posts/{failed.id}/retry").json()["state"] == "scheduled"
        both = {"published": True, "comment_sent": True, "media_id": "1790"}
        problem(api.http.post(f"/posts/{doubtful.id}/resolve", json=both), 422, "post.resolve")
        told = api.http.post(f"/posts/{doubtful.id}/resolve", json={"published": True, "media_id": "1790"})
        assert (told.json()["state"], told.json()["media_id"]) == ("published", "1790")

    def test_a_selection_has_a_result_for_each(self, api: Api, media_folder: Path) -> None:
        one, other = add(api, media_folder, key="a"), add(api, media_folder, key="b", caption="cake")
        api.http.post("/posts/b/cancel")

        answer = api.http.post("/posts/bulk", json={"action": "pause", "posts": ["a", "b", "nobody", "a"]})

        [paused, refused, unknown] = answer.json()["items"]
        assert (paused["ok"], paused["result"]["id"], paused["result"]["state"]) == (True, one["id"], "draft")
        assert (refused["post"], refused["problem"]["status"]) == ("b", 409)
        assert refused["problem"]["ids"] == {"post": other["id"]}
        assert unknown["problem"]["type"] == "urn:pressrun:post.unknown"
        moved = {"action": "move", "posts": ["a"], "publish_at": "2020-01-01T00:00"}
        [late] = api.http.post("/posts/bulk", json=moved).json()["items"]
        assert late["problem"]["type"] == "urn:pressrun:post.late"
