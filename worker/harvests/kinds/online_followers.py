"""When the followers are online: a count for each hour of each day, as far back as Instagram tells at first.

Which clock the hours are those of is not documented; they are kept as Instagram names them (graph-api.md §6.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from graph.accounts.insights import Insight
from graph.accounts.metric_rules import LONGEST_RANGE
from models.history.insight import store_observations
from pressrun import clock
from worker.harvests.answers.parse import hourly
from worker.harvests.harvester import Harvester, Store
from worker.harvests.kinds.account import CLOSED_DAYS

METRIC = "online_followers"
_RESTATED = timedelta(days=CLOSED_DAYS + 1)


def read(harvester: Harvester) -> Iterator[Store]:
    until = clock.now()
    since = until - LONGEST_RANGE
    if harvester.covered_at is not None:
        since = max(since, harvester.covered_at - _RESTATED)

    def ask(group: Sequence[str]) -> tuple[Insight, ...]:
        return harvester.client.insights.account(group, period="lifetime", since=since, until=until)

    answers = harvester.sift([METRIC], ask)
    if any(one.end_time is None for answer in answers for insight in answer for one in insight.values):
        harvester.covers = False  # of which day that is nobody knows, so a day may be missing
    points = [point for answer in answers for point in hourly(answer)]
    if points:

        def store(tx: Session, run_id: int) -> int:
            return store_observations(tx, harvester.account.id, points, captured_at=until, run_id=run_id)

        yield store
