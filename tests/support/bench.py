"""The worker's steps without Celery: real rows, a real simulator, and claims driven one at a time.

`Bench.step()` does what a scheduler and a worker do together: claim what is due, run its step. Waiting for a date is
done by moving the date, so that tests never wait for minutes; what must really take time (settling) is set short.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from graph.wire.transport import Transport
from models.accounts.account import Account
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.event import PostEvent, timeline
from models.posts.post import Post, get_post
from models.posts.states import PostState
from models.store.session import Database
from pressrun.media.links import derive_key
from pressrun.network.hints import Hint, Task
from pressrun.settings import Settings
from pressrun.vault import Vault
from scheduler.posts.importing import import_fields
from tests.factories.rows import KEY, make_account
from tests.support.simulator import Simulator
from tests.support.waiting import until
from worker.boundary import Step, perform
from worker.context import WorkerContext
from worker.publishing import aftercare, poll, publish, reconcile, stage

STEPS: Mapping[Task, Step] = {
    Task.POST_STAGE: stage.run,
    Task.POST_POLL: poll.run,
    Task.POST_PUBLISH: publish.run,
    Task.POST_RECONCILE: reconcile.run,
    Task.POST_AFTERCARE: aftercare.run,
}
_REST_S = 0.1
FINAL = (PostState.PUBLISHED, PostState.FAILED, PostState.EXPIRED, PostState.CANCELED, PostState.NEEDS_REVIEW)


@dataclass
class Bench:
    database: Database
    simulator: Simulator
    settings: Settings
    media_base_url: str | None
    media_folder: Path
    _ctx: WorkerContext | None = field(default=None)

    @property
    def ctx(self) -> WorkerContext:
        if self._ctx is None:
            self._ctx = WorkerContext(
                settings=self.settings,
                database=self.database,
                vault=Vault([KEY]),
                transport=Transport(),
                media_base_url=self.media_base_url,
                media_key=derive_key(KEY),
            )
        return self._ctx

    def account(self, index: int = 0, **over: Any) -> Account:
        """The simulator's account `index`, added to the database."""
        values = {
            "ig_id": self.simulator.ig_id(index),
            "login": "facebook" if index % 2 == 0 else "instagram",
            "token": self.simulator.token(index),
            "name": f"sim-{index}",
            "username": None,
        }
        with self.database.transaction() as tx:
            return make_account(tx, **values | over)

    def post(self, account: Account, **columns: str) -> int:
        """Queue one post through the import; returns its number. A file name is one of `media_folder`."""
        fields = {"account": account.name, "publish_at": "+0s", "type": "image", "media": "feed.jpg", **columns}
        if fields["type"] != "story":
            fields.setdefault("caption", "a caption")
        report = import_fields(self.database, self.settings, fields, base=self.media_folder)
        assert not report.problems, report.problems
        return report.added[0]

    def step(self, *tasks: Task) -> int:
        """Claim everything that is due and run it; only those tasks, if any are named. Returns how many ran."""
        hints: list[Hint] = []
        for work in WORKS[:2]:
            with self.database.transaction() as tx:
                hints += claim_due(tx, work, limit=100, lease_s=30)
        wanted = [hint for hint in hints if not tasks or hint.task in tasks]
        with self.database.transaction() as tx:
            for hint in hints:
                if hint not in wanted:
                    tx.execute(
                        text("UPDATE posts SET leased_until = NULL, next_action_at = now() WHERE id = :id"),
                        {"id": hint.id},
                    )
        for hint in wanted:
            perform(self.ctx, STEPS, hint)
        return len(wanted)

    def hurry(self) -> None:
        """Make every owed step due now, and end every lease: as if its time had passed.

        The settling of a lost answer truly passes; until then there is nothing to be learnt but that it has not.
        """
        settles_s = (self.settings.settle + self.settings.settle_gap).total_seconds()
        with self.database.transaction() as tx:
            tx.execute(
                text("""
                    UPDATE posts SET next_action_at = now() - interval '1 ms',
                           publish_at = CASE state WHEN 'staged' THEN least(publish_at, now()) ELSE publish_at END
                     WHERE next_action_at > now()
                       AND NOT (state = 'uncertain' AND leased_until IS NULL
                                AND next_action_at < now() + make_interval(secs => :settles_s))
                """),
                {"settles_s": settles_s},
            )

    def drive(self, post_id: int, *states: PostState, timeout_s: float = 30, hurry: bool = True) -> Post:
        """Run steps until the post is in one of the states (default: a final one); returns it."""
        wanted = states or FINAL

        def arrived() -> Post | None:
            if hurry:
                self.hurry()
            post = self.read(post_id)
            if post.state in wanted:
                return post
            self._step_or_rest()
            post = self.read(post_id)
            return post if post.state in wanted else None

        return until(arrived, timeout_s, lambda: self.story(post_id))

    def settle(self, post_id: int, timeout_s: float = 30) -> Post:
        """Run steps until nothing is owed to the post."""

        def settled() -> Post | None:
            self.hurry()
            self._step_or_rest()
            post = self.read(post_id)
            return post if post.next_action_at is None else None

        return until(settled, timeout_s, lambda: self.story(post_id))

    def _step_or_rest(self) -> None:
        if not self.step():  # what is owed has to settle: a look at it is some ten statements
            threading.Event().wait(_REST_S)

    def read(self, post_id: int) -> Post:
        with self.database.transaction() as tx:
            return get_post(tx, post_id)

    def story(self, post_id: int) -> str:
        """The post's timeline, for the message of a failing test."""
        with self.database.transaction() as tx:
            post = get_post(tx, post_id)
            lines = [
                f"{e.at:%H:%M:%S.%f} {e.from_state} -> {e.to_state} {e.reason}: {e.message}"
                for e in timeline(tx, post_id)
            ]
        return "\n".join([f"post {post_id} is {post.state}, next at {post.next_action_at}, error {post.error}", *lines])

    def events(self, post_id: int) -> list[str]:
        return [event.reason for event in self.timeline(post_id)]

    def timeline(self, post_id: int) -> list[PostEvent]:
        with self.database.transaction() as tx:
            return list(timeline(tx, post_id))

    def value(self, sql: str, **parameters: Any) -> Any:
        with self.database.transaction() as tx:
            return tx.execute(text(sql), parameters).scalar()

    def close(self) -> None:
        if self._ctx is not None:
            self._ctx.close()


BenchFactory = Callable[..., Bench]
