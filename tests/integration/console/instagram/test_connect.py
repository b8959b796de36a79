"""`/connect/callback` over HTTP: answers of consent pages are taken once, and nothing of them is told to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from models.accounts.account import Login
from models.store.session import Database
from operations.accounts import consents
from operations.accounts.consents import Wish
from operations.operation import OWNER, Context
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.integration.console.conftest import Console, running_console

TOLD: dict[str, Any] = {
    "app_id": "APP",
    "app_secret": "SECRET-OF-THE-APP",
    "secret_keys": [SecretStr(KEY)],
    "public_url": "https://social.example.com",
}
CODE = "AQB-the-code-of-this-consent-0123456789"


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Iterator[Console]:
    with running_console(database, tmp_path, **TOLD) as running:
        yield running


def begin(console: Console) -> consents.Begun:
    return consents.begin(Context(console.database, Settings(**TOLD)), OWNER, Wish(Login.INSTAGRAM, "lena"))


def state_of(begun: consents.Begun) -> str:
    return parse_qs(urlsplit(begun.address).query)["state"][0]


def rows(console: Console) -> list[tuple[object, ...]]:
    with console.database.transaction() as tx:
        found = tx.execute(text("SELECT state, code_sealed IS NOT NULL, error_type FROM connections ORDER BY id"))
        return [tuple(row) for row in found]


@pytest.mark.parametrize("path", ["/connect/callback", "/connect/callback/"])
def test_an_answer_is_taken_once(console: Console, path: str) -> None:
    begun = begin(console)
    query = {"code": CODE, "state": state_of(begun)}

    first, second = (console.http.get(path, params=query) for _ in range(2))

    assert begun.redirect_url == "https://social.example.com/connect/callback"
    assert (first.status_code, second.status_code) == (200, 400)
    assert "You can close this window" in first.text
    assert "taken already" in second.text
    assert rows(console) == [("answered", True, None)]
    for answer in (first, second):
        assert CODE not in answer.text
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_refusal_is_taken_too_and_what_it_says_is_no_markup(console: Console) -> None:
    said = {"error": "access_denied", "error_description": "<script>no</script>", "state": state_of(begin(console))}

    answer = console.http.get("/connect/callback", params=said)

    assert (answer.status_code, "<script>" in answer.text) == (200, False)
    assert "&lt;script&gt;no&lt;/script&gt;" in answer.text
    assert rows(console) == [("refused", False, "consent.refused")]


@pytest.mark.parametrize("query", ["", "code=x", "code=x&state=made-up", "state=7.9.a.b", "%ff=%00&state=%ff"])
def test_what_is_no_answer_of_ours_changes_nothing(console: Console, query: str) -> None:
    begin(console)

    assert console.http.get(f"/connect/callback?{query}").status_code == 400
    assert console.http.post("/connect/callback", data={"code": "x"}).status_code == 405
    assert rows(console) == [("waiting", False, None)]


def test_the_log_holds_neither_code_nor_state(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    begun = begin(console)
    caplog.set_level("DEBUG")

    for _ in range(2):
        console.http.get("/connect/callback", params={"code": CODE, "state": state_of(begun)})

    said = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert ("connect.answered" in said, "connect.answer_refused" in said) == (True, True)
    assert [secret for secret in (CODE, state_of(begun)) if secret in said] == []
