"""`/api/v1/drafts` and `/imports`: what is being written, and what comes by the hundred."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import func, select, text

from models.posts.draft import Draft
from models.posts.post import Post
from tests.integration.console.api.conftest import Api, in_hours
from tests.integration.console.api.test_posts import body, problem


def posts_of(api: Api) -> int:
    with api.database.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(Post)) or 0


class TestDrafts:
    def test_a_draft_is_kept_as_it_is_and_judged(self, api: Api) -> None:
        added = api.http.post("/drafts", json={"caption": "bread, and", "publish_at": "soon"})

        assert added.status_code == 201
        told = api.http.get(added.headers["location"].removeprefix("/api/v1")).json()
        assert told == added.json()
        assert (told["account"], told["fields"]) == (None, {"caption": "bread, and", "publish_at": "soon"})
        assert {one["field"] for one in told["problems"]} == {"account", "publish_at", "type", "media"}
        assert posts_of(api) == 0

    def test_it_is_told_with_the_types_of_a_post(self, api: Api) -> None:
        said = {
            "account": "bakery",
            "type": "carousel",
            "media": ["https://a.example/1.jpg", "https://a.example/2.jpg"],
            "alt_text": ["", "A loaf"],
            "user_tags": [{"username": "ana", "x": 0.5, "y": 0.25}],
            "product_tags": [{"product_id": "17", "x": 0.5, "y": 0.5}],
            "collaborators": ["ben", "eve"],
            "share_to_feed": False,
            "thumb_offset_ms": 1500,
            "max_lateness": "5m",
        }
        path = f"/drafts/{api.http.post('/drafts', json=said).json()['id']}"

        told = api.http.get(path).json()["fields"]
        again = api.http.patch(path, json=told)

        assert told == said
        assert again.json()["fields"] == said
        with api.database.transaction() as tx:  # as another face took it
            odd = {"thumb_offset_ms": "soon", "user_tags": "@ana", "share_to_feed": "perhaps"}
            tx.execute(text("UPDATE drafts SET fields = CAST(:odd AS jsonb)"), {"odd": json.dumps(odd)})
        shown = api.http.get(path).json()
        assert shown["fields"] == odd
        assert {*odd} < {one["field"] for one in shown["problems"]}

    def test_of_two_who_write_the_second_is_told(self, api: Api) -> None:
        draft = api.http.post("/drafts", json={"account": "bakery", "caption": "a", "first_comment": "x"})
        path, seen = f"/drafts/{draft.json()['id']}", {"If-Match": draft.headers["etag"]}

        first = api.http.patch(path, json={"caption": "b", "first_comment": None}, headers=seen)
        second = api.http.patch(path, json={"caption": "c"}, headers=seen)

        assert first.json()["fields"] == {"account": "bakery", "caption": "b"}
        problem(second, 412, "draft.changed")
        assert api.http.get(path).headers["etag"] == first.headers["etag"] == '"2"'
        problem(api.http.patch(path, json={"caption": "c"}, headers={"If-Match": '"1", "3"'}), 412, "draft.changed")
        third = api.http.patch(path, json={"caption": "c"}, headers={"If-Match": '"1", "2"'})
        assert third.json()["fields"]["caption"] == "c"

    def test_a_whole_draft_becomes_a_post(self, api: Api, media_folder: Path) -> None:
        draft = api.http.post("/drafts", json={"account": "bakery", "caption": "bread"}).json()
        path = f"/drafts/{draft['id']}"
        told = problem(api.http.post(f"{path}/queue"), 422, "invalid")
        assert {one["field"] for one in told["errors"]} == {"publish_at", "type", "media"}
        api.http.patch(path, json=body(api, media_folder))
        assert api.http.get(path).json()["problems"] == []

        rehearsed = api.http.post(f"{path}/queue", params={"dry_run": "true"})
        queued = api.http.post(f"{path}/queue")

        assert rehearsed.json()["state"] == "scheduled"
        assert (queued.status_code, queued.json()["caption"]) == (201, "bread")
        assert queued.headers["location"] == f"/api/v1/posts/{queued.json()['id']}"
        problem(api.http.get(path), 404, "draft.unknown")
        assert posts_of(api) == 1

    def test_nothing_ever_sends_a_draft(self, api: Api, media_folder: Path) -> None:
        api.http.post("/drafts", json=body(api, media_folder, publish_at=in_hours(0.0001)))

        with api.database.transaction() as tx:
            assert tx.scalar(select(func.count()).select_from(Draft)) == 1
            assert tx.scalar(text("SELECT count(*) FROM posts")) == 0

    def test_drafts_come_by_pages_and_go(self, api: Api) -> None:
        ids = [api.http.post("/drafts", json={"caption": str(n)}).json()["id"] for n in range(3)]

        first = api.http.get("/drafts", params={"limit": 2}).json()
        rest = api.http.get("/drafts", params={"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
        assert api.http.delete(f"/drafts/{ids[0]}").status_code == 204
        problem(api.http.delete(f"/drafts/{ids[0]}"), 404, "draft.unknown")
        problem(api.http.post("/drafts", json={"account": "nobody"}), 404, "account.unknown")


class TestImports:
    def test_all_rows_or_none(self, api: Api, media_folder: Path) -> None:
        rows = [body(api, media_folder, caption="a"), body(api, media_folder, caption="b")]
        wrong = {"rows": [*rows, body(api, media_folder, account="nobody")], "name": "july"}

        refused = api.http.post("/imports", json=wrong)
        done = api.http.post("/imports", json={"rows": rows, "name": "july"})
        again = api.http.post("/imports", json={"rows": rows, "name": "july"})

        told = problem(refused, 422, "account.unknown")
        assert [(one["line"], one["field"]) for one in told["errors"]] == [(3, "account")]
        assert (done.status_code, done.json()["added"], done.json()["unchanged"]) == (201, 2, 0)
        assert (again.json()["added"], again.json()["unchanged"]) == (0, 2)
        assert posts_of(api) == 2
        listed = api.http.get("/imports").json()["items"]
        assert [(one["added"], one["unchanged"], one["problems"]) for one in listed] == [
            (0, 2, 0),
            (2, 0, 0),
            (0, 0, 1),
        ]
        shown = api.http.get(done.headers["location"].removeprefix("/api/v1")).json()
        assert (shown["name"], shown["posts"], shown["author"]) == ("july", done.json()["posts"], "owner")
        assert listed[2]["flaws"][0]["column"] == "account"

    def test_a_dry_run_keeps_nothing(self, api: Api, media_folder: Path) -> None:
        rows = {"rows": [body(api, media_folder)]}

        done = api.http.post("/imports", params={"dry_run": "true"}, json=rows)

        assert (done.status_code, done.json()["added"], "location" in done.headers) == (201, 1, False)
        assert posts_of(api) == 0
        assert api.http.get("/imports").json()["items"] == []

    def test_a_file_is_read_as_it_was_sent(self, api: Api, media_folder: Path) -> None:
        media = api.keep(media_folder / "feed.jpg")
        sheet = f"account,publish_at,type,media\nbakery,{in_hours(2)},image,{media}\nbakery,never,image,{media}\n"
        csv = {"Content-Type": "text/csv"}

        refused = api.http.post("/imports/file", content=sheet, headers=csv)
        done = api.http.post(
            "/imports/file", params={"name": "a.csv"}, content=sheet.replace("never", in_hours(3)), headers=csv
        )
        unreadable = api.http.post("/imports/file", content=b"\x00\x01", headers=csv)
        local = sheet.replace("never", in_hours(3)).replace(media, str(media_folder / "feed.jpg"))
        foreign = api.http.post("/imports/file", content=local, headers=csv)

        assert problem(refused, 422, "time.invalid")["errors"][0]["line"] == 3
        assert (done.status_code, done.json()["added"], done.json()["name"]) == (201, 2, "a.csv")
        assert unreadable.status_code == 422
        assert problem(foreign, 422, "media.not_here")["field"] == "media"
        problem(api.http.get("/imports/99"), 404, "import.unknown")
