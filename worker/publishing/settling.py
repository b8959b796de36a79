"""What Instagram said of several posts at about the same time is kept together: one statement, one commit.

Nobody waits for others to come. The first keeps its own at once; those that come meanwhile are kept by the next of
them, all in one. A post that is alone costs what it did.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta

from models.publishing import plain_publish
from models.publishing.plain_publish import Live
from models.store.session import Database

AFTERCARE_AFTER = timedelta(seconds=30)
"""What may wait gives way to posts that are due."""
MOST_TOGETHER = 32


@dataclass(eq=False)
class _Waiting:
    live: Live
    turn: threading.Event = field(default_factory=threading.Event)
    """It is kept, or it is on this one to keep what waits."""
    is_over: bool = False
    is_kept: bool = False
    trouble: Exception | None = None


class Settler:
    """For the threads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._is_led = False

    def keep(self, live: Live) -> bool:
        """Whether that is all there is to it, and is done; False: nothing was changed.

        Raises what the database raises.
        """
        mine = _Waiting(live)
        with self._lock:
            self._waiting.append(mine)
            leads, self._is_led = not self._is_led, True
        if not leads:
            mine.turn.wait()
        if not mine.is_over:
            self._lead()
        if mine.trouble is not None:
            raise mine.trouble
        return mine.is_kept

    def _lead(self) -> None:
        with self._lock:
            together, self._waiting = _of_different_accounts(self._waiting)
        try:
            live = [one.live for one in together]
            kept = plain_publish.settle(self._database, live, aftercare_after=AFTERCARE_AFTER)
            for one in together:
                one.is_kept = one.live.begun.lease.id in kept
        except Exception as trouble:  # each of them is told; what is done about it is its own
            for one in together:
                one.trouble = trouble
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_led = following is not None
            for one in together:
                one.is_over = True
                one.turn.set()
            if following is not None:
                following.turn.set()


def _of_different_accounts(waiting: list[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
    """Those to be kept now, the first among them, and the others: two media of an account that a harvest is writing,
    too, would have the two wait for each other.
    """
    taken: dict[int, _Waiting] = {}
    for one in waiting:
        if len(taken) < MOST_TOGETHER:
            taken.setdefault(one.live.begun.account.id, one)
    together = list(taken.values())
    return together, [one for one in waiting if one not in together]
