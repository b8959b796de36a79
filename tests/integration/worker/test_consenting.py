"""Connecting by consent: from the answer of a consent page to an account, by whatever a worker finds at Instagram."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Row, select, text

from graph.publishing.publishing import ContainerKind, ContainerSpec, Published
from models.accounts.account import Account, Login, token_context, user_token_context
from models.connecting.connection import LIFE, expire_connections
from models.owed.claims import claim_due, take
from models.owed.gate import Purpose
from models.owed.works import WORKS
from models.posts.post import get_post
from models.store.session import Database
from models.tokens.token import Token, TokenOf
from models.upkeep.invariants import run_all
from operations.accounts import consents
from operations.accounts.connections import Connected, NewAccount, connect, outcome
from operations.accounts.consents import BROWSER, Wish
from operations.operation import OWNER, Context
from pressrun import clock, log
from pressrun.errors import Conflict, Invalid, NotPossible, PressrunError, RefusedByInstagram, Unknown
from pressrun.instagram.permissions import NEEDED
from pressrun.settings import Settings
from pressrun.vault import Vault
from scheduler.harvests.planning import plan
from tests.factories.rows import KEY, make_account, make_post
from tests.integration.models.racing import race
from tests.support import desk as support
from tests.support.desk import APP
from tests.support.logs import logging_restored
from tests.support.mortal import Doomed, Mortals
from tests.support.simulator import Simulator
from tests.support.waiting import until
from worker import connecting
from worker.consenting import MOST_TRIES
from worker.context import WorkerContext

WORK = next(work for work in WORKS if work.name == "connection")
BACK = "https://pressrun.example/connect/callback"
LOGINS = pytest.mark.parametrize("login", list(Login))
INDEX = {Login.FACEBOOK: 0, Login.INSTAGRAM: 1}
DAY = timedelta(days=1)
RUNS = text("SELECT h.kind, r.status FROM harvest_runs r JOIN harvests h ON h.id = r.harvest_id")


class Desk(support.Desk):
    """Asks for consents, is the person at the browser, and the worker afterwards."""

    def begin(self, login: Login = Login.FACEBOOK, name: str | None = "bakery", **over: Any) -> consents.Begun:
        accounts, timezone = over.pop("accounts", ()), over.pop("timezone", None)
        return consents.begin(self.context, OWNER, Wish(login, name, timezone, accounts), **over)

    def consent(self, begun: consents.Begun, **form: str) -> str:
        """Open the page and send its form; the address to which that leads back."""
        answer = httpx.post(begun.address, data={"decision": "approve", **form}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        location = answer.headers["location"]
        assert location.startswith(BACK)
        return str(location)

    def agree(self, begun: consents.Begun, **form: str) -> int:
        """Up to the answer that is taken."""
        return consents.answer(self.context, BROWSER, self.consent(begun, **form)).connection_id

    def work(self, connection_id: int, ctx: WorkerContext | None = None) -> Row[Any]:
        """One step of a worker; the row as it is then."""
        self.perform(next(hint for hint in self.claim("connection", connection_id) if hint.id == connection_id), ctx)
        return self.row(connection_id)

    def connect(self, login: Login = Login.FACEBOOK, **over: Any) -> Connected:
        """All of it."""
        connection_id = self.agree(self.begin(login, **over))
        self.work(connection_id)
        return outcome(self.context, OWNER, connection_id)

    def discover(self, token: str, login: Login = Login.FACEBOOK, **over: Any) -> int:
        wish = Wish(login, over.get("name", "bakery"), None, over.get("accounts", ()))
        connection_id = consents.discover(self.context, OWNER, wish, token)
        self.work(connection_id)
        return connection_id

    def row(self, connection_id: int) -> Row[Any]:
        return self.one("SELECT * FROM connections WHERE id = :id", id=connection_id)

    def accounts(self) -> list[Account]:
        with self.database.transaction() as tx:
            return list(tx.scalars(select(Account).order_by(Account.ig_id)))

    def tokens(self, account: Account) -> tuple[str, str | None]:
        """The account's own, and the person's."""
        vault = Vault([KEY])
        own = vault.open(account.token_sealed or "", context=token_context(account.id))
        other = account.user_token_sealed
        return own, vault.open(other, context=user_token_context(account.id)) if other else None


@pytest.fixture
def desk(database: Database, simulator: Simulator) -> Iterator[Desk]:
    with Desk.open(database, simulator, **APP, redirect_url=BACK) as desk:
        yield desk


def state_of(begun: consents.Begun) -> str:
    return parse_qs(urlsplit(begun.address).query)["state"][0]


class TestConsent:
    @LOGINS
    def test_it_gives_an_account(self, desk: Desk, login: Login) -> None:
        done = desk.connect(login, timezone="Europe/Oslo")

        (account,) = desk.accounts()
        assert (done.is_new, done.name, done.timezone, done.state) == (True, "bakery", "Europe/Oslo", "active")
        assert (done.ig_id, done.warnings) == (desk.simulator.ig_id(INDEX[login]), ())
        assert account.username == done.username is not None
        assert desk.simulator.report()["unknown_params"] == {}
        assert desk.simulator.report()["tokens_in_urls"] == {}

    @LOGINS
    def test_the_account_publishes_is_read_and_hears_without_another_word(self, desk: Desk, login: Login) -> None:
        index = INDEX[login]
        desk.simulator.post("/_sim/account", account=index, is_subscribed=False)
        desk.connect(login)

        planned = 1
        while planned:  # a step of it is over after a millisecond, however many it has planned
            with desk.database.transaction() as tx:
                planned = plan(tx, clock.now())
        for name in ("token", "subscription", "harvest"):
            for hint in desk.claim(name):
                desk.perform(hint)

        (account,) = desk.accounts()
        publishing = desk.worker.client(account, Purpose.PUBLISH).publishing
        picture = f"{desk.simulator.url}/_sim/picture/post.jpg"
        container = publishing.create_container(ContainerSpec(ContainerKind.IMAGE, media_url=picture))
        until(lambda: publishing.container(container.id).status_code == "FINISHED", what="the container is not ready")
        assert isinstance(publishing.publish(container.id), Published)
        assert desk.one("SELECT fields, lacking_since FROM subscriptions").lacking_since is None
        heard = set(desk.one("SELECT fields FROM subscriptions").fields)
        assert heard >= {"comments", "mentions", "live_comments"}
        with desk.database.transaction() as tx:
            runs = {row.kind: row.status for row in tx.execute(RUNS)}
        assert {"account", "audience", "media", "profile"} <= runs.keys()
        assert {kind for kind, status in runs.items() if status != "done"} <= {"media"}, "refused metrics"
        for table in ("account_observations", "media_snapshots"):
            assert desk.one(f"SELECT count(*) AS rows FROM {table}").rows > 0  # noqa: S608

    @LOGINS
    def test_what_was_granted_is_known_from_the_first_moment(self, desk: Desk, login: Login) -> None:
        desk.connect(login)

        with desk.database.transaction() as tx:
            known = {one.which: one.scopes for one in tx.scalars(select(Token))}
            ends = {one.which: (one.kind, one.expires_at, one.never_ends) for one in tx.scalars(select(Token))}
        which = TokenOf.PERSON if login is Login.FACEBOOK else TokenOf.ACCOUNT
        kind, end, never_ends = ends[which]
        assert (kind, never_ends) == ("USER" if login is Login.FACEBOOK else None, False)
        assert end is not None
        assert clock.now() + 59 * DAY < end < clock.now() + 61 * DAY
        if login is Login.FACEBOOK:
            assert ends[TokenOf.ACCOUNT] == ("PAGE", None, True)  # made of a long-lived one
        assert set(known[which] or ()) >= set(NEEDED[login.value])
        assert [one for other, one in known.items() if other != which] == ([None] if login is Login.FACEBOOK else [])

    @pytest.mark.parametrize("reading", ["data", "flat"])
    def test_both_shapes_of_the_code_answer_are_read(self, desk: Desk, reading: str) -> None:
        desk.simulator.post("/_sim/readings", igl_code_exchange=reading)

        assert desk.connect(Login.INSTAGRAM).is_new

    @LOGINS
    def test_what_is_kept_is_long_lived_and_on_facebook_login_there_are_two(self, desk: Desk, login: Login) -> None:
        desk.connect(login)

        (account,) = desk.accounts()
        own, person = desk.tokens(account)
        longest = {token: _life_s(desk.simulator, token) for token in (own, person) if token is not None}
        if login is Login.FACEBOOK:
            assert own == "SIM-TOKEN-PAGE-0"
            assert person is not None
            assert 59 * 86_400 < (longest[person] or 0) <= 60 * 86_400
            assert longest[own] is None, "a Page's has no end"
        else:
            assert person is None
            assert own not in ("SIM-TOKEN-1", "")
            assert httpx.get(f"{desk.simulator.url}/me", headers={"authorization": f"Bearer {own}"}).status_code == 200

    def test_each_app_is_named_on_its_login(self, desk: Desk, simulator_factory: Callable[..., Simulator]) -> None:
        desk.simulator = simulator_factory(
            accounts=2, instagram_app_id="IG-APP", instagram_app_secret="IG-SECRET", redirect_uris=(BACK,)
        )
        told = {"graph_url": desk.simulator.url, "instagram_app_id": "IG-APP", "instagram_app_secret": "IG-SECRET"}
        desk.settings = Settings(**desk.settings.model_dump(exclude_unset=True) | told)

        assert desk.connect(Login.INSTAGRAM, name="lena").is_new
        assert desk.connect(Login.FACEBOOK).is_new

    def test_what_is_asked_for_stands_in_the_address(self, desk: Desk) -> None:
        scopes = ["instagram_basic", "instagram_basic", "catalog_management"]

        own = parse_qs(urlsplit(desk.begin(scopes=scopes).address).query)
        business = parse_qs(urlsplit(desk.begin(config_id="77").address).query)

        assert own["scope"] == ["instagram_basic,catalog_management"]
        assert (own["redirect_uri"], own["client_id"]) == ([BACK], ["SIM-APP"])
        assert (business["config_id"], business.get("scope")) == (["77"], None)

    def test_a_known_account_is_renewed_and_its_posts_go_on(self, desk: Desk) -> None:
        desk.connect()
        (before,) = desk.accounts()
        with desk.database.transaction() as tx:
            later = clock.now() + timedelta(hours=1)
            waiting = make_post(tx, before, wait_reason="account", next_action_at=later).id
        desk.sql("UPDATE accounts SET state = 'broken', state_reason = 'refused', token_refused = 'refused'")
        desk.simulator.post("/_sim/token", account=0, action="revoke")

        done = desk.connect()

        (after,) = desk.accounts()
        assert (done.is_new, done.posts_woken, done.state) == (False, 1, "active")
        assert desk.tokens(after)[0] not in (desk.simulator.token(0), "SIM-TOKEN-PAGE-0")
        assert after.user_token_sealed != before.user_token_sealed
        with desk.database.transaction() as tx:
            woken = get_post(tx, waiting)
            assert woken.next_action_at is not None
            assert woken.next_action_at <= clock.now()


def _life_s(simulator: Simulator, token: str) -> float | None:
    told = {"input_token": token, "access_token": "SIM-APP|SIM-APP-SECRET"}
    expires_at = simulator.http.get("/v25.0/debug_token", params=told).json()["data"]["expires_at"]
    return float(expires_at - clock.now().timestamp()) if expires_at else None


class TestSeveralAccounts:
    @pytest.fixture(autouse=True)
    def _manager(self, simulator: Simulator) -> None:
        simulator.post("/_sim/consent", login="facebook", account="all")

    def test_a_person_chooses_one(self, desk: Desk) -> None:
        connection_id = desk.agree(desk.begin())
        row = desk.work(connection_id)
        shown = consents.show(desk.context, OWNER, connection_id)

        assert (shown.awaits_choice, desk.accounts()) == (True, [])
        assert [one.ig_id for one in shown.found] == [desk.simulator.ig_id(0), desk.simulator.ig_id(2)]
        assert "SIM-TOKEN" not in str(tuple(row))
        ids = consents.choose(desk.context, OWNER, connection_id, [f"@{(shown.found[1].username or '').upper()}"])
        desk.work(connection_id)

        (account,) = desk.accounts()
        assert ids == [connection_id]
        assert (account.ig_id, account.name) == (desk.simulator.ig_id(2), "bakery")
        assert desk.tokens(account)[0] == "SIM-TOKEN-PAGE-2"

    def test_or_several_that_were_named_beforehand(self, desk: Desk) -> None:
        with desk.database.transaction() as tx:
            make_account(tx, ig_id=desk.simulator.ig_id(2), name="known", state="broken")
        wanted = (desk.simulator.ig_id(0), desk.simulator.ig_id(2), desk.simulator.ig_id(0))
        connection_id = desk.agree(desk.begin(accounts=wanted))
        desk.work(connection_id)
        others = consents.show(desk.context, OWNER, connection_id).others
        assert len(others) == 1
        desk.work(others[0])

        first, second = desk.accounts()
        assert [first.name, second.name] == [f"bakery-{first.username}", "known"]
        assert [desk.tokens(one)[0] for one in (first, second)] == ["SIM-TOKEN-PAGE-0", "SIM-TOKEN-PAGE-2"]
        assert desk.tokens(first)[1] == desk.tokens(second)[1]
        assert second.state == "active"

    @pytest.mark.parametrize(
        ("wanted", "error", "said"),
        [(["nobody"], Unknown, "'nobody' is none of the accounts"), ([], Invalid, "has to be named")],
    )
    def test_a_choice_that_is_none_changes_nothing(
        self, desk: Desk, wanted: list[str], error: type[PressrunError], said: str
    ) -> None:
        connection_id = desk.agree(desk.begin())
        desk.work(connection_id)

        with pytest.raises(error, match=said):
            consents.choose(desk.context, OWNER, connection_id, wanted)

        assert consents.show(desk.context, OWNER, connection_id).awaits_choice
        with pytest.raises(NotPossible, match="nothing to choose"):
            consents.choose(desk.context, OWNER, desk.begin().connection_id, ["x"])

    def test_what_nobody_chooses_in_time_keeps_no_token(self, desk: Desk) -> None:
        begun, abandoned = desk.begin(), desk.agree(desk.begin())
        connection_id = desk.agree(desk.begin())
        desk.work(connection_id)
        desk.work(abandoned)
        consents.abandon(desk.context, OWNER, abandoned)
        with desk.database.transaction() as tx:
            assert expire_connections(tx, now=clock.now() + LIFE) == 2

        rows = [desk.row(one) for one in (connection_id, abandoned, begun.connection_id)]
        assert [(row.state, row.token_sealed, row.found_sealed, row.found) for row in rows] == [
            ("failed", None, None, None)
        ] * 3
        assert "nobody chose" in rows[0].error
        assert "sent no answer in time" in rows[2].error

    def test_pages_that_only_businesses_have_are_found_too(self, desk: Desk) -> None:
        desk.simulator.post("/_sim/account", account=0, page_listed="owned")
        desk.simulator.post("/_sim/account", account=2, page_listed="client")
        connection_id = desk.agree(desk.begin(accounts=(desk.simulator.ig_id(2),)))

        desk.work(connection_id)

        assert desk.tokens(desk.accounts()[0])[0] == "SIM-TOKEN-PAGE-2"

    def test_a_person_without_businesses_has_the_pages_of_their_own(self, desk: Desk) -> None:
        desk.simulator.fault(endpoint="businesses", mode="refuse", code=200, status=403)
        connection_id = desk.agree(desk.begin())

        assert len(desk.work(connection_id).found) == 2

    def test_a_list_that_one_business_refuses_hides_no_other(self, desk: Desk) -> None:
        for index, listed in ((0, "owned"), (2, "client")):
            desk.simulator.post("/_sim/account", account=index, page_listed=listed)
        desk.simulator.fault(endpoint="owned_pages", mode="refuse", code=10, status=403)

        row = desk.work(desk.agree(desk.begin()))

        assert (row.state, row.ig_id) == ("done", desk.simulator.ig_id(2))

    def test_more_pages_than_a_list_holds_at_a_time_are_all_found(
        self, desk: Desk, simulator_factory: Callable[..., Simulator]
    ) -> None:
        desk.simulator = simulator_factory(accounts=211, media_each=0)
        desk.settings = desk.settings.model_copy(update={"graph_url": desk.simulator.url})
        desk.simulator.post("/_sim/consent", login="facebook", account="all")
        last = desk.simulator.ig_id(210)

        row = desk.work(desk.agree(desk.begin()))
        consents.choose(desk.context, OWNER, row.id, [last])
        desk.work(row.id)

        assert [one["ig_id"] for one in row.found] == [desk.simulator.ig_id(index) for index in range(0, 211, 2)]
        assert [account.ig_id for account in desk.accounts()] == [last]


class TestDiscover:
    @LOGINS
    def test_a_token_does_the_same_without_a_browser(self, desk: Desk, login: Login) -> None:
        index = INDEX[login]
        connection_id = desk.discover(desk.simulator.token(index), login, name=None)

        done = outcome(desk.context, OWNER, connection_id)
        (account,) = desk.accounts()
        assert (account.ig_id, account.name) == (desk.simulator.ig_id(index), done.username)
        assert (desk.tokens(account)[1] is not None) is (login is Login.FACEBOOK)

    @LOGINS
    def test_without_an_app_it_is_kept_as_it_is(self, desk: Desk, login: Login) -> None:
        desk.settings = desk.settings.model_copy(update={"app_id": None, "app_secret": None})
        index = INDEX[login]
        outcome(desk.context, OWNER, desk.discover(desk.simulator.token(index), login))

        own, person = desk.tokens(desk.accounts()[0])
        assert desk.simulator.token(index) in (own, person)

    def test_what_the_app_lets_it_do_is_warned_of_where_it_is_less_than_all(self, desk: Desk) -> None:
        desk.simulator.post("/_sim/account", account=0, without_scopes=["instagram_manage_insights"])

        done = outcome(desk.context, OWNER, desk.discover(desk.simulator.token(0)))

        assert done.warnings == (
            "without the permission instagram_manage_insights no insights are read, of the account or of its media; "
            "competitors are not read",
        )

    def test_the_token_of_another_app(self, desk: Desk) -> None:
        token = desk.simulator.post("/_sim/token", account=0, action="foreign")["token"]
        new = NewAccount(Login.FACEBOOK, desk.simulator.ig_id(0), "bakery", token)
        ids = [desk.discover(token), connect(desk.context, OWNER, new)]
        desk.work(ids[1])
        desk.simulator.fault(endpoint="debug_token", mode="refuse", code=100)
        ids.append(desk.discover(token))
        desk.simulator.clear_faults()
        desk.settings = desk.settings.model_copy(update={"app_id": "ANOTHER"})
        ids.append(desk.discover(desk.simulator.token(0)))

        for connection_id in ids:
            with pytest.raises(RefusedByInstagram, match="given to another app than PRESSRUN_APP_ID") as refused:
                outcome(desk.context, OWNER, connection_id)
            assert refused.value.type == "token.of_another_app"
        assert desk.accounts() == []

    def test_the_token_of_a_page(self, desk: Desk) -> None:
        with pytest.raises(RefusedByInstagram, match="token of a Page") as refused:
            outcome(desk.context, OWNER, desk.discover("SIM-TOKEN-PAGE-0"))

        assert refused.value.type == "token.of_a_page"

    @LOGINS
    def test_a_token_that_is_none(self, desk: Desk, login: Login) -> None:
        with pytest.raises(RefusedByInstagram, match="refuses the token") as refused:
            outcome(desk.context, OWNER, desk.discover("SIM-TOKEN-nobody", login))
        assert ". " not in str(refused.value), "one sentence, with one thing to do"
        assert str(refused.value).endswith("connect the account once more, or give it another token")
        with pytest.raises(Invalid, match="no token has"):
            consents.discover(desk.context, OWNER, Wish(login), "two words")


NEVER_LINKED = "no Instagram professional account is linked to"
REFUSALS: dict[str, tuple[Login, dict[str, Any], dict[str, str], str, str]] = {
    "refused": (Login.FACEBOOK, {}, {"decision": "refuse"}, "consent.refused", "was not given (The user denied"),
    "refused on Instagram": (Login.INSTAGRAM, {}, {"decision": "refuse"}, "consent.refused", "allow what is asked"),
    "no permission to publish": (
        *(Login.FACEBOOK, {}, {"without": "instagram_content_publish"}, "scope.missing"),
        "without instagram_content_publish (nothing is published)",
    ),
    "a permission that was asked for": (
        *(Login.INSTAGRAM, {}, {"without": "instagram_business_manage_insights"}, "scope.missing"),
        "without instagram_business_manage_insights (no insights are read, of the account or of its media)",
    ),
    "no permission to see Pages": (
        *(Login.FACEBOOK, {"without_scopes": ["pages_show_list"]}, {}, "scope.missing"),
        "without pages_show_list",
    ),
    "a Page without an account": (
        *(Login.FACEBOOK, {"is_personal": True}, {}, "page.without_account"),
        NEVER_LINKED,
    ),
    "a personal account": (
        *(Login.INSTAGRAM, {"is_personal": True}, {}, "account.wrong_kind"),
        "is a personal account: make it a business",
    ),
    "no role on the Page": (
        *(Login.FACEBOOK, {"page_tasks": ["ANALYZE"]}, {}, "page.role_missing"),
        "may not publish on the Page",
    ),
}


class TestRefusals:
    @pytest.mark.parametrize("name", REFUSALS)
    def test_one_sentence_and_nothing_is_stored(self, desk: Desk, name: str) -> None:
        login, changes, form, type_, said = REFUSALS[name]
        desk.simulator.post("/_sim/account", account=INDEX[login], **changes)
        connection_id = desk.agree(desk.begin(login), **form)
        if form.get("decision") != "refuse":
            desk.work(connection_id)

        with pytest.raises(PressrunError) as refused:
            outcome(desk.context, OWNER, connection_id)

        row = desk.row(connection_id)
        told = str(refused.value)
        assert (refused.value.type, said in told, "\n" in told, ". " in told) == (type_, True, False, False)
        assert (row.code_sealed, row.token_sealed, row.found_sealed, row.next_action_at) == (None,) * 4
        assert desk.accounts() == []

    def test_no_page_at_all(self, desk: Desk) -> None:
        desk.simulator.post("/_sim/account", account=0, page_listed="client")
        desk.simulator.fault(endpoint="client_pages", mode="altered", changes=[{"pointer": "/data", "value": []}])
        connection_id = desk.agree(desk.begin())

        assert desk.work(connection_id).error_type == "page.none"

    def test_whoever_asks_for_less_is_not_told_of_the_rest(self, desk: Desk) -> None:
        scopes = ["instagram_business_basic", "instagram_business_content_publish"]
        connection_id = desk.agree(
            desk.begin(Login.INSTAGRAM, scopes=scopes), without="instagram_business_manage_insights"
        )

        assert desk.work(connection_id).state == "done"

    def test_another_account_than_the_one_of_that_name(self, desk: Desk) -> None:
        with desk.database.transaction() as tx:
            make_account(tx, name="bakery", ig_id="17840000000000001")
        connection_id = desk.agree(desk.begin())
        desk.work(connection_id)

        with pytest.raises(Conflict, match=r"17840000000000001.*has signed in as.*choose another name"):
            outcome(desk.context, OWNER, connection_id)
        assert [one.ig_id for one in desk.accounts()] == ["17840000000000001"]

    def test_an_account_that_was_named_and_is_not_the_one(self, desk: Desk) -> None:
        connection_id = desk.agree(desk.begin(Login.INSTAGRAM, accounts=("somebody.else",)))

        row = desk.work(connection_id)

        assert (row.state, row.error_type, row.error_field) == ("failed", "account.not_granted", "account")
        assert desk.accounts() == []

    @LOGINS
    def test_a_code_that_was_used(self, desk: Desk, login: Login) -> None:
        begun = desk.begin(login)
        first = desk.begin(login, name="first")
        location = desk.consent(first)
        desk.work(consents.answer(desk.context, BROWSER, location).connection_id)
        code = parse_qs(urlsplit(location).query)["code"][0]
        taken = consents.answer(desk.context, BROWSER, f"{BACK}?code={code}&state={state_of(begun)}")

        row = desk.work(taken.connection_id)

        assert (row.state, row.error_type) == ("refused", "consent.code_refused")
        assert "connect the account once more" in row.error
        assert len(desk.accounts()) == 1

    def test_a_redirect_address_that_is_another_byte_for_byte(self, desk: Desk) -> None:
        connection_id = desk.agree(desk.begin())
        desk.sql("UPDATE connections SET redirect_url = redirect_url || '/'")

        assert desk.work(connection_id).error_type == "consent.code_refused"

    def test_the_secret_of_another_app(self, desk: Desk) -> None:
        connection_id = desk.agree(desk.begin())
        desk.settings = desk.settings.model_copy(update={"app_secret": SecretStr("WRONG-SECRET")})

        row = desk.work(connection_id)

        assert (row.state, "WRONG-SECRET" in row.error) == ("refused", False)


class TestState:
    def test_an_answer_counts_once(self, desk: Desk) -> None:
        begun = desk.begin()
        location = desk.consent(begun)
        consents.answer(desk.context, BROWSER, location)

        with pytest.raises(NotPossible, match="taken already") as again:
            consents.answer(desk.context, BROWSER, location)

        assert again.value.type == "consent.used"
        desk.work(begun.connection_id)
        with pytest.raises(NotPossible, match="taken already"):
            consents.answer(desk.context, BROWSER, location)

    def test_of_two_at_one_moment_one_counts(self, desk: Desk) -> None:
        begun = desk.begin()

        def answer(code: str) -> str:
            try:
                consents.answer(desk.context, BROWSER, f"code={code}&state={state_of(begun)}")
            except NotPossible as late:
                return late.type
            return "taken"

        said = race([lambda code=code: answer(code) for code in ("SIM-CODE-0-a", "SIM-CODE-0-b")])  # type: ignore[misc]

        assert sorted(said) == ["consent.used", "taken"]

    def test_one_that_was_signed_elsewhere_or_for_a_row_that_is_another_by_now(self, desk: Desk) -> None:
        begun, other = desk.begin(), desk.begin()
        foreign = desk.settings.model_copy(update={"secret_keys": [SecretStr("b" * 42 + "A")]})
        elsewhere = consents.begin(Context(desk.database, foreign), OWNER, Wish(Login.FACEBOOK, "x"))
        desk.sql("UPDATE connections SET answer_digest = 'x' WHERE id = :id", id=other.connection_id)

        for state in (state_of(elsewhere), state_of(other), f"{state_of(begun)[:-1]}!", "made-up"):
            with pytest.raises(Invalid) as refused:
                consents.answer(desk.context, BROWSER, f"code=SIM-CODE-0&state={state}")
            assert refused.value.type == "consent.foreign"
        assert desk.row(begun.connection_id).state == "waiting"

    def test_without_an_app_nothing_begins(self, desk: Desk) -> None:
        for missing in ("app_id", "app_secret"):
            desk.settings = desk.settings.model_copy(update={missing: None})
            with pytest.raises(Invalid) as refused:
                desk.begin()
            assert refused.value.type == "setting.missing"


class TestAnInstagramThatDoesNotAnswer:
    def test_what_passes_does_no_harm_wherever_it_is(self, desk: Desk) -> None:
        """Each call fails once, and is made anew by the next try: what was won before is kept."""
        connection_id = desk.agree(desk.begin())
        for endpoint in ("oauth_access_token", "debug_token", "accounts"):
            desk.simulator.fault(endpoint=endpoint, mode="refuse_500", count=3)  # the client tries three times

        for state in ("answered", "granted", "prolonged"):
            row = desk.row(connection_id)
            if row.state == state:
                row = desk.work(connection_id)

        while desk.row(connection_id).state != "done":
            assert desk.row(connection_id).tries < MOST_TRIES
            desk.work(connection_id)
        assert len(desk.accounts()) == 1

    def test_it_is_asked_a_bounded_number_of_times(self, desk: Desk) -> None:
        connection_id = desk.agree(desk.begin())
        desk.settings = desk.settings.model_copy(update={"graph_url": "http://127.0.0.1:9"})

        for _ in range(MOST_TRIES - 1):
            assert desk.work(connection_id).state == "answered"
        row = desk.work(connection_id)

        assert (row.state, row.error_type, row.code_sealed) == ("failed", "instagram.silent", None)

    def test_an_outage_is_no_refusal_of_the_token(self, desk: Desk) -> None:
        connection_id = desk.agree(desk.begin())
        desk.simulator.fault(endpoint="accounts", mode="refuse_500")

        for _ in range(MOST_TRIES):
            row = desk.work(connection_id)

        assert (row.state, row.error_type) == ("failed", "instagram.silent")

    @pytest.mark.parametrize("endpoint", ["oauth_access_token", "accounts"])
    def test_one_that_throttles_is_named_as_that(self, desk: Desk, endpoint: str) -> None:
        desk.simulator.fault(endpoint=endpoint, mode="throttle", code=4)

        row = desk.work(desk.agree(desk.begin()))

        assert (row.state, row.error_type, row.code_sealed) == ("failed", "instagram.throttled", None)

    def test_a_worker_that_is_stopping_leaves_it_to_another(self, desk: Desk) -> None:
        connection_id, stopping = desk.agree(desk.begin()), desk.worker
        with desk.database.transaction() as tx:
            (hint,) = claim_due(tx, WORK, limit=1, lease_s=30.0)
            lease = take(tx, "connections", hint.id, hint.claim, lease_s=30.0)
        assert lease is not None
        stopping.stopping.set()

        connecting.run(stopping, lease)

        row = desk.row(connection_id)
        assert (row.state, row.tries, row.leased_until) == ("answered", 0, None)

    @pytest.mark.cost(cpu_s=6)
    def test_one_that_dies_is_followed_by_another(self, desk: Desk, database_url: str) -> None:
        """Behind the code it is spent, and that is told; behind the exchange the next goes on with what is kept."""
        ids = {point: desk.agree(desk.begin(name=point)) for point in ("connect.after_code", "connect.after_exchange")}
        with desk.database.transaction() as tx:
            hints = {hint.id: hint for hint in claim_due(tx, WORK, limit=10, lease_s=30.0)}
        mortals = Mortals.start(
            desk.settings, lease=timedelta(seconds=30), database_url=database_url, key=KEY,
            media_base_url="http://127.0.0.1:9",
        )  # fmt: skip
        try:
            codes = mortals.run([Doomed(hints[id_], point) for point, id_ in ids.items()])
        finally:
            mortals.close()

        spent, kept = (desk.work(id_) for id_ in ids.values())

        assert codes == [-9, -9], mortals.output
        assert (spent.state, spent.error_type) == ("refused", "consent.code_refused")
        assert kept.state == "done"


@LOGINS
def test_no_code_token_or_secret_stands_anywhere_in_clear(desk: Desk, login: Login) -> None:
    """Every row after every step, every line of the log at its most talkative, and every error."""
    said = io.StringIO()
    secrets = {"SIM-APP-SECRET", "SIM-TOKEN-"}
    with logging_restored(), redirect_stderr(said):
        log.configure(level="DEBUG")
        endings: list[dict[str, Any]] = [{}, {"is_personal": True}]
        for changes in endings:
            desk.simulator.post("/_sim/account", account=INDEX[login], **changes)
            begun = desk.begin(login)
            location = desk.consent(begun)
            secrets |= {parse_qs(urlsplit(location).query)["code"][0], state_of(begun)}
            consents.answer(desk.context, BROWSER, location)
            said.write(_all_rows(desk))
            row = desk.work(begun.connection_id)
            said.write(_all_rows(desk) + str(row.error))

    assert "connect.done" in said.getvalue()
    assert [secret for secret in secrets if secret in said.getvalue()] == []
    with desk.database.transaction() as tx:
        assert run_all(tx) == {}


def _all_rows(desk: Desk) -> str:
    """Every row of every table."""
    with desk.database.transaction() as tx:
        tables = tx.execute(text("SELECT relname FROM pg_stat_user_tables")).scalars()
        found = {
            table: [str(tuple(row)) for row in tx.execute(text(f'SELECT * FROM "{table}"'))]  # noqa: S608
            for table in tables
        }
    return json.dumps(found)
