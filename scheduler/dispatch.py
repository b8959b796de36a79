"""From rows that are due to hints in the broker.

The claim is committed before the hint is sent: a hint without a claim would be refused by every worker, a claim without
a hint costs one short hint lease. When the broker takes nothing the claims are given back at once, and the workers'
own pull finds the rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from models.harvests.company import one_of_each
from models.owed.claims import claim_due, give_back, in_flight
from models.owed.works import WORKS, Work
from models.store.session import Database
from pressrun import log
from pressrun.errors import ServerUnreachable
from pressrun.failpoints import reach
from pressrun.network.broker import Broker
from pressrun.network.hints import Hint
from pressrun.settings import Settings

_log = log.get(__name__)
_BATCH = 100


@dataclass(frozen=True)
class Dispatched:
    """What one round did."""

    sent: int
    has_backlog: bool
    """More is due than was sent: the queue is full, or the batch was."""
    broker_is_up: bool = True


class Dispatcher:
    """Claims and sends, one kind of work after the other, publishing first."""

    def __init__(self, *, settings: Settings, database: Database, broker: Broker) -> None:
        self._settings, self._database, self._broker = settings, database, broker
        self._broker_is_up = True

    def round(self, tables: Collection[str] | None = None) -> Dispatched:
        """One pass over all kinds of work, or those of `tables`. Raises what the database raises."""
        sent, has_backlog = 0, False
        for work in WORKS:
            if tables is not None and work.table not in tables:
                continue
            hints, is_capped = self._claim(work)
            done = self._send(work, hints)
            sent += done
            has_backlog = has_backlog or is_capped
            if done < len(hints):
                return Dispatched(sent, has_backlog=True, broker_is_up=False)
        return Dispatched(sent, has_backlog)

    def _claim(self, work: Work) -> tuple[list[Hint], bool]:
        with self._database.transaction() as tx:
            # One hint is enough to learn whether the broker is back; the workers pull the rest meanwhile.
            room = min(_BATCH, self._settings.in_flight - in_flight(tx, work)) if self._broker_is_up else 1
            if room <= 0:
                return [], True
            lease_s = self._settings.hint_lease.total_seconds()
            hints = claim_due(tx, work, limit=room, lease_s=lease_s, by_broker=True)
            is_full = len(hints) == room
            if work.table == "harvests":
                hints = one_of_each(tx, hints)
        reach("dispatch.after_claim")
        return hints, is_full

    def _send(self, work: Work, hints: list[Hint]) -> int:
        for number, hint in enumerate(hints):
            try:
                self._broker.send(hint)
            except ServerUnreachable as problem:
                if self._broker_is_up:
                    _log.warning("dispatch.broker_down", error=str(problem))
                self._broker_is_up = False
                self._return(work, hints[number:])
                return number
            if not self._broker_is_up:
                _log.info("dispatch.broker_up")
                self._broker_is_up = True
        return len(hints)

    def _return(self, work: Work, hints: list[Hint]) -> None:
        with self._database.transaction() as tx:
            for hint in hints:
                give_back(tx, work.table, hint.id, hint.claim, due_at=hint.due_at)
