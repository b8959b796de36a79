"""What every answer of the API keeps to: idempotency keys, rates, ids of requests, problems, no pages of others."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from console.handlers.routers import ROUTERS
from models.access.answer import GivenAnswer, claim_key
from models.posts.post import Post
from models.store.session import Database
from pressrun import clock
from pressrun.network.trust import authorities
from tests.factories.rows import make_account
from tests.integration.console.api.conftest import Api, running_api
from tests.integration.console.api.test_posts import body, problem
from tests.support.waiting import until


def posts_of(api: Api) -> int:
    with api.database.transaction() as tx:
        return tx.scalar(select(func.count()).select_from(Post)) or 0


class TestIdempotencyKeys:
    def test_the_same_again_gets_the_same_answer(self, api: Api, media_folder: Path) -> None:
        given, key = body(api, media_folder, publish_at="+2h"), {"Idempotency-Key": "one"}

        first, again = (api.http.post("/posts", json=given, headers=key) for _ in range(2))

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["etag"] == first.headers["etag"]
        assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
        assert posts_of(api) == 1

    def test_another_request_under_the_key_is_refused(self, api: Api, media_folder: Path) -> None:
        key = {"Idempotency-Key": "one"}
        api.http.post("/posts", json=body(api, media_folder), headers=key)

        other = api.http.post("/posts", json=body(api, media_folder, caption="cake"), headers=key)

        assert problem(other, 422, "idempotency.other_request")["field"] == "Idempotency-Key"
        assert posts_of(api) == 1

    def test_each_asker_has_keys_of_their_own(self, api: Api, media_folder: Path) -> None:
        given = body(api, media_folder)
        key = {"Idempotency-Key": "one"}

        first = api.http.post("/posts", json=given, headers=key)
        theirs = api.http.post("/posts", json=given, headers=key | api.as_("author"))

        assert (first.status_code, theirs.status_code) == (201, 200)
        assert "idempotency-replayed" not in theirs.headers

    def test_of_two_keys_none_is_dropped(self, api: Api) -> None:
        """Under the one that is dropped, a proxy's or the client's, the same would be done once more."""
        two = [("Idempotency-Key", "one"), ("Idempotency-Key", "two"), *api.as_("owner").items()]
        answer = httpx.post(f"{api.url}/api/v1/drafts", json={}, headers=two, verify=authorities())

        assert problem(answer, 422, "parameter.repeated")["field"] == "Idempotency-Key"

    def test_what_was_refused_may_be_asked_again(self, api: Api, media_folder: Path) -> None:
        key = {"Idempotency-Key": "one"}
        wrong = body(api, media_folder, account="later")
        assert api.http.post("/posts", json=wrong, headers=key).status_code == 422
        with api.database.transaction() as tx:
            make_account(tx, name="later")

        assert api.http.post("/posts", json=wrong, headers=key).status_code == 201

    def test_of_many_at_once_one_works(self, api: Api) -> None:
        """On real connections: all that lose are told that the same is under way, or get its answer."""
        with api.database.transaction() as tx:
            now = clock.now()
            assert claim_key(tx, "owner", "held", "digest", now=now) is None
        barrier = threading.Barrier(6)

        def claim(number: int) -> bool:
            barrier.wait()
            with api.database.transaction() as tx:
                return claim_key(tx, "owner", "raced", "digest", now=clock.now()) is None

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(claim, range(6))) == 1

    def test_one_that_is_under_way_is_told_and_one_that_died_is_taken_over(self, api: Api, media_folder: Path) -> None:
        given, key = body(api, media_folder), {"Idempotency-Key": "one"}
        api.http.post("/posts", json=given, headers=key)
        unanswered = "UPDATE given_answers SET status = NULL, body = NULL, ends_at = :at"
        with api.database.transaction() as tx:
            tx.execute(text(unanswered), {"at": clock.now() + timedelta(minutes=1)})
        problem(api.http.post("/posts", json=given, headers=key), 409, "idempotency.under_way")

        with api.database.transaction() as tx:
            tx.execute(text(unanswered), {"at": clock.now() - timedelta(seconds=1)})

        assert api.http.post("/posts", json=given, headers=key).status_code == 200  # the post is there

    def test_after_a_day_a_key_is_free_and_its_answer_gone(self, api: Api, media_folder: Path) -> None:
        api.http.post("/posts", json=body(api, media_folder), headers={"Idempotency-Key": "one"})
        with api.database.transaction() as tx:
            [kept] = tx.scalars(select(GivenAnswer))
            assert timedelta(hours=23) < kept.ends_at - clock.now() <= timedelta(hours=24)
            tx.execute(text("UPDATE given_answers SET ends_at = now()"))

        api.http.post("/posts", json=body(api, media_folder, caption="cake"), headers={"Idempotency-Key": "two"})

        with api.database.transaction() as tx:
            assert list(tx.scalars(select(GivenAnswer.key))) == ["two"]

    @pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
    def test_a_key_can_be_read(self, api: Api, media_folder: Path, key: str) -> None:
        answer = api.http.post("/posts", json=body(api, media_folder), headers={"Idempotency-Key": key})

        problem(answer, 422, "idempotency.key")

    def test_a_dry_run_keeps_no_answer(self, api: Api, media_folder: Path) -> None:
        given, key = body(api, media_folder), {"Idempotency-Key": "one"}

        rehearsed = api.http.post("/posts", params={"dry_run": "true"}, json=given, headers=key)

        assert (rehearsed.status_code, api.http.post("/posts", json=given, headers=key).status_code) == (200, 201)


class TestRates:
    @pytest.fixture
    def slow(self, database: Database, tmp_path: Path) -> Iterator[Api]:
        with running_api(database, tmp_path / "home", api_rate="2/hour") as running:
            yield running

    def test_each_asker_has_a_window_of_their_own(self, slow: Api) -> None:
        answers = [slow.http.get("/posts") for _ in range(3)]

        assert [one.status_code for one in answers] == [200, 200, 429]
        told = [(one.headers["ratelimit-limit"], one.headers["ratelimit-remaining"]) for one in answers]
        assert told == [("2", "1"), ("2", "0"), ("2", "0")]
        assert 0 < int(answers[2].headers["retry-after"]) <= 3600
        assert answers[2].headers["ratelimit-policy"] == '"asker";q=2;w=3600'
        problem(answers[2], 429, "rate.exceeded")
        assert slow.http.get("/posts", headers=slow.as_("reader")).status_code == 200


class TestAskers:
    def test_nothing_of_it_is_open_but_its_document(self, api: Api) -> None:
        asked: list[Any] = [route for router in ROUTERS for route in router.routes]
        with httpx.Client(base_url=f"{api.url}/api/v1", timeout=30, verify=authorities()) as nobody:
            answers = {
                f"{method} {route.path}": nobody.request(method, re.sub(r"\{\w+\}", "1", route.path)).status_code
                for route in asked
                for method in route.methods
            }

            assert {place: status for place, status in answers.items() if status != 401} == {}
            assert len(answers) > 90
            assert nobody.get("/openapi.json").status_code == nobody.get("/docs").status_code == 200


class TestRequests:
    def test_an_answer_carries_an_id_that_the_log_has(self, api: Api, caplog: pytest.LogCaptureFixture) -> None:
        made = api.http.get("/posts").headers["x-request-id"]
        given = api.http.get("/posts/0", headers={"X-Request-Id": "my-own.id_1"})
        odd = api.http.get("/posts", headers={"X-Request-Id": "<script>"}).headers["x-request-id"]

        assert (given.headers["x-request-id"], given.json()["request_id"]) == ("my-own.id_1", "my-own.id_1")

        def told() -> dict[str, Any]:
            lines: list[Any] = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
            return {line["request_id"]: line for line in lines if line.get("event") == "api.answered"}

        # Written once the answer is sent.
        until(lambda: {made, "my-own.id_1", odd} <= set(told()), what="no line in the log")
        line = told()["my-own.id_1"]
        assert (line["status"], line["asker"]) == (404, "owner")
        assert line["route"] == "/posts/{post}"

    def test_a_fault_of_ours_is_told_with_the_id_that_the_log_has(
        self, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        draft = api.http.post("/drafts", json={"account": "bakery"}).json()["id"]
        with api.database.transaction() as tx:
            tx.execute(text("UPDATE drafts SET fields = '[]'"))  # which nothing ever writes

        answer = api.http.get(f"/drafts/{draft}", headers={"X-Request-Id": "a-fault-of-ours"})

        assert (answer.status_code, answer.json()["type"]) == (500, "urn:pressrun:bug")
        assert answer.headers["x-request-id"] == answer.json()["request_id"] == "a-fault-of-ours"
        until(lambda: "a-fault-of-ours" in caplog.text)

    def test_errors_of_the_framework_are_problems_too(self, api: Api) -> None:
        problem(api.http.get("/nothing"), 404, "path.unknown")
        assert problem(api.http.put("/posts", json={}), 405, "method.unknown")["request_id"]
        broken = api.http.post("/posts", content=b"{", headers={"Content-Type": "application/json"})
        problem(broken, 422, "request.invalid")

    @pytest.mark.parametrize("path", ["/posts/%00", "/posts?account=%00"])
    def test_what_is_no_text_is_refused(self, api: Api, path: str) -> None:
        problem(api.http.get(path), 422, "request.invalid")

    @pytest.mark.parametrize("path", ["/posts/a%0Ab", "/posts/%0A"])
    def test_a_line_break_is_a_key_like_any_other(self, api: Api, path: str) -> None:
        problem(api.http.get(path), 404, "post.unknown")

    def test_a_body_has_bounds(self, api: Api) -> None:
        large = b'{"caption": "' + b"x" * (9 * 1024 * 1024) + b'"}'

        answer = api.http.post("/posts", content=large, headers={"Content-Type": "application/json"})

        problem(answer, 413, "body.too_large")

    def test_a_database_that_is_down_is_told(self, database_url: str, tmp_path: Path) -> None:
        nowhere = Database(database_url.partition("?")[0] + "?host=127.0.0.1&port=1")
        with running_api(nowhere, tmp_path / "home") as api:
            answer = api.http.get("/posts")

        problem(answer, 503, "server.unreachable")
        assert answer.headers["retry-after"] == "5"

    def test_pages_of_others_are_told_nothing_unless_they_are_named(
        self, api: Api, database: Database, tmp_path: Path
    ) -> None:
        theirs = {"Origin": "https://desk.example"}
        assert "access-control-allow-origin" not in api.http.get("/posts", headers=theirs).headers

        with running_api(database, tmp_path / "other", cors_origins=["https://desk.example"]) as open_:
            asked = {
                **theirs,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            }
            before = httpx.options(f"{open_.url}/api/v1/posts", headers=asked)
            told = open_.http.get("/posts", headers=theirs).headers
            strange = open_.http.get("/posts", headers={"Origin": "https://other.example"}).headers

        assert before.headers["access-control-allow-origin"] == "https://desk.example"
        assert told["access-control-allow-origin"] == "https://desk.example"
        assert "X-Request-Id" in told["access-control-expose-headers"]
        assert "access-control-allow-origin" not in strange
