"""What is told without anybody having decided it: looked for now and then, and told once each.

Nothing is looked for where nobody is told. Several schedulers may look at once: each thing has a key.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.accounts.quota import FALLBACK_TOTAL
from models.reading.upkeep import warnings as reading
from models.reading.upkeep.conversions import unready_posts
from models.reading.upkeep.workers import SCHEDULER, absent_services
from models.store.session import Database
from models.telling.notice import News, NoticeKind, tell, tell_of_post
from models.telling.silence import Silences, is_anybody_told
from pressrun import log

EVERY = timedelta(minutes=1)
FAR_EVERY = timedelta(hours=1)
"""What changes over days is looked for less often."""

_log = log.get(__name__)


class Warnings:
    """One scheduler's looks. For one thread."""

    def __init__(self, database: Database, *, late_after: timedelta, silences: Silences | None = None) -> None:
        self._database, self._late_after = database, late_after
        self._silences = silences or Silences()
        self._far_due: datetime | None = None

    def run(self, *, now: datetime) -> datetime:
        """Look, and tell what is new; returns when to look again. It never raises what the database says."""
        try:
            told = self._look(now)
        except DBAPIError as problem:
            _log.warning("warnings.failed", error=str(problem.orig or problem))
        else:
            if told:
                _log.info("warnings.told", count=told)
        return now + EVERY

    def _look(self, now: datetime) -> int:
        with self._database.transaction() as tx:
            # Posts fall due meanwhile: a look that takes long is given up.
            tx.execute(text("SET LOCAL statement_timeout = '2s'"))
            if not is_anybody_told(tx):
                return 0
            for post_id, news in reading.late_posts(tx, now=now, late=self._late_after):
                tell_of_post(tx, post_id, news.kind, news.message, key=news.key)
            for post_id, news in unready_posts(tx, now=now):
                tell_of_post(tx, post_id, news.kind, news.message, key=news.key)
            found = self._silent_queues(self._silences.lasting(absent_services(tx) - {SCHEDULER}), now)
            if self._far_due is None or now >= self._far_due:
                self._far_due = now + FAR_EVERY
                for post_id, news in reading.unbegun_insights(tx, now=now):
                    tell_of_post(tx, post_id, news.kind, news.message, key=news.key)
                found += reading.full_windows(tx, now=now, total=FALLBACK_TOTAL)
                found += reading.silent_accounts(tx, now=now)
                found += reading.lost_coverage(tx, now=now)
                found += reading.refused_metrics(tx)
            return sum(tell(tx, news) for news in found)

    @staticmethod
    def _silent_queues(queues: list[str], now: datetime) -> list[News]:
        return [
            News(
                NoticeKind.QUEUE_SILENT,
                f"no worker of the queue {queue} has been connected for minutes: what is due there waits",
                key=f"queue.silent:{queue}:{now:%Y-%m-%d}",
                detail={"queue": queue},
            )
            for queue in queues
        ]
