"""How an account stands, as every face asks for it: known, asked for now, and renamed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from models.accounts.account import get_account
from models.hooks.subscription import WANTED, Subscription
from models.store.session import Database
from models.tokens.care import add_missing_care
from operations.accounts import accounts, standing
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from operations.upkeep import system
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown
from pressrun.finding import Result
from tests.factories.rows import make_account, make_subscription
from tests.integration.models.racing import race
from tests.integration.operations.conftest import nobody
from tests.support.simulator import Simulator
from tests.support.ward import Ward

READER = Asker("reader", frozenset({Scope.READ}))
DAY = timedelta(days=1)


@pytest.fixture
def ward(database: Database) -> Iterator[Ward]:
    with Simulator.start(accounts=2, media_each=0, quota_total=25) as instagram, Ward.open(database, instagram) as ward:
        yield ward
    clock.put_right(timedelta(0))


@pytest.fixture
def asked(ward: Ward) -> Context:
    return Context(ward.database, ward.settings)


def check(ward: Ward, ctx: Context, account: str) -> standing.Checked:
    """Ask, with a worker that takes it up at once."""
    looks = standing.check(ctx, OWNER, account)
    ward.work(*looks.ids)
    ward.read_webhooks()
    return standing.await_check(ctx, OWNER, account, looks, hands=nobody)


class TestShow:
    def test_what_is_known_is_told_and_nothing_is_asked(self, ward: Ward, asked: Context) -> None:
        ward.join(0, ward.page, person="SIM-TOKEN-0")
        before = standing.show(asked, READER, "sim-0")
        ward.settle()
        calls = ward.simulator.report()["calls_total"]

        found = standing.show(asked, READER, "sim-0")

        assert ward.simulator.report()["calls_total"] == calls
        assert [one.checked_at for one in before.tokens] == [None, None]
        assert before.missing_scopes == ()
        page, person = found.tokens
        assert (page.which, page.never_ends, person.which, person.kind) == ("account", True, "person", "USER")
        assert person.expires_at is not None
        assert (found.quota_used, found.quota_total, found.containers_left) == (0, 50, 400)
        assert {one.kind for one in found.readings} >= {"profile", "account", "media", "stories"}
        assert found.webhook_fields is None

    def test_a_scope_that_was_not_granted_is_told_with_what_it_costs(self, ward: Ward, asked: Context) -> None:
        scopes = ["instagram_content_publish", "pages_manage_metadata"]
        ward.simulator.post("/_sim/account", account=0, without_scopes=scopes)
        ward.join(0)

        ward.settle()

        lacks = {one.scope: one.costs for one in standing.show(asked, READER, "sim-0").missing_scopes}
        assert set(lacks) == set(scopes)
        assert lacks["instagram_content_publish"] == "nothing is published"

    def test_what_is_subscribed_is_told_once_instagram_has_said_so(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx, name="bakery")
            row = make_subscription(tx, account, read_at=None)
        before = standing.show(ctx, READER, "bakery").webhook_fields
        with ctx.database.transaction() as tx:
            again = tx.get_one(Subscription, row.id)
            again.read_at, again.fields = clock.now(), ["comments"]

        assert (before, standing.show(ctx, READER, "bakery").webhook_fields) == (None, ("comments",))

    def test_webhooks_are_read_anew_and_changed_only_afterwards(self, ward: Ward, asked: Context) -> None:
        ward.join(1)
        ward.settle()
        ward.read_webhooks()
        ward.simulator.post("/_sim/account", account=1, subscribed_fields=["comments", "messages"])
        subscribed, then = ward.calls("subscribe"), clock.now()

        done = check(ward, asked, "sim-1")

        assert done.standing.webhook_fields == ("comments", "messages")
        assert set(done.standing.webhooks_lacking) == set(WANTED) - {"comments"}
        read_at, next_at = done.standing.webhooks_read_at, done.standing.webhooks_next_at
        assert read_at is not None
        assert next_at is not None
        assert then <= read_at < next_at < clock.now() + timedelta(minutes=5)
        [problem] = done.problems
        assert problem.startswith("Instagram does not tell of ")
        assert "mentions" in problem
        assert problem.endswith("that is mended within minutes")
        assert ward.calls("subscribe") == subscribed

    def test_what_instagram_refuses_to_tell_of_is_said_with_its_reason(self, ward: Ward, asked: Context) -> None:
        ward.join(1)
        ward.settle()
        ward.simulator.post("/_sim/account", account=1, is_subscribed=False, refused_fields=["live_comments"])
        ward.read_webhooks()

        done = check(ward, asked, "sim-1")

        [problem] = done.problems
        assert problem.startswith("Instagram does not tell of live_comments, and refused to when it was asked: ")
        assert done.standing.webhooks_next_at is not None
        assert done.standing.webhooks_next_at > clock.now() + timedelta(days=5)

    def test_webhooks_that_cannot_be_read_are_a_problem_and_what_was_read_stands(
        self, ward: Ward, asked: Context
    ) -> None:
        ward.join(1)
        ward.settle()
        ward.read_webhooks()
        ward.simulator.fault(endpoint="subscribed_apps", mode="refuse_500")

        done = check(ward, asked, "sim-1")

        [problem] = done.problems
        assert problem.startswith("its webhooks could not be read: ")
        assert set(done.standing.webhook_fields or ()) >= set(WANTED)

    def test_without_an_app_nobody_asks_for_webhooks(self, ward: Ward, database: Database) -> None:
        ward.join(1)
        with Ward.open(database, ward.simulator, app_id=None, app_secret=None) as poor:
            looks = standing.check(Context(database, poor.settings), OWNER, "sim-1")

        assert looks.webhooks is None

    def test_an_account_that_is_not_there_is_unknown(self, ctx: Context) -> None:
        with pytest.raises(Unknown):
            standing.show(ctx, READER, "nobody")


class TestCheck:
    def test_instagram_is_asked_and_its_quota_and_clock_are_read(self, ward: Ward, asked: Context) -> None:
        ward.join(1)
        ward.settle()
        earlier = ward.calls("user")

        done = check(ward, asked, "sim-1")

        assert ward.calls("user") == earlier + 2  # the token, and of webhooks that were never looked at, whose they are
        assert done.problems == ()
        assert done.standing.quota_total == 25
        assert done.standing.clock_ahead_ms is not None
        assert abs(done.standing.clock_ahead_ms) < 5_000

    def test_a_refused_token_is_a_problem_and_breaks_the_account(self, ward: Ward, asked: Context) -> None:
        ward.join(0)
        ward.simulator.post("/_sim/token", account=0, action="revoke", subcode=460)

        done = check(ward, asked, "sim-0")

        [problem] = done.problems
        assert "changed their password" in problem
        assert done.standing.state == "broken"

    def test_an_account_that_is_broken_is_asked_about_when_somebody_wants_it(self, ward: Ward, asked: Context) -> None:
        ward.join(1)
        ward.simulator.post("/_sim/token", account=1, action="revoke")
        check(ward, asked, "sim-1")
        ward.simulator.post("/_sim/token", account=1, action="restore")

        done = check(ward, asked, "sim-1")

        [problem] = done.problems
        assert "takes the token again" in problem
        assert done.standing.state == "broken", "a person says when it goes on"

    def test_what_could_not_be_asked_is_a_problem_and_ends_the_wait(self, ward: Ward, asked: Context) -> None:
        account_id = ward.join(1)
        ward.simulator.fault(endpoint="user", mode="refuse", code=10)

        done = check(ward, asked, "sim-1")

        [problem] = done.problems
        assert "A permission is missing" in problem
        assert ward.token(account_id).asked_at is None

    def test_one_that_comes_while_a_worker_looks_gets_a_look_of_its_own(self, ward: Ward, asked: Context) -> None:
        account_id = ward.join(1)
        token_id = ward.token(account_id).id
        hint = ward.hint(token_id)

        standing.check(asked, OWNER, "sim-1")  # the row is held
        ward.perform(hint)
        ward.work()

        token = ward.token(account_id)
        assert token.asked_at is None
        assert standing.show(asked, READER, "sim-1").quota_total == 25

    def test_an_account_of_an_older_release_is_looked_at_as_well(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)

        assert len(standing.check(ctx, OWNER, account.name).ids) == 1

    def test_only_those_who_may_have_instagram_asked(self, ctx: Context) -> None:
        with pytest.raises(NotAllowed):
            standing.check(ctx, READER, "bakery")

    def test_a_removed_account_is_not_asked_about(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx)
            account.state, account.token_sealed = "removed", None

        with pytest.raises(NotPossible):
            standing.check(ctx, OWNER, account.name)


class TestRename:
    def test_it_is_known_by_the_new_name_alone(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            account = make_account(tx, name="bakery")

        done = accounts.rename(ctx, OWNER, account.ig_id, "harbour bakery")

        assert (done.old, done.name) == ("bakery", "harbour bakery")
        with ctx.database.transaction() as tx:
            assert get_account(tx, account.id).name == "harbour bakery"
        with pytest.raises(Unknown):
            standing.show(ctx, READER, "bakery")

    @pytest.mark.parametrize("name", ["", " mill", "a,b", "a|b", "123", "a\nb", "x" * 101])
    def test_a_name_that_cannot_be_is_refused(self, ctx: Context, name: str) -> None:
        with ctx.database.transaction() as tx:
            make_account(tx, name="bakery")

        with pytest.raises(Invalid) as refused:
            accounts.rename(ctx, OWNER, "bakery", name)

        assert refused.value.field == "name"

    def test_of_two_that_want_one_name_one_has_it(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            for name in ("bakery", "mill"):
                make_account(tx, name=name)

        def rename(old: str) -> str:
            try:
                return accounts.rename(ctx, OWNER, old, "shop").name
            except Conflict as taken:
                return taken.type

        found = race([lambda: rename("bakery"), lambda: rename("mill")])

        assert sorted(found) == ["account.name_taken", "shop"]


class TestDoctor:
    def test_ends_that_are_near_are_notes_unless_they_are_renewed(self, ward: Ward, asked: Context) -> None:
        ward.join(0, ward.page, person="SIM-TOKEN-0")
        ward.settle()
        with ward.database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE tokens SET data_access_expires_at = now() + interval '9 days'")
            tx.connection().exec_driver_sql(
                "UPDATE tokens SET expires_at = now() + interval '9 days' WHERE which = 'person'"
            )

        [end] = [one for one in system.examine(asked, OWNER) if one.check == "token end"]

        assert (end.subject, end.result) == ("sim-0", Result.NOTE)
        assert end.detail.startswith("data access ends on ")

    def test_without_the_app_nobody_knows_when_tokens_of_facebook_end(self, ward: Ward, database: Database) -> None:
        ward.join(0)
        with Ward.open(database, ward.simulator, app_id=None, app_secret=None) as poor:
            poor.settle()
            found = system.examine(Context(database, poor.settings), OWNER)
        ward.settle()
        ward.work(ward.token(1).id)
        known = system.examine(Context(database, ward.settings), OWNER)

        [end] = [one for one in found if one.check == "token ends"]
        assert (end.result, end.detail.startswith("not known of sim-0:")) == (Result.NOTE, True)
        assert "token ends" not in {one.check for one in known}

    def test_one_whose_renewal_fails_says_why(self, ward: Ward, asked: Context) -> None:
        ward.join(1)
        ward.settle()
        with ward.database.transaction() as tx:
            tx.connection().exec_driver_sql(
                "UPDATE tokens SET expires_at = now() + interval '9 days', failing_since = now(), error = 'no answer'"
            )

        [end] = [one for one in system.examine(asked, OWNER) if one.check == "token end"]

        assert "renewing it fails: no answer" in end.detail


def test_every_token_in_force_gets_its_row(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx)
        account.user_token_sealed = account.token_sealed
        removed = make_account(tx)
        removed.state, removed.token_sealed = "removed", None
        tx.flush()

        added, again = add_missing_care(tx), add_missing_care(tx)

    assert (added, again) == (2, 0)
