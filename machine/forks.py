"""What the services of this machine are forked from. It imports next to nothing: it is the first thing to start."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pressrun.embedded.forkserver import ForkServer, fork_server

PRELOADED = (
    *("cli.main", "machine.runtime", "machine.stopping", "models.owing"),
    *("scheduler.loop", "console.app", "console.serve"),
    *("worker.app", "celery.apps.worker", "celery.concurrency.thread", "kombu.transport.redis"),
)
"""What the services import (`cli/commands/starting`), so that one process imports it for all of them."""


def service_forks() -> AbstractContextManager[ForkServer | None]:
    """What services can be forked from, to be given to `machine.stack.supervised`. It imports while others go on."""
    return fork_server(PRELOADED)
