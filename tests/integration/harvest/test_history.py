"""What the history keeps: every value as it was known at its time, and nothing that nobody said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from models.harvests.harvest import HarvestKind
from models.store.session import Database
from pressrun import clock
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import advance, picky, publish
from tests.support.simulator import Simulator
from worker.harvests.kinds.own import CALLS_PER_RUN

POINTS = "SELECT * FROM account_observations ORDER BY captured_at, metric, period, breakdown, period_end"


def test_a_restated_value_is_a_new_point_and_the_old_one_stays(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(HarvestKind.ACCOUNT, account)
    before = field_.rows(
        "SELECT * FROM account_observations ORDER BY captured_at, metric, period, breakdown, period_end"
    )

    advance(field_, hours=7)
    run = field_.harvest(HarvestKind.ACCOUNT, account)

    after = field_.rows(
        "SELECT * FROM account_observations ORDER BY captured_at, metric, period, breakdown, period_end"
    )
    assert after[: len(before)] == before
    assert run.rows == len(after) - len(before) > 0
    restated = field_.row(
        """
        SELECT l.value AS now, array_agg(o.value ORDER BY o.captured_at) AS history
          FROM account_latest l
          JOIN account_observations o USING (account_id, metric, period, breakdown, period_end)
         WHERE l.metric = 'views' AND l.breakdown = ''
         GROUP BY l.period_end, l.value HAVING count(*) > 1 LIMIT 1
        """
    )
    assert len(restated.history) == 2
    assert restated.history[0] != restated.history[1] == restated.now


def test_what_instagram_leaves_out_is_unknown_and_not_zero(field_: Field) -> None:
    account = field_.account(0)
    field_.simulator.post("/_sim/account", account=0, followers=40)

    audience = field_.harvest(HarvestKind.AUDIENCE, account)
    days = field_.harvest(HarvestKind.ACCOUNT, account)

    assert (audience.status, days.status) == ("done", "done")
    told = {row.metric for row in field_.rows("SELECT DISTINCT metric FROM account_observations")}
    assert not told & {"follower_count", "follows_and_unfollows"}
    assert field_.value("SELECT count(*) FROM audience_snapshots WHERE metric = 'follower_demographics'") == 0


@pytest.mark.parametrize("kind", [HarvestKind.ACCOUNT, HarvestKind.AUDIENCE, HarvestKind.MEDIA])
def test_an_empty_answer_adds_nothing(database: Database, kind: HarvestKind) -> None:
    with picky() as instagram:
        instagram.value = None
        field = Field(database, settings_for(instagram.url))
        instagram.media = [{"id": "1", "media_product_type": "FEED", "timestamp": "2026-05-01T00:00:00+0000"}]

        run = field.harvest(kind, field.account())

        assert (run.status, run.rows) == ("done", 0)
        assert field.count("account_observations") == field.count("media_snapshots") == 0
        assert field.count("media_latest") == 0
        field.transport.close()


def test_a_zero_that_instagram_says_is_kept(database: Database) -> None:
    with picky() as instagram:
        instagram.value = 0
        field = Field(database, settings_for(instagram.url))

        field.harvest(HarvestKind.ACCOUNT, field.account())

        assert field.value("SELECT count(*) FROM account_observations WHERE value = 0") > 0
        field.transport.close()


def test_a_media_curve_grows_only_when_something_changed(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(HarvestKind.MEDIA, account)
    stale = "UPDATE media_states SET read_at = read_at - interval '8 days'"

    field_.sql(stale)
    field_.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '8 days'")
    unchanged = field_.harvest(HarvestKind.MEDIA, account)
    checked_at = field_.value("SELECT min(last_checked_at) FROM media_latest")
    advance(field_, days=2)
    field_.sql(stale)
    changed = field_.harvest(HarvestKind.MEDIA, account)

    assert unchanged.rows == 0
    assert clock.now() - checked_at < timedelta(minutes=5)
    assert 0 < changed.rows <= 12
    assert field_.count("media_snapshots") == 12 + changed.rows


def test_a_media_that_disappears_keeps_its_history_and_is_not_looked_for_every_hour(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(HarvestKind.MEDIA, account)
    media = field_.row("SELECT id, ig_id FROM media ORDER BY posted_at DESC LIMIT 1")
    field_.simulator.http.delete(
        f"/v25.0/{media.ig_id}", headers={"Authorization": f"Bearer {field_.simulator.token(0)}"}
    ).raise_for_status()

    field_.sql("UPDATE media_states SET read_at = read_at - interval '2 days'")
    gone = field_.harvest(HarvestKind.MEDIA, account)

    assert gone.status == "done"
    assert field_.value("SELECT gone_at FROM media_states WHERE media_id = :id", id=media.id) is not None
    assert field_.value("SELECT count(gone_at) FROM media_states") == 1
    assert [row.media_id for row in field_.rows("SELECT media_id FROM media_totals WHERE gone_at IS NOT NULL")] == [
        media.id
    ]
    assert field_.value("SELECT count(*) FROM media WHERE extra ?| ARRAY['gone_at', 'own_read_at']") == 0
    assert field_.value("SELECT count(*) FROM media_snapshots WHERE media_id = :id", id=media.id) == 1


def test_a_list_of_several_pages_is_read_to_its_end_the_first_time(
    database: Database, simulator_factory: Callable[..., Simulator]
) -> None:
    simulator = simulator_factory(accounts=1, quota_total=100, **STILL)
    publish(simulator, 0, count=43)
    field = Field(database, settings_for(simulator.url), simulator)
    account = field.account(0)

    first = field.harvest(HarvestKind.MEDIA, account)
    publish(simulator, 0, count=1)
    second = field.harvest(HarvestKind.MEDIA, account)

    assert field.count("media") == 56
    assert first.rows == 55
    assert second.calls <= 1 + CALLS_PER_RUN  # the new media's page, and what only some kinds can tell
    assert second.rows >= 1
    field.transport.close()
