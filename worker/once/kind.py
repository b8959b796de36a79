"""What is called once: what a kind of call (post, first comment, reply) says of itself. The protocol is `call.py`'s.

A kind says how it is called, how it is looked for, and what an outcome means for its rows; it decides nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass
from graph.client import GraphClient
from models.accounts.account import Account
from models.owed.claims import Lease, renew
from models.owed.gate import Purpose
from models.owed.seizing import lock
from models.posts.event import Cause
from models.publishing.attempt import Attempt, SettledBy, Target
from pressrun import clock
from pressrun.clock import Deadline
from worker.backoff import Backoff
from worker.context import WorkerContext
from worker.once.moment import Moment
from worker.once.sight import Sight


@dataclass(frozen=True)
class Again:
    """When it is tried once more: `wait_reason` is what it waits for, `tries` what has failed in passing so far."""

    at: datetime
    tries: int
    wait_reason: str | None = None
    error_class: ErrorClass | None = None


class Once(ABC):
    """One call at work. The rows are detached and only read.

    What an outcome means for the kind's rows is written in the caller's transaction, and ends or keeps the lease there;
    each of these raises ClaimLost when the claim has passed on, but `done`.
    """

    name: ClassVar[str]
    """In events and failpoints."""
    reading_name: ClassVar[str]
    """In the failpoints of its reading."""
    patience: ClassVar[Backoff]
    """Between tries that failed in passing."""
    most_tries: ClassVar[int]
    """Of what is refused in passing."""
    most_lost: ClassVar[int | None] = None
    """Calls without an answer that proved to have done nothing; None: as long as it makes sense."""
    first_look_after: ClassVar[timedelta]
    settles_after: ClassVar[timedelta] = timedelta(0)
    """A thing that stands is listed by then, whatever the settings say."""

    def __init__(self, ctx: WorkerContext, lease: Lease, account: Account, attempt: Attempt) -> None:
        self.ctx, self.lease, self.account, self.attempt = ctx, lease, account, attempt

    @property
    @abstractmethod
    def target(self) -> Target: ...

    @property
    @abstractmethod
    def tries(self) -> int:
        """Tries that have failed in passing before this one."""

    @property
    def subject(self) -> str:
        """How messages name it."""
        return ""

    @property
    def asked_at(self) -> datetime:
        """Since when lost calls count against it: a person may ask once more."""
        return datetime.min.replace(tzinfo=clock.now().tzinfo)

    @abstractmethod
    def call(self, client: GraphClient, *, deadline_s: float) -> str:
        """Make the call, once; the id of what came of it. Raises GraphError."""

    @abstractmethod
    def look(self, client: GraphClient) -> Sight:
        """Read whether it stands. Raises GraphError and GateShut like any reading."""

    @abstractmethod
    def done(self, tx: Session, result_id: str, *, by: SettledBy, is_held: bool) -> None:
        """It stands: true whoever holds the row. `is_held`: under our claim, which ends or moves on with it."""

    @abstractmethod
    def doubt(self, tx: Session, told: Cause, *, look_at: datetime | None) -> None:
        """It may stand, and is looked for at that time; None: at once, under the same lease."""

    @abstractmethod
    def again(self, tx: Session, told: Cause, again: Again) -> None:
        """It does not stand, and is sent later."""

    @abstractmethod
    def fail(self, tx: Session, told: Cause) -> None:
        """It does not stand, and is not sent again."""

    @abstractmethod
    def unsent(self, tx: Session, told: Cause) -> None:
        """No call was made, and the row has passed on: whoever holds it by now loses it, for what they were about to
        find out is known. The attempt is settled, and was in doubt until now."""

    @abstractmethod
    def twice(self, tx: Session, told: Cause) -> None:
        """An answer that came late says that it stands, though it was tried again since: a person has to look."""

    @abstractmethod
    def question(self, why: str) -> str:
        """What a person is asked when nobody else can tell whether it stands, and what to do."""

    @abstractmethod
    def review(self, tx: Session, question: str) -> None:
        """Nothing is sent until a person has decided."""

    @property
    def sure_until(self) -> Deadline | None:
        """Up to when the row is known to be ours without asking; None: it is asked right before the call."""
        return None

    def make_client(self, moment: Moment) -> GraphClient:
        """For the call, which the moment may veto."""
        return self.ctx.client(self.account, Purpose.PUBLISH, last_look=moment)

    def keep_plainly(self, result_id: str) -> bool:
        """Keep in one round trip that it stands; False when that is not all there is to it, and nothing was changed."""
        return False

    @property
    def settled_at(self) -> datetime:
        """From when on a list that does not show it may prove that it was not done."""
        return self.attempt.intent_at + max(self.ctx.settings.settle, self.settles_after)

    @property
    def client(self) -> GraphClient:
        """For reading."""
        return self.ctx.client(self.account, Purpose.PUBLISH)

    def again_after(self, wait: timedelta, *, now: datetime) -> datetime:
        """When to try again what frees itself unannounced."""
        return now + wait

    def lock(self, tx: Session) -> None:
        """The row of work, before anything that belongs to it, and after the account (`models/__init__.py`)."""
        lock(tx, self.lease.table, self.lease.id)

    def renew(self) -> None:
        """The lease with its full time again. Raises ClaimLost."""
        with self.ctx.database.transaction() as tx:
            self.lease = renew(tx, self.lease)
