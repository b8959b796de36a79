"""Competitors and hashtags: read only where somebody watches them, within Instagram's budget, changes only."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from models.accounts.account import Account
from models.harvests.harvest import HarvestKind
from models.harvests.watch import WatchKind
from models.history.hashtag import BUDGET, WINDOW, reserve_search
from models.reading.history.watches import watched
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible
from scheduler.harvests.planning import add_missing_harvests, request_run
from scheduler.harvests.watching import unwatch, watch
from tests.integration.harvest.conftest import Field
from tests.integration.harvest.instagram import advance
from tests.integration.models.racing import race

COMPETITOR, HASHTAG = WatchKind.COMPETITOR, WatchKind.HASHTAG


def begin(field: Field, account: Account, kind: WatchKind, *names: str) -> None:
    with field.database.transaction() as tx:
        for name in names:
            watch(tx, account, kind, name)


def plan(field: Field) -> None:
    field.plan()


def end(field: Field, account: Account, kind: WatchKind, name: str) -> None:
    with field.database.transaction() as tx:
        unwatch(tx, account, kind, name, now=clock.now())


def grown(field: Field) -> dict[str, int]:
    tables = ("competitor_observations", "public_media", "public_media_snapshots", "hashtag_tops")
    return {table: field.count(table) for table in tables}


def test_a_competitor_is_read_with_its_latest_media(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, COMPETITOR, "@Sim_Brand_3")

    run = field_.harvest(HarvestKind.COMPETITORS, account)

    assert (run.status, run.errors, run.calls) == ("done", [], 1)
    counts = {row.metric: row.value for row in field_.rows("SELECT metric, value FROM competitor_observations")}
    assert set(counts) == {"followers_count", "follows_count", "media_count"}
    media = field_.rows("SELECT p.*, l.* FROM public_media p JOIN public_media_latest l ON l.public_media_id = p.id")
    assert len(media) == 25
    assert run.rows == 3 + 25
    assert all(row.like_count is not None and row.permalink and row.posted_at for row in media)
    assert {row.view_count is None for row in media if row.media_type == "IMAGE"} == {True}
    assert field_.value("SELECT last_checked_at FROM watches") is not None


@pytest.mark.parametrize(("kind", "watched", "name"), [
    (HarvestKind.COMPETITORS, COMPETITOR, "sim_brand_3"),
    (HarvestKind.HASHTAGS, HASHTAG, "sourdough"),
])  # fmt: skip
def test_a_slot_that_is_run_again_adds_nothing(field_: Field, kind: HarvestKind, watched: WatchKind, name: str) -> None:
    account = field_.account(0)
    begin(field_, account, watched, name)
    first = field_.harvest(kind, account)
    stored = grown(field_)

    field_.repeat_slot(kind, account)
    again = field_.harvest(kind, account)

    assert first.rows > 0
    assert (again.id, again.rows, again.status) == (first.id, first.rows, "done")
    assert grown(field_) == stored


def test_a_count_that_changed_is_a_new_point_and_the_old_one_stays(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, COMPETITOR, "sim_brand_3")
    field_.harvest(HarvestKind.COMPETITORS, account)
    before = field_.rows("SELECT * FROM public_media_snapshots ORDER BY captured_at, public_media_id")

    advance(field_, days=1)
    run = field_.harvest(HarvestKind.COMPETITORS, account)

    after = field_.rows("SELECT * FROM public_media_snapshots ORDER BY captured_at, public_media_id")
    assert run.rows > 0
    assert len(after) > len(before)
    assert after[: len(before)] == before
    with pytest.raises(Exception, match="append-only"):
        field_.sql("UPDATE public_media_snapshots SET like_count = 0")
    with pytest.raises(Exception, match="append-only"):
        field_.sql("DELETE FROM competitor_observations")


def test_an_account_that_is_not_there_costs_the_others_nothing(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, COMPETITOR, "nobody_at_all", "sim_brand_4")

    first = field_.harvest(HarvestKind.COMPETITORS, account)
    second = field_.harvest(HarvestKind.COMPETITORS, account)

    assert (first.status, first.errors[0]["what"], first.errors[0]["code"]) == ("partial", "nobody_at_all", 110)
    assert field_.count("public_media") == 25
    assert (second.status, second.calls) == ("partial", 1)
    assert [error["held_until"] for error in second.errors] == [first.refused["nobody_at_all"]]


def test_a_hashtag_is_read_from_above_and_as_new(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, HASHTAG, "#Sourdough")

    first = field_.harvest(HarvestKind.HASHTAGS, account)
    second = field_.harvest(HarvestKind.HASHTAGS, account)

    assert (first.status, first.errors, first.calls) == ("done", [], 5)  # searched, search, top, two pages of recent
    assert (second.status, second.rows, second.calls) == ("done", 0, 3)  # its id is known, and it holds its place
    [top] = field_.rows("SELECT jsonb_array_length(ig_ids) AS length, ig_ids FROM hashtag_tops")
    assert top.length == 50
    known = {row.ig_id for row in field_.rows("SELECT ig_id FROM public_media")}
    assert set(top.ig_ids) < known
    assert len(known) == 50 + 72


def test_a_login_that_cannot_is_told_so_and_gets_no_harvest(field_: Field) -> None:
    account = field_.account(1)

    with pytest.raises(NotPossible, match="Instagram Login"):
        begin(field_, account, HASHTAG, "sourdough")

    assert field_.count("watches") == 0
    assert field_.value("SELECT count(*) FROM harvests WHERE kind = 'hashtags'") == 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [(COMPETITOR, "two words"), (COMPETITOR, "x" * 31), (HASHTAG, "two words"), (HASHTAG, "🍞"), (HASHTAG, "#")],
)
def test_what_cannot_be_a_name_is_refused(field_: Field, kind: WatchKind, name: str) -> None:
    with pytest.raises(Invalid, match=r"is no (Instagram user name|hashtag)"):
        begin(field_, field_.account(0), kind, name)


def test_without_the_permission_it_is_said_once_a_day(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, HASHTAG, "sourdough")
    field_.simulator.post("/_sim/account", account=0, without_scopes=["instagram_public_content_access"])

    first = field_.harvest(HarvestKind.HASHTAGS, account)
    second = field_.harvest(HarvestKind.HASHTAGS, account)

    assert (first.status, first.errors[0]["class"]) == ("partial", "permission")
    assert (second.status, second.calls) == ("partial", 0)
    assert [error["held_until"] for error in second.errors] == list(first.refused.values())


def test_what_is_no_longer_watched_is_laid_aside_until_it_is_again(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, COMPETITOR, "sim_brand_1")
    field_.harvest(HarvestKind.COMPETITORS, account)
    end(field_, account, COMPETITOR, "sim_brand_1")

    field_.plan()
    with field_.database.transaction() as tx:
        assert request_run(tx, account.id, HarvestKind.COMPETITORS) == []
    row = field_.row("SELECT slot_at, next_action_at FROM harvests WHERE kind = 'competitors'")
    assert (row.slot_at, row.next_action_at) == (None, None)
    assert field_.count("public_media") == 25  # its history stays

    begin(field_, account, COMPETITOR, "sim_brand_1")
    field_.plan()
    assert field_.value("SELECT slot_at FROM harvests WHERE kind = 'competitors'") is not None
    assert field_.count("watches") == 1


def test_a_watch_that_begins_while_the_harvest_is_laid_aside_is_not_lost(field_: Field) -> None:
    account = field_.account(0)
    for number in range(4):
        begin(field_, account, COMPETITOR, "sim_brand_9")
        end(field_, account, COMPETITOR, "sim_brand_9")
        name = f"sim_brand_{number}"
        race([partial(begin, field_, account, COMPETITOR, name), *[partial(plan, field_)] * 2])
        field_.plan()
        assert field_.value("SELECT slot_at FROM harvests WHERE kind = 'competitors'") is not None, number
        end(field_, account, COMPETITOR, name)
        field_.sql("UPDATE harvests SET slot_at = NULL, next_action_at = now() WHERE kind = 'competitors'")


def test_no_more_than_thirty_hashtags_can_be_watched(field_: Field) -> None:
    account = field_.account(0)
    begin(field_, account, HASHTAG, *(f"tag{number}" for number in range(BUDGET)))

    with pytest.raises(Conflict, match="30 hashtags"):
        begin(field_, account, HASHTAG, "onemore")

    end(field_, account, HASHTAG, "tag3")
    begin(field_, account, HASHTAG, "onemore")
    with field_.database.transaction() as tx:
        assert len(watched(tx, account.id)) == BUDGET


def reserve(field: Field, account: Account, name: str, *, days: float = 0.0, others: int = 0) -> bool:
    with field.database.transaction() as tx:
        at = clock.now() + timedelta(days=days)
        return reserve_search(tx, account.id, name, now=at, others=others) is None


def test_the_budget_is_thirty_in_seven_days_and_repeats_are_free(field_: Field) -> None:
    account, other = field_.account(0), field_.account(2)

    assert all(reserve(field_, account, f"tag{number}") for number in range(BUDGET))
    assert not reserve(field_, account, "onemore")
    assert reserve(field_, account, "tag7", days=6)
    assert reserve(field_, other, "onemore")
    assert reserve(field_, account, "onemore", days=7.1)  # all but one are free again
    assert field_.value("SELECT count(*) FROM hashtag_searches WHERE account_id = :id", id=account.id) == BUDGET + 1


def test_what_others_have_searched_counts_too(field_: Field) -> None:
    account = field_.account(0)

    assert reserve(field_, account, "first", others=BUDGET - 1)
    assert not reserve(field_, account, "second", others=BUDGET - 1)
    assert reserve(field_, account, "first", others=BUDGET)


def test_many_workers_at_once_do_not_exceed_it(field_: Field) -> None:
    account = field_.account(0)
    for number in range(BUDGET - 2):
        reserve(field_, account, f"tag{number}")

    race([partial(reserve, field_, account, f"late{number}") for number in range(8)])

    assert field_.count("hashtag_searches") == BUDGET


def test_a_hashtag_above_the_budget_waits_and_instagram_is_not_asked(field_: Field) -> None:
    account = field_.account(0)
    with field_.database.transaction() as tx:
        for number in range(BUDGET):
            assert reserve_search(tx, account.id, f"old{number}", now=clock.now() - timedelta(days=6)) is None
    begin(field_, account, HASHTAG, "sourdough")

    run = field_.harvest(HarvestKind.HASHTAGS, account)

    assert (run.status, run.calls, run.rows) == ("partial", 1, 0)
    assert "a place is free at" in run.errors[0]["error"]
    assert field_.count("hashtag_searches") == BUDGET

    field_.sql("UPDATE hashtag_searches SET searched_at = now() - :window - interval '1 hour'", window=WINDOW)
    assert field_.harvest(HarvestKind.HASHTAGS, account).status == "done"


def test_accounts_of_an_older_release_get_the_kinds_that_are_new(field_: Field) -> None:
    account = field_.account(0)
    field_.sql("DELETE FROM harvests WHERE kind IN ('comments', 'online_followers')")

    with field_.database.transaction() as tx:
        assert add_missing_harvests(tx) == 2
        assert add_missing_harvests(tx) == 0
        kinds = set(tx.execute(text("SELECT kind FROM harvests WHERE account_id = :id"), {"id": account.id}).scalars())

    assert {"comments", "online_followers"} < kinds
    assert not kinds & {"competitors", "hashtags"}
