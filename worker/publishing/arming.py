"""Posts that go out at their second by this process: armed ahead, begun together, sent side by side.

    arm      seconds ahead     claimed for this process (`models/publishing/arming.py`), their connections opened
    volley   at the second     the intents of several, one of an account, in one commit
    send     at once           each in a thread of its own, as ever (`worker/once/call.py`)

Intents are committed for no more posts than there are threads to send them: a process that is killed leaves that many
to be found out by reading, and no more. What is not plain goes the way of every hint, and so does whatever a scheduler
sends: nothing depends on a post's having been armed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import psycopg
from sqlalchemy.exc import DBAPIError

from graph.wire.credentials import Login, host_of
from models.publishing.arming import Armed, arm, disarm
from models.store import server_clock
from models.store.server_clock import Distance
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.failpoints import reach
from pressrun.network.hints import Hint, Queue, Task
from worker import boundary
from worker.boundary import Begun, Step
from worker.context import WorkerContext
from worker.publishing.plain_publish import begin_all, step_of
from worker.publishing.turns import Turns

AHEAD = timedelta(seconds=6)
EVERY_S = 2.0
MOST_TOGETHER = 16
"""Of one commit."""
_AT_ONCE = 64
"""Claimed at a time, so that several processes share what is due in one second."""
_SOON_S = 0.02
_OPENED_AT_ONCE = 4
_OPENED_WITHIN_S = 2.0
_MOST_FOR_EACH_THREAD = 32
_EARLY = timedelta(milliseconds=20)
"""How long before its time a post is left to the database's clock, which says when it has come."""
_SURELY = timedelta(milliseconds=50)

_log = log.get(__name__)


class Armory:
    """Two threads, one that arms and one that begins, and those that send."""

    def __init__(self, ctx: WorkerContext, steps: Mapping[Task, Step], *, senders: int) -> None:
        self._ctx, self._steps, self._senders = ctx, steps, senders
        self._pool = ThreadPoolExecutor(senders, thread_name_prefix="send")
        self._opening = ThreadPoolExecutor(_OPENED_AT_ONCE, thread_name_prefix="open")
        self._turns, self._change = Turns(), threading.Condition()
        self._free = senders
        self._tried: set[int] = set()
        """Those that were left out of a volley once."""
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for name, target in (("arming", self._keep_arming), ("volleys", self._keep_firing))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for what is being sent; the rest is left to others. The context's `stopping` must be set before."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._leave()
        self._opening.shutdown(wait=True, cancel_futures=True)
        self._pool.shutdown(wait=True)

    def _leave(self) -> None:
        """What waits for its time is left to others, who may be idle while this process waits for its last calls."""
        with self._change:
            left = self._turns.clear()
            self._change.notify_all()
        try:
            with self._ctx.database.transaction() as tx:
                disarm(tx, left)
        except (DBAPIError, psycopg.Error) as problem:
            _log.warning("arming.not_given_back", count=len(left), error=str(getattr(problem, "orig", problem)))

    def arm(self) -> int:
        """Take those that fall due soon; returns how many. Raises what the database raises."""
        with self._change:
            room = min(_AT_ONCE, self._senders * _MOST_FOR_EACH_THREAD - len(self._turns))
        if room <= 0 or server_clock.distance() is not Distance.NONE:
            return 0
        lease_s = self._ctx.settings.hint_lease.total_seconds()
        with self._ctx.database.transaction() as tx:
            armed = arm(tx, ahead=AHEAD, limit=room, lease_s=lease_s, holder=self._ctx.holder)
        if armed:
            reach("arm.after_claim")
        with self._change:
            self._turns.add(armed)
            self._change.notify_all()
        for one in armed[: self._senders]:
            self._opening.submit(self._open, one.login)
        return len(armed)

    def _open(self, login: str) -> None:
        try:
            host = host_of(Login(login), self._ctx.settings.graph_url)
            self._ctx.transport.open_ahead(host, Deadline.after(_OPENED_WITHIN_S), most=self._senders)
        except Exception:  # nobody looks at its future; the post opens its own
            _log.exception("arming.crashed")

    def _keep_arming(self) -> None:
        nap_s = 0.0
        while not self._ctx.stopping.wait(nap_s):
            try:
                nap_s = _SOON_S if self.arm() else EVERY_S
            except (DBAPIError, psycopg.Error) as problem:
                nap_s = EVERY_S
                _log.warning("arming.database_trouble", error=str(getattr(problem, "orig", problem)))
            except Exception:
                nap_s = EVERY_S
                _log.exception("arming.crashed")
        self._leave()

    def _keep_firing(self) -> None:
        while not self._ctx.stopping.is_set():
            try:
                self._fire(self._next_volley())
            except Exception:
                _log.exception("arming.crashed")
        self._leave()  # the last volley may have put some of it back

    def _next_volley(self) -> list[Armed]:
        """Those that are due, once there are any and threads to send them; none at the end: nothing is begun then."""
        with self._change:
            while not self._ctx.stopping.is_set():
                volley = self._turns.take(clock.now() + _EARLY, min(self._free, MOST_TOGETHER))
                if volley:
                    self._free -= len(volley)
                    return volley
                next_at = self._turns.next_at() if self._free else None
                self._change.wait(None if next_at is None else max((next_at - clock.now() - _EARLY).total_seconds(), 0))
        return []

    def _fire(self, volley: Sequence[Armed]) -> None:
        if not volley:
            return
        held = [one for one in volley if not one.held_until.passed]
        for one in volley:
            if one not in held:  # it belongs to whoever has claimed it since
                self._end(one)
        try:
            begun = self._begin(held)
        except Exception as trouble:  # whatever was to become of one alone, becomes of each
            for one in held:
                self._pool.submit(self._send, one, partial(_raise, trouble))
            return
        for one in held:
            if one.id in begun:
                self._pool.submit(self._send, one, partial(_given, begun[one.id]))
            elif one.id in self._tried:
                self._pool.submit(self._perform, one)
            else:  # its account may be free the next time
                self._tried.add(one.id)
                self._end(one, again=True)

    def _begin(self, volley: Sequence[Armed]) -> dict[int, Begun]:
        if not volley:
            return {}
        last_at = max(one.due_at for one in volley)
        if clock.now() - last_at < _SURELY:
            self._ctx.database.wait_until(last_at, most_s=2 * _EARLY.total_seconds())
        begun = begin_all(self._ctx, [(one.id, one.claim) for one in volley], waits=False)
        reach("arm.after_intents")
        return {one.lease.id: step_of(one) for one in begun}

    def _send(self, one: Armed, begin: Callable[[], Begun]) -> None:
        try:
            boundary.go_on(self._ctx, _hint(one), begin)
        finally:
            self._end(one)

    def _perform(self, one: Armed) -> None:
        """As if a hint had come."""
        try:
            boundary.perform(self._ctx, self._steps, _hint(one))
        finally:
            self._end(one)

    def _end(self, one: Armed, *, again: bool = False) -> None:
        with self._change:
            self._free += 1
            if again:
                self._turns.add([one])
            else:
                self._tried.discard(one.id)
            self._turns.done(one.account_id)
            self._change.notify_all()


def _hint(one: Armed) -> Hint:
    return Hint(Task.POST_PUBLISH, Queue.PUBLISH, one.id, one.claim)


def _given(begun: Begun) -> Begun:
    return begun


def _raise(trouble: Exception) -> Begun:
    raise trouble
