"""What Instagram has refused and is not asked for now: each run says so and until when; a person's wish asks again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from models.accounts.account import Account
from models.harvests.harvest import HarvestKind
from models.reading.upkeep.health import FRUITLESS_RUNS, fruitless_harvests
from models.store.session import Database
from operations.operation import OWNER, Context
from operations.upkeep.system import examine
from pressrun import clock
from pressrun.finding import Result
from scheduler.harvests.planning import request_run
from tests.integration.harvest.conftest import Field, settings_for

MEDIA, COMMENTS = HarvestKind.MEDIA, HarvestKind.COMMENTS
ON_INSTAGRAM = 1


def held(run: Row[Any]) -> dict[str, datetime]:
    return {one["what"]: datetime.fromisoformat(one["held_until"]) for one in run.errors if "held_until" in one}


def forget(field_: Field) -> None:
    """Every media is due, and only the media themselves know what they have refused."""
    field_.sql("UPDATE harvests SET refused = jsonb_build_object()")
    field_.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '8 days'")
    field_.sql("UPDATE media_states SET read_at = read_at - interval '8 days', own_read_at = NULL")


def by_hand(field_: Field, account: Account, kind: HarvestKind) -> None:
    with field_.database.transaction() as tx:
        assert request_run(tx, account.id, kind)


def without_permission(field_: Field) -> None:
    field_.simulator.post("/_sim/account", account=0, without_scopes=["instagram_manage_comments"])


def asked_for_facebook(field_: Field) -> int:
    calls = field_.simulator.report()["calls"]
    return int(calls.get("media_insights", 0))


class TestAPermissionThatIsLacking:
    def test_is_said_by_each_run_until_a_run_by_hand_asks_again(self, field_: Field) -> None:
        account = field_.account(0)
        field_.harvest(MEDIA, account)
        scopes = field_.simulator.post("/_sim/account", account=0)["scopes"]
        without_permission(field_)
        first = field_.harvest(COMMENTS, account)

        second = field_.harvest(COMMENTS, account)

        assert (first.status, second.status, second.calls) == ("partial", "partial", 0)
        [until] = held(second).values()
        assert timedelta(hours=23) < until - clock.now() < timedelta(days=1)
        assert f"left out until {until:%Y-%m-%d %H:%M} UTC" in second.errors[0]["error"]
        field_.simulator.post("/_sim/account", account=0, scopes=scopes)
        by_hand(field_, account, COMMENTS)
        third = field_.harvest(COMMENTS, account)
        assert (third.status, third.calls > 0) == ("done", True), third.errors

    def test_is_a_finding_after_five_runs(self, field_: Field) -> None:
        account = field_.account(0)
        field_.harvest(MEDIA, account)
        without_permission(field_)
        ctx = Context(field_.database, field_.ctx.settings)

        for _ in range(FRUITLESS_RUNS - 1):
            field_.harvest(COMMENTS, account)
        assert not [one for one in examine(ctx, OWNER) if one.check == "harvest"]
        field_.harvest(COMMENTS, account)

        [found] = [one for one in examine(ctx, OWNER) if one.check == "harvest"]
        assert (found.result, found.subject) == (Result.NOTE, f"comments of {account.name}")
        assert "left out until" in found.detail

    def test_and_five_that_failed_are_a_failure(self, field_: Field) -> None:
        account = field_.account(0)
        field_.simulator.fault(endpoint="*", mode="refuse", code=100, status=400)

        for _ in range(FRUITLESS_RUNS):
            run = field_.harvest(HarvestKind.PROFILE, account)

        assert run.status == "failed"
        with field_.database.transaction() as tx:
            assert [(one.kind, one.have_failed) for one in fruitless_harvests(tx)] == [("profile", True)]


class TestMediaThatAreNotOnFacebook:
    def test_are_left_out_in_words_and_asked_for_again_after_a_while(self, field_: Field) -> None:
        account = field_.account(ON_INSTAGRAM)
        field_.harvest(MEDIA, account)
        forget(field_)
        marked = field_.value("SELECT count(not_on_facebook) FROM media_states")
        before = asked_for_facebook(field_)

        known = field_.harvest(MEDIA, account)

        while_known = asked_for_facebook(field_) - before
        assert known.status == "partial"
        assert {what.rpartition(":")[2] for what in held(known)} <= {"facebook_views", "crossposted_views"}
        assert all(clock.now() < until <= clock.now() + timedelta(days=7) for until in held(known).values())
        assert marked
        forget(field_)
        mark = {"facebook_views": "2026-01-01T00:00:00+00:00"}
        expired = "UPDATE media_states SET not_on_facebook = CAST(:mark AS jsonb) WHERE not_on_facebook IS NOT NULL"
        field_.sql(expired, mark=json.dumps(mark))
        before = asked_for_facebook(field_)
        field_.harvest(MEDIA, account)
        assert asked_for_facebook(field_) - before > while_known

    @pytest.mark.parametrize("kind", [MEDIA, None])
    def test_are_asked_for_again_by_a_run_by_hand(self, field_: Field, kind: HarvestKind | None) -> None:
        account = field_.account(ON_INSTAGRAM)
        first = field_.harvest(MEDIA, account)
        assert first.status == "partial"
        assert first.refused

        with field_.database.transaction() as tx:
            request_run(tx, account.id, kind)

        assert field_.value("SELECT count(not_on_facebook) FROM media_states") == 0
        assert field_.value("SELECT count(*) FROM media_states WHERE own_read_at IS NULL") > 0, "they are due at once"
        latest = field_.latest_run(MEDIA, account).refused
        assert all(datetime.fromisoformat(until) <= clock.now() for until in latest.values())


def test_the_version_that_answers_is_kept_and_told_of_where_it_is_another(database: Database, field_: Field) -> None:
    field = Field(database, settings_for(field_.simulator.url, graph_version="v20.0"), field_.simulator)
    run = field.harvest(HarvestKind.PROFILE, field.account(0))

    [found] = [one for one in examine(Context(database, field.ctx.settings), OWNER) if one.check == "graph answers"]

    assert run.api_version > "v20.0"
    assert found.detail == f"{run.api_version} answers, though v20.0 is asked for"
    field.transport.close()
