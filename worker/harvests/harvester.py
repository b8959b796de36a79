"""One harvest at work: the account and its client, the claim it is held under, and the book of what happened.

A kind is a function from a Harvester to the stores it yields, one per answer that is worth keeping. It never opens a
transaction around a call; `ask` makes the call only while the claim will outlive it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import Page, Walk
from graph.client import CallRecord, GraphClient
from models.accounts.account import Account
from models.harvests.closing import Result, record_run
from models.harvests.harvest import HarvestKind
from models.owed import claims
from models.owed.claims import Lease
from models.store import sparing
from pressrun.errors import PressrunError
from pressrun.failpoints import reach
from worker.context import WorkerContext
from worker.harvests.answers.given import Given
from worker.harvests.answers.raw import RawAnswers
from worker.harvests.answers.refusals import Memory, Refuses, Sifted, is_refusal, sift
from worker.harvests.notes import Notes

T = TypeVar("T")

Store = Callable[[Session, int], int]
"""Writes one answer under a run id; returns how many rows the history grew by."""

_MOST_IN_A_ROW = 3


class Stopping(PressrunError):
    """This worker is shutting down; another goes on with the slot."""


@dataclass
class Harvester(Notes):
    """What a kind reads with. Lives as long as one step."""

    ctx: WorkerContext
    account: Account
    kind: HarvestKind
    lease: Lease
    run_id: int
    slot_at: datetime
    """The run's slot: it says in which month the run lies."""
    run_started_at: datetime
    covered_at: datetime | None
    """Until when an earlier run had read everything; None when none ever did."""
    tries: int
    """Which try of this slot it is, from 1."""
    memory: Memory
    client: GraphClient = field(init=False)
    calls: int = 0
    has_unread: bool = False
    """Something failed that may work the next time."""
    covers: bool = True
    """No list broke off without saying whether more of it follows."""
    has_answer: bool = False
    """Instagram has answered something."""
    api_version: str | None = None
    """Which version of the API answered last, as it said itself."""
    raw: RawAnswers = field(default_factory=RawAnswers)
    given: Given | None = None
    """What a call for several harvests of the account has told this one; until it is taken."""
    _failed_in_a_row: int = 0

    def count(self, record: CallRecord) -> None:
        self.calls += 1
        self.api_version = record.api_version or self.api_version
        if self.ctx.settings.raw_answers:
            self.raw.add(record, tokens=self.client.credentials.tokens)

    def take_given(self) -> Given | None:
        """The answer to this harvest's first call, if it has come already; once."""
        given, self.given = self.given, None
        if given is not None:
            self.has_answer = True
            self.covers = self.covers and not (given.page is not None and given.page.is_cut)
        return given

    def transaction(self) -> AbstractContextManager[Session]:
        return self.ctx.database.transaction()

    def ask(self, call: Callable[[], T]) -> T:
        """The answer of one call. Raises what it raises, Stopping before it, ClaimLost when the row has passed on."""
        if self.ctx.stopping.is_set():
            raise Stopping
        self._keep_lease()
        answer = call()
        self._failed_in_a_row, self.has_answer = 0, True
        if isinstance(answer, Page) and answer.is_cut:
            self.covers = False
        return answer

    def ask_apart(self, what: str, call: Callable[[], T], *, can_wait: bool = False) -> T | None:
        """The answer of a call that others do not depend on; None when Instagram refused it or failed on it alone.

        Several passing failures in a row are raised: then it is not this call. `can_wait`: what failed is read again
        soon enough by a later slot, so that this one need not be tried once more for it.
        """
        try:
            return self.ask(call)
        except GraphError as error:
            if not is_refusal(error) and error.error_class is not ErrorClass.TRANSIENT:
                raise
            if not is_refusal(error):
                self._failed_in_a_row += 1
                if self._failed_in_a_row >= _MOST_IN_A_ROW:
                    raise
                self.has_unread = self.has_unread or not can_wait
            self.note(what, error)
            return None

    def sift(
        self,
        metrics: Sequence[str],
        ask: Callable[[Sequence[str]], T],
        *,
        part: str = "",
        refuses: Refuses = is_refusal,
        unless_all: bool = False,
        apart: Collection[str] = (),
        has_other_way: bool = False,
    ) -> list[T]:
        """Answers for these metrics, without those that are refused.

        Args:
            refuses: which errors refuse a metric; all others are raised.
            part: what the metrics are asked of; refused there, they may be given elsewhere.
            apart: metrics that are asked alone, because they were refused elsewhere.
            unless_all: when every metric is refused, it is the object that is odd, and nothing is remembered.
            has_other_way: what is held refused here is asked for otherwise: nothing is lacking for it.
        """
        wanted = [name for name in metrics if not self.memory.holds(part + name)]
        for name in () if has_other_way else set(metrics).difference(wanted):
            self.leave_out(part + name)
        doubtful = [name for name in wanted if name in apart or self.memory.doubts(part + name)]
        groups = [[name for name in wanted if name not in doubtful], *([name] for name in doubtful)]
        sifted: Sifted[T] = Sifted()
        for group in filter(None, groups):
            found = sift(group, lambda some: self.ask(lambda: ask(some)), refuses=refuses)
            sifted.answers += found.answers
            sifted.refused |= found.refused
            sifted.inferred |= found.inferred
        is_odd = unless_all and len(wanted) > 1 and not sifted.answers
        self._remember(wanted, sifted, part, is_odd=is_odd)
        return sifted.answers

    def _remember(self, wanted: Sequence[str], sifted: Sifted[T], part: str, *, is_odd: bool) -> None:
        for name in wanted:
            error = sifted.refused.get(name)
            if error is None:
                self.memory.forget(part + name)
                continue
            self.note(part + name, error)
            if not is_odd:
                self.memory.add(part + name, error, is_inferred=name in sifted.inferred)

    def leave_out(self, what: str, until: datetime | None = None) -> None:
        """Note that this was refused before and is not asked for now; what is so of many media is one entry.

        `until`: where it is not the harvest's memory that says so. What was refused in this very run is told already.
        """
        until = until or self.memory.until(what)
        known = self.noted(what)
        if known is None:
            said = f"Instagram refused it before: it is left out until {until:%Y-%m-%d %H:%M} UTC"
            self.note(what, PressrunError(f"{said}, or until a run by hand"))
            known = self.noted(what)
        elif "held_until" in known:
            known["times"] = known.get("times", 1) + 1
            until = min(until, datetime.fromisoformat(known["held_until"]))
        if known is not None:
            known["held_until"] = until.isoformat()

    def walk(self, what: str, after: str | None = None) -> Walk:
        """A reading of a list from there on. Where it breaks off or leads back the run is told, and covers nothing."""
        return Walk(after, on_round=partial(self._note_round, what))

    def _note_round(self, what: str) -> None:
        """What lies behind the place that it leads back to nobody has shown."""
        self.covers = False
        self.note_once(what, PressrunError("the list leads back to a page that was read: it is not known to its end"))

    def note_longer(self, what: str, pages: int) -> None:
        """Note that a list goes on behind the pages that were read of it, and is not read there."""
        self.covers = False
        self.note_once(what, PressrunError(f"the list is longer than {pages} pages: it is not known to its end"))

    def store(self, store: Store) -> None:
        """Keep one answer, if the row is still ours."""

        def keep(tx: Session) -> None:
            # The fence comes first: of a step whose row has passed to someone else nothing may be kept.
            self.lease = claims.renew(tx, self.lease)
            self.record(tx, rows=self.write(tx, store))

        self.commit(keep)
        reach("harvest.after_store")

    def commit(self, keep: Callable[[Session], None]) -> None:
        """One transaction. What Postgres refuses of it is set aside and told, and the rest is kept."""
        try:
            with self.transaction() as tx:
                keep(tx)
        except DBAPIError as problem:
            if not sparing.is_refusal(problem):
                raise
            with self.transaction() as tx:
                sparing.spare(tx)
                keep(tx)

    def write(self, tx: Session, store: Store) -> int:
        """Run one store; how many rows the history grew by."""
        rows = store(tx, self.run_id)
        for one in sparing.spared(tx):
            self.note_aside(f"row: {one.what}", f"Postgres refuses it: {one.why}")
        return rows

    def record(
        self, tx: Session, *, rows: int, errors: Sequence[Any] | None = None, result: Result | None = None
    ) -> None:
        """Add to the run what was done since the last time, with the answers it rests on."""
        self.raw.store(
            tx,
            run_id=self.run_id,
            account_id=self.account.id,
            api_version=self.api_version or self.ctx.settings.graph_version,
        )
        calls, self.calls = self.calls, 0
        record_run(
            tx,
            (self.run_id, self.slot_at),
            calls=calls,
            rows=rows,
            api_version=self.api_version,
            errors=errors,
            result=result,
        )

    def _keep_lease(self) -> None:
        deadline_s = self.ctx.settings.call_deadline.total_seconds()
        # A claim must outlive the call; renewing is a statement, so quick calls share one.
        margin_s = (self.lease.lease_s - deadline_s) / 2
        if self.lease.deadline.remaining_s() < deadline_s + margin_s:
            with self.transaction() as tx:
                self.lease = claims.renew(tx, self.lease)
