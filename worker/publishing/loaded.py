"""A post as a step sees it: its row, account, parts and live containers, read together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.owed import claims
from models.owed.claims import Lease
from models.posts.event import Cause
from models.posts.part import Part, PartKind
from models.posts.post import Post
from models.posts.states import PostState, transition
from models.publishing.container import Container
from worker.context import WorkerContext

_NEARLY = 0.9


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
    of_post = select(Post, Account).join(Account, Account.id == Post.account_id).where(Post.id == lease.id)
    post, account = tx.execute(of_post.execution_options(populate_existing=True)).one()
    is_live = (Container.part_id == Part.id) & Container.dropped_at.is_(None)
    of_parts = select(Part, Container).outerjoin(Container, is_live)
    of_parts = of_parts.where(Part.post_id == lease.id, Part.dropped_at.is_(None)).order_by(Part.position)
    rows = tx.execute(of_parts.execution_options(populate_existing=True)).all()
    containers = {part.id: container for part, container in rows if container is not None}
    return Loaded(lease=lease, post=post, account=account, parts=[part for part, _ in rows], containers=containers)


def with_time(ctx: WorkerContext, loaded: Loaded) -> Loaded:
    """With nearly the full time of its lease, before a call. Raises ClaimLost where that has to be asked."""
    lease = loaded.lease
    if lease.deadline.remaining_s() >= _NEARLY * lease.lease_s:
        return loaded
    with ctx.database.transaction() as tx:
        return loaded.renewed(claims.renew(tx, lease))


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
