"""Hands for an errand: a worker process that runs for as long as a command waits, where nobody else does its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from machine.runtime import Runtime
from machine.stack import service_spec, supervised
from machine.stopping import interrupts
from pressrun.embedded.supervisor import Event
from pressrun.errors import PressrunError
from pressrun.network.hints import Queue

CONCURRENCY = 8
_MOST_DEATHS = 3


@contextmanager
def lent_hands(here: Runtime, queue: Queue) -> Iterator[Callable[[], None]]:
    """A worker of that queue with the settings of `here`, stopped in order at the end. To be used in the main thread.

    What it gives raises PressrunError once the worker has died too often to be believed in. The worker need not be
    ready: without a broker it never is, and takes up what is overdue all the same.
    """
    deaths: list[str] = []

    def on_event(name: str, event: Event) -> None:
        if event is Event.DIED:
            deaths.append(name)

    name = f"worker-{queue}-lent"
    arguments = ["worker", f"--queue={queue}", f"--concurrency={CONCURRENCY}"]
    spec = service_spec(here.settings, name, arguments, ready_line=None, stop_order=0)

    def check() -> None:
        if len(deaths) >= _MOST_DEATHS:
            raise PressrunError(f"the worker that was started for this does not stay: see {spec.log_path}")

    with interrupts(), supervised([spec], on_event=on_event):
        yield check
