"""The other resources of the API: each reads and changes what its operations do."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pyarrow.parquet
import pytest
from sqlalchemy import text

from models.access.user import User
from models.accounts.account import find_account
from models.history.comment import SeenComment, see_comments
from models.history.insight import Observation, store_observations
from models.history.tag import SeenTag, see_tags
from pressrun import clock
from tests.factories.rows import make_comment, make_endpoint, make_mention, make_post, make_reply
from tests.factories.worlds import make_lived_in_account
from tests.integration.console.api.conftest import Api
from tests.integration.console.api.test_posts import problem


def items(api: Api, path: str, **params: Any) -> list[dict[str, Any]]:
    """All of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = api.http.get(path, params={"limit": 1, **params, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


class TestAccounts:
    def test_they_are_listed_edited_paused_and_resumed(self, api: Api) -> None:
        assert [one["name"] for one in items(api, "/accounts")] == ["another", "bakery"]
        shown = api.http.get("/accounts/bakery").json()
        assert (shown["ig_id"], shown["quota_total"]) == (str(shown["ig_id"]), 50)
        assert "SIM-TOKEN" not in api.http.get("/accounts").text

        edited = api.http.patch("/accounts/bakery", json={"max_lateness": "1h", "timezone": "Europe/Paris"})
        paused = api.http.post("/accounts/bakery/pause", json={"why": "holidays", "reading": True})

        assert (edited.json()["max_lateness_s"], edited.json()["timezone"]) == (3600, "Europe/Paris")
        assert (paused.json()["state"], paused.json()["is_reading_paused"]) == ("paused", True)
        assert api.http.post("/accounts/bakery/resume").json()["state"] == "active"
        assert problem(api.http.patch("/accounts/bakery", json={"timezone": "X"}), 422, "zone.unknown")["field"]
        problem(api.http.get("/accounts/nobody"), 404, "account.unknown")

    def test_of_two_who_edit_what_posts_inherit_the_second_is_told(self, api: Api) -> None:
        seen = {"If-Match": api.http.get("/accounts/bakery").headers["etag"]}

        first = api.http.patch("/accounts/bakery", json={"min_spacing": "5m"}, headers=seen)
        second = api.http.patch("/accounts/bakery", json={"max_lateness": "2h"}, headers=seen)
        third = api.http.patch(
            "/accounts/bakery", json={"max_lateness": "2h"}, headers={"If-Match": f'"9", {first.headers["etag"]}'}
        )

        assert problem(second, 412, "account.changed")["field"] == "If-Match"
        assert (first.status_code, third.status_code) == (200, 200)
        assert third.headers["etag"] == api.http.get("/accounts/bakery").headers["etag"]
        assert (third.json()["min_spacing_s"], third.json()["max_lateness_s"]) == (300, 7200)

    def test_one_is_connected_by_a_worker_that_is_waited_for(self, api: Api) -> None:
        new = {"login": "facebook", "ig_id": "17840000000000009", "name": "new", "token": "SIM-TOKEN-new"}

        asked = api.http.post("/accounts", json=new)
        at_once = api.http.post("/accounts", json=new | {"check": False})

        assert asked.status_code == 202
        assert api.http.get(asked.headers["location"].removeprefix("/api/v1")).json()["state"] == "asked"
        done = api.http.get(at_once.headers["location"].removeprefix("/api/v1"))
        assert (done.json()["state"], done.json()["account"]["name"]) == ("done", "new")
        assert "SIM-TOKEN" not in asked.text + at_once.text + done.text
        wrong = api.http.post("/accounts", json=new | {"token": ""})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "token")
        problem(api.http.get("/connections/999"), 404, "connection.unknown")

    def test_what_is_ahead_is_told(self, api: Api) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            account.quota_total = 2
            at = clock.now() + timedelta(days=2)
            for minutes in range(3):
                make_post(tx, account, publish_at=at + timedelta(minutes=minutes))

        told = api.http.get("/accounts/bakery/forecast", params={"days": 4}).json()

        assert (told["quota_used"], told["quota_total"], told["containers_total"]) == (0, 2, 400)
        assert sum(day["posts"] for day in told["days"]) == sum(day["containers"] for day in told["days"]) == 3
        assert [day["is_over"] for day in told["days"]].count(True) == 1
        assert max(day["most_in_window"] for day in told["days"]) == 3

    def test_one_is_removed_when_it_is_said_what_becomes_of_its_history(self, api: Api) -> None:
        assert api.http.get("/accounts/bakery/removal").json()["posts_canceled"] == 0
        problem(api.http.delete("/accounts/bakery"), 422, "request.invalid")

        removed = api.http.delete("/accounts/bakery", params={"keep_history": "true", "why": "sold"})

        assert (removed.status_code, removed.json()["keeps_history"]) == (200, True)
        problem(api.http.post("/accounts/bakery/pause"), 409, "account.removed")


def test_slots(api: Api) -> None:
    new = {"account": "bakery", "days": "mon,fri", "at": ["18:00", "09:30"]}

    assert api.http.post("/slots", json=new).json() == {"added": 4, "unchanged": 0, "timezone": "Europe/Berlin"}
    found = items(api, "/slots", account="bakery")
    assert [(one["day"], one["time"]) for one in found] == [
        ("mon", "09:30"),
        ("mon", "18:00"),
        ("fri", "09:30"),
        ("fri", "18:00"),
    ]
    assert api.http.delete(f"/slots/{found[0]['id']}", params={"dry_run": "true"}).status_code == 204
    assert api.http.delete(f"/slots/{found[0]['id']}").status_code == 204
    problem(api.http.delete(f"/slots/{found[0]['id']}"), 404, "slot.unknown")
    assert problem(api.http.post("/slots", json=new | {"days": "someday"}), 422, "slot.day")["field"] == "days"


class TestHistory:
    def test_harvests_are_run_and_looked_at(self, api: Api) -> None:
        with api.database.transaction() as tx:
            make_lived_in_account(tx, now=clock.now())

        [harvest] = items(api, "/harvests")
        owed = api.http.post("/harvests/run", json={"kind": "media"})

        assert (harvest["kind"], owed.status_code, len(owed.json()["ids"])) == ("media", 202, 1)
        outcomes = api.http.get("/harvests/outcomes", params={"id": owed.json()["ids"]}).json()["items"]
        assert [one["status"] for one in outcomes] == ["waiting"]
        assert (
            problem(api.http.post("/harvests/run", json={"kind": "x"}), 422, "harvest.unknown_kind")["field"] == "kind"
        )

    def test_the_past_is_read_and_its_lacks_are_told(self, api: Api) -> None:
        with api.database.transaction() as tx:
            name = make_lived_in_account(tx, now=clock.now()).name
        since = (clock.now() - timedelta(days=5)).isoformat()

        owed = api.http.post("/backfills", json={"account": name, "since": since, "kind": "media"})
        stands = api.http.get("/backfills", params={"id": owed.json()["ids"]}).json()["items"]
        reread = api.http.post("/rereads", json={"since": since, "account": name})

        assert [(one["account"], one["status"]) for one in stands] == [(name, "waiting")]
        assert api.http.get("/rereads", params={"id": reread.json()["ids"]}).json()["items"][0]["account"] == name
        lacking = items(api, "/coverage", account=name, limit=100)
        assert {one["account"] for one in lacking} == {name}
        assert problem(api.http.get("/coverage?since=x"), 422, "time.bad")["field"] == "since"
        assert problem(api.http.post("/backfills", json={"since": "x"}), 422, "time.bad")["field"] == "since"

    @pytest.fixture
    def counted(self, api: Api) -> Api:
        now = clock.now()
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            for day in range(3):
                points = [Observation("reach", "day", "", now - timedelta(days=day), 7 + day)]
                store_observations(tx, account.id, points, captured_at=now, run_id=None)
        return api

    def test_a_view_is_taken_out_as_the_asker_accepts_it(self, counted: Api) -> None:
        def taken(accept: str) -> Any:
            answer = counted.http.get("/insights/views/account_daily", headers={"Accept": accept})
            assert answer.status_code == 200, answer.text
            return answer

        as_json, as_csv = taken("*/*"), taken("text/csv")
        lines, parquet = taken("application/jsonl;q=0.5, image/png"), taken("application/vnd.apache.parquet")

        rows = as_json.json()
        assert (len(rows), {row["reach"] for row in rows}) == (3, {7, 8, 9})
        assert [json.loads(line) for line in lines.text.splitlines()] == rows
        assert [row["day"] for row in csv.DictReader(io.StringIO(as_csv.text))] == [row["day"] for row in rows]
        assert pyarrow.parquet.read_table(io.BytesIO(parquet.content)).num_rows == 3
        assert as_csv.headers["content-type"].startswith("text/csv")
        assert parquet.headers["content-disposition"] == 'attachment; filename="account_daily.parquet"'
        assert list((counted.store.root.parent / "exports").iterdir()) == []

    def test_a_view_is_narrowed_and_known_as_of_a_time(self, counted: Api) -> None:
        path = "/insights/views/account_daily"
        before = (clock.now() - timedelta(days=30)).isoformat()

        assert counted.http.get(path, params={"as_of": before}).json() == []
        assert counted.http.get(path, params={"account": "another"}).json() == []
        assert counted.http.get("/insights/views/story_final").json() == []
        assert counted.http.get("/insights/views/coverage").json() == []
        then = counted.http.get("/insights/views/coverage", params={"as_of": before})
        assert problem(then, 422, "export.without_past")["field"] == "as_of"
        assert problem(counted.http.get("/insights/views/odd"), 422, "export.unknown_view")["field"] == "view"
        assert problem(counted.http.get(path, params={"since": "x"}), 422, "export.not_a_day")["field"] == "since"
        assert counted.http.get(path, headers={"Accept": "image/png"}).status_code == 406

    def test_accounts_are_compared(self, counted: Api) -> None:
        asked = {"account": ["bakery", "another"], "metric": "reach"}

        told = counted.http.get("/insights/compare", params=asked).json()

        bakery, another = told["accounts"]
        assert (bakery["account"], bakery["figures"]["reach"]["lacking"]) == ("bakery", 28 - 2)
        assert (another["figures"]["reach"], another["posts"]["value"]) == (
            {"value": None, "before": None, "lacking": 28},
            None,
        )
        assert len(told["days"]) == 28
        assert told["days"][-1]["values"] == {"bakery": 8, "another": None}
        assert told["days"][-1]["unknown"] == {"another": "not read"}

    def test_the_newest_values_and_a_curve(self, counted: Api) -> None:
        newest = counted.http.get("/insights/newest", params={"account": "bakery"}).json()

        assert {one["value"] for one in newest["accounts"]} == {7, 8, 9}
        problem(counted.http.get("/insights/media/1/curve"), 404, "media.unknown")


class TestInbox:
    def test_tags_mentions_and_comments_come_by_pages(self, api: Api) -> None:
        now = clock.now()
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            see_tags(tx, account.id, [SeenTag(f"t{n}", username="ana") for n in range(2)], now=now)
            see_tags(tx, account.id, [SeenTag("dated", username="ana", posted_at=now)], now=now)
            for _ in range(2):
                make_mention(tx, account, announced_at=now)
            shown = [SeenComment(f"c{n}", "1", username="ana", text="hello") for n in range(2)]
            see_comments(tx, account.id, shown, now=now, are_shown=True)

        assert [one["ig_media_id"] for one in items(api, "/tags")] == ["dated", "t1", "t0"]
        assert len({one["id"] for one in items(api, "/mentions")}) == 2
        assert [one["ig_id"] for one in items(api, "/comments", media="1")] == ["c1", "c0"]
        assert items(api, "/tags", account="another") == []
        told = problem(api.http.get("/comments", params={"media": "2"}), 404, "media.unknown")
        assert told["field"] == "media"
        others = api.http.get("/comments", params={"media": "1", "account": "another"})
        problem(others, 404, "media.unknown")

    def test_a_mention_is_replied_to_once(self, api: Api) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            mention, doubtful = make_mention(tx, account), make_mention(tx, account)
            make_reply(tx, doubtful, state="needs_review", next_action_at=None, intent_at=clock.now())

        queued = api.http.post(f"/mentions/{mention.id}/reply", json={"text": "thanks"})
        again = api.http.post(f"/mentions/{mention.id}/reply", json={"text": "thanks"})

        assert queued.status_code == 202
        assert api.http.get(queued.headers["location"].removeprefix("/api/v1")).json()["text"] == "thanks"
        problem(again, 409, "reply.open")
        settled = api.http.post(f"/mentions/{doubtful.id}/resolve", json={"was_sent": False})
        assert settled.json()["state"] == "failed"
        problem(api.http.post("/mentions/99/reply", json={"text": "x"}), 404, "mention.unknown")
        problem(api.http.get("/replies/99"), 404, "reply.unknown")

    def test_a_comment_is_replied_to_once_and_hidden(self, api: Api) -> None:
        with api.database.transaction() as tx:
            account = find_account(tx, "bakery")
            comment, gone = make_comment(tx, account), make_comment(tx, account, gone_at=clock.now())
        at = f"/comments/{comment.id}"

        queued = api.http.post(f"{at}/reply", json={"text": "thanks"})
        hidden = api.http.post(f"{at}/hide")

        told = api.http.get(queued.headers["location"].removeprefix("/api/v1")).json()
        assert (told["comment"], told["mention"], told["text"]) == (comment.id, None, "thanks")
        assert api.http.get(hidden.headers["location"].removeprefix("/api/v1")).json()["state"] == "asked"
        shown = api.http.get(at).json()
        assert (shown["reply"], shown["wish"], shown["wish_state"]) == ("queued", "hide", "asked")
        problem(api.http.post(f"{at}/reply", json={"text": "thanks"}), 409, "reply.open")
        problem(api.http.post(f"{at}/unhide"), 409, "comment.busy")
        problem(api.http.delete(f"/comments/{gone.id}"), 409, "comment.gone")
        problem(api.http.post("/comments/99/hide"), 404, "comment.unknown")
        problem(api.http.post(f"{at}/resolve", json={"was_sent": True}), 409, "reply.nothing_to_resolve")


def test_competitors_and_hashtags(api: Api) -> None:
    first = api.http.post("/competitors", json={"account": "bakery", "name": "rival"})
    again = api.http.post("/competitors", json={"account": "bakery", "name": "@rival"})
    api.http.post("/hashtags", json={"account": "bakery", "name": "#bread"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert [one["name"] for one in items(api, "/competitors")] == ["rival"]
    assert [one["name"] for one in items(api, "/hashtags", account="bakery")] == ["bread"]
    assert api.http.delete("/hashtags/bakery/bread").json()["has_changed"] is True
    assert api.http.delete("/hashtags/bakery/bread").status_code == 404
    assert items(api, "/hashtags") == []


class TestNotices:
    def test_an_endpoint_hears_is_tested_and_goes(self, api: Api) -> None:
        added = api.http.post("/notices/endpoints", json={"webhook_url": "http://127.0.0.1:9/hook?k=v", "name": "ops"})

        assert (added.status_code, added.json()["place"]) == (201, "http://127.0.0.1:9")
        assert added.json()["secret"].startswith("whsec_")
        listed = api.http.get("/notices/endpoints")
        assert [one["name"] for one in listed.json()["items"]] == ["ops"]
        assert "whsec_" not in listed.text
        sent = api.http.post("/notices/endpoints/ops/test")
        assert api.http.get(sent.headers["location"].removeprefix("/api/v1")).json()["kinds"] == ["test"]
        assert [one["endpoint"] for one in items(api, "/notices/deliveries", endpoint="ops")] == ["ops"]
        rotated = api.http.post("/notices/endpoints/ops/rotate", json={"keep_old": "2h"})
        assert rotated.json()["secret"] != added.json()["secret"]
        assert api.http.delete("/notices/endpoints/ops").status_code == 204
        problem(api.http.delete("/notices/endpoints/ops"), 404, "endpoint.unknown")
        problem(api.http.get("/notices/deliveries/999"), 404, "delivery.unknown")

    def test_a_secret_that_is_told_once_is_kept_under_no_key(self, api: Api) -> None:
        new = {"webhook_url": "http://127.0.0.1:9/hook", "name": "ops"}
        key = {"Idempotency-Key": "one"}

        first, again = (api.http.post("/notices/endpoints", json=new, headers=key) for _ in range(2))

        assert first.status_code == 201
        problem(again, 409, "endpoint.taken")
        with api.database.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM given_answers")).scalar_one() == 0

    def test_rules_and_times(self, api: Api) -> None:
        with api.database.transaction() as tx:
            make_endpoint(tx, name="ops")
        rule = {"how": "never", "kind": "post.published", "account": "bakery"}

        assert api.http.put("/notices/endpoints/ops/rules", json=rule).json()["items"] == [rule | {"endpoint": "ops"}]
        assert api.http.get("/notices/rules").json()["items"] == [rule | {"endpoint": "ops"}]
        edited = api.http.patch("/notices/endpoints/ops", json={"quiet": "22:00-07:00", "timezone": "Europe/Zurich"})
        assert (edited.json()["quiet_from"], edited.json()["timezone"]) == ("22:00:00", "Europe/Zurich")
        assert api.http.post("/notices/endpoints/ops/replay").json() == {"deliveries": 0}
        wrong = api.http.put("/notices/endpoints/ops/rules", json={"how": "loudly"})
        assert problem(wrong, 422, "rule.how")["field"] == "how"


@pytest.mark.parametrize(
    ("path", "seen_at", "changes", "type_"),
    [
        ("/users/ana", "/users", ({"role": "admin"}, {"accounts": ["bakery"]}), "user.changed"),
        (
            "/notices/endpoints/ops",
            "/notices/endpoints",
            ({"quiet": "22:00-07:00"}, {"digest_at": "09:00"}),
            "endpoint",
        ),
        (
            "/notices/endpoints/ops/rules",
            "/notices/rules?endpoint=ops",
            ({"how": "never"}, {"how": "digest", "kind": "post.late"}),
            "rules",
        ),
    ],
    ids=["user", "endpoint", "rules"],
)
def test_of_two_who_edit_at_once_the_second_is_told(
    api: Api, path: str, seen_at: str, changes: tuple[dict[str, Any], dict[str, Any]], type_: str
) -> None:
    with api.database.transaction() as tx:
        make_endpoint(tx, name="ops")
        tx.add(User(name="ana", role="viewer", state="active", created_by="owner"))
    told = api.http.get(seen_at).json()
    version = told["version"] if "version" in told else told["items"][-1]["version"]
    method = "PUT" if "rules" in path else "PATCH"

    def edit(body: dict[str, Any], seen: str) -> Any:
        return api.http.request(method, path, json=body, headers={"If-Match": seen})

    first, second = edit(changes[0], f'"{version}"'), edit(changes[1], f'"{version}"')

    assert first.status_code == 200, first.text
    assert problem(second, 412, f"{type_.removesuffix('.changed')}.changed")["field"] == "If-Match"
    assert edit(changes[1], f'W/"{version}"').status_code == 412
    assert edit(changes[1], f'"9", {first.headers["etag"]}').status_code == 200
    told = api.http.get(seen_at).json()
    assert (told if "version" in told else told["items"][-1])["version"] not in (version, None)


class TestSystem:
    def test_everything_is_examined(self, api: Api) -> None:
        told = api.http.get("/system").json()

        assert {one["check"] for one in told["items"]} >= {"tokens", "invariants"}
        broken = api.http.get("/invariants").json()
        assert (broken["violated"], broken["checked"] > 10) == ({}, True)
        problem(api.http.get("/system", headers=api.as_("author")), 403, "not_allowed")

    def test_a_person_is_found_and_erased(self, api: Api) -> None:
        with api.database.transaction() as tx:
            make_mention(tx, find_account(tx, "bakery"), username="ana")

        assert api.http.get("/persons/ana").json()["rows"] == {"mentions": 1}
        assert api.http.delete("/persons/ana", params={"dry_run": "true"}).status_code == 200
        assert api.http.delete("/persons/ana").json()["rows"] == {"mentions": 1}
        problem(api.http.get("/persons/ana"), 404, "person.unknown")

    def test_keys_are_told_once(self, api: Api) -> None:
        new = {"name": "planner", "scopes": ["read"], "accounts": ["bakery"]}

        added = api.http.post("/keys", json=new)

        assert (added.status_code, added.json()["key"].startswith("pr_")) == (201, True)
        assert added.json()["key"] not in api.http.get("/keys").text
        assert api.http.post("/keys/planner/rotate").json()["key"] != added.json()["key"]
        assert api.http.delete("/keys/planner").status_code == 204
        assert items(api, "/keys") == []
        problem(api.http.post("/keys", json=new | {"accounts": ["nobody"]}), 404, "account.unknown")
