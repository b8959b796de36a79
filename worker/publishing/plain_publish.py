"""The publish of a post that nothing stands in the way of: take, intent and settling are two round trips in all.

    begin      claim taken, place reserved, attempt `intent`, post `publishing`: committed (in `models/publishing`)
    call       as ever (`worker/once/call.py`)
    settled    attempt and post, where the answer is a media id

Whatever else comes of the call is told and kept as ever, with the rows read for it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy.exc import DBAPIError

from graph.client import GraphClient
from models.owed.claims import Lease
from models.owed.gate import Purpose
from models.posts.part import Part
from models.posts.states import PostState
from models.publishing import plain_publish
from models.publishing.plain_publish import Begun, Live
from models.store import server_clock
from models.store.server_clock import Distance
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.failpoints import reach
from pressrun.network.hints import Hint
from worker import boundary
from worker.context import WorkerContext
from worker.once.call import send
from worker.once.kind import Once
from worker.once.moment import Moment
from worker.publishing.loaded import Loaded, read_held
from worker.publishing.media_publish import MediaPublish
from worker.publishing.publish import BACKLOG_AFTER

_log = log.get(__name__)


def begin(ctx: WorkerContext, hint: Hint) -> boundary.Begun | None:
    """Take the post of a hint and commit its intent; None, with nothing changed, when it goes the long way."""
    begun = begin_all(ctx, [(hint.id, hint.claim)], waits=True)
    return step_of(begun[0]) if begun else None


def begin_all(ctx: WorkerContext, claims: Sequence[tuple[int, int]], *, waits: bool) -> list[Begun]:
    """The same for several posts, in one commit: those that were begun. Nothing of the others was changed.

    Args:
        claims: number and claim of each.
        waits: also for accounts that somebody holds right now.
    """
    if server_clock.distance() is not Distance.NONE:
        return []
    reach("publish.before_intent")
    before = clock.own()
    begun = plain_publish.begin(
        ctx.database,
        claims,
        lease_s=ctx.settings.lease.total_seconds(),
        holder=ctx.holder,
        app_id=ctx.settings.app_id,
        backlog_after=BACKLOG_AFTER,
        waits=waits,
    )
    if begun:
        server_clock.seen(before, begun[0].attempt.intent_at)
    return begun


def step_of(begun: Begun) -> boundary.Begun:
    """What is left to be done with it."""
    return begun.lease, partial(_send, begun)


def _send(begun: Begun, ctx: WorkerContext, _lease: Lease) -> None:
    send(PlainPublish(ctx, begun))


class PlainPublish(MediaPublish):
    """A post of one part on its way out, of which only what the call needs has been read."""

    def __init__(self, ctx: WorkerContext, begun: Begun) -> None:
        Once.__init__(self, ctx, begun.lease, begun.account, begun.attempt)
        self._begun, self._from = begun, PostState.PUBLISHING
        self._read: Loaded | None = None

    @property
    def loaded(self) -> Loaded:
        if self._read is None:
            self._read = read_held(self.ctx, self.lease)
        return self._read

    @property
    def part(self) -> Part:
        return next(part for part in self.loaded.parts if part.id == self.attempt.part_id)

    @property
    def tries(self) -> int:
        return self._begun.tries

    @property
    def sure_until(self) -> Deadline:
        return self._begun.is_fresh

    @property
    def container_ig_id(self) -> str:
        return self._begun.container_ig_id

    def make_client(self, moment: Moment) -> GraphClient:
        return self.ctx.client(self.account, Purpose.PUBLISH, last_look=moment, asks_gate=False)  # asked by the intent

    def keep_plainly(self, result_id: str) -> bool:
        sent_at = self.attempt.sent_at or self.attempt.intent_at
        try:
            return self.ctx.settler.keep(Live(self._begun, result_id, sent_at, clock.now()))
        except DBAPIError as problem:
            _log.info("publish.kept_the_long_way", row_id=self.lease.id, error=str(problem.orig))
            return False
