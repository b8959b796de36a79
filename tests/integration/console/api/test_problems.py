"""Each documented error, as whoever asks gets it: status, `type`, field, an id, and nothing of what was shown."""

from __future__ import annotations

import gzip
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.handlers.bodies import NewPost
from operations.posts.posts import PostFields
from tests.factories.rows import make_account
from tests.integration.console.api.conftest import Api, in_hours
from tests.integration.console.api.test_posts import add
from tests.support.waiting import until
from tests.unit.docs.pages import Page

SECRET = "pr_" + "Zm9vYmFyYmF6cXV4" * 2 + "Zm9vYmFyYmF"
NOBODYS = {"publish_at": "+1h", "type": "image", "media": ["x"]}
EDIT = {"json": {"caption": "x"}}
FTP = {"json": {"webhook_url": "ftp://a.example"}}
LIMITED = {"json": {"name": "k", "scopes": ["read"], "accounts": ["zzz"]}}
SPACED = {"json": {"min_spacing": "5m"}}
PAUSED = {"action": "pause", "posts": ["soon"]}
JSON = {"Content-Type": "application/json"}
GZIP = {"Content-Encoding": "gzip"}
PACKED = gzip.compress(b"{}")
FACEBOOK = {
    "product_tags": [{"product_id": "4029274203846188", "x": 0.25, "y": 0.5}],
    "poll_options": ["Rye", "Spelt"],
    "poll_extended": True,
    "comment_prompt": True,
}


@dataclass(frozen=True)
class Wrong:
    """A request, and the problem that it is."""

    status: int
    type: str
    method: str
    path: str
    field: str | None = None
    more: dict[str, Any] | None = None
    as_: str = "owner"


def _headers(**told: str) -> dict[str, Any]:
    return {"headers": {name.replace("_", "-"): value for name, value in told.items()}}


def _json(body: bytes) -> dict[str, Any]:
    return {"content": body, "headers": JSON}


WRONG = [
    Wrong(401, "key.missing", "GET", "/posts", as_="nobody"),
    Wrong(401, "key.missing", "GET", f"/posts?access_token={SECRET}", as_="nobody"),
    Wrong(403, "not_allowed", "GET", "/audit", as_="author"),
    Wrong(403, "not_allowed", "POST", "/posts/soon/cancel", as_="reader"),
    Wrong(404, "post.unknown", "GET", "/posts/999", "post"),
    Wrong(404, "post.unknown", "GET", f"/posts/{SECRET}", "post"),
    Wrong(404, "account.unknown", "GET", "/posts?account=zzz", "account"),
    Wrong(404, "path.unknown", "GET", "/nothing"),
    Wrong(404, "upload.unknown", "GET", "/uploads/zzz", "upload"),
    Wrong(405, "method.unknown", "PUT", "/posts"),
    Wrong(405, "method.unknown", "OPTIONS", "/posts"),
    Wrong(406, "form.unknown", "GET", "/insights/views/media_totals", more=_headers(Accept="image/png")),
    Wrong(409, "post.not_possible", "POST", "/posts/soon/resume"),
    Wrong(412, "post.changed", "PATCH", "/posts/soon", "If-Match", EDIT | _headers(If_Match='"9"')),
    Wrong(412, "etag.weak", "PATCH", "/posts/soon", "If-Match", EDIT | _headers(If_Match='W/"1"')),
    Wrong(422, "etag.invalid", "PATCH", "/posts/soon", "If-Match", EDIT | _headers(If_Match="9")),
    Wrong(422, "etag.invalid", "PATCH", "/accounts/bakery", "If-Match", SPACED | _headers(If_Match='*, "9"')),
    Wrong(413, "body.too_large", "POST", "/posts", more={"content": b" " * (8 * 1024 * 1024 + 1), "headers": JSON}),
    Wrong(415, "body.unknown_form", "POST", "/posts", more={"content": b"{}"} | _headers(Content_Type="text/plain")),
    Wrong(415, "body.unknown_form", "POST", "/posts", more={"content": b"{}"}),
    Wrong(415, "body.unknown_form", "POST", "/posts", more={"data": {"account": "bakery"}}),
    Wrong(412, "account.changed", "PATCH", "/accounts/bakery", "If-Match", SPACED | _headers(If_Match='"9"')),
    Wrong(415, "body.unknown_form", "POST", "/posts", more={"content": PACKED, "headers": JSON | GZIP}),
    Wrong(415, "body.unknown_form", "POST", "/media", more={"content": PACKED, "headers": GZIP}),
    Wrong(422, "parameter.repeated", "GET", "/posts?account=bakery&account=another", "account"),
    Wrong(422, "parameter.repeated", "GET", "/posts?limit=1&limit=2", "limit"),
    Wrong(422, "parameter.repeated", "POST", "/posts/soon/pause?dry_run=true&dry_run=false", "dry_run"),
    Wrong(422, "bulk.not_heard", "POST", "/posts/bulk", "publish_at", {"json": PAUSED | {"publish_at": "+2h"}}),
    Wrong(422, "bulk.not_heard", "POST", "/posts/bulk", "why", {"json": PAUSED | {"why": "rain"}}),
    Wrong(422, "request.invalid", "POST", "/uploads", "size_bytes", {"json": {"size_bytes": True}}),
    Wrong(422, "request.invalid", "POST", "/posts", "account", {"json": NOBODYS}),
    Wrong(422, "request.invalid", "PATCH", "/posts/soon", "colour", {"json": {"colour": SECRET}}),
    Wrong(422, "request.invalid", "POST", "/posts", more={"content": b'{"a":', "headers": JSON}),
    Wrong(422, "request.invalid", "POST", "/posts", more={"content": b'{"caption": "\xff"}', "headers": JSON}),
    Wrong(422, "request.invalid", "POST", "/drafts", more={"content": rb'{"caption": "a\ud800b"}', "headers": JSON}),
    Wrong(422, "request.invalid", "POST", "/drafts", more={"content": rb'{"\ud800": "a"}', "headers": JSON}),
    Wrong(422, "request.invalid", "POST", "/drafts", more={"content": b"[" * 100_000, "headers": JSON}),
    Wrong(422, "request.repeated", "POST", "/posts", "caption", _json(b'{"caption": 1, "caption": 1}')),
    Wrong(422, "request.repeated", "POST", "/posts", "a", _json(b'[{"b": {"a": 1, "b": 2, "a": 3}}]')),
    Wrong(422, "request.repeated", "POST", "/drafts", "\\ud800", _json(rb'{"\ud800": 1, "\ud800": 2}')),
    Wrong(422, "request.invalid", "GET", "/posts?limit=201", "limit"),
    Wrong(422, "request.invalid", "GET", "/posts?state=late", "state"),
    Wrong(422, "parameter.unknown", "GET", "/posts?acount=bakery", "acount"),
    Wrong(422, "parameter.unknown", "POST", "/media?dry_run=true", "dry_run", {"content": b"x"}),
    Wrong(422, "cursor.bad", "GET", "/posts?cursor=abc", "cursor"),
    Wrong(422, "cursor.bad", "GET", "/posts?cursor=%F0%9F%98%80", "cursor"),
    Wrong(422, "time.bad", "GET", f"/posts?since={SECRET}", "since"),
    Wrong(422, "post.sort", "GET", "/posts?sort=caption", "sort"),
    Wrong(422, "event.id", "GET", "/events", "Last-Event-ID", _headers(Last_Event_ID="abc")),
    Wrong(422, "idempotency.key", "POST", "/posts/soon/pause", "Idempotency-Key", _headers(Idempotency_Key="")),
    Wrong(422, "media.unreadable", "POST", "/media", "media", {"content": b"hello"}),
    Wrong(422, "import.unreadable", "POST", "/imports/file", more={"content": b"abc\n1"}),
    Wrong(422, "export.unknown_view", "GET", "/insights/views/zzz", "view"),
    Wrong(422, "request.invalid", "GET", "/insights/compare?account=bakery", "account"),
    Wrong(422, "insight.accounts", "GET", "/insights/compare?account=bakery&account=bakery", "account"),
    Wrong(422, "endpoint.address", "POST", "/notices/endpoints", "webhook_url", FTP),
    Wrong(404, "account.unknown", "POST", "/keys", "accounts", LIMITED),
    Wrong(404, "media.not_kept", "GET", f"/media/{'a' * 64}", "sha256"),
    Wrong(422, "insight.metric", "GET", "/insights/compare?account=bakery&account=another&metric=fame", "metric"),
]  # fmt: skip
ELSEWHERE = {
    429: "TestRates of test_conventions",
    502: "what Instagram refused when an account was connected: test_resources",
    503: "test_a_database_that_is_down_is_told of test_conventions",
}


def ask(api: Api, one: Wrong) -> httpx.Response:
    more = one.more or {}
    headers = api.as_(one.as_) | more.get("headers", {})
    return api.http.request(one.method, one.path, **more | {"headers": headers})


def test_each_error_is_a_problem_that_says_what_and_where(api: Api, media_folder: Path) -> None:
    add(api, media_folder, key="soon", publish_at=in_hours(48))

    for one in WRONG:
        answer = ask(api, one)
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json", one
        assert {"type", "title", "status", "detail", "kind"} <= set(told), one
        assert told["request_id"] == answer.headers["x-request-id"], one
        assert SECRET not in answer.text, one
        assert ".piece-" not in answer.text, one
        wanted = (one.status, f"urn:pressrun:{one.type}", one.field)
        assert (answer.status_code, told["type"], told.get("field")) == wanted, (one, told)


def test_the_page_names_each_status_and_each_is_reached() -> None:
    page = Page.of("docs/api.md").text
    documented = {int(one) for one in re.findall(r"^\| (\d{3}) \| `", page, re.MULTILINE)}

    assert documented == {one.status for one in WRONG} | set(ELSEWHERE)


def test_what_is_wrong_with_a_body_is_told_in_words(api: Api) -> None:
    def told(body: bytes) -> str:
        detail: str = api.http.post("/posts", content=body, headers=JSON).json()["detail"]
        return detail

    assert told(b"") == "the body is missing: send a JSON object"
    assert told(b"5") == told(b"[]") == "the body is to be a JSON object: {…}"
    assert told(b'{"a": 1} x').startswith("the body is no JSON at character 9")
    assert "method of this path: it has GET, POST" in api.http.put("/posts").json()["detail"]
    assert "is named by its number" in api.http.get("/posts/spring%2F1").json()["detail"]
    assert api.http.post("/media", content=PACKED, headers=GZIP).headers["accept-encoding"] == "identity"


def test_a_method_that_a_path_has_not_is_told_with_those_it_has(api: Api) -> None:
    allowed = {path: api.http.put(path).headers["allow"] for path in ("/posts", "/posts/1", "/uploads/1", "/events")}

    assert allowed == {
        "/posts": "GET, POST",
        "/posts/1": "DELETE, GET, PATCH",
        "/uploads/1": "DELETE, GET, PATCH",
        "/events": "GET",
    }
    assert api.http.head("/posts").headers["allow"] == "GET, POST"


def test_a_post_takes_each_column_of_a_campaign(api: Api, media_folder: Path) -> None:
    with api.database.transaction() as tx:
        make_account(tx, name="shop", login="facebook")

    told = add(api, media_folder, account="shop", fix="no", alt_text=["Bread"], **FACEBOOK)

    assert set(NewPost.model_fields) == set(PostFields.__dataclass_fields__)
    assert {name: told["params"].get(name) for name in FACEBOOK} == FACEBOOK
    nothing: dict[str, Any] = {"product_tags": None, "poll_options": [], "poll_extended": None}
    edited = api.http.patch(f"/posts/{told['id']}", json=nothing)
    assert edited.status_code == 200, edited.text
    left = api.http.get(f"/posts/{told['id']}").json()["params"]
    assert "product_tags" not in left
    assert "poll_options" not in left


def test_whoever_goes_away_in_the_middle_leaves_no_traceback(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(
            f"POST /api/v1/posts HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer owner\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\nX-Request-Id: cut.off.1\r\n\r\n{".encode()
        )
        until(lambda: _answered(api), what="nothing is answered")

    until(lambda: "cut.off.1" in caplog.text, what="no line in the log")
    assert "Exception in ASGI application" not in caplog.text


def _answered(api: Api) -> bool:
    """The one before has been begun: its asker is looked up in a thread, and this one came after it."""
    return api.http.get("/posts").is_success
