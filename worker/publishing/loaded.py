"""A post as a step sees it: its row, account, parts and live containers, read together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from models import claims
from models.account import Account, get_account
from models.claims import Lease
from models.container import Container, live_containers
from models.event import Cause
from models.part import Part, PartKind, parts_of
from models.post import Post, get_post
from models.states import PostState, transition
from worker.context import WorkerContext


@dataclass(frozen=True)
class Loaded:
    """One consistent reading; the rows are detached and only read."""

    lease: Lease
    post: Post
    account: Account
    parts: list[Part]
    containers: dict[int, Container]
    """The live container of each part that has one."""

    @property
    def top_parts(self) -> list[Part]:
        """The parts that go out by their own publish call, in order."""
        return [part for part in self.parts if part.parent_id is None]

    @property
    def unpublished(self) -> list[Part]:
        return [part for part in self.top_parts if part.media_id is None]

    @property
    def state(self) -> PostState:
        return PostState(self.post.state)

    def children(self, part: Part) -> list[Part]:
        return [child for child in self.parts if child.parent_id == part.id]

    def subject(self, part: Part) -> str:
        """How messages name a media item; empty when the post has only one."""
        items = [one.id for one in self.parts if one.kind != PartKind.CAROUSEL.value]
        if part.kind == PartKind.CAROUSEL.value or len(items) == 1:
            return ""
        # By id: the part may be of an earlier reading of the post.
        return f"media {items.index(part.id) + 1} of {len(items)} ({part.source}): "

    def renewed(self, lease: Lease) -> Loaded:
        return replace(self, lease=lease)


def load(ctx: WorkerContext, lease: Lease) -> Loaded:
    """Read the post with the lease's full time. Raises ClaimLost."""
    with ctx.database.transaction() as tx:
        return read(tx, claims.renew(tx, lease))


def read_held(ctx: WorkerContext, lease: Lease) -> Loaded:
    """Read the post as it is, under a lease that is held already."""
    with ctx.database.transaction() as tx:
        return read(tx, lease)


def read(tx: Session, lease: Lease) -> Loaded:
    post = get_post(tx, lease.id)
    return Loaded(
        lease=lease,
        post=post,
        account=get_account(tx, post.account_id),
        parts=parts_of(tx, post.id),
        containers=live_containers(tx, post.id),
    )


def hand_back(ctx: WorkerContext, loaded: Loaded) -> None:
    """Leave the rest of the step to another worker, at once: this one is stopping."""
    with ctx.database.transaction() as tx:
        claims.give_back(tx, loaded.lease.table, loaded.lease.id, loaded.lease.claim)
        claims.wake_schedulers(tx)


def move(
    tx: Session,
    loaded: Loaded,
    to: PostState,
    cause: Cause,
    *,
    from_: PostState | None = None,
    next_action_at: datetime | None = None,
    wait_reason: str | None = None,
    tries: int = 0,
    lease_s: float | None = None,
) -> None:
    """`transition()` under the claim that the step holds."""
    transition(
        tx,
        loaded.post.id,
        from_=from_ or loaded.state,
        to=to,
        claim=loaded.lease.claim,
        cause=cause,
        next_action_at=next_action_at,
        wait_reason=wait_reason,
        tries=tries,
        lease_s=lease_s,
    )
