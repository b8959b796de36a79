"""Accounts are subscribed to the webhooks that Pressrun understands, whatever Instagram refuses of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Row

from graph.wire.transport import Transport
from models.hooks.subscription import WANTED, add_missing_subscriptions
from operations.accounts.subscriptions import SubscriptionShown, show
from operations.operation import OWNER
from operations.upkeep.system import examine
from pressrun import clock, failpoints
from pressrun.errors import Unknown
from tests.factories.rows import make_account
from tests.integration.hooks.conftest import Desk

LOGINS = pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])


@pytest.fixture(autouse=True)
def _as_before(desk: Desk) -> Iterator[None]:
    yield
    desk.simulator.post("/_sim/readings", subscribe="replaces", account_subscribes="itself")
    for index in (0, 1):
        changes: dict[str, Any] = {"is_subscribed": True, "subscribed_fields": None, "refused_fields": []}
        desk.simulator.post("/_sim/account", account=index, **changes)


def _look(desk: Desk, index: int, **over: Any) -> SubscriptionShown:
    """Connect the account and have what it hears looked at once."""
    desk.join(index, **over)
    assert desk.work("subscription") == 1
    return show(desk.context, OWNER, f"sim-{index}")


def _told(desk: Desk, index: int, token: str | None = None) -> list[str]:
    """What Instagram says that the account has sent."""
    path = f"/v25.0/{'me' if index % 2 else desk.simulator.ig_id(index)}/subscribed_apps"
    header = {"authorization": f"Bearer {token or desk.simulator.token(index)}"}
    answer = desk.simulator.http.get(path, headers=header).raise_for_status().json()
    return [name for app in answer["data"] for name in app["subscribed_fields"]]


def _calls(desk: Desk) -> dict[str, int]:
    calls = desk.simulator.report()["calls"]
    return {name: calls.get(name, 0) for name in ("subscribe", "subscribed_apps")}


def _stand(desk: Desk, index: int, fields: Sequence[str] | None, **over: Any) -> None:
    body = {"is_subscribed": fields is not None, "subscribed_fields": fields} | over
    desk.simulator.post("/_sim/account", account=index, **body)


@LOGINS
def test_an_account_that_is_connected_is_subscribed(desk: Desk, index: int) -> None:
    _stand(desk, index, None)

    found = _look(desk, index)

    assert set(_told(desk, index)) == set(found.fields) == set(WANTED)
    assert (found.is_whole, found.way, found.lacking, found.lacking_since) == (True, "account", (), None)
    assert found.next_at is not None
    assert 6 < (found.next_at - clock.now()).days + 1 <= 7


@LOGINS
def test_one_that_has_all_is_asked_once_and_not_changed(desk: Desk, index: int) -> None:
    before = _calls(desk)

    assert _look(desk, index).is_whole
    after = _calls(desk)

    assert (after["subscribe"] - before["subscribe"], after["subscribed_apps"] - before["subscribed_apps"]) == (0, 1)


@LOGINS
@pytest.mark.parametrize("way", ["replaces", "adds"])
def test_one_unknown_name_costs_nothing_but_itself(desk: Desk, index: int, way: str) -> None:
    desk.simulator.post("/_sim/readings", subscribe=way)
    _stand(desk, index, ["messages"], refused_fields=["story_insights"])

    found = _look(desk, index)

    assert set(_told(desk, index)) == {"messages", "comments", "live_comments", "mentions"}
    assert (found.lacking, found.is_whole) == (("story_insights",), False)
    assert found.lacking_since is not None
    assert "must be one of" in found.refused["story_insights"]
    told = [one.detail for one in examine(desk.context, OWNER) if one.name == f"subscription sim-{index}"]
    assert [text.startswith("not subscribed: story_insights, since ") for text in told] == [True]

    desk.work("subscription")
    again = show(desk.context, OWNER, f"sim-{index}")
    assert again.lacking_since == found.lacking_since
    _stand(desk, index, list(found.fields), refused_fields=[])
    desk.work("subscription")
    assert show(desk.context, OWNER, f"sim-{index}").is_whole


def test_what_stands_and_is_not_known_any_more_does_not_keep_out_the_rest(desk: Desk) -> None:
    _stand(desk, 1, ["messages", "standby"], refused_fields=["standby"])

    found = _look(desk, 1)

    assert set(_told(desk, 1)) == {"messages", *WANTED}
    assert found.is_whole
    assert list(found.refused) == ["standby"]


def test_what_a_worker_had_begun_to_change_is_restored(desk: Desk) -> None:
    """It died after it had written down what stood, and what it subscribed had replaced that."""
    _stand(desk, 1, ["messages"])
    desk.join(1)
    failpoints.arm("subscription.after_intent=raise")
    desk.work("subscription")
    failpoints.arm("")
    row = desk.one("SELECT intended FROM subscriptions")
    assert set(row.intended) == {"messages", *WANTED}
    _stand(desk, 1, ["comments"])

    desk.work("subscription")

    assert set(_told(desk, 1)) == {"messages", *WANTED}
    assert desk.one("SELECT intended FROM subscriptions").intended is None


@pytest.mark.parametrize("token", ["user", "page"])
def test_on_facebook_login_the_page_is_the_second_way(desk: Desk, token: str) -> None:
    desk.simulator.post("/_sim/readings", account_subscribes="by_page")
    _stand(desk, 0, None)
    user = desk.simulator.token(0)
    over = {"token": "SIM-TOKEN-PAGE-0", "user_token": user} if token == "page" else {}

    found = _look(desk, 0, **over)

    assert (found.way, found.lacking, found.error) == ("page", (), None)
    assert found.fields == ("comments", "live_comments", "mentions", "messages", "story_insights")
    assert found.is_whole


def test_without_a_page_in_sight_it_is_said(desk: Desk) -> None:
    desk.simulator.post("/_sim/readings", account_subscribes="by_page")

    found = _look(desk, 0, token="SIM-TOKEN-PAGE-0")

    assert found.error is not None
    assert "no Page of it is seen" in found.error
    assert (found.is_whole, found.lacking) == (False, WANTED)


class TestWhatComesToNothing:
    def _row(self, desk: Desk) -> Row[Any]:
        return desk.one(
            "SELECT s.*, a.state, s.next_action_at - now() AS wait FROM subscriptions s JOIN accounts a ON true"
        )

    @pytest.mark.parametrize("mode", ["refuse_500", "reset", "html", "throttle"])
    def test_a_passing_failure_is_tried_again_and_what_was_known_stands(self, desk: Desk, mode: str) -> None:
        assert _look(desk, 1).is_whole
        desk.simulator.fault(endpoint="subscribed_apps", mode=mode, account=1, count=9)
        desk.work("subscription")
        desk.simulator.clear_faults()
        desk.simulator.http.delete("/_sim/throttle").raise_for_status()

        found, row = show(desk.context, OWNER, "sim-1"), self._row(desk)
        assert found.error is not None
        assert (found.lacking, found.is_whole, row.state) == ((), False, "active")
        assert row.wait.total_seconds() < 3601

        desk.sql("DELETE FROM gates")
        desk.work("subscription")
        assert show(desk.context, OWNER, "sim-1").is_whole

    def test_a_refused_token_breaks_the_account(self, desk: Desk) -> None:
        desk.join(1)
        desk.simulator.fault(endpoint="subscribed_apps", mode="refuse", account=1, code=190, subcode=460, count=9)
        desk.work("subscription")

        assert self._row(desk).state == "broken"
        desk.simulator.clear_faults()
        desk.join(1)
        assert desk.work("subscription") == 1
        assert show(desk.context, OWNER, "sim-1").is_whole

    def test_without_a_secret_nothing_is_subscribed(self, desk: Desk) -> None:
        _stand(desk, 1, None)
        desk.settings = desk.settings.model_copy(update={"app_secret": None})

        found = _look(desk, 1)

        assert found.error is not None
        assert "PRESSRUN_APP_SECRET" in found.error
        assert _told(desk, 1) == []

    def test_a_token_that_cannot_be_opened_is_a_reason(self, desk: Desk) -> None:
        desk.join(1)
        desk.sql("UPDATE accounts SET token_sealed = 'v1:00:00'")
        desk.work("subscription")

        assert show(desk.context, OWNER, "sim-1").error is not None
        desk.join(1)


def test_accounts_of_before_are_taken_up_once_and_not_all_at_a_time(desk: Desk) -> None:
    now = clock.now()
    with desk.database.transaction() as tx:
        known, fresh, gone = (make_account(tx) for _ in range(3))
        gone.state, gone.token_sealed = "removed", None
        tx.flush()
        assert add_missing_subscriptions(tx, now=now) == 2
        assert add_missing_subscriptions(tx, now=now) == 0
    found = desk.one("SELECT array_agg(account_id ORDER BY next_action_at) AS ids FROM subscriptions")
    assert found.ids == [known.id, fresh.id]


def test_an_account_nobody_knows_is_named(desk: Desk) -> None:
    with pytest.raises(Unknown):
        show(desk.context, OWNER, "nobody")


def test_another_apps_subscription_is_not_taken_for_ours(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"app_id": "ANOTHER-APP"})
    desk.transport = Transport()

    found = _look(desk, 0)

    assert (found.fields, found.is_whole) == ((), False)
