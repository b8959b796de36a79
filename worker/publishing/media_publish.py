"""The publish call of one part of a post: how it is made and looked for, and what its outcome means for the post."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass
from graph.client import GraphClient
from graph.publishing.publishing import ContainerStatus as Seen
from graph.publishing.publishing import Published
from models.accounts.account import lock_account
from models.owed import claims
from models.posts.event import Cause
from models.posts.part import Part
from models.posts.post import get_post
from models.posts.states import CANCELABLE, PostState, transition
from models.publishing import outcome
from models.publishing.attempt import Action, Attempt, SettledBy, Target
from models.publishing.container import Container, ContainerStatus, drop_container
from models.publishing.outcome import Sent
from pressrun import clock
from worker.backoff import PUBLISHING
from worker.context import WorkerContext
from worker.once.kind import Again, Once
from worker.once.sight import Absent, Beyond, Sight, Stands, Unclear
from worker.publishing.loaded import Loaded, move
from worker.publishing.matching import find_media
from worker.publishing.standing import ask_again_at, in_all, tell

FIRST_READ_AFTER = timedelta(seconds=2)


class MediaPublish(Once):
    """One part on its way out. `from_` is the state that the post was in when this was made."""

    name, reading_name = "publish", "reconcile"
    patience, most_tries = PUBLISHING, 1000
    first_look_after = FIRST_READ_AFTER

    def __init__(self, ctx: WorkerContext, loaded: Loaded, part: Part, attempt: Attempt, *, from_: PostState) -> None:
        super().__init__(ctx, loaded.lease, loaded.account, attempt)
        self._loaded, self._part, self._from = loaded, part, from_

    @property
    def loaded(self) -> Loaded:
        return self._loaded

    @property
    def part(self) -> Part:
        return self._part

    @property
    def container_ig_id(self) -> str:
        """What the call names."""
        return self.loaded.containers[self.part.id].ig_id or ""

    @property
    def target(self) -> Target:
        return Target.of_part(Action.PUBLISH, self.part)

    @property
    def tries(self) -> int:
        return self.loaded.post.tries

    @property
    def subject(self) -> str:
        return self.loaded.subject(self.part)

    def lock(self, tx: Session) -> None:
        if self.attempt.error_class is not None:  # that it is live shortens the hold of the account
            lock_account(tx, self.account.id)
        super().lock(tx)

    def again_after(self, wait: timedelta, *, now: datetime) -> datetime:
        return ask_again_at(self.loaded.post, now, wait=wait)

    def call(self, client: GraphClient, *, deadline_s: float) -> str:
        answer = client.publishing.publish(self.container_ig_id, deadline_s=deadline_s)
        if isinstance(answer, Published):
            return answer.media_id
        raise answer.error

    def look(self, client: GraphClient) -> Sight:
        container = self.loaded.containers.get(self.part.id)
        if container is None or container.ig_id is None or container.id != self.attempt.container_id:
            return Beyond("the container of the unresolved call is no longer known")
        seen = client.publishing.container(container.ig_id)
        if seen.status_code in (Seen.ERROR, Seen.EXPIRED):
            return Beyond(f"after the publish call its container is {seen.status_code}")
        if seen.status_code is Seen.IN_PROGRESS:
            return Unclear("its container was still in progress")
        found = find_media(self, client, self.loaded, self.part)
        if not found.is_whole:
            return Unclear("there were more media than could be read", found.kept())
        if seen.status_code is Seen.FINISHED:
            # A media that fits may be somebody else's, and its own status may lag: neither live nor not, by that.
            if found.ours:
                return Unclear("its container is unpublished and a media matches it")
            return Absent(found.began_at)
        if len(found.ours) == 1:
            return Stands(next(iter(found.ours)))
        return Unclear("several media match it" if found.ours else "no media matches it")

    def done(self, tx: Session, result_id: str, *, by: SettledBy, is_held: bool) -> None:
        # Whoever holds the post by now loses it: what they were about to find out is known.
        from_ = self._from if is_held else PostState(get_post(tx, self.loaded.post.id).state)
        claim = self.lease.claim if is_held else None
        sent = Sent(self.loaded.post, self.part, self.attempt, claim, self.subject)
        outcome.record_published(tx, sent, result_id, from_=from_, by=by, now=clock.now())

    def doubt(self, tx: Session, told: Cause, *, look_at: datetime | None) -> None:
        lease_s = self.lease.lease_s if look_at is None else None
        wait_reason = None if look_at is None else "reconcile"
        move(
            tx,
            self.loaded,
            PostState.UNCERTAIN,
            told,
            from_=self._from,
            next_action_at=look_at,
            wait_reason=wait_reason,
            lease_s=lease_s,
        )

    def again(self, tx: Session, told: Cause, again: Again) -> None:
        container_id, now = self.attempt.container_id, clock.now()
        to, at = PostState.STAGED, again.at
        if again.error_class is ErrorClass.NOT_READY:
            # The container was not ready after all: back to looking at it.
            status = {"status_code": ContainerStatus.IN_PROGRESS.value, "finished_at": None}
            tx.execute(update(Container).where(Container.id == container_id).values(status))
            to, at = PostState.STAGING, now + FIRST_READ_AFTER
        elif again.error_class is ErrorClass.CONTAINER_EXPIRED and container_id is not None:
            drop_container(tx, container_id, reason="expired", now=now)
        move(
            tx,
            self.loaded,
            to,
            told,
            from_=self._from,
            next_action_at=at,
            wait_reason=again.wait_reason,
            tries=again.tries,
        )
        claims.wake_schedulers(tx)

    def fail(self, tx: Session, told: Cause) -> None:
        tell(tx, self.loaded.post.id, in_all(self.loaded, told.message or told.reason), told.error_class)
        move(tx, self.loaded, PostState.FAILED, told, from_=self._from)

    def unsent(self, tx: Session, told: Cause) -> None:
        post = get_post(tx, self.loaded.post.id)
        state = PostState(post.state)
        if state in (PostState.PUBLISHING, PostState.UNCERTAIN, PostState.NEEDS_REVIEW):
            tell(tx, post.id, None, None)  # no question is left
            self._take(tx, state, PostState.STAGED, told, next_action_at=clock.now())
        else:
            outcome.tell(tx, post, told)

    def twice(self, tx: Session, told: Cause) -> None:
        post = get_post(tx, self.loaded.post.id)
        state, said = PostState(post.state), told.message or told.reason
        if state is PostState.PUBLISHED:
            look = f"{said}, beside media {post.media_id}: take down one of the two, then resolve it as the other"
            outcome.note_missing(tx, post.id, outcome.ONCE, look)
            outcome.tell(tx, post, told)
        elif state is PostState.PUBLISHING:
            # Its next call, if it has not been begun, finds its claim lost.
            self._take(tx, state, PostState.UNCERTAIN, told, next_action_at=clock.now() + FIRST_READ_AFTER)
        elif state in CANCELABLE:
            tell(
                tx, post.id, f"{said}. That was before an edit: cancel the post, or resume it to publish this too", None
            )
            self._take(tx, state, PostState.DRAFT, told, wait_reason="paused")
        else:
            tell(tx, post.id, said, None)
            outcome.tell(tx, post, told)

    def _take(
        self,
        tx: Session,
        from_: PostState,
        to: PostState,
        told: Cause,
        *,
        next_action_at: datetime | None = None,
        wait_reason: str | None = None,
    ) -> None:
        """From whoever holds the post by now."""
        transition(
            tx,
            self.loaded.post.id,
            from_=from_,
            to=to,
            claim=None,
            cause=told,
            next_action_at=next_action_at,
            wait_reason=wait_reason,
        )
        claims.wake_schedulers(tx)

    def question(self, why: str) -> str:
        return f"{why}. Look at {self.account.name} on Instagram: is the post there? Then resolve it by hand"

    def review(self, tx: Session, question: str) -> None:
        tell(tx, self.loaded.post.id, question, None)
        told = Cause("reconcile.needs_review", question)
        move(tx, self.loaded, PostState.NEEDS_REVIEW, told, from_=self._from)
