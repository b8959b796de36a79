"""The last look before a call that must be made once: may it be made at this very moment?

The intent was committed a moment ago, but the machine may have stalled or slept since. Asked by the client after its
own look at the gate, right before the request is begun.
"""

from __future__ import annotations

from graph.wire.endpoints import Endpoint
from models.owed.claims import Lease
from models.publishing.attempt import Attempt
from models.store import server_clock
from models.store.server_clock import Distance
from pressrun import clock
from pressrun.clock import Deadline
from pressrun.errors import PressrunError
from worker.context import WorkerContext


class NotNow(PressrunError):
    """The call was not made: its moment has passed."""


class HeldUp(NotNow):
    """The worker cannot be sure any more that the row is its own: another may have it."""


class Moment:
    """Of one call. Given to a client as its `last_look`, it vetoes the call or stamps the attempt with its start."""

    def __init__(
        self, ctx: WorkerContext, lease: Lease, attempt: Attempt, *, sure_until: Deadline | None = None
    ) -> None:
        self._ctx, self._lease, self._attempt, self._sure_until = ctx, lease, attempt, sure_until

    def __call__(self, _endpoint: Endpoint) -> None:
        """Raises NotNow; then nothing was sent."""
        is_sure = self._sure_until is not None and not self._sure_until.passed
        if not self._ctx.may_call(self._lease, is_ours=is_sure):
            if self._ctx.stopping.is_set():
                raise NotNow("the worker is stopping")
            # Whoever has the post by now may have sent it, or is finding out whether we have.
            raise HeldUp("the worker stalled, its machine slept or its session ended between the intent and the call")
        if server_clock.distance() is Distance.TOO_FAR:
            raise NotNow(server_clock.describe())
        self._attempt.sent_at = clock.now()
