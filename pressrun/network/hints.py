"""Names of queues and tasks, and the hint that is sent: what scheduler, broker and worker agree on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Queue(StrEnum):
    """One queue per kind of hurry; each may have workers of its own."""

    PUBLISH = "publish"
    PREPARE = "prepare"
    HARVEST = "harvest"
    INBOX = "inbox"
    MEDIA = "media"


class Task(StrEnum):
    """Names of all tasks: a contract with messages already in the broker. Never rename one."""

    POST_STAGE = "post.stage"
    POST_POLL = "post.poll"
    POST_PUBLISH = "post.publish"
    POST_RECONCILE = "post.reconcile"
    POST_AFTERCARE = "post.aftercare"
    HARVEST_RUN = "harvest.run"
    BACKFILL_RUN = "backfill.run"
    INBOX_HANDLE = "inbox.handle"
    REPLY_SEND = "reply.send"
    CONNECTION_RUN = "connection.run"
    NOTICE_DEAL = "notice.deal"
    DELIVERY_SEND = "delivery.send"
    TOKEN_CARE = "token.care"  # noqa: S105 - a name
    SUBSCRIPTION_RUN = "subscription.run"
    DELETION_RUN = "deletion.run"
    INQUIRY_RUN = "inquiry.run"
    FOLLOW_UP_RUN = "follow_up.run"
    OBJECT_MOVE = "object.move"
    UPLOAD_SEND = "upload.send"
    MEDIA_FIX = "media.fix"


@dataclass(frozen=True)
class Hint:
    """Look at row `id` under claim `claim`."""

    task: Task
    queue: Queue
    id: int
    claim: int
    due_at: datetime | None = field(default=None, compare=False)
    """When the row fell due; stays with the sender, who may have to give the claim back."""
