"""`harvest reread`: kept answers of a range give the history what it lacks, in the place where it belongs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text

from models.accounts.account import Account
from models.harvests import raw_answer
from models.harvests.backfill import open_reread
from models.harvests.harvest import HarvestKind
from models.harvests.raw_answer import Answer, packed
from models.owed.claims import claim_due, take
from models.owed.works import WORKS
from models.upkeep.retention import DroppedMonth
from pressrun import clock, failpoints
from pressrun.errors import Invalid, NotPossible
from pressrun.failpoints import FailpointRaised
from scheduler.harvests.rereading import request_rereads
from tests.integration.harvest.conftest import LEASE_S, Field
from worker.harvests import backfill
from worker.harvests.ending import MOST_TRIES

WORK = next(work for work in WORKS if work.name == "backfill")
HOUR = timedelta(hours=1)
POINTS = (
    "SELECT metric, period, breakdown, period_end, captured_at, value FROM account_observations ORDER BY 1, 2, 3, 4, 5"
)
SNAPSHOTS = "SELECT media_id, reach, views, likes, extra FROM media_snapshots ORDER BY media_id, captured_at"


@pytest.fixture
def account(field_: Field) -> Account:
    return field_.account(0)


def ask(field: Field, account: Account, since: datetime | None = None, until: datetime | None = None) -> int:
    with field.database.transaction() as tx:
        now = clock.now()
        return open_reread(tx, account.id, since or now - 2 * HOUR, until or now + HOUR).id


def work(field: Field) -> Row[Any]:
    field.sql("UPDATE backfills SET next_action_at = now(), leased_until = NULL WHERE finished_at IS NULL")
    with field.database.transaction() as tx:
        hint = claim_due(tx, WORK, limit=1, lease_s=LEASE_S)[0]
    with field.database.transaction() as tx:
        lease = take(tx, "backfills", hint.id, hint.claim, lease_s=LEASE_S)
    assert lease is not None
    backfill.run(field.ctx, lease)
    return field.row("SELECT * FROM backfills WHERE id = :id", id=hint.id)


def forget(field: Field) -> None:
    """As a database that a backup from before has brought back."""
    with field.database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))  # the triggers would refuse it
        tx.execute(text("TRUNCATE account_observations, account_latest, media_snapshots, media_latest"))


def test_what_was_lost_comes_back_and_a_second_time_adds_nothing(field_: Field, account: Account) -> None:
    for kind in (HarvestKind.ACCOUNT, HarvestKind.MEDIA):
        field_.harvest(kind, account)
    points, snapshots = field_.rows(POINTS), field_.rows(SNAPSHOTS)
    latest = field_.rows("SELECT media_id, reach, likes, extra FROM media_latest ORDER BY 1")
    forget(field_)

    ask(field_, account)
    done = work(field_)
    ask(field_, account)
    again = work(field_)

    assert (done.finished_at is None, done.progress, done.cursor["errors"]) == (False, 1.0, [])
    assert done.cursor["answers"] == field_.count("raw_answers")
    assert done.cursor["rows"] == len(points) + len(snapshots)
    assert [row[:4] + row[5:] for row in map(tuple, field_.rows(POINTS))] == [
        row[:4] + row[5:] for row in map(tuple, points)
    ]
    assert field_.rows(SNAPSHOTS) == snapshots
    assert field_.rows("SELECT media_id, reach, likes, extra FROM media_latest ORDER BY 1") == latest
    assert (again.cursor["rows"], again.id != done.id) == (0, True)
    assert field_.value("SELECT count(*) FROM harvest_runs") == 2, "nothing was asked of Instagram"


def test_it_stands_before_what_was_read_since_and_changes_nothing_of_it(field_: Field, account: Account) -> None:
    field_.harvest(HarvestKind.PROFILE, account)
    then = field_.row("SELECT captured_at, value FROM account_observations WHERE metric = 'followers_count'")
    forget(field_)
    field_.simulator.post("/_sim/account", account=0, followers=4321)
    field_.harvest(HarvestKind.PROFILE, account)

    ask(field_, account)
    work(field_)

    rows = field_.rows("SELECT value FROM account_observations WHERE metric = 'followers_count' ORDER BY captured_at")
    assert [row.value for row in rows] == [then.value, 4321]
    latest = field_.row("SELECT value, captured_at FROM account_latest WHERE metric = 'followers_count'")
    assert latest.value == 4321
    assert latest.captured_at > then.captured_at


def test_replies_and_comments_that_were_asked_for_alone_come_back(field_: Field, account: Account) -> None:
    now = clock.now()
    told: Sequence[tuple[str, str, dict[str, Any]]] = (
        ("GET /{media}/comments", "17900/comments", {"data": [{"id": "c1", "text": "who is coming?"}]}),
        ("GET /{comment}/replies", "c1/replies", {"data": [{"id": "c2", "text": "me"}]}),
        ("GET /{comment}/replies", "c9/replies", {"data": [{"id": "c8", "text": "of nobody knows which media"}]}),
        ("GET /{comment}", "c3", {"id": "c3", "text": "me too", "media": {"id": "17900"}}),
    )
    answers = [
        Answer(number, now, endpoint, {"path": path, "params": {}}, packed(json.dumps(body).encode()))
        for number, (endpoint, path, body) in enumerate(told)
    ]
    with field_.database.transaction() as tx:
        raw_answer.keep_answers(tx, answers, run_id=1, account_id=account.id, api_version="v25.0")

    ask(field_, account)
    done = work(field_)

    found = field_.rows("SELECT ig_id, ig_media_id, parent_ig_id, text FROM comments ORDER BY ig_id")
    assert [tuple(row) for row in found] == [
        ("c1", "17900", None, "who is coming?"),
        ("c2", "17900", "c1", "me"),
        ("c3", "17900", None, "me too"),
    ]
    assert (done.cursor["answers"], done.cursor["rows"], done.cursor["errors"]) == (4, 3, [])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_comments_come_to_the_same_versions_in_whichever_order_they_are_read(
    field_: Field, account: Account, order: Sequence[int]
) -> None:
    told = [clock.now().replace(microsecond=0) - ahead * HOUR for ahead in (5, 4, 3)]
    for run_id, (at, words) in enumerate(zip(told, ("first", "edited", "edited again"), strict=True), 1):
        body = {"data": [{"id": "c1", "text": words, "hidden": False}]}
        asked = {"path": "17900/comments", "params": {}}
        answer = Answer(1, at, "GET /{media}/comments", asked, packed(json.dumps(body).encode()))
        with field_.database.transaction() as tx:
            raw_answer.keep_answers(tx, [answer], run_id=run_id, account_id=account.id, api_version="v25.0")

    for number in order:
        ask(field_, account, since=told[number] - HOUR / 2, until=told[number] + HOUR / 2)
        assert work(field_).cursor["rows"] == 1
    ask(field_, account, since=told[0] - HOUR)
    assert work(field_).cursor["rows"] == 0

    versions = field_.rows("SELECT seen_at, text FROM comment_versions ORDER BY seen_at")
    assert [tuple(row) for row in versions] == list(zip(told, ("first", "edited", "edited again"), strict=True))
    row = field_.row("SELECT text, first_seen_at, last_seen_at FROM comments")
    assert tuple(row) == ("edited again", told[0], told[2])


def test_only_the_range_is_read(field_: Field, account: Account) -> None:
    field_.harvest(HarvestKind.PROFILE, account)
    between = clock.now()
    field_.harvest(HarvestKind.MEDIA, account)
    forget(field_)

    ask(field_, account, until=between)
    done = work(field_)

    assert done.cursor["answers"] == 1
    assert field_.count("media_snapshots") == 0
    assert field_.count("account_observations") == 3


def test_an_answer_that_cannot_be_read_is_told_and_the_others_are_read(field_: Field, account: Account) -> None:
    field_.harvest(HarvestKind.PROFILE, account)
    field_.harvest(HarvestKind.ACCOUNT, account)
    field_.sql(
        "UPDATE raw_answers SET body = :body WHERE endpoint = 'GET /{ig}'",
        body=zlib.compress(b'{"data": "no profile"}'),
    )
    forget(field_)

    ask(field_, account)
    done = work(field_)

    assert done.finished_at is not None
    [problem] = done.cursor["errors"]
    assert "GET /{ig}" in problem["what"]
    assert field_.count("account_observations") > 50


def test_what_names_no_time_is_given_none_and_told(field_: Field, account: Account) -> None:
    params = {"metric": "online_followers", "period": "lifetime", "until": "1790000000"}
    hours = {"name": "online_followers", "period": "lifetime", "values": [{"value": {"0": 7}}]}
    asked = {"path": "1/insights", "params": params}
    answer = Answer(1, clock.now(), "GET /{ig}/insights", asked, packed(json.dumps({"data": [hours]}).encode()))
    with field_.database.transaction() as tx:
        raw_answer.keep_answers(tx, [answer], run_id=1, account_id=account.id, api_version="v25.0")

    ask(field_, account)
    done = work(field_)

    assert field_.count("account_latest") == 0
    assert "online_followers.values have no end_time" in done.cursor["errors"][0]["error"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_that_dies_loses_nothing(field_: Field, account: Account, times: int) -> None:
    for kind in (HarvestKind.PROFILE, HarvestKind.TAGS, HarvestKind.ACCOUNT):
        field_.harvest(kind, account)
    points = field_.count("account_observations")
    forget(field_)
    ask(field_, account)

    for _ in range(times):
        failpoints.arm("backfill.after_store=raise")
        with pytest.raises(FailpointRaised):
            work(field_)
        failpoints.arm("")
    done = work(field_)

    assert done.finished_at is not None
    assert (field_.count("account_observations"), done.cursor["answers"]) == (points, field_.count("raw_answers"))


def test_answers_that_kill_their_worker_each_time_do_so_no_more_than_some_times(
    field_: Field, account: Account
) -> None:
    field_.harvest(HarvestKind.PROFILE, account)
    ask(field_, account)
    field_.sql("UPDATE backfills SET tries = :most", most=MOST_TRIES)

    done = work(field_)

    assert done.finished_at is not None
    assert done.progress == 0
    assert "without a result" in done.cursor["errors"][0]["error"]


def test_what_retention_has_dropped_stays_dropped(field_: Field, account: Account) -> None:
    field_.harvest(HarvestKind.PROFILE, account)
    forget(field_)
    now = clock.now()
    with field_.database.transaction() as tx:
        month = DroppedMonth(
            table_name="account_observations", since=now - 9 * HOUR, until=now + HOUR, bytes=0, dropped_at=now
        )
        tx.add(month)

    ask(field_, account)
    done = work(field_)

    assert done.finished_at is not None
    assert field_.count("account_observations") == 0


def test_asking_for_another_range_makes_one_that_holds_both(field_: Field, account: Account) -> None:
    now = clock.now()
    first = ask(field_, account, now - 2 * HOUR, now - HOUR)
    second = ask(field_, account, now - 3 * HOUR, now - 2 * HOUR)

    row = field_.row("SELECT since, until FROM backfills")
    assert (second, row.since, row.until) == (first, now - 3 * HOUR, now - HOUR)


@pytest.mark.parametrize(
    ("since", "until", "kind", "field"),
    [
        (timedelta(hours=1), timedelta(hours=2), Invalid, "since"),
        (-timedelta(hours=1), -timedelta(hours=1), Invalid, "until"),
        (-timedelta(days=9), -timedelta(days=8), NotPossible, "until"),
    ],
)
def test_a_range_that_cannot_be_is_refused(
    field_: Field, account: Account, since: timedelta, until: timedelta, kind: type[Invalid], field: str
) -> None:
    field_.harvest(HarvestKind.PROFILE, account)
    now = clock.now()

    with pytest.raises(kind) as refused, field_.database.transaction() as tx:
        request_rereads(tx, account.id, now + since, now + until, now=now)
    assert refused.value.field == field
    assert field_.count("backfills") == 0


def test_where_no_answers_are_kept_it_says_which_setting_keeps_them(field_: Field, account: Account) -> None:
    now = clock.now()

    with pytest.raises(NotPossible, match="PRESSRUN_RAW_ANSWERS"), field_.database.transaction() as tx:
        request_rereads(tx, None, now - HOUR, now, now=now)
