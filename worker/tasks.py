"""Every task: a name, a queue and one call. The names are the contract with messages already in the broker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from celery import Celery

from pressrun.network.hints import Hint, Queue, Task
from worker import connecting, fixing, inbox, reply
from worker.asked import following_up, inquiring
from worker.boundary import Direct, Step, perform
from worker.context import WorkerContext
from worker.harvests import backfill
from worker.harvests import run as harvest
from worker.hooks import deleting, subscribing
from worker.publishing import aftercare, plain_publish, poll, publish, reconcile, stage
from worker.telling import deal, send
from worker.tokens import care
from worker.ways import bucket_object, upload

STEPS: Mapping[Task, Step] = {
    Task.POST_STAGE: Direct(stage.begin, stage.run),
    Task.POST_POLL: Direct(poll.begin, poll.run),
    Task.POST_PUBLISH: Direct(plain_publish.begin, publish.run),
    Task.POST_RECONCILE: reconcile.run,
    Task.POST_AFTERCARE: aftercare.run,
    Task.HARVEST_RUN: harvest.run,
    Task.BACKFILL_RUN: backfill.run,
    Task.INBOX_HANDLE: inbox.run,
    Task.REPLY_SEND: reply.run,
    Task.CONNECTION_RUN: connecting.run,
    Task.NOTICE_DEAL: deal.run,
    Task.DELIVERY_SEND: send.run,
    Task.TOKEN_CARE: care.run,
    Task.SUBSCRIPTION_RUN: subscribing.run,
    Task.DELETION_RUN: deleting.run,
    Task.INQUIRY_RUN: inquiring.run,
    Task.FOLLOW_UP_RUN: following_up.run,
    Task.OBJECT_MOVE: bucket_object.run,
    Task.UPLOAD_SEND: upload.run,
    Task.MEDIA_FIX: fixing.run,
}

QUEUE_OF: Mapping[Task, Queue] = {
    Task.POST_STAGE: Queue.PREPARE,
    Task.POST_POLL: Queue.PREPARE,
    Task.POST_PUBLISH: Queue.PUBLISH,
    Task.POST_RECONCILE: Queue.PREPARE,
    Task.POST_AFTERCARE: Queue.PREPARE,
    Task.HARVEST_RUN: Queue.HARVEST,
    Task.BACKFILL_RUN: Queue.HARVEST,
    Task.INBOX_HANDLE: Queue.INBOX,
    Task.REPLY_SEND: Queue.INBOX,
    Task.CONNECTION_RUN: Queue.PREPARE,
    Task.NOTICE_DEAL: Queue.INBOX,
    Task.DELIVERY_SEND: Queue.INBOX,
    Task.TOKEN_CARE: Queue.PREPARE,
    Task.SUBSCRIPTION_RUN: Queue.INBOX,
    Task.DELETION_RUN: Queue.INBOX,
    Task.INQUIRY_RUN: Queue.PREPARE,
    Task.FOLLOW_UP_RUN: Queue.HARVEST,
    Task.OBJECT_MOVE: Queue.PREPARE,
    Task.UPLOAD_SEND: Queue.PREPARE,
    Task.MEDIA_FIX: Queue.MEDIA,
}


def register(app: Celery, ctx: WorkerContext) -> None:
    """Add all tasks to the app. A hint may carry more than we know: a newer scheduler sent it."""
    for task in STEPS:
        app.task(name=task.value, ignore_result=True, acks_late=False)(_body(task, ctx))


def _body(task: Task, ctx: WorkerContext) -> Callable[..., None]:
    def run(row_id: int, claim: int, *_: object, **__: object) -> None:
        perform(ctx, STEPS, Hint(task, QUEUE_OF[task], row_id, claim))

    run.__name__ = task.value.replace(".", "_")
    return run
