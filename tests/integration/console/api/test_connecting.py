"""Connecting by a consent, looking after accounts, asking Instagram, the library: what only a worker does is owed."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select, text

from models.asked.inquiry import Inquiry, settle_answered
from models.connecting.connection import Connection, ConnectionState
from models.connecting.consenting import Candidate, keep_found
from models.hooks.deletion import ask_deletion
from models.store.session import Database
from pressrun import clock
from pressrun.vault import Vault
from tests.factories.rows import KEY
from tests.integration.console.api.conftest import Api
from tests.integration.console.api.test_posts import problem
from tests.integration.console.api.test_resources import items


def _owed(database: Database, table: str, number: int) -> bool:
    with database.transaction() as tx:
        query = f"SELECT next_action_at <= now() FROM {table} WHERE id = :id"  # noqa: S608
        return bool(tx.execute(text(query), {"id": number}).scalar_one())


def _shown(api: Api, answer: Any) -> Any:
    assert answer.status_code == 202, answer.text
    return api.http.get(answer.headers["location"].removeprefix("/api/v1"))


class TestConnecting:
    def test_a_consent_is_asked_for_answered_and_given_up(self, api: Api) -> None:
        begun = api.http.post("/connections", json={"login": "instagram", "name": "new"})
        told = parse_qs(urlsplit(begun.json()["address"]).query)
        assert told["redirect_uri"] == [begun.json()["redirect_url"]]
        assert _shown(api, begun).json()["state"] == "waiting"

        back = f"{begun.json()['redirect_url']}?code=abc&state={told['state'][0]}"
        taken = api.http.post("/connections/answer", json={"address": back})
        assert (taken.status_code, taken.json()["connection_id"]) == (202, begun.json()["id"])
        assert _shown(api, taken).json()["state"] == "answered"
        assert _owed(api.database, "connections", begun.json()["id"])
        problem(api.http.post("/connections/answer", json={"address": back}), 409, "consent.used")

        other = api.http.post("/connections", json={"login": "facebook"}).json()["id"]
        assert api.http.delete(f"/connections/{other}").status_code == 204
        problem(api.http.get(f"/connections/{other}"), 409, "connection.abandoned")

    def test_of_several_accounts_some_are_chosen(self, api: Api) -> None:
        begun = api.http.post("/connections/discover", json={"login": "facebook", "token": "SIM-TOKEN-person"})
        with api.database.transaction() as tx:
            row = tx.get_one(Connection, begun.json()["id"])
            found = [
                Candidate("178400001", "ana", "1", "Page of Ana"),
                Candidate("178400002", "ben", "2", "Page of Ben"),
            ]
            keep_found(row, found, {}, Vault([KEY]))

        shown = _shown(api, begun).json()
        chosen = api.http.post(f"/connections/{row.id}/choice", json={"accounts": ["@ana", "178400002"]})

        assert (shown["state"], [one["username"] for one in shown["found"]]) == ("found", ["ana", "ben"])
        assert len(chosen.json()["ids"]) == 2
        after = _shown(api, chosen).json()
        assert (after["state"], after["others"]) == (ConnectionState.ASKED, chosen.json()["ids"][1:])
        assert "SIM-TOKEN" not in begun.text + chosen.text + str(after)
        problem(api.http.post(f"/connections/{row.id}/choice", json={"accounts": ["ana"]}), 409, "connection.no_choice")

    def test_it_is_for_those_who_look_after_the_installation(self, api: Api) -> None:
        wish = {"login": "instagram", "name": "new"}
        refused = api.http.post("/connections", json=wish, headers=api.as_("author"))
        problem(refused, 403, "not_allowed")
        assert api.http.post("/connections", json=wish, params={"dry_run": "true"}).status_code == 202
        problem(api.http.get("/connections/1", headers=api.as_("reader")), 403, "not_allowed")


class TestAccounts:
    def test_one_is_shown_whole_checked_and_renamed(self, api: Api) -> None:
        with api.database.transaction() as tx:
            tx.execute(text("DELETE FROM tokens"))
        checked = api.http.post("/accounts/bakery/check")

        assert [one["which"] for one in _shown(api, checked).json()["tokens"]] == ["account"]
        assert _owed(api.database, "tokens", checked.json()["ids"][0])
        renamed = api.http.post("/accounts/bakery/rename", json={"name": "harbour bakery"})
        assert renamed.json() == {"old": "bakery", "name": "harbour bakery"}
        assert api.http.get("/accounts/harbour bakery").json()["name"] == "harbour bakery"
        problem(api.http.post("/accounts/harbour bakery/rename", json={"name": "another"}), 409, "account.name_taken")

    def test_webhooks_are_shown_and_mended(self, api: Api) -> None:
        assert api.http.get("/accounts/bakery").json()["webhook_fields"] is None
        renewed = api.http.post("/accounts/bakery/webhooks")

        shown = _shown(api, renewed).json()
        assert shown["lacking"] == shown["wanted"]
        assert _owed(api.database, "subscriptions", renewed.json()["id"])
        problem(api.http.post("/accounts/bakery/webhooks", headers=api.as_("author")), 403, "not_allowed")

    def test_requests_for_deletion_are_listed_and_concluded(self, api: Api) -> None:
        now = clock.now()
        with api.database.transaction() as tx:
            code = ask_deletion(tx, "99", digest="d", issued_at=now, now=now)

        [listed] = items(api, "/deletions")

        assert (listed["code"], listed["user_id"]) == (code, "99")
        problem(api.http.post("/deletions/conclude", json={"codes": ["nothing"]}), 404, "deletion.unknown")


def test_what_instagram_is_asked_is_taken_up_by_a_worker(api: Api) -> None:
    wish = {"account": "bakery"}
    asked = {
        "catalogs": api.http.post("/inquiries/catalogs", json=wish),
        "products": api.http.post("/inquiries/products", json=wish | {"words": "bread", "catalog": "17"}),
        "appeal": api.http.post("/inquiries/reviews", json=wish | {"product": "18"}),
        "appeal_make": api.http.post("/inquiries/appeals", json=wish | {"product": "18", "reason": "it is bread"}),
        "lives": api.http.post("/inquiries/lives", json=wish),
        "invites": api.http.post("/inquiries/invitations", json=wish),
    }

    assert {_shown(api, answer).json()["state"] for answer in asked.values()} == {"asked"}
    with api.database.transaction() as tx:
        kinds = {one.id: one.kind for one in tx.scalars(select(Inquiry))}
    assert {kind: kinds[answer.json()["id"]] for kind, answer in asked.items()} == {kind: kind for kind in asked}
    assert problem(api.http.post("/inquiries/lives"), 422, "account.unsaid")["field"] == "account"

    rows = [{"id": "17", "name": "Bread"}]
    with api.database.transaction() as tx:
        settle_answered(tx.get_one(Inquiry, asked["catalogs"].json()["id"]), rows, now=clock.now())
    done = _shown(api, asked["catalogs"]).json()
    assert (done["state"], done["account"], done["rows"]) == ("done", "bakery", rows)


def test_the_library_takes_what_was_uploaded(api: Api, media_folder: Path) -> None:
    kept = api.keep(media_folder / "feed.jpg")

    added = api.http.post("/library", json={"media": kept, "name": "bread", "tags": ["autumn"]})

    assert (added.status_code, added.json()["reference"]) == (201, "lib:bread")
    at = added.headers["location"].removeprefix("/api/v1")
    assert api.http.get(at).json()["sha256"] == kept.removeprefix("kept:")
    tagged = api.http.post(f"{at}/tags", json={"add": ["winter"], "remove": ["autumn"]})
    assert tagged.json()["item"]["tags"] == ["winter"]
    assert [one["name"] for one in items(api, "/library", tag="winter")] == ["bread"]
    problem(api.http.post("/library", json={"media": "kept:" + "0" * 64, "name": "x"}), 404, "media.not_kept")
    assert api.http.delete(at).status_code == 204
    problem(api.http.get(at), 404, "library.unknown")


def test_a_post_says_its_products_its_poll_and_its_prompt(api: Api, media_folder: Path) -> None:
    post = {
        "account": "bakery",
        "publish_at": "+1d",
        "type": "image",
        "media": [api.keep(media_folder / "feed.jpg")],
        "caption": "Which bread?",
        "key": "which",
        "product_tags": [{"product_id": "17", "x": 0.5, "y": 0.25}],
        "poll_options": ["rye", "wheat"],
        "poll_extended": True,
        "comment_prompt": False,
    }

    added = api.http.post("/posts", json=post)
    edited = api.http.patch("/posts/which", json={"poll_options": ["rye", "spelt"], "product_tags": None})

    assert added.status_code == 201, added.text
    assert edited.status_code == 200, edited.text
    with api.database.transaction() as tx:
        [params] = tx.scalars(text("SELECT params FROM posts WHERE key = 'which'"))
    assert (params["poll_options"], params["poll_extended"], params["comment_prompt"]) == (
        ["rye", "spelt"],
        True,
        False,
    )
    assert "product_tags" not in params
