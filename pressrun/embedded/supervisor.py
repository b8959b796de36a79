"""The processes of `pressrun up`: started together, started again at once when one dies, stopped in order.

Guarantee on Linux: no child survives the supervisor, not even its kill -9, because each child is tethered to the
supervisor's thread, or to the server it is forked from, with SIGKILL (a polite signal would leave a slow child behind,
whose port the next `up` needs).
Elsewhere a kill -9 of the supervisor leaves the children running; `stop()` and an ordinary end do not.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from enum import StrEnum
from types import TracebackType
from typing import Self

from pressrun import log as logs
from pressrun.clock import Deadline
from pressrun.embedded.forkserver import ForkServer, GivenUp
from pressrun.embedded.locks import poll
from pressrun.embedded.supervised import Child, Process, ProcessSpec, describe_exit
from pressrun.errors import PressrunError

_DEATHS_BEFORE_READY = 3
_LOOK_FOR_READY_S = 0.05
_STOPPING = "the supervisor is stopping and starts nothing any more"

log = logs.get(__name__)

__all__ = ["Event", "ProcessSpec", "Supervisor"]


class Event(StrEnum):
    """What happened to a process."""

    STARTED = "started"
    READY = "ready"
    DIED = "died"
    STOPPED = "stopped"
    KILLED = "killed"


class Supervisor:
    """Runs processes until `stop()`. Safe to use from several threads; leave it through `with` or `stop()`.

    `on_event` is called with the name of the process and the event, from the supervisor's thread; while stopping, from
    the thread that stops. What can be forked comes from `forks`, if that is given; it must outlive the supervisor.
    """

    def __init__(
        self,
        on_event: Callable[[str, Event], None] = lambda _name, _event: None,
        *,
        forks: ForkServer | None = None,
    ) -> None:
        self._on_event = on_event
        self._forks = forks
        self._children: dict[str, Child] = {}
        self._orders: queue.Queue[Callable[[], None]] = queue.Queue()
        self._ended = threading.Event()
        self._retired = False
        # The kernel ties a child to the thread that started it: one thread starts them all and lives until the end.
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, specs: Sequence[ProcessSpec], *, ready_within_s: float = 60.0) -> dict[str, str]:
        """Start processes and wait for the ready lines; returns by name the whole line of each that has one.

        Raises PressrunError with the end of its log when one does not become ready in time or dies three times.
        """
        if not self._in_thread(lambda: self._add(specs)):
            raise PressrunError(_STOPPING)
        deadline = Deadline.after(ready_within_s)
        return {spec.name: self._wait_ready(spec.name, deadline) for spec in specs if spec.ready_line is not None}

    def pids(self) -> dict[str, int]:
        """The process id of each process that is running now."""
        return {name: child.pid for name, child in self._children.copy().items() if child.pid is not None}

    def stop(self, *, grace_s: float = 75.0) -> None:
        """SIGTERM in `stop_order`, each group after the one before has ended; SIGKILL to those that outlast the grace.

        Nothing is restarted from here on. Interrupted, it can be called again; when all is stopped it does nothing.
        """
        if self._ended.is_set():
            return
        self._give_up()
        for order in sorted({child.spec.stop_order for child in self._children.values()}):
            self._stop_group([child for child in self._children.values() if child.spec.stop_order == order], grace_s)
        self._ended.set()
        self._orders.put(lambda: None)
        self._thread.join()

    def kill(self) -> None:
        """SIGKILL to all at once, for the impatient."""
        if not self._ended.is_set():
            self._give_up()
            self._stop_group(list(self._children.values()), grace_s=0.0)
        self.stop()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                order = self._orders.get(timeout=self._next_look_s())
            except queue.Empty:
                order = self._look
            try:
                order()
            except Exception:  # this thread must not end: the kernel would end all children with it
                log.exception("supervisor.failed")

    def _next_look_s(self) -> float | None:
        children = self._children.values()
        waits = [max(0.0, child.due - time.monotonic()) for child in children if child.due is not None]
        if any(child.awaits_ready for child in children):
            waits.append(_LOOK_FOR_READY_S)
        return min(waits, default=None)

    def _look(self) -> None:
        """Start what is due, and see who has become ready."""
        for child in self._children.values():
            if child.due is not None and child.due <= time.monotonic():
                self._start(child)
            if child.awaits_ready and child.looks_ready():
                self._tell(child, Event.READY)

    def _add(self, specs: Sequence[ProcessSpec]) -> None:
        if self._retired:
            raise PressrunError(_STOPPING)
        for spec in specs:
            if spec.name in self._children:
                raise ValueError(f"a process called {spec.name} is there already")
            self._children[spec.name] = Child(spec, self._forks)
        self._look()

    def _start(self, child: Child) -> None:
        try:
            process = child.start()
        except GivenUp:  # whoever stops all has said so, and retires this one next
            return
        except OSError as problem:  # no process or no log file to be had right now
            log.warning("supervisor.not_started", process=child.spec.name, error=str(problem), again_in_s=child.died())
            return
        threading.Thread(target=self._await_end, args=(child, process), daemon=True).start()
        self._tell(child, Event.STARTED)

    def _await_end(self, child: Child, process: Process) -> None:
        code = process.wait()
        self._orders.put(lambda: self._on_end(child, code))

    def _on_end(self, child: Child, code: int) -> None:
        if self._retired:
            return
        delay_s = child.died()
        log.warning("supervisor.died", process=child.spec.name, how=describe_exit(code), again_in_s=delay_s)
        self._tell(child, Event.DIED)
        self._look()

    def _give_up(self) -> None:
        """Start nothing any more; the thread may be waiting for what it forks from, which is still importing."""
        if self._forks is not None:
            self._forks.give_up()
        self._in_thread(self._retire)

    def _retire(self) -> None:
        self._retired = True
        for child in self._children.values():
            child.due = None

    def _stop_group(self, group: Sequence[Child], grace_s: float) -> None:
        running = [child for child in group if child.pid is not None]
        for child in running:
            child.signal(signal.SIGTERM if grace_s > 0 else signal.SIGKILL)
        ended_politely = grace_s > 0 and poll(lambda: all(child.pid is None for child in running), grace_s)
        for child in running:
            polite = ended_politely or (grace_s > 0 and child.pid is None)
            child.signal(signal.SIGKILL)
            self._tell(child, Event.STOPPED if polite else Event.KILLED)
        poll(lambda: all(child.pid is None for child in running), None)

    def _wait_ready(self, name: str, deadline: Deadline) -> str:
        child = self._children[name]
        deaths = child.deaths
        poll(lambda: child.said is not None or child.deaths - deaths >= _DEATHS_BEFORE_READY, deadline.remaining_s())
        if child.said is None:
            raise PressrunError(f"{name} does not start. The end of {child.spec.log_path}:\n{child.last_words()}")
        return child.said

    def _tell(self, child: Child, event: Event) -> None:
        log.info("supervisor.process", process=child.spec.name, what=event.value, pid=child.pid)
        try:
            self._on_event(child.spec.name, event)
        except Exception:  # what a listener does wrong must not stop the supervision
            log.exception("supervisor.listener_failed", process=child.spec.name)

    def _in_thread(self, order: Callable[[], None]) -> bool:
        """Have the supervisor's thread do it and wait for the end; False if that thread has already ended."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                order()
                done.set_result(None)
            except BaseException as problem:
                done.set_exception(problem)

        self._orders.put(run)
        while not wait([done], timeout=0.2).done:
            if not self._thread.is_alive():
                return False
        done.result()
        return True
