"""Who follows and who engages: demographic breakdowns as Instagram gives them, the 45 largest groups of each.

Accounts below Instagram's minimum get an empty answer, which is unknown and adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from graph.accounts import metrics as catalogue
from graph.accounts.insights import Insight
from models.history.insight import Audience, store_audience
from pressrun import clock
from worker.harvests.answers.parse import audiences
from worker.harvests.answers.refusals import is_vague_refusal
from worker.harvests.harvester import Harvester, Store

METRICS = tuple(metric.name for metric in catalogue.ACCOUNT.values() if metric.timeframes)
TIMEFRAMES = (*catalogue.CURRENT_TIMEFRAMES, *catalogue.OLDER_TIMEFRAMES)
BREAKDOWNS: tuple[tuple[str, ...], ...] = (*((name,) for name in catalogue.DEMOGRAPHIC), ("age", "gender"))


def read(harvester: Harvester) -> Iterator[Store]:
    for timeframe in timeframes_of(clock.now().date(), harvester.account.id):
        metrics = offered(timeframe, on=clock.now().date())
        answers = [(clock.now(), _ask(harvester, metrics, timeframe, breakdown)) for breakdown in BREAKDOWNS]
        if any(found for _, found in answers):
            yield _store(harvester, answers)


def timeframes_of(day: date, account_id: int) -> tuple[str, ...]:
    """What is read on that day: the current timeframes, and the older ones in turn.

    Each costs a call for each breakdown; and of 14 days and more little changes from one day to the next.
    """
    older = catalogue.OLDER_TIMEFRAMES
    return (*catalogue.CURRENT_TIMEFRAMES, older[(day.toordinal() + account_id) % len(older)])


def offered(timeframe: str, *, on: date) -> tuple[str, ...]:
    """The older timeframes were removed for those who engage, not for those who follow."""
    return tuple(name for name in METRICS if timeframe in catalogue.timeframes(catalogue.ACCOUNT[name], on=on))


def _ask(harvester: Harvester, metrics: Sequence[str], timeframe: str, breakdown: Sequence[str]) -> list[Audience]:
    name = ",".join(breakdown)

    def ask(group: Sequence[str]) -> tuple[Insight, ...]:
        return harvester.client.insights.account(
            group, period="lifetime", metric_type="total_value", breakdown=breakdown, timeframe=timeframe
        )

    answers = harvester.ask_apart(
        f"audience by {name}, {timeframe}",
        lambda: harvester.sift(metrics, ask, part=f"{timeframe}:{name}:", refuses=is_vague_refusal),
    )
    return [one for answer in answers or () for one in audiences(answer, timeframe=timeframe)]


def _store(harvester: Harvester, answers: Sequence[tuple[datetime, Sequence[Audience]]]) -> Store:
    """All breakdowns of one timeframe, each with the time at which it was asked for."""

    def store(tx: Session, run_id: int) -> int:
        return sum(
            store_audience(tx, harvester.account.id, found, captured_at=read_at, run_id=run_id)
            for read_at, found in answers
        )

    return store
