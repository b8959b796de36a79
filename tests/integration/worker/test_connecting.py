"""Connecting accounts: Instagram is asked whose the token is, once somebody wants it, and what it says is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select

from models.accounts.account import Account, Login, token_context, user_token_context
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import Harvest
from models.owed import gate
from models.owed.claims import take
from models.owed.gate import Level
from models.owed.works import WORKS
from models.posts.post import get_post
from models.store.session import Database
from operations.accounts import standing
from operations.accounts.connections import Connected, NewAccount, connect, outcome
from operations.operation import OWNER
from pressrun import clock
from pressrun.errors import Conflict, Invalid, Kind, PressrunError, RefusedByInstagram
from pressrun.network.hints import Hint
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_account, make_post
from tests.integration.models.racing import race
from tests.support import desk as support
from tests.support.mortal import Doomed, Mortals
from tests.support.simulator import Simulator
from worker import connecting
from worker.boundary import perform
from worker.connecting import MOST_TRIES
from worker.context import WorkerContext
from worker.tasks import STEPS

WORK = next(work for work in WORKS if work.name == "connection")
DEAD = "http://127.0.0.1:9"
LOGINS = pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])


class Desk(support.Desk):
    """Asks for connections, and is the worker that works on them."""

    def ask(self, index: int = 0, **over: Any) -> int:
        """A connection of the simulator's account `index`, not worked on yet."""
        values: dict[str, Any] = {
            "login": Login.INSTAGRAM if index % 2 else Login.FACEBOOK,
            "ig_id": self.simulator.ig_id(index),
            "name": f"sim-{index}",
            "token": self.simulator.token(index),
        }
        return connect(self.context, OWNER, NewAccount(**values | over))

    def hint(self, connection_id: int) -> Hint:
        """Claim it, as if it were due now."""
        return next(hint for hint in self.claim("connection", connection_id) if hint.id == connection_id)

    def work(self, connection_id: int, ctx: WorkerContext | None = None) -> Row[Any]:
        """One step of a worker; the row as it is then."""
        self.perform(self.hint(connection_id), ctx)
        return self.row(connection_id)

    def connect(self, index: int = 0, **over: Any) -> Connected:
        """Ask, have it worked on, and see what came of it."""
        connection_id = self.ask(index, **over)
        self.work(connection_id)
        return outcome(self.context, OWNER, connection_id)

    def row(self, connection_id: int) -> Row[Any]:
        return self.one("SELECT * FROM connections WHERE id = :id", id=connection_id)

    def account(self, index: int = 0) -> Account | None:
        with self.database.transaction() as tx:
            return tx.scalar(select(Account).where(Account.ig_id == self.simulator.ig_id(index)))


@pytest.fixture(scope="module")
def instagram() -> Iterator[Simulator]:
    """One for all tests of this module: asking who somebody is changes nothing."""
    with Simulator.start(accounts=4) as running:
        yield running


@pytest.fixture
def desk(database: Database, instagram: Simulator) -> Iterator[Desk]:
    with Desk.open(database, instagram) as desk:
        yield desk


def pointed_at(desk: Desk, url: str) -> WorkerContext:
    """A worker to whom that is Instagram."""
    settings = desk.settings.model_copy(update={"graph_url": url})
    return WorkerContext(settings, desk.database, Vault([KEY]), desk.transport)


class TestTheRightToken:
    @LOGINS
    def test_it_connects_the_account(self, desk: Desk, index: int) -> None:
        done = desk.connect(index, timezone="Europe/Oslo")

        account = desk.account(index)
        assert account is not None
        assert (done.is_new, done.name, done.timezone, done.state) == (True, f"sim-{index}", "Europe/Oslo", "active")
        assert account.username == done.username
        assert done.username == desk.simulator.http.get("/_sim/accounts").json()[index]["username"]

    def test_it_is_sealed_for_the_account_alone_and_nowhere_else(self, desk: Desk) -> None:
        connection_id = desk.ask(0)
        asked = desk.row(connection_id)
        done = desk.work(connection_id)

        account, token = desk.account(0), desk.simulator.token(0)
        assert account is not None
        assert account.token_sealed is not None
        assert Vault([KEY]).open(account.token_sealed, context=token_context(account.id)) == token
        for other in (f"account:{account.id + 1}:token", f"connection:{connection_id}:token"):
            with pytest.raises(PressrunError):
                Vault([KEY]).open(account.token_sealed, context=other)
        assert asked.token_sealed is not None
        assert token not in str(tuple(asked)) + str(tuple(done))
        assert (done.state, done.token_sealed, done.next_action_at) == ("done", None, None)

    def test_the_account_gets_every_harvest_and_is_in_utc(self, desk: Desk) -> None:
        assert desk.connect(0).timezone == "UTC"

        with desk.database.transaction() as tx:
            assert set(tx.scalars(select(Harvest.kind))) == {kind.value for kind in STANDING_CRONS}


class TestASecondToken:
    PAGE = "SIM-TOKEN-PAGE-0"

    def test_it_is_asked_about_and_sealed_beside_the_first(self, desk: Desk) -> None:
        person = desk.simulator.token(0)
        connection_id = desk.ask(0, token=self.PAGE, user_token=person)
        asked = desk.row(connection_id)
        done = desk.work(connection_id)

        account = desk.account(0)
        assert account is not None
        assert account.user_token_sealed is not None
        assert account.token_sealed is not None
        assert Vault([KEY]).open(account.token_sealed, context=token_context(account.id)) == self.PAGE
        assert Vault([KEY]).open(account.user_token_sealed, context=user_token_context(account.id)) == person
        assert asked.user_token_sealed is not None
        assert person not in str(tuple(asked)) + str(tuple(done))
        assert (done.state, done.token_sealed, done.user_token_sealed) == ("done", None, None)

    def test_of_both_the_ends_are_known_from_the_first_moment(self, desk: Desk) -> None:
        desk.settings = desk.settings.model_copy(update=support.APP)
        done = desk.connect(0, token=self.PAGE, user_token=desk.simulator.token(0))

        found = {one.which: one for one in standing.show(desk.context, OWNER, done.name).tokens}
        page, person = found["account"], found["person"]
        assert (page.kind, page.never_ends, page.expires_at, page.checked_at) == ("PAGE", True, None, None)
        assert (person.kind, person.never_ends) == ("USER", False)
        assert person.expires_at is not None
        assert person.expires_at > clock.now() + timedelta(days=50)
        assert person.data_access_expires_at is not None

    def test_renewing_the_first_keeps_it(self, desk: Desk) -> None:
        desk.connect(0, token=self.PAGE, user_token=desk.simulator.token(0))
        before = desk.account(0)
        desk.connect(0, token=self.PAGE)
        after = desk.account(0)

        assert before is not None
        assert after is not None
        assert before.user_token_sealed is not None
        assert after.user_token_sealed == before.user_token_sealed

    def test_a_wrong_one_stores_nothing(self, desk: Desk) -> None:
        connection_id = desk.ask(0, token=self.PAGE, user_token="SIM-TOKEN-nobody")
        row = desk.work(connection_id)

        assert (row.state, row.error_type, row.user_token_sealed) == ("refused", "token.refused", None)
        assert desk.account(0) is None

    def test_on_instagram_login_there_is_none(self, desk: Desk) -> None:
        with pytest.raises(Invalid, match="no other beside it"):
            desk.ask(1, user_token=desk.simulator.token(1))


class TestRefusals:
    @LOGINS
    def test_a_wrong_token_stores_nothing(self, desk: Desk, index: int, caplog: pytest.LogCaptureFixture) -> None:
        connection_id = desk.ask(index, token="SIM-TOKEN-nobody")
        row = desk.work(connection_id)

        with pytest.raises(RefusedByInstagram, match=r"refuses the token of sim-.*190") as refused:
            outcome(desk.context, OWNER, connection_id)
        assert (row.state, row.error_type, row.token_sealed) == ("refused", "token.refused", None)
        assert "SIM-TOKEN-nobody" not in str(refused.value) + str(tuple(row)) + caplog.text
        assert desk.account(index) is None

    @LOGINS
    def test_the_token_of_another_account_stores_nothing(self, desk: Desk, index: int) -> None:
        with pytest.raises(RefusedByInstagram, match=desk.simulator.ig_id(index)):
            desk.connect(index, token=desk.simulator.token(index + 2))

        assert desk.account(index) is None

    def test_a_refused_token_leaves_the_old_one(self, desk: Desk) -> None:
        desk.connect(0)
        before = desk.account(0)

        with pytest.raises(RefusedByInstagram):
            desk.connect(0, token="SIM-TOKEN-nobody")

        after = desk.account(0)
        assert before is not None
        assert after is not None
        assert after.token_sealed == before.token_sealed

    def test_a_name_that_was_taken_meanwhile_is_a_conflict(self, desk: Desk) -> None:
        connection_id = desk.ask(0, name="bakery")
        with desk.database.transaction() as tx:
            make_account(tx, name="bakery")

        row = desk.work(connection_id)

        assert (row.state, row.error_kind, row.error_field) == ("failed", Kind.CONFLICT, "name")
        with pytest.raises(Conflict, match="belongs to the account"):
            outcome(desk.context, OWNER, connection_id)

    @pytest.mark.parametrize("whose", ["app", "account"])
    def test_no_call_is_made_while_the_gate_is_shut(self, desk: Desk, whose: str) -> None:
        desk.connect(0)
        account = desk.account(0)
        assert account is not None
        now, before = clock.now(), desk.simulator.report()["calls_total"]
        key, account_id = {"app": (gate.app_key(None), None), "account": (gate.account_key(account.id), account.id)}[
            whose
        ]
        with desk.database.transaction() as tx:
            gate.set_level(
                tx, key, account_id=account_id, level=Level.SHUT, percent=100, reason="usage 100 %", now=now,
                until=now + timedelta(minutes=5),
            )  # fmt: skip

        with pytest.raises(RefusedByInstagram, match="wants no call before") as told:
            desk.connect(0)

        assert told.value.type == "gate.shut"
        assert desk.simulator.report()["calls_total"] == before

    @pytest.mark.parametrize(("code", "is_shut"), [(4, True), (80002, False)], ids=["app", "account"])
    def test_a_throttle_shuts_the_apps_gate_and_not_that_of_an_account_whose_token_it_may_not_be(
        self, desk: Desk, simulator: Simulator, code: int, is_shut: bool
    ) -> None:
        desk.connect(0)
        account, connection_id = desk.account(0), desk.ask(0)
        assert account is not None
        simulator.fault(endpoint="*", mode="throttle", code=code, count=1)

        row = desk.work(connection_id, pointed_at(desk, simulator.url))

        assert (row.state, row.error_type) == ("refused", "token.not_confirmed")
        with desk.database.transaction() as tx:
            shut = gate.barrier(tx, None, account.id, gate.Purpose.PUBLISH, now=clock.now())
        assert (shut is not None) is is_shut


class TestAnInstagramThatDoesNotAnswer:
    def test_it_is_asked_a_bounded_number_of_times_and_then_told(self, desk: Desk) -> None:
        connection_id, dead = desk.ask(0), pointed_at(desk, DEAD)

        for tries in range(1, MOST_TRIES):
            row = desk.work(connection_id, dead)
            assert (row.state, row.tries, row.leased_until) == ("asked", tries, None)
            assert clock.now() < row.next_action_at < clock.now() + timedelta(minutes=1)
        row = desk.work(connection_id, dead)

        assert (row.state, row.error_kind, row.token_sealed) == ("failed", Kind.UNREACHABLE, None)
        assert "could not be checked" in row.error
        assert desk.account(0) is None

    def test_what_passes_does_no_harm(self, desk: Desk) -> None:
        connection_id = desk.ask(0)

        assert desk.work(connection_id, pointed_at(desk, DEAD)).state == "asked"
        assert desk.work(connection_id).state == "done"

    def test_a_worker_that_is_stopping_leaves_it_to_another(self, desk: Desk) -> None:
        connection_id, stopping = desk.ask(0), desk.worker
        hint = desk.hint(connection_id)
        with desk.database.transaction() as tx:
            lease = take(tx, "connections", hint.id, hint.claim, lease_s=30.0)
        assert lease is not None
        stopping.stopping.set()
        connecting.run(stopping, lease)

        row = desk.row(connection_id)
        assert (row.state, row.tries, row.leased_until) == ("asked", 0, None)
        assert row.next_action_at <= clock.now()


class TestRenewing:
    def test_the_same_account_gets_token_name_and_zone_anew(self, desk: Desk) -> None:
        desk.connect(0, timezone="Europe/Oslo")
        first = desk.account(0)

        again = desk.connect(0, name="another name")

        after = desk.account(0)
        assert first is not None
        assert after is not None
        assert (again.is_new, after.id) == (False, first.id)
        assert (again.name, again.timezone) == ("another name", "Europe/Oslo")
        assert after.token_sealed != first.token_sealed
        assert desk.connect(0, timezone="Asia/Tokyo").timezone == "Asia/Tokyo"

    def test_a_broken_account_and_what_waited_for_it_go_on(self, desk: Desk) -> None:
        desk.connect(0)
        account, later = desk.account(0), clock.now() + timedelta(hours=1)
        assert account is not None
        with desk.database.transaction() as tx:
            waiting = make_post(tx, account, wait_reason="account", next_action_at=later).id
            planned = make_post(tx, account, next_action_at=later).id
        desk.sql("UPDATE harvests SET slot_at = now() - interval '1 minute', next_action_at = :later", later=later)
        desk.sql("UPDATE accounts SET state = 'broken', state_reason = 'the token was refused'")

        done = desk.connect(0)

        now = clock.now()
        with desk.database.transaction() as tx:
            woken, left = get_post(tx, waiting), get_post(tx, planned)
            harvests = list(tx.scalars(select(Harvest.next_action_at)))
        assert (done.state, done.state_reason, done.posts_woken) == ("active", None, 1)
        assert woken.next_action_at is not None
        assert woken.next_action_at <= now
        assert left.next_action_at == later
        assert all(at is not None and at <= now for at in harvests)

    def test_a_persons_pause_stays(self, desk: Desk) -> None:
        desk.connect(0)
        desk.sql("UPDATE accounts SET state = 'paused', state_reason = 'holidays'")

        assert desk.connect(0).state == "paused"


class TestSeveralAtOnce:
    def test_two_connections_of_one_account_are_one_account(self, desk: Desk) -> None:
        hints = [desk.hint(desk.ask(0, name=name)) for name in ("bakery", "the bakery")]

        race([lambda hint=hint: perform(desk.worker, STEPS, hint) for hint in hints])  # type: ignore[misc]

        rows = [desk.row(hint.id) for hint in hints]
        assert [row.state for row in rows] == ["done", "done"]
        assert sorted(row.is_new for row in rows) == [False, True]
        assert len({row.account_id for row in rows}) == 1

    def test_two_accounts_that_want_one_name_are_a_conflict(self, desk: Desk) -> None:
        hints = [desk.hint(desk.ask(index, name="bakery")) for index in (0, 1)]

        race([lambda hint=hint: perform(desk.worker, STEPS, hint) for hint in hints])  # type: ignore[misc]

        assert sorted(desk.row(hint.id).state for hint in hints) == ["done", "failed"]


class TestAWorkerThatDies:
    def test_another_asks_again_and_the_account_is_there_once(self, desk: Desk, database_url: str) -> None:
        points = ("connect.after_answer", "connect.after_record")
        asked = {point: desk.ask(index) for index, point in enumerate(points)}
        mortals = Mortals.start(
            desk.settings, lease=timedelta(seconds=30), database_url=database_url, key=KEY, media_base_url=DEAD
        )
        try:
            codes = mortals.run([Doomed(desk.hint(asked[point]), point) for point in points])
        finally:
            mortals.close()
        before, after = (desk.row(asked[point]) for point in points)

        again = desk.work(asked[points[0]])

        assert codes == [-9, -9], mortals.output
        assert (before.state, before.tries, after.state) == ("asked", 1, "done")
        assert (again.state, again.tries, again.is_new) == ("done", 2, True)
        with desk.database.transaction() as tx:
            assert len(list(tx.scalars(select(Account.id)))) == 2

    def test_one_that_kills_its_workers_ends(self, desk: Desk) -> None:
        connection_id = desk.ask(0)
        desk.sql("UPDATE connections SET tries = :most", most=MOST_TRIES)

        row = desk.work(connection_id)

        assert (row.state, row.token_sealed) == ("failed", None)
        assert "without an answer" in row.error
