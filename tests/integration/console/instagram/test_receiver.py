"""Design §8.10: no webhook is accepted with a wrong signature, and none is lost after a 200."""

from __future__ import annotations

import base64
import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import event as events_of

from console.instagram.receiver import LARGEST_BODY
from models.owed.claims import WAKE_CHANNEL
from models.store.session import Database
from pressrun.instagram import signatures
from tests.factories.rows import make_account
from tests.integration.console.conftest import APP_SECRET, VERIFY_TOKEN, Console, envelope, running_console
from tests.support.waiting import until

MENTION = {"field": "mentions", "value": {"media_id": "17900000000000001", "comment_id": "17910000000000001"}}
COMMENT = {"field": "comments", "value": {"id": "17920000000000001", "text": "Bravo 🥐"}}
PATH = "/webhooks/instagram"


class TestHandshake:
    def ask(self, console: Console, **over: str) -> httpx.Response:
        asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
        return console.http.get(PATH, params=asked | over)

    def test_the_right_token_gets_the_bare_challenge_back(self, console: Console) -> None:
        answer = self.ask(console)

        assert (answer.status_code, answer.text) == (200, "1158201444")
        assert answer.headers["content-type"].startswith("text/plain")

    @pytest.mark.parametrize("over", [{"hub.verify_token": "wrong"}, {"hub.verify_token": "é"}, {"hub.mode": "other"}])
    def test_anything_else_is_refused(self, console: Console, over: dict[str, str]) -> None:
        answer = self.ask(console, **over)

        assert answer.status_code == 403
        assert "1158201444" not in answer.text
        assert VERIFY_TOKEN not in answer.text

    def test_a_request_without_parameters_is_refused(self, console: Console) -> None:
        assert console.http.get(PATH).status_code == 403

    def test_without_a_configured_token_nothing_is_verified(self, database: Database, tmp_path: Path) -> None:
        with running_console(database, tmp_path, webhook_verify_token=None) as console:
            answer = self.ask(console, **{"hub.verify_token": ""})

        assert answer.status_code == 403
        assert "PRESSRUN_WEBHOOK_VERIFY_TOKEN" in answer.json()["detail"]


class TestSignature:
    def test_it_is_checked_over_the_raw_bytes(self, console: Console) -> None:
        # Meta signs its own escaping and spacing; parsed and written again, these bytes would differ.
        raw = (
            rb'{"object":"instagram", "entry":[{"id":"1","changes":[{"field":"comments","value":{"text":"\u00e9"}}]}]}'
        )

        assert console.notify(raw).status_code == 200

        [event] = console.inbox()
        assert event.value == {"text": "é"}

    @pytest.mark.parametrize(
        "header",
        ["", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "sha256=é"],
    )
    def test_a_wrong_one_is_refused_and_nothing_is_stored(self, console: Console, header: str) -> None:
        answer = console.notify(envelope(MENTION), signature=header)

        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert console.inbox() == []

    def test_one_of_another_app_is_refused(self, console: Console) -> None:
        assert console.notify(envelope(MENTION), secret="another app").status_code == 403
        assert console.inbox() == []

    def test_a_missing_one_is_refused(self, console: Console) -> None:
        assert console.http.post(PATH, content=envelope(MENTION)).status_code == 403
        assert console.inbox() == []

    def test_one_changed_byte_is_refused(self, console: Console) -> None:
        raw = envelope(MENTION)
        signature = signatures.sign(raw, APP_SECRET)

        changed = raw.replace(b"17900000000000001", b"17900000000000002")
        answer = console.http.post(PATH, content=changed, headers={"X-Hub-Signature-256": signature})

        assert answer.status_code == 403
        assert console.inbox() == []

    def test_without_a_configured_secret_instagram_is_told_to_come_again(
        self, database: Database, tmp_path: Path
    ) -> None:
        with running_console(database, tmp_path, app_secret=None) as console:
            answer = console.notify(envelope(MENTION))

        assert answer.status_code == 503
        assert "PRESSRUN_APP_SECRET" in answer.json()["detail"]


class TestStoring:
    def test_every_change_of_a_known_account_is_stored_and_due(self, console: Console) -> None:
        with console.database.transaction() as tx:
            account = make_account(tx, ig_id="17841400000000000")

        assert console.notify(envelope(MENTION, COMMENT)).status_code == 200

        events = console.inbox()
        assert {event.field for event in events} == {"mentions", "comments"}
        assert {event.account_id for event in events} == {account.id}
        assert all(event.next_action_at is not None and event.handled_at is None for event in events)
        assert all(event.sent_at is not None and event.sent_at.year == 2018 for event in events)

    def test_a_change_for_an_unknown_account_is_kept(self, console: Console) -> None:
        assert console.notify(envelope(MENTION, entry_id="1")).status_code == 200

        [event] = console.inbox()
        assert (event.account_id, event.entry_id) == (None, "1")

    def test_a_repeated_notification_is_stored_once(self, console: Console) -> None:
        for time in (1520622968, 1520622999):
            assert console.notify(envelope(MENTION, time=time)).status_code == 200

        [event] = console.inbox()
        assert event.deliveries == 2

    def test_many_deliveries_of_the_same_changes_at_once_are_all_answered(self, console: Console) -> None:
        changes = [{"field": "comments", "value": {"id": str(number)}} for number in range(40)]
        bodies = [envelope(*changes), envelope(*reversed(changes))] * 8

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda raw: console.notify(raw).status_code, bodies))

        assert answers == [200] * len(bodies)
        assert {event.deliveries for event in console.inbox()} == {len(bodies)}

    def test_signed_bytes_that_are_no_json_are_kept(self, console: Console) -> None:
        assert console.notify(b'{"object": "instagram", "en\x00\xff').status_code == 200

        [event] = console.inbox()
        assert event.field == "unknown"
        assert base64.b64decode(event.value["base64"]) == b'{"object": "instagram", "en\x00\xff'

    @pytest.mark.parametrize("value", [None, False, 0, "", [], {"text": "a\0b \ud800"}, 10**300, {"deep": [[[[]]]]}])
    def test_any_value_can_be_stored(self, console: Console, value: object) -> None:
        assert console.notify(envelope({"field": "anything", "value": value})).status_code == 200
        assert len(console.inbox()) == 1

    def test_schedulers_are_woken(self, console: Console) -> None:
        with console.database.standing_connection(channel=WAKE_CHANNEL) as ear:
            console.notify(envelope(MENTION))

            assert _notices(ear), "no notice within five seconds"


def _notices(ear: psycopg.Connection) -> list[psycopg.Notify]:
    return list(ear.notifies(timeout=5, stop_after=1))


class TestSize:
    def test_a_thousand_full_comments_are_taken(self, console: Console) -> None:
        texts = ("ы" * 2200 for _ in range(1000))
        changes = [
            {"field": "comments", "value": {"id": str(number), "text": text}} for number, text in enumerate(texts)
        ]
        raw = envelope(*changes)

        assert 13_000_000 < len(raw) < LARGEST_BODY
        assert console.notify(raw).status_code == 200
        assert len(console.inbox()) == 1000

    def test_five_thousand_changes_are_stored_in_a_few_statements(self, console: Console) -> None:
        changes = [{"field": "comments", "value": {"id": str(number)}} for number in range(5_000)]
        statements: list[str] = []
        events_of.listen(console.database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))

        assert console.notify(envelope(*changes)).status_code == 200

        assert len(statements) <= 4, "accounts, changes, notice"
        assert len(console.inbox()) == 5_000

    def test_a_larger_body_is_refused_before_anything_else(
        self, console: Console, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = console.notify(b"x" * (LARGEST_BODY + 1))

        assert answer.status_code == 413
        assert console.inbox() == []
        assert "webhook.refused" in caplog.text

    def test_one_that_does_not_say_its_size_is_refused_too(self, console: Console) -> None:
        def chunks() -> Iterator[bytes]:
            yield from [b"x" * 1024 * 1024] * 17

        assert console.http.post(PATH, content=chunks()).status_code == 413

    def test_a_body_that_is_cut_off_leaves_a_line_and_no_traceback(
        self, console: Console, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        url = console.http.base_url
        with socket.create_connection((url.host, url.port or 0)) as client:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
            client.sendall(head.encode() + b'{"object"')

        until(lambda: "The body was cut off" in caplog.text, what=lambda: caplog.text)

        assert console.http.get("/healthz").status_code == 200
        assert caplog.text.count("webhook.refused") == 1
        assert "Traceback" not in caplog.text
        assert "Exception in ASGI application" not in capfd.readouterr().err + caplog.text


class TestEdgesOfHttp:
    """Each is a good notification, written as servers and proxies in between may write it."""

    def heads(self, raw: bytes) -> str:
        return f"POST {PATH} HTTP/1.0\r\nX-Hub-Signature-256: {signatures.sign(raw, APP_SECRET)}\r\n"

    def test_http_1_0_without_a_host_is_taken(self, console: Console) -> None:
        raw = envelope(MENTION)
        url = console.http.base_url
        with socket.create_connection((url.host, url.port or 0)) as client:
            client.settimeout(30)
            client.sendall(f"{self.heads(raw)}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
            answer = client.makefile("rb").read()  # it closes the connection

        assert answer.split(b"\r\n")[0].split()[1] == b"200"
        assert [one.field for one in console.inbox()] == ["mentions"]

    def test_one_in_chunks_is_taken(self, console: Console) -> None:
        raw = envelope(MENTION, COMMENT)
        headers = {"X-Hub-Signature-256": signatures.sign(raw, APP_SECRET)}

        answer = console.http.post(PATH, content=(raw[at : at + 7] for at in range(0, len(raw), 7)), headers=headers)

        assert answer.status_code == 200
        assert len(console.inbox()) == 2

    def test_those_that_come_doubled_and_out_of_order_are_each_there_once_with_their_own_time(
        self, console: Console
    ) -> None:
        bodies = [envelope({**COMMENT, "value": {"id": str(number)}}, time=1520622000 + number) for number in (3, 1, 2)]

        assert [console.notify(raw).status_code for raw in (*bodies, *reversed(bodies))] == [200] * 6

        found = {one.value["id"]: (one.sent_at, one.deliveries) for one in console.inbox()}
        assert found == {str(number): (datetime.fromtimestamp(1520622000 + number, UTC), 2) for number in (1, 2, 3)}


class TestEncoding:
    def send(self, console: Console, raw: bytes, encoding: str) -> httpx.Response:
        headers = {"X-Hub-Signature-256": signatures.sign(raw, APP_SECRET), "Content-Encoding": encoding}
        return console.http.post(PATH, content=raw, headers=headers)

    def test_gzip_is_signed_as_it_comes_and_read_as_it_is_meant(self, console: Console) -> None:
        assert self.send(console, gzip.compress(envelope(MENTION, COMMENT)), "gzip").status_code == 200

        assert {one.field for one in console.inbox()} == {"mentions", "comments"}

    @pytest.mark.parametrize("cut", [5, 20], ids=["at its head", "later"])
    def test_gzip_that_cannot_be_unpacked_is_kept_byte_by_byte(self, console: Console, cut: int) -> None:
        raw = gzip.compress(envelope(MENTION))[:-cut]

        assert self.send(console, raw, "gzip").status_code == 200

        [found] = console.inbox()
        assert (found.field, base64.b64decode(found.value["base64"])) == ("unknown", raw)

    def test_another_encoding_is_refused_and_told(self, console: Console, caplog: pytest.LogCaptureFixture) -> None:
        assert self.send(console, b"x", "br").status_code == 415

        assert console.inbox() == []
        assert "webhook.refused" in caplog.text


class TestAddress:
    def test_a_slash_at_its_end_is_the_same_address(self, console: Console) -> None:
        raw = envelope(MENTION)
        headers = {"X-Hub-Signature-256": signatures.sign(raw, APP_SECRET)}
        asked = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": VERIFY_TOKEN}

        assert console.http.post(f"{PATH}/", content=raw, headers=headers).status_code == 200
        assert console.http.get(f"{PATH}/", params=asked).text == "1158"
        assert len(console.inbox()) == 1


@pytest.mark.parametrize("given", [{"hub.verify_token": "wrong"}, {}])
def test_a_handshake_that_is_refused_is_told(
    console: Console, caplog: pytest.LogCaptureFixture, given: dict[str, str]
) -> None:
    assert console.http.get(PATH, params=given).status_code == 403

    assert "webhook.refused" in caplog.text


def test_with_the_database_down_instagram_is_told_to_come_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # taken for a moment, so that nobody listens there afterwards
    database = Database(f"postgresql://nobody:database-password@127.0.0.1:{port}/none")

    with running_console(database, tmp_path) as console:
        answer = console.notify(envelope(MENTION))
        ready = console.http.get("/readyz")
        alive = console.http.get("/healthz")
    database.close()

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "unreachable")
    assert alive.status_code == 200
    assert "database-password" not in answer.text + ready.text


def test_no_secret_is_logged_or_answered(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    texts = [
        console.http.get(PATH, params={"hub.verify_token": VERIFY_TOKEN, "hub.mode": "no"}).text,
        console.notify(envelope(MENTION)).text,
        console.notify(envelope(MENTION), secret="wrong").text,
        json.dumps(dict(console.notify(envelope(COMMENT)).headers)),
    ]

    said = caplog.text + "".join(texts)
    assert APP_SECRET not in said
    assert VERIFY_TOKEN not in said
    assert signatures.sign(envelope(MENTION), APP_SECRET) not in said
