"""Care of tokens: what is known of each, renewal early and by itself, words to people in time, and races about both."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from graph.publishing.publishing import ContainerKind, ContainerSpec, Published
from models.accounts.account import token_context
from models.owed.gate import Purpose
from models.store.session import Database
from pressrun import clock
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_endpoint
from tests.integration.models.racing import race
from tests.support.bench import Bench
from tests.support.lock_order import lock_order_kept
from tests.support.mortal import Doomed, Mortals
from tests.support.simulator import Simulator
from tests.support.ward import Ward
from worker.obstacles import Obstacle, held_back

DAY = timedelta(days=1)
_numbers = itertools.count(0, 4)
_ACCOUNTS = 400
_LAST = _ACCOUNTS - 1


@pytest.fixture(scope="module")
def meta() -> Iterator[Simulator]:
    """One for all tests of this module, each of which has four accounts of its own."""
    with Simulator.start(accounts=_ACCOUNTS, media_each=0) as running:
        yield running


@pytest.fixture
def ward(database: Database, meta: Simulator) -> Iterator[Ward]:
    with Ward.open(database, meta, first=next(_numbers)) as ward, lock_order_kept(database):
        with database.transaction() as tx:
            make_endpoint(tx)
        yield ward
    clock.put_right(timedelta(0))
    meta.clear_faults()
    meta.http.delete("/_sim/throttle").raise_for_status()
    meta.post("/_sim/readings", lapsed_data_access="permission")


def secret(ward: Ward, account_id: int) -> str:
    sealed = ward.account(account_id).token_sealed
    return Vault([KEY]).open(sealed or "", context=token_context(account_id))


def publishes(ward: Ward, account_id: int) -> bool:
    """Whether nothing holds its posts back, and one goes out with the token in force."""
    account, worker = ward.account(account_id), ward.worker
    with ward.database.transaction() as tx:
        held = held_back(tx, worker, account, Purpose.PUBLISH, now=clock.now())
    if held is not None and held.obstacle is not Obstacle.CLOCK:  # which has jumped away from the database's
        return False
    publishing = worker.client(account, Purpose.PUBLISH).publishing
    picture = f"{ward.simulator.url}/_sim/picture/post.jpg"
    container = publishing.create_container(ContainerSpec(ContainerKind.IMAGE, media_url=picture))
    ward.later(timedelta(seconds=5))
    return isinstance(publishing.publish(container.id), Published)


class TestWhatIsKnown:
    def test_facebook_tells_ends_and_scopes_of_a_token(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook)

        ward.settle()

        token, now = ward.token(account_id), clock.now()
        assert token.kind == "USER"
        assert now + 57 * DAY < token.expires_at < now + 59 * DAY
        assert now + 87 * DAY < token.data_access_expires_at < now + 89 * DAY
        assert "instagram_content_publish" in token.scopes
        assert now < token.next_action_at < now + 2 * DAY
        assert token.expires_at - 41 * DAY < token.renew_at < token.expires_at - 20 * DAY
        assert (token.error, token.refused, token.tries) == (None, None, 0)
        assert abs(token.clock_ahead_ms) < 30_000

    def test_of_a_page_and_its_person_both_are_known(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook, ward.page, person=ward.simulator.token(ward.facebook))

        ward.settle()

        page, person = ward.token(account_id), ward.token(account_id, "person")
        assert (page.kind, page.never_ends, page.expires_at, page.renew_at) == ("PAGE", True, None, None)
        assert person.kind == "USER"
        assert person.renew_at is not None

    def test_instagram_tells_with_the_first_renewal_a_day_later(self, ward: Ward) -> None:
        account_id = ward.join(ward.instagram)
        ward.settle()
        before = ward.token(account_id)

        ward.live(2 * DAY)

        after = ward.token(account_id)
        assert (before.expires_at, before.scopes, before.error) == (None, None, None)
        assert before.examined_at is not None
        assert after.expires_at > clock.now() + 57 * DAY
        assert "instagram_business_content_publish" in after.scopes
        assert secret(ward, account_id) != ward.simulator.token(ward.instagram)

    def test_one_from_before_is_renewed_at_once_for_nobody_knows_its_end(self, ward: Ward, database: Database) -> None:
        account_id = ward.join(ward.instagram)
        with database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE tokens SET stored_at = NULL")

        ward.settle()

        assert ward.token(account_id).renewed_at is not None

    def test_one_that_is_too_young_waits_a_day_and_nothing_is_wrong(self, ward: Ward, database: Database) -> None:
        token, _ = ward.log_in(ward.instagram)
        asked = ward.calls("refresh_access_token")
        account_id = ward.join(ward.instagram, token)
        with database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE tokens SET stored_at = NULL")

        ward.settle()
        young = ward.token(account_id)
        ward.live(2 * DAY)

        assert (young.renewed_at, young.failing_since, young.error) == (None, None, None)
        assert ward.token(account_id).renewed_at is not None
        assert ward.calls("refresh_access_token") - asked == 2

    def test_without_the_app_facebook_tells_only_that_it_lives(self, ward: Ward, database: Database) -> None:
        account_id = ward.join(ward.facebook)
        with Ward.open(database, ward.simulator, app_id=None, app_secret=None) as poor:
            poor.settle()

        token = ward.token(account_id)
        assert (token.kind, token.expires_at, token.renew_at, token.error) == (None, None, None, None)
        assert token.examined_at is not None


class TestRenewal:
    def test_both_logins_live_on_by_themselves_and_nobody_hears_of_it(self, ward: Ward) -> None:
        here = [ward.join(ward.facebook), ward.join(ward.instagram)]

        ward.live(70 * DAY, pace=4 * DAY)

        for account_id in here:
            token = ward.token(account_id)
            assert token.renewed_at is not None
            assert token.expires_at > clock.now() + 20 * DAY
            assert ward.account(account_id).state == "active"
        assert ward.notices() == []

    def test_renewals_are_spread_over_weeks(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook)
        found = []
        for _ in range(12):
            ward.join(ward.facebook)
            ward.settle()
            found.append(ward.token(account_id).renew_at)

        assert max(found) - min(found) > 3 * DAY

    def test_twenty_days_of_failure_then_success_end_nothing_and_are_told_once(self, ward: Ward) -> None:
        account_id = ward.join(ward.instagram)
        ward.live(2 * DAY)
        end = ward.token(account_id).expires_at
        ward.simulator.fault(endpoint="refresh_access_token", mode="refuse", code=10)
        went_out, told_of = [], []
        for days_left in (14.5, 10, 5, 0.5):  # as late as it can be: more than 20 days of failure
            ward.live(end - clock.now() - days_left * DAY, pace=DAY / 2)
            went_out.append(publishes(ward, account_id))
            told_of.append(len(ward.notices()))
        failing = ward.token(account_id)
        ward.simulator.clear_faults()

        ward.live(DAY / 2)

        mended = ward.token(account_id)
        ward.live(2 * DAY)
        assert clock.now() > end
        assert (went_out, publishes(ward, account_id)) == ([True] * 4, True), "no post is missed"
        assert told_of == [0, 1, 1, 1], "from two weeks before the end, once"
        assert failing.failing_since < end - 20 * DAY
        assert failing.error is not None
        assert ward.account(account_id).state == "active"
        assert (mended.error, mended.failing_since, mended.tries) == (None, None, 0)
        assert mended.expires_at > end + 50 * DAY
        [told] = ward.notices()
        assert told.kind == "token.ends"
        assert datetime.fromisoformat(told.detail["ends_at"]) == end
        assert "renewing it has failed" in told.message

    @pytest.mark.parametrize("mode", ["accept_then_500", "accept_then_truncated", "html", "throttle"])
    def test_an_answer_that_is_lost_costs_a_try(self, ward: Ward, mode: str) -> None:
        account_id = ward.join(ward.facebook)
        ward.settle()
        begins = ward.token(account_id).renew_at  # drawn by lot
        ward.live(begins - clock.now() - DAY, pace=3 * DAY)
        ward.simulator.fault(endpoint="oauth_access_token", mode=mode, count=3, seconds=60)

        ward.live(3 * DAY)

        token = ward.token(account_id)
        assert token.renewed_at is not None
        assert (token.error, ward.account(account_id).state) == (None, "active")
        assert ward.notices() == []

    def test_an_end_that_nobody_knows_is_told_once_if_renewing_fails_for_days(self, ward: Ward) -> None:
        ward.simulator.post("/_sim/account", account=ward.instagram, without_scopes=["instagram_business_basic"])
        account_id = ward.join(ward.instagram)

        ward.live(12 * DAY, pace=DAY / 2)

        [told] = ward.notices()
        assert (told.kind, told.detail["what"], told.detail["ends_at"]) == ("token.ends", "token", None)
        assert "is not known" in told.message
        assert ward.account(account_id).state == "active"

    def test_a_short_one_of_facebook_is_made_long_at_once(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook, ward.short_lived(ward.facebook))

        ward.settle()

        assert ward.token(account_id).expires_at > clock.now() + 59 * DAY


class TestRefusal:
    @pytest.mark.parametrize(
        ("login", "subcode", "said"),
        [
            ("facebook", 458, "removed the app"),
            ("facebook", 459, "log in on facebook.com"),
            ("facebook", 492, "lost their role"),
            ("instagram", 460, "changed their password"),
            ("instagram", 463, "has expired"),
        ],
    )
    def test_it_breaks_the_account_with_the_reason(self, ward: Ward, login: str, subcode: int, said: str) -> None:
        index = ward.facebook if login == "facebook" else ward.instagram
        account_id = ward.join(index)
        ward.settle()
        ward.simulator.post("/_sim/token", account=index, action="revoke", subcode=subcode)

        ward.live(1.5 * DAY)

        account = ward.account(account_id)
        assert account.state == "broken"
        assert said in (account.token_refused or "")
        assert [one.kind for one in ward.notices()] == ["account.broken"]
        assert said in ward.notices()[0].message
        assert "until it is connected again" in ward.notices()[0].message

    def test_posts_wait_for_another_by_their_lateness_and_go_on_with_it(self, bench: Bench) -> None:
        account = bench.account(1)
        bench.simulator.post("/_sim/token", account=1, action="revoke", subcode=460)
        patient = bench.post(account, caption="patient", if_late="publish")
        hasty = bench.post(account, caption="hasty", max_lateness="60s", if_late="expire")
        for _ in range(2):
            bench.hurry()
            bench.step()
        waiting = [bench.read(post_id).wait_reason for post_id in (patient, hasty)]
        with bench.database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE posts SET publish_at = now() - interval '2 minutes'")
        bench.hurry()
        bench.step()
        late = [bench.read(post_id).state for post_id in (patient, hasty)]
        with Ward.open(bench.database, bench.simulator) as ward:
            ward.join(1, *ward.log_in(1))

        assert waiting == ["account", "account"]
        assert late == ["scheduled", "expired"]
        assert bench.drive(patient, hurry=False).state == "published"
        assert bench.read(hasty).state == "expired"

    def test_a_refused_one_is_asked_about_no_more_until_there_is_another(self, ward: Ward) -> None:
        account_id = ward.join(ward.instagram)
        ward.settle()
        ward.simulator.post("/_sim/token", account=ward.instagram, action="revoke")
        ward.live(2 * DAY)
        asked = ward.calls("user")

        ward.live(5 * DAY)
        unasked = ward.calls("user")
        ward.join(ward.instagram, ward.log_in(ward.instagram)[0])
        ward.settle()

        assert unasked == asked
        assert ward.account(account_id).state == "active"
        assert ward.token(account_id).refused is None

    def test_an_app_that_is_refused_says_nothing_of_the_token(self, ward: Ward, database: Database) -> None:
        account_id = ward.join(ward.facebook)
        with Ward.open(database, ward.simulator, app_id="another") as stranger:
            stranger.settle()
            said = stranger.token(account_id).error

        assert said is not None
        assert ward.account(account_id).state == "active"

    def test_a_persons_token_that_is_refused_alone_is_told_and_breaks_nothing(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook, ward.page, person=ward.simulator.token(ward.facebook + 2))
        ward.settle()
        ward.simulator.post("/_sim/token", account=ward.facebook + 2, action="revoke", subcode=460)

        ward.live(5 * DAY)

        assert ward.account(account_id).state == "active"
        [told] = ward.notices()
        assert (told.kind, told.detail["token"], told.detail["what"]) == ("token.ends", "person", "refused")

    def test_both_refused_are_one_matter(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook, ward.page, person=ward.simulator.token(ward.facebook))
        ward.settle()
        ward.simulator.post("/_sim/token", account=ward.facebook, action="revoke", subcode=460)

        ward.live(5 * DAY)

        assert ward.account(account_id).state == "broken"
        assert [one.kind for one in ward.notices()] == ["account.broken"]


class TestDataAccess:
    @pytest.mark.parametrize("reading", ["permission", "token", "served"])
    def test_its_end_is_told_once_and_breaks_only_what_is_refused(self, ward: Ward, reading: str) -> None:
        ward.simulator.post("/_sim/readings", lapsed_data_access=reading)
        account_id = ward.join(ward.facebook, ward.page, person=ward.simulator.token(ward.facebook))
        ward.live(80 * DAY, pace=5 * DAY)
        early = ward.notices()

        ward.live(12 * DAY, pace=2 * DAY)

        [told] = early
        assert (told.kind, told.detail["what"]) == ("token.ends", "data_access")
        assert "log in again" in told.message
        broken = [one.kind for one in ward.notices()[1:]]
        if reading == "served":
            assert (broken, ward.account(account_id).state) == ([], "active")
        else:
            assert (broken, ward.account(account_id).state) == (["account.broken"], "broken")

    def test_who_is_to_be_told_later_still_hears_of_it(self, ward: Ward) -> None:
        with ward.database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE endpoints SET state = 'parked'")
        ward.join(ward.facebook)
        ward.settle()
        ward.later(80 * DAY)
        ward.join(ward.facebook, ward.page)
        ward.settle()
        unheard = ward.notices()
        with ward.database.transaction() as tx:
            make_endpoint(tx)

        ward.live(2 * DAY)

        assert unheard == []
        assert [one.detail["what"] for one in ward.notices()] == ["data_access"]

    def test_a_login_in_time_keeps_it_going(self, ward: Ward) -> None:
        account_id = ward.join(ward.facebook, ward.page, person=ward.simulator.token(ward.facebook))
        ward.live(80 * DAY, pace=5 * DAY)

        page, person = ward.log_in(ward.facebook)
        ward.join(ward.facebook, page, person=person)
        ward.live(70 * DAY, pace=4 * DAY)

        assert ward.account(account_id).state == "active"
        assert [one.detail["what"] for one in ward.notices()] == ["data_access"]


class TestRaces:
    def test_a_renewal_does_not_undo_what_a_person_stored_meanwhile(self, ward: Ward) -> None:
        account_id = ward.join(ward.instagram)
        ward.live(3 * DAY)
        fresh, _ = ward.log_in(ward.instagram)
        ward.simulator.fault(endpoint="refresh_access_token", mode="slow", seconds=0.3, count=1)
        token = ward.token(account_id)
        with ward.database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE tokens SET renew_at = '2000-01-01'")
        hint = ward.hint(token.id)

        both: list[Callable[[], object]] = [partial(ward.perform, hint), partial(ward.join, ward.instagram, fresh)]
        race(both)

        known = ward.token(account_id)
        assert secret(ward, account_id) == fresh
        assert (known.renewed_at, known.expires_at) == (None, None), "what was found out is of the other token"

    def test_of_several_logins_and_renewals_the_row_fits_the_token(self, ward: Ward) -> None:
        account_id = ward.join(ward.instagram)
        ward.settle()
        with ward.database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE tokens SET renew_at = '2000-01-01'")
        hint = ward.hint(ward.token(account_id).id)
        logins = [ward.log_in(ward.instagram)[0] for _ in range(3)]

        all_: list[Callable[[], object]] = [partial(ward.perform, hint)]
        all_ += [partial(ward.join, ward.instagram, fresh) for fresh in logins]
        race(all_)

        known = ward.token(account_id)
        assert secret(ward, account_id) in logins
        assert known.renewed_at is None
        ward.settle()
        assert ward.token(account_id).examined_at is not None

    def test_a_hint_that_comes_twice_asks_once(self, ward: Ward) -> None:
        hint = ward.hint(ward.token(ward.join(ward.instagram)).id)
        asked = ward.calls("user")

        race([partial(ward.perform, hint)] * 3)

        assert ward.calls("user") - asked == 1


class TestAWorkerThatDies:
    def test_another_looks_again_and_the_token_in_force_is_one_that_lives(self, ward: Ward, database_url: str) -> None:
        points = ("care.after_look", "care.after_renewal", "care.after_record")
        indices = (ward.instagram, ward.instagram + 2, _LAST)
        here = {point: ward.join(index) for point, index in zip(points, indices, strict=True)}
        ward.settle()
        with ward.database.transaction() as tx:
            tx.connection().exec_driver_sql("UPDATE tokens SET renew_at = '2000-01-01'")
        mortals = Mortals.start(
            ward.settings,
            lease=timedelta(seconds=30),
            database_url=database_url,
            key=KEY,
            media_base_url="http://127.0.0.1:9",
        )
        try:
            codes = mortals.run([Doomed(ward.hint(ward.token(here[point]).id), point) for point in points])
        finally:
            mortals.close()
        renewed = [ward.token(here[point]).renewed_at is not None for point in points]

        for point in points:
            ward.work(ward.token(here[point]).id)

        assert codes == [-9, -9, -9], mortals.output
        assert renewed == [False, False, True]
        for account_id in here.values():
            token = ward.token(account_id)
            assert token.renewed_at is not None
            assert (token.error, token.refused, token.tries) == (None, None, 0)
            assert ward.account(account_id).state == "active"
