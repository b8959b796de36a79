"""Posts or replies, each with a worker that dies, crashes or stalls at a point, and a server that misbehaves.

One cell is one post, or one reply, of an account of its own. A round does what schedulers and workers do together: what
is due is claimed and run, each step in a thread; a worker that stalls keeps its thread until it is let go. Dates are
moved, so that nothing waits for minutes; what must truly pass is set short: settling, and the leases of workers that
stall. The lease of a worker that dies or crashes is long, so that a slow machine cannot take it away, and ends with its
worker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from models.history.media import SeenMedia, see_media
from models.owed.claims import claim_due
from models.owed.works import WORKS, Work
from models.posts.part import parts_of
from models.posts.post import Post, get_post
from models.publishing.reply import queue_reply
from pressrun import clock, failpoints
from pressrun.failpoints import FailpointRaised
from pressrun.network.hints import Hint, Task
from scheduler.posts.importing import import_file
from tests.factories.rows import KEY, make_mention
from tests.integration.harvest.instagram import publish
from tests.support.bench import Bench
from tests.support.mortal import Doomed, Mortals
from tests.support.servers import url_of
from tests.support.stack import write_campaign
from tests.support.waiting import until
from worker.boundary import perform
from worker.tasks import STEPS

REACHED_BY = {
    "stage": (Task.POST_STAGE, Task.POST_POLL),  # a carousel's whole is created once its items are ready
    "poll": (Task.POST_POLL,),
    "publish": (Task.POST_PUBLISH,),
    "reconcile": (Task.POST_RECONCILE,),
    "comment": (Task.POST_AFTERCARE,),
    "reply": (Task.REPLY_SEND,),
}
"""The steps that come by the points of each name."""
_CLAIM_AT_ONCE = 500
_THREADS = 8
_LOOK_EVERY_S = 0.25
"""Often enough for what truly passes, seconds; each look is seven statements over all cells."""
_LONG_LEASE = timedelta(seconds=60)


class Action(StrEnum):
    EXIT = "exit"
    """The process is gone, by SIGKILL to itself."""
    RAISE = "raise"
    STALL = "stall"
    """Held until its lease is over and another worker has taken the row; then it goes on."""
    COMA = "coma"
    """Held until the row is settled; then it goes on."""


@dataclass
class Cell:
    """One post or reply: where its worker fails, and what the server does to which calls."""

    point: str
    action: Action
    server: str | None
    """A fault mode of the simulator; None: it does as it is told."""
    struck: tuple[str, ...] = ("media_publish",)
    """The endpoints whose first call meets that mode."""
    before: str | None = None
    """A point at which a worker crashes first, so that `point` is reached at all."""
    columns: Mapping[str, str] = field(default_factory=dict)
    index: int = 0
    row_id: int = 0
    reached: list[str] = field(default_factory=list)
    held: Held | None = None

    @property
    def name(self) -> str:
        return f"{self.point} {self.action} {self.server or 'accepts'}"

    @property
    def has_fired(self) -> bool:
        return self.point in self.reached

    @property
    def media(self) -> int:
        """How many media it makes."""
        return self.columns["media"].count("|") + 1 if self.columns["type"] == "story" else 1


@dataclass
class Held:
    """A worker that hangs at a point."""

    claim: int
    since_s: float
    go_on: threading.Event = field(default_factory=threading.Event)


class Matrix:
    """The cells in one bench, on accounts from `first_account` on. A context manager: ends its threads and processes.

    Several may follow one another in the same bench, each with accounts of its own.
    """

    table = "posts"
    works: Sequence[Work] = WORKS[:2]

    def __init__(self, bench: Bench, cells: Sequence[Cell], *, first_account: int = 0) -> None:
        self.bench, self.cells, self._first = bench, list(cells), first_account
        self._here = threading.local()
        self._stack = ExitStack()
        self._mortals: Mortals | None = None
        self._killing = threading.Lock()

    def __enter__(self) -> Self:
        self._queue()
        self._ctx = self.bench.ctx  # made once, before the threads
        if all(cell.action in (Action.EXIT, Action.RAISE) for cell in self.cells):
            lasting = self._ctx.settings.model_copy(update={"lease": _LONG_LEASE})
            self._ctx = replace(self._ctx, settings=lasting)
        self._pool = self._stack.enter_context(ThreadPoolExecutor(_THREADS + len(self.cells)))
        self._room = threading.Semaphore(_THREADS)
        self._stack.callback(self._let_all_go)
        self._stack.enter_context(failpoints.watched(self._at))
        if any(cell.action is Action.EXIT for cell in self.cells):
            bench = self.bench
            self._mortals = Mortals.start(
                bench.settings,
                lease=_LONG_LEASE,
                database_url=url_of(bench.database),
                key=KEY,
                media_base_url=bench.media_base_url,
            )
            self._stack.callback(self._mortals.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, timeout_s: float) -> None:
        """Until nothing is owed to any row and nobody stalls any more. Raises AssertionError with the stories."""
        running, pause = set[Future[None]](), threading.Event()

        def settled() -> bool:
            running.difference_update([one for one in running if one.done() and one.result() is None])
            running.update(self._round())
            if running:
                wait(running, timeout=_LOOK_EVERY_S)
            else:  # all that is owed has to settle
                pause.wait(_LOOK_EVERY_S)
            self._release()
            owed = self.bench.value(f"SELECT count(*) FROM {self.table} WHERE next_action_at IS NOT NULL")  # noqa: S608
            return not owed and not any(cell.held for cell in self.cells) and all(one.done() for one in running)

        until(settled, timeout_s, self._unsettled)

    def story(self, cell: Cell) -> str:
        return f"{cell.name}; reached {cell.reached}\n{self.bench.story(cell.row_id)}"

    def post(self, cell: Cell) -> Post:
        with self.bench.database.transaction() as tx:
            return get_post(tx, cell.row_id)

    def media_ids(self, cell: Cell) -> list[str | None]:
        """What its parts are live as, to our knowledge, in order."""
        with self.bench.database.transaction() as tx:
            return [part.media_id for part in parts_of(tx, cell.row_id) if part.parent_id is None]

    def comments(self, cell: Cell) -> list[tuple[str, str]]:
        """Id and text of each comment that stands below its media."""
        simulator = self.bench.simulator
        answer = simulator.http.get(
            f"/v25.0/{self.post(cell).media_id}/comments", params={"access_token": simulator.token(cell.index)}
        )
        return [(one["id"], one["text"]) for one in answer.raise_for_status().json()["data"]]

    def _queue(self) -> None:
        bench, rows = self.bench, []
        for number, cell in enumerate(self.cells, self._first):
            cell.index = number
            account = bench.account(number)
            for endpoint in cell.struck if cell.server else ():
                bench.simulator.fault(endpoint=endpoint, mode=cell.server, nth=1, account=number)
            row = {"account": account.name, "publish_at": "+0s", "key": f"cell-{number}", "if_late": "publish"}
            if cell.columns["type"] != "story":
                row |= {"caption": cell.name, "first_comment": f"first of {cell.name}"}
            rows.append(row | dict(cell.columns))
        report = import_file(bench.database, bench.settings, write_campaign(bench.media_folder / "matrix.csv", rows))
        assert not report.problems, report.problems
        for cell, row_id in zip(self.cells, report.added, strict=True):
            cell.row_id = row_id

    def _round(self) -> list[Future[None]]:
        """Claim what is due and start its steps."""
        self._hurry()
        hints: list[Hint] = []
        for work in self.works:
            with self.bench.database.transaction() as tx:
                hints += claim_due(tx, work, limit=_CLAIM_AT_ONCE, lease_s=60)
        cells = {cell.row_id: cell for cell in self.cells}
        doomed = [hint for hint in hints if self._is_to_die(cells[hint.id], hint)]
        rest = [hint for hint in hints if hint not in doomed]
        futures = [self._pool.submit(self._perform, cells[hint.id], hint) for hint in rest]
        if doomed:
            futures.append(self._pool.submit(self._kill, [(cells[hint.id], hint) for hint in doomed]))
        return futures

    def _is_to_die(self, cell: Cell, hint: Hint) -> bool:
        is_next = not cell.has_fired and cell.before in (None, *cell.reached)
        return cell.action is Action.EXIT and is_next and hint.task in REACHED_BY[cell.point.partition(".")[0]]

    def _perform(self, cell: Cell, hint: Hint) -> None:
        with self._room:
            self._here.cell, self._here.crashed = cell, False
            perform(self._ctx, STEPS, hint)
            if self._here.crashed:
                self._end_lease(hint)

    def _kill(self, steps: Sequence[tuple[Cell, Hint]]) -> None:
        assert self._mortals is not None
        with self._killing:
            codes = self._mortals.run([Doomed(hint, cell.point) for cell, hint in steps])
        for (cell, hint), code in zip(steps, codes, strict=True):
            assert code in (0, -9), f"{cell.name} ended with {code}:\n{self._mortals.output}"
            if code:
                cell.reached.append(cell.point)
                self._end_lease(hint)

    def _end_lease(self, hint: Hint) -> None:
        """As if its time had passed: the worker that took this hint is gone."""
        with self.bench.database.transaction() as tx:
            tx.execute(
                text(f"""
                    UPDATE {self.table}
                       SET leased_until = now() - interval '1 ms', next_action_at = now() - interval '1 ms'
                     WHERE id = :id AND claim = :taken AND leased_until IS NOT NULL
                """),  # noqa: S608
                {"id": hint.id, "taken": hint.claim + 1},
            )

    def _at(self, name: str) -> None:
        """What happens when a thread of ours reaches a point."""
        cell: Cell | None = getattr(self._here, "cell", None)
        if cell is None or name not in (cell.point, cell.before) or name in cell.reached:
            return
        if name == cell.point and cell.before not in (None, *cell.reached):
            return
        cell.reached.append(name)
        if name == cell.before or cell.action is Action.RAISE:
            self._here.crashed = True
            raise FailpointRaised(name)
        cell.held = Held(self._claim(cell), time.monotonic())
        self._room.release()
        try:
            assert cell.held.go_on.wait(120), f"nobody let {cell.name} go on"
        finally:
            self._room.acquire()
            cell.held = None

    def _hurry(self) -> None:
        """As if the time had come for whatever waits. Only leases and the settling of a publish truly run out.

        A comment or reply is doubted for some minutes: they are taken as passed once its sender's lease and call are
        over. Until then it is looked for in the first second only: a lost one has been found by then, others need the
        time.
        """
        with self.bench.database.transaction() as tx:
            tx.execute(
                text("""
                    UPDATE accounts
                       SET state = 'active', state_reason = NULL, state_until = NULL, token_refused = NULL
                     WHERE state <> 'active' OR num_nonnulls(state_reason, state_until, token_refused) > 0
                """)
            )
            tx.execute(
                text(f"""
                    UPDATE {self.table} r SET next_action_at = now() - interval '1 ms'
                     WHERE next_action_at > now() AND leased_until IS NULL
                       AND NOT (state = 'uncertain' AND next_action_at < now() + interval '3 s')
                       AND NOT EXISTS (SELECT FROM attempts a
                                        WHERE r.id = CASE a.action WHEN 'reply' THEN a.reply_id ELSE a.post_id END
                                          AND a.action <> 'publish' AND a.state IN ('intent', 'unknown')
                                          AND a.intent_at BETWEEN now() - interval '4 s' AND now() - interval '1 s')
                """)  # noqa: S608
            )
            tx.execute(
                text("""
                    UPDATE attempts SET intent_at = intent_at - interval '6 minutes'
                     WHERE action <> 'publish' AND state IN ('intent', 'unknown')
                       AND intent_at BETWEEN now() - interval '1 minute' AND now() - interval '4 seconds'
                """)
            )

    def _release(self) -> None:
        lease_s = self.bench.settings.lease.total_seconds()
        outlasted = [
            (cell, held)
            for cell in self.cells
            if (held := cell.held) and time.monotonic() - held.since_s > lease_s + 0.2
        ]
        rows = self._rows([cell for cell, _ in outlasted])
        for cell, held in outlasted:
            row = rows[cell.row_id]
            taken_over = row.claim > held.claim and row.leased_until is None
            if row.next_action_at is None or (cell.action is Action.STALL and taken_over):
                held.go_on.set()

    def _let_all_go(self) -> None:
        for cell in self.cells:
            if (held := cell.held) is not None:
                held.go_on.set()

    def _claim(self, cell: Cell) -> int:
        return int(self._row(cell).claim)

    def _row(self, cell: Cell) -> Any:
        return self._rows([cell])[cell.row_id]

    def _rows(self, cells: Sequence[Cell]) -> dict[int, Any]:
        if not cells:
            return {}
        query = f"SELECT id, claim, leased_until, next_action_at FROM {self.table} WHERE id = ANY(:ids)"  # noqa: S608
        with self.bench.database.transaction() as tx:
            found = tx.execute(text(query), {"ids": [cell.row_id for cell in cells]}).all()
        return {row.id: row for row in found}

    def _unsettled(self) -> str:
        owed = [cell for cell in self.cells if cell.held or self._row(cell).next_action_at is not None]
        return "\n\n".join(self.story(cell) for cell in owed[:5]) + f"\n{len(owed)} cells are not settled"


class ReplyMatrix(Matrix):
    """The same of replies to mentions below media of the accounts themselves, where a lost one can be looked for."""

    table = "replies"
    works = tuple(work for work in WORKS if work.table == "replies")

    def story(self, cell: Cell) -> str:
        query = text("SELECT CAST(a AS text) FROM attempts a WHERE reply_id = :id ORDER BY id")
        with self.bench.database.transaction() as tx:
            attempts = "\n".join(tx.scalars(query, {"id": cell.row_id}))
        return f"{cell.name}; reached {cell.reached}\n{self.reply(cell)}\n{attempts}"

    def reply(self, cell: Cell) -> Any:
        with self.bench.database.transaction() as tx:
            return tx.execute(text("SELECT * FROM replies WHERE id = :id"), {"id": cell.row_id}).one()

    def replies(self, cell: Cell) -> list[tuple[str, str]]:
        """Id and text of each comment that stands below the mention."""
        simulator = self.bench.simulator
        query = "SELECT ig_comment_id FROM mentions m JOIN replies r ON r.mention_id = m.id WHERE r.id = :id"
        answer = simulator.http.get(
            f"/v25.0/{self.bench.value(query, id=cell.row_id)}/replies",
            params={"access_token": simulator.token(cell.index)},
        )
        return [(one["id"], one["text"]) for one in answer.raise_for_status().json()["data"]]

    def _queue(self) -> None:
        for number, cell in enumerate(self.cells, self._first):
            cell.index = number
            account, now = self.bench.account(number), clock.now()
            media_id = publish(self.bench.simulator, number)[0]
            made = self.bench.simulator.post("/_sim/mention", account=number, kind="comment", media_id=media_id)
            for endpoint in cell.struck if cell.server else ():
                self.bench.simulator.fault(endpoint=endpoint, mode=cell.server, nth=1, account=number)
            with self.bench.database.transaction() as tx:
                see_media(tx, account.id, [SeenMedia(media_id)], now=now)
                mention = make_mention(tx, account, ig_media_id=media_id, ig_comment_id=made["comment_id"])
                cell.row_id = queue_reply(tx, mention, f"thanks, {cell.name}", again=False, now=now).id


def ledger_by_account(bench: Bench) -> dict[int, list[dict[str, Any]]]:
    """What the simulator accepted, by the number of the account."""
    found: dict[int, list[dict[str, Any]]] = {}
    for entry in bench.simulator.publishes():
        found.setdefault(entry["account_index"], []).append(entry)
    return found
