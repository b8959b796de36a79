"""The thread that keeps a worker known to the database, and gives back what workers that are gone have left behind."""

from __future__ import annotations

import threading

import psycopg
from sqlalchemy.exc import DBAPIError

from models.owed.presence import Absences, Presence
from models.store.session import Database
from pressrun import log

BEAT_S = 1.5
"""Between two questions. Much less than an absence must last to be believed."""
_AGAIN_S = 0.25
"""After one that was not answered."""

_log = log.get(__name__)


class Attendance:
    """From `start` to `stop` the presence is kept, and taken anew whenever its session breaks."""

    def __init__(self, presence: Presence, database: Database) -> None:
        self._presence, self._absences = presence, Absences(database)
        self._stopping = threading.Event()
        self._in_trouble = False
        self._thread = threading.Thread(target=self._run, name="attendance", daemon=True)

    def start(self) -> None:
        """Known once it returns, if the database answers: before the first row is taken."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """The last thing that a worker does: what it holds then falls due soon."""
        self._stopping.set()
        self._thread.join()
        self._presence.leave()

    def _run(self) -> None:
        while not self._stopping.wait(_AGAIN_S if self._in_trouble else BEAT_S):
            self._beat()

    def _beat(self) -> None:
        try:
            self._absences.note(self._presence.absent_holders())
        except (DBAPIError, psycopg.Error) as problem:
            self._absences.forget()
            if not self._in_trouble:
                _log.warning("presence.lost", error=str(getattr(problem, "orig", problem)))
            self._in_trouble = True
            return
        if self._in_trouble:
            _log.info("presence.back")
        self._in_trouble = False
