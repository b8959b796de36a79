"""No reading is younger than the moment it was asked for, however long Instagram takes to answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import time_machine

from models.harvests.harvest import HarvestKind
from models.harvests.watch import WatchKind
from models.store.session import Database
from pressrun import clock
from pressrun.network.trust import authorities
from scheduler.harvests.watching import watch
from tests.integration.harvest.conftest import Field, settings_for
from tests.integration.harvest.instagram import advance, publish
from tests.integration.harvest.test_together import make_due
from tests.unit.graph.server import Received, Reply, ScriptedServer

TAKES_S = 2
COUNTS = {"like_count", "comments_count", "followers_count", "follows_count", "media_count", "view_count"}
TOLD = {
    "account_observations": "SELECT value AS number, captured_at AS at FROM account_observations",
    "account_latest": "SELECT value AS number, last_checked_at AS at FROM account_latest",
    "audience_snapshots": "SELECT c.value AS number, captured_at AS at FROM audience_snapshots, jsonb_each(counts) c",
    "media_snapshots": """
        SELECT c.value AS number, s.captured_at AS at
          FROM media_snapshots s,
               jsonb_each_text(to_jsonb(s) - '{media_id,captured_at,run_id,extra}'::text[] || coalesce(s.extra, '{}')) c
         WHERE c.value IS NOT NULL
    """,
    "media_latest": """
        SELECT (to_jsonb(l) || coalesce(l.extra, '{}')) ->> t.key AS number, t.value::timestamptz AS at
          FROM media_latest l, jsonb_each_text(l.told_at) t
    """,
    "competitor_observations": "SELECT value AS number, captured_at AS at FROM competitor_observations",
    "public_media_snapshots": "SELECT like_count AS number, captured_at AS at FROM public_media_snapshots",
    "tags": "SELECT extra ->> 'like_count' AS number, first_seen_at AS at FROM tags",
    "comments": "SELECT extra ->> 'like_count' AS number, first_seen_at AS at FROM comments",
}


class Numbered(ScriptedServer):
    """The simulator behind a go-between that takes its time, and tells for each number which of its answers it is."""

    def __init__(self, behind: str, traveller: time_machine.Traveller) -> None:
        super().__init__()
        self.asked: list[datetime] = []
        self._behind = httpx.Client(base_url=behind, timeout=60, verify=authorities())
        self._traveller = traveller

    def close(self) -> None:
        super().close()
        self._behind.close()

    def take(self, request: Received) -> Reply:
        self.asked.append(clock.now())
        sent = {"authorization": request.headers.get("authorization", "")}
        answer = self._behind.request(request.method, request.path, params=request.query, headers=sent)
        body = _numbered(answer.json(), len(self.asked) - 1)
        self._traveller.shift(TAKES_S)
        return Reply(answer.status_code, json.dumps(body).encode())


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, list):
        return [_numbered(one, number) for one in value]
    if not isinstance(value, dict):
        return value
    told: dict[str, Any] = {}
    for name, one in value.items():
        if name == "value" and isinstance(one, dict):
            told[name] = dict.fromkeys(one, number)
        elif name in COUNTS or (name == "value" and isinstance(one, int | float)):
            told[name] = number
        else:
            told[name] = _numbered(one, number)
    return told


@pytest.fixture
def slow(database: Database, field_: Field) -> Iterator[tuple[Field, Numbered]]:
    with time_machine.travel(clock.own(), tick=True) as traveller:
        between = Numbered(field_.simulator.url, traveller)
        field = Field(database, settings_for(between.url, call_deadline="20s"), field_.simulator)
        yield field, between
        field.transport.close()
        between.close()


def test_all_kinds_stamp_what_they_read_before_they_ask(slow: tuple[Field, Numbered]) -> None:
    field, instagram = slow
    for number in range(2):
        field.simulator.post("/_sim/tag", account=0, caption=f"tag {number}")
    publish(field.simulator, 0, story=True)
    advance(field, hours=3)
    account = field.account(0)
    with field.database.transaction() as tx:
        watch(tx, account, WatchKind.COMPETITOR, "sim_brand_3")
        watch(tx, account, WatchKind.HASHTAG, "sourdough")
    make_due(field)

    for kind in (HarvestKind.MEDIA, *HarvestKind):  # the first takes others along
        assert field.harvest(kind, account).status in ("done", "partial"), kind

    for table, query in TOLD.items():
        told = field.rows(query)
        assert told, table
        late = [one for one in told if one.at > instagram.asked[int(float(one.number))]]
        assert late == [], table
    first = field.value("SELECT min(captured_at) FROM account_observations WHERE period = 'day'")
    assert field.value("SELECT max(read_at) FROM covered_days") <= first
    kept = field.value("SELECT array_agg(captured_at ORDER BY captured_at) FROM raw_answers")
    assert kept[-1] <= instagram.asked[-1]
