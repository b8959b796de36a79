"""No secret reaches a log line, whichever way it comes in."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis.strategies import from_regex

from pressrun import log
from pressrun.log import _SECRET_TEXT, REDACTED, redact, redact_event

TOKEN = "EAAGm0PX4ZCpsBAKZCexampleTOKENexample"
IG_TOKEN = "IGQVJWS3exampleexample-example_example"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"GET /v25.0/me?access_token={TOKEN}&fields=id", "fields=id"),
        (f"input_token=x&access_token=123|{IG_TOKEN}", "input_token="),
        (f"Authorization: Bearer {IG_TOKEN}", "Authorization: Bearer "),
        (f"Authorization: OAuth {TOKEN}", "OAuth "),
        (f"the token {TOKEN} has expired", "has expired"),
        (f"the token {IG_TOKEN} has expired", "has expired"),
        (f'{{"access_token": "{TOKEN[3:]}", "expires_in": 5184000}}', "5184000"),
        ("client_secret=0123456789abcdef&grant_type=ig_exchange_token", "grant_type"),
        ("appsecret_proof=deadbeefdeadbeef", "appsecret_proof="),
        ("postgresql://app:hunter2hunter2@db/pressrun", "db/pressrun"),
        ("redis://:hunter2hunter2@cache:6379/0", "cache:6379/0"),
        ("postgresql://app:hunter2@hunter2@db/pressrun", "db/pressrun"),
        ("/callback?code=AQDexampleexampleexampleexample&state=1", "state=1"),
        ("SIM-TOKEN-abc-1 is unknown", "is unknown"),
        (f"the key pr_{'Ab3-' * 10}Ab3 is not honoured", "is not honoured"),
    ],
)
def test_secrets_are_cut_out_and_the_rest_stays(text: str, kept: str) -> None:
    cleaned = redact(text)

    assert REDACTED in cleaned
    assert kept in cleaned
    for secret in (
        TOKEN,
        TOKEN[3:],
        IG_TOKEN,
        "hunter2",
        "0123456789abcdef",
        "deadbeef",
        "AQDexample",
        "TOKEN-abc",
        "Ab3-Ab3",
    ):
        assert secret not in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "error code=190 subcode=463 fbtrace_id=A6LJexample",
        "container 17889455560051444 is IN_PROGRESS",
        "GET https://cdn.example.com/photo.jpg",
        "at 12:30:45 user@example.com",
        "Invalid OAuth access token - Cannot parse access token",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("value", ["short", b"short", ["short"], {"value": "short"}, ("short",), {"short"}, object()])
def test_a_field_with_a_secret_name_is_hidden_whatever_it_holds(value: Any) -> None:
    assert redact_event(None, "", {"access_token": value})["access_token"] == REDACTED


@pytest.mark.parametrize(
    "value",
    [
        f"x {TOKEN}",
        TOKEN.encode(),
        [TOKEN],
        {TOKEN},
        (1, [TOKEN]),
        {"answer": {"url": f"?access_token={TOKEN}"}},
        {"nested": {"password": "p" * 9}},
        ValueError(f"refused: {TOKEN}"),
        type("Holder", (), {"__repr__": lambda _: TOKEN})(),
    ],
)
def test_a_token_inside_any_value_is_hidden(value: Any) -> None:
    cleaned = str(redact_event(None, "", {"answer": value}))

    assert TOKEN not in cleaned
    assert "p" * 9 not in cleaned
    assert REDACTED in cleaned


def test_numbers_times_and_none_stay_themselves() -> None:
    event = {"attempt": 3, "token_age_s": 1.5, "at": datetime(2026, 1, 1, tzinfo=UTC), "token": None, "ok": True}

    assert redact_event(None, "", dict(event)) == event


class TestConfiguredLogs:
    @pytest.fixture
    def lines(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
        stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", stream)
        root = logging.getLogger()
        handlers, level, of_the_suite = root.handlers[:], root.level, structlog.get_config()
        log.configure(form="json")
        yield stream
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**of_the_suite)

    def test_our_lines_are_json_without_secrets(self, lines: io.StringIO) -> None:
        log.get("pressrun.test").info("call.sent", url=f"https://x/?access_token={TOKEN}", attempt=2)

        line = json.loads(lines.getvalue())
        assert (line["event"], line["attempt"], line["level"]) == ("call.sent", 2, "info")
        assert TOKEN not in lines.getvalue()

    def test_a_traceback_of_another_library_is_cleaned(
        self, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = logging.getLogger()
        problem = RuntimeError(f"GET ?access_token={TOKEN}")

        with monkeypatch.context() as patch:  # without the handlers of pytest, which keep what they get as it comes
            patch.setattr(root, "handlers", root.handlers[:1])
            logging.getLogger("some.library").error("failed with %s", TOKEN, exc_info=problem)

        written = lines.getvalue()
        assert "RuntimeError" in written
        assert TOKEN not in written

    def test_httpx_does_not_log_urls(self, lines: io.StringIO) -> None:
        logging.getLogger("httpx").info("HTTP Request: GET https://x/?q=1")

        assert lines.getvalue() == ""

    def test_a_bound_secret_is_hidden_too(self, lines: io.StringIO) -> None:
        with structlog.contextvars.bound_contextvars(client_secret="hidden-words"):
            log.get("pressrun.test").warning("token.refused")

        assert "token.refused" in lines.getvalue()
        assert "hidden-words" not in lines.getvalue()


@given(from_regex(_SECRET_TEXT))
def test_the_quick_look_misses_nothing_that_the_pattern_finds(text: str) -> None:
    assert REDACTED in redact(text)
