"""That there is no scheduler: only workers can tell it."""

from __future__ import annotations

from models.reading.upkeep.workers import SCHEDULER, absent_services
from models.store.session import Database
from models.telling.notice import News, NoticeKind, tell
from models.telling.silence import Silences, is_anybody_told
from pressrun import clock
from pressrun.clock import Deadline

LOOK_EVERY_S = 60.0


class SchedulerWatch:
    """One worker's looks; several tell it once, each day. For one thread."""

    def __init__(self, database: Database, *, silences: Silences | None = None) -> None:
        self._database = database
        self._silences = silences or Silences()
        self._due = Deadline.after(LOOK_EVERY_S)

    def turn(self) -> None:
        """Look, if it is time to. Raises what the database raises."""
        if self._due.passed:
            self._due = Deadline.after(LOOK_EVERY_S)
            self.look()

    def look(self) -> bool:
        """Whether it was told just now."""
        with self._database.transaction() as tx:
            if not is_anybody_told(tx) or not self._silences.lasting(absent_services(tx) & {SCHEDULER}):
                return False
            said = "no scheduler has been connected for minutes: workers take up what is due late, and plan nothing"
            return tell(tx, News(NoticeKind.SCHEDULER_SILENT, said, key=f"scheduler.silent:{clock.now():%Y-%m-%d}"))
