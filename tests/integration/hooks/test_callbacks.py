"""A person takes the app away, or asks for deletion: Meta says so, and what follows can be followed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from console.app import create_app
from console.instagram.callbacks import LARGEST_BODY
from migrations import HEAD
from models.accounts.account import Account
from models.posts.states import PostState
from operations.accounts import callbacks
from operations.operation import OWNER
from operations.upkeep.system import examine
from pressrun import clock, failpoints
from pressrun.errors import NotPossible, Unknown
from pressrun.media.links import derive_key
from simulator.webhooks.signed_request import signed_request
from tests.factories.rows import KEY, make_account, make_attempt, make_post
from tests.factories.worlds import make_lived_in_account
from tests.integration.hooks.conftest import Desk
from tests.support.web import serve

LOGINS = pytest.mark.parametrize("index", [2, 3], ids=["Facebook Login", "Instagram Login"])
SECRET = "SIM-APP-SECRET"


@pytest.fixture
def console(desk: Desk, tmp_path: Path) -> Iterator[httpx.Client]:
    app = create_app(desk.context, media_keys=[derive_key(KEY)], media_root=tmp_path, schema_head=HEAD)
    with serve(app) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture(autouse=True)
def _tokens_as_before(desk: Desk) -> Iterator[None]:
    yield
    for index in (2, 3):
        desk.simulator.post("/_sim/token", account=index, action="restore")


def _url(console: httpx.Client, path: str) -> str:
    return f"{console.base_url}/connect/{path}".replace("//connect", "/connect")


def _known(desk: Desk, index: int) -> int:
    """An account whose owner was asked for, as it is soon after it is connected."""
    account_id = desk.join(index)
    desk.work("subscription")
    return account_id


def _send(console: httpx.Client, path: str, user_id: str = "1", secret: str = SECRET, **told: Any) -> httpx.Response:
    request = signed_request({"algorithm": "HMAC-SHA256", "issued_at": 1, "user_id": user_id} | told, secret)
    return console.post(f"/connect/{path}", data={"signed_request": request})


def _owner(desk: Desk, account_id: int) -> str:
    return str(desk.one("SELECT owner_id FROM subscriptions WHERE account_id = :id", id=account_id).owner_id)


def _state(desk: Desk, account_id: int) -> Any:
    return desk.one("SELECT state, state_reason, token_refused FROM accounts WHERE id = :id", id=account_id)


class TestDeauthorising:
    @LOGINS
    def test_the_account_is_broken_with_the_reason(self, desk: Desk, console: httpx.Client, index: int) -> None:
        account_id = _known(desk, index)

        answer = desk.simulator.post("/_sim/deauthorize", account=index, url=_url(console, "deauthorize"))

        assert answer["status"] == 200
        found = _state(desk, account_id)
        assert found.state == "broken"
        assert "has removed the app" in found.state_reason
        told = desk.one("SELECT message FROM notices WHERE kind = 'account.broken'")
        assert "has removed the app" in told.message

    @LOGINS
    def test_it_is_meta_s_id_of_the_person_that_counts(self, desk: Desk, console: httpx.Client, index: int) -> None:
        account_id, other = _known(desk, index), desk.join(index + 2)

        assert _send(console, "deauthorize", _owner(desk, account_id)).status_code == 200

        assert (_state(desk, account_id).state, _state(desk, other).state) == ("broken", "active")

    def test_all_accounts_of_the_person_are(self, desk: Desk, console: httpx.Client) -> None:
        ids = [_known(desk, 2), desk.join(4)]
        desk.sql("UPDATE subscriptions SET owner_id = '77', owner_read_at = now()")

        _send(console, "deauthorize", "77")

        assert [_state(desk, one).state for one in ids] == ["broken", "broken"]

    def test_one_that_was_connected_anew_since_stays(self, desk: Desk, console: httpx.Client) -> None:
        account_id = _known(desk, 3)
        connected = """
            INSERT INTO connections (login, ig_id, name, state, account_id, is_new, expires_at, settled_at)
            SELECT login, ig_id, name, 'done', id, false, now(), now() FROM accounts
        """
        desk.sql(connected)

        _send(console, "deauthorize", _owner(desk, account_id), issued_at=1_700_000_000)
        assert _state(desk, account_id).state == "active"
        _send(console, "deauthorize", _owner(desk, account_id), issued_at=4_000_000_000)
        assert _state(desk, account_id).state == "broken"

    def test_a_pause_of_a_person_stays_and_its_token_is_known_to_be_refused(
        self, desk: Desk, console: httpx.Client
    ) -> None:
        account_id = _known(desk, 3)
        desk.sql("UPDATE accounts SET state = 'paused'")

        _send(console, "deauthorize", _owner(desk, account_id))

        found = _state(desk, account_id)
        assert (found.state, "removed the app" in found.token_refused) == ("paused", True)

    def test_where_nobody_is_known_those_without_an_owner_are_asked(self, desk: Desk, console: httpx.Client) -> None:
        """Its token is dead, which a look finds out."""
        account_id = desk.join(3)
        desk.sql("UPDATE subscriptions SET next_action_at = now() + interval '6 days'")

        answer = desk.simulator.post("/_sim/deauthorize", account=3, url=_url(console, "deauthorize"))

        assert answer["status"] == 200
        assert _state(desk, account_id).state == "active"
        assert desk.one("SELECT next_action_at <= now() AS is_due FROM subscriptions").is_due
        desk.work("subscription")
        assert _state(desk, account_id).state == "broken"


class TestDeletion:
    @LOGINS
    def test_all_that_is_known_goes_and_the_page_says_so(self, desk: Desk, console: httpx.Client, index: int) -> None:
        account_id, other = _known(desk, index), desk.join(index + 2)

        answer = desk.simulator.post("/_sim/data_deletion", account=index, url=_url(console, "data-deletion"))["answer"]

        page = console.get(answer["url"])
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "is being deleted" in page.text
        assert answer["confirmation_code"] in page.text
        desk.work("deletion")
        page = console.get(answer["url"])
        assert "Your data is deleted" in page.text
        assert f"sim-{index}" not in page.text
        rows = desk.one("SELECT array_agg(id) AS ids FROM accounts")
        assert rows.ids == [other]
        record = desk.one("SELECT account_id, asked_by, why FROM erasures")
        assert (record.account_id, record.asked_by) == (account_id, "instagram")
        assert "asked Meta" in record.why

    def test_a_whole_history_goes(self, desk: Desk, console: httpx.Client) -> None:
        with desk.database.transaction() as tx:
            lived = make_lived_in_account(tx, now=clock.now()).id
            stays = make_account(tx).id
        desk.sql("UPDATE subscriptions SET owner_id = '88', owner_read_at = now() WHERE account_id = :id", id=lived)

        code = _send(console, "data-deletion", "88").json()["confirmation_code"]
        desk.work("deletion")

        found = callbacks.show(desk.context, callbacks.INSTAGRAM, code)
        assert (found.state, found.erased) == ("done", 1)
        assert found.rows["media_snapshots"] == found.rows["accounts"] == 1
        assert desk.one("SELECT array_agg(id) AS ids FROM accounts").ids == [stays]

    def test_sent_twice_it_is_one_and_asked_again_it_is_another(self, desk: Desk, console: httpx.Client) -> None:
        codes = [_send(console, "data-deletion", "5", issued_at=at).json()["confirmation_code"] for at in (1, 1, 2)]

        assert codes[0] == codes[1] != codes[2]
        assert all(code.isalnum() for code in codes)
        assert desk.one("SELECT count(*) AS n FROM data_deletions").n == 2

    def test_the_address_is_the_public_one(self, desk: Desk, tmp_path: Path) -> None:
        desk.settings = desk.settings.model_copy(update={"public_url": "https://pressrun.example"})
        app = create_app(desk.context, media_keys=[derive_key(KEY)], media_root=tmp_path, schema_head=HEAD)
        with serve(app) as url, httpx.Client(base_url=url, trust_env=False) as http:
            answer = _send(http, "data-deletion").json()

        assert answer["url"] == f"https://pressrun.example/connect/data-deletion/{answer['confirmation_code']}"

    def test_what_is_being_sent_is_waited_for(self, desk: Desk, console: httpx.Client) -> None:
        account_id = _known(desk, 3)
        with desk.database.transaction() as tx:
            post = make_post(tx, tx.get_one(Account, account_id), state="needs_review", next_action_at=None)
            attempt = make_attempt(tx, post, state="needs_review").id
            place = "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
            tx.execute(text(f"{place} VALUES (:a, :t, 'reserved', now(), 50)"), {"a": account_id, "t": attempt})
        answer = _send(console, "data-deletion", _owner(desk, account_id)).json()
        desk.work("deletion")

        assert "waits for something to be settled" in console.get(answer["url"]).text
        assert _state(desk, account_id).state == "active"
        found = callbacks.show(desk.context, callbacks.INSTAGRAM, answer["confirmation_code"])
        assert found.error is not None
        assert f"post {post.id} is {PostState.NEEDS_REVIEW.value}" in found.error
        assert f"deletion {found.code}" in [one.name for one in examine(desk.context, OWNER)]

    def test_a_worker_that_dies_in_between_is_followed_by_one_that_goes_on(
        self, desk: Desk, console: httpx.Client
    ) -> None:
        with desk.database.transaction() as tx:
            for _ in range(2):
                account = make_account(tx)
                values = {"id": account.id}
                tx.execute(text("INSERT INTO subscriptions (account_id, owner_id) VALUES (:id, '99')"), values)
        code = _send(console, "data-deletion", "99").json()["confirmation_code"]
        failpoints.arm("deletion.after_account=raise")
        desk.work("deletion")
        failpoints.arm("")
        assert desk.one("SELECT count(*) AS n FROM accounts").n == 1

        desk.work("deletion")

        found = callbacks.show(desk.context, callbacks.INSTAGRAM, code)
        assert (found.state, found.erased) == ("done", 2)

    def test_of_whom_nothing_is_kept_it_says_so(self, desk: Desk, console: httpx.Client) -> None:
        _known(desk, 2)
        url = _send(console, "data-deletion", "4711").json()["url"]
        desk.work("deletion")

        assert "We keep nothing of you" in console.get(url).text
        assert desk.one("SELECT count(*) AS n FROM accounts").n == 1

    def test_where_that_cannot_be_told_a_person_has_to_look(self, desk: Desk, console: httpx.Client) -> None:
        desk.join(2)
        answer = _send(console, "data-deletion", "4711").json()
        code = answer["confirmation_code"]
        desk.work("deletion")

        assert "A person is looking" in console.get(answer["url"]).text
        assert f"deletion to review {code}" in [one.name for one in examine(desk.context, OWNER)]
        [shown] = callbacks.conclude(desk.context, OWNER, [code])
        assert shown.state == "done"
        with pytest.raises(NotPossible):
            callbacks.conclude(desk.context, OWNER, [code])
        with pytest.raises(Unknown):
            callbacks.conclude(desk.context, OWNER, ["nothing"])


class TestBadRequests:
    PATHS = pytest.mark.parametrize("path", ["deauthorize", "data-deletion"])

    def _nothing_happened(self, desk: Desk, account_id: int) -> bool:
        deletions = desk.one("SELECT count(*) AS n FROM data_deletions").n
        return bool(deletions == 0 and _state(desk, account_id).state == "active")

    @PATHS
    def test_a_wrong_signature_changes_nothing(self, desk: Desk, console: httpx.Client, path: str) -> None:
        account_id = _known(desk, 3)
        right = signed_request({"user_id": _owner(desk, account_id)}, SECRET)

        answers = [
            _send(console, path, _owner(desk, account_id), secret="another").status_code,
            console.post(f"/connect/{path}", data={"signed_request": f"x{right}"}).status_code,
            console.post(f"/connect/{path}", data={"signed_request": right[:-1]}).status_code,
        ]

        assert answers == [403, 403, 403]
        assert self._nothing_happened(desk, account_id)

    @PATHS
    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b"", 400),
            (b"signed_request=", 400),
            (b"signed_request=a.b.c", 400),
            (b"\xff\xfe", 400),
            (b"&" * 100, 400),
            (b'{"signed_request": "a.b"}', 400),
            (b"signed_request=" + b"a" * LARGEST_BODY, 413),
        ],
    )
    def test_what_is_no_form_changes_nothing(
        self, desk: Desk, console: httpx.Client, path: str, content: bytes, status: int
    ) -> None:
        account_id = desk.join(3)

        answer = console.post(f"/connect/{path}", content=content)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert self._nothing_happened(desk, account_id)

    def test_without_a_secret_nobody_is_believed(self, desk: Desk, tmp_path: Path) -> None:
        desk.settings = desk.settings.model_copy(update={"app_secret": None})
        app = create_app(desk.context, media_keys=[derive_key(KEY)], media_root=tmp_path, schema_head=HEAD)
        with serve(app) as url, httpx.Client(base_url=url, trust_env=False) as http:
            assert _send(http, "deauthorize").status_code == 503

    @pytest.mark.parametrize("code", ["nothing", "%3Cscript%3E", "a" * 5000, "é"])
    def test_a_code_of_nobodys_is_said_to_be_unknown(self, console: httpx.Client, code: str) -> None:
        answer = console.get(f"/connect/data-deletion/{code}")

        assert answer.status_code == 404
        assert "<script>" not in answer.text

    def test_they_are_posted(self, console: httpx.Client) -> None:
        assert [console.get(f"/connect/{path}").status_code for path in ("deauthorize", "data-deletion")] == [405, 405]

    def test_a_database_that_is_away_has_it_sent_again(self, desk: Desk, console: httpx.Client) -> None:
        desk.sql("ALTER TABLE data_deletions RENAME TO away")
        try:
            assert _send(console, "data-deletion").status_code == 503
        finally:
            desk.sql("ALTER TABLE away RENAME TO data_deletions")
