"""The kinds of owed work: which rows of which table a worker of which queue takes up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pressrun.network.hints import Queue, Task

BACKFILLS_AT_ONCE = 2
TRANSFERS_AT_ONCE = 4
CONVERSIONS_AT_ONCE = 16
"""On all machines. Each takes a core for minutes: hints of more would only lie in the broker and be sent again."""


@dataclass(frozen=True)
class Work:
    """One kind of owed step: rows of `table` in the states of `tasks` (the empty state: any row)."""

    name: str
    table: str
    queue: Queue
    tasks: Mapping[str, Task]
    is_pending: str = "next_action_at IS NOT NULL"
    """Condition under which a row is not done: what somebody who waits for it looks at."""
    extra: str = "true"
    """Further condition on a row `r`."""
    fair_over: str = "account_id"
    """The column whose values take turns, so that none with many rows keeps others waiting."""
    first: str = "next_action_at"
    """The column by which those that are due come one after the other."""
    is_early: str = "false"
    """Condition on a row `r` that somebody holds before its time: it takes no place among those under way."""
    most_at_once: int | None = None
    """How many may be worked on at a time, so that they leave the queue's workers to what is more urgent."""

    @property
    def states(self) -> list[str]:
        return [state for state in self.tasks if state]


_IS_DUE = "coalesce(next_action_at <= now() OR leased_until IS NOT NULL, false)"
"""Of work that comes back: whoever waits for it waits for what is owed now."""

WORKS: tuple[Work, ...] = (
    # Armed ones are held ahead (`models/publishing/arming.py`).
    Work("publish", "posts", Queue.PUBLISH, {"staged": Task.POST_PUBLISH}, is_early="r.publish_at > now()"),
    Work(
        "prepare",
        "posts",
        Queue.PREPARE,
        {
            "scheduled": Task.POST_STAGE,
            "staging": Task.POST_POLL,
            # Found due in `publishing` only after a crash: the lease of the worker that sent has run out.
            "publishing": Task.POST_RECONCILE,
            "uncertain": Task.POST_RECONCILE,
            "published": Task.POST_AFTERCARE,
        },
    ),
    # A person waits at the terminal for it, and there are few.
    Work(
        "connection",
        "connections",
        Queue.PREPARE,
        {"": Task.CONNECTION_RUN},
        is_pending="state IN ('answered', 'granted', 'prolonged', 'asked')",
    ),
    Work(
        "harvest",
        "harvests",
        Queue.HARVEST,
        {"": Task.HARVEST_RUN},
        is_pending="coalesce(slot_at <= now(), false)",
        extra="r.slot_at IS NOT NULL",
    ),
    Work("inbox", "inbox_events", Queue.INBOX, {"": Task.INBOX_HANDLE}),
    Work(
        "reply",
        "replies",
        Queue.INBOX,
        {"": Task.REPLY_SEND},
        is_pending="state IN ('queued', 'sending', 'unknown')",
    ),
    Work(
        "backfill",
        "backfills",
        Queue.HARVEST,
        {"": Task.BACKFILL_RUN},
        is_pending="finished_at IS NULL",
        most_at_once=BACKFILLS_AT_ONCE,
    ),
    Work("notice", "notices", Queue.INBOX, {"": Task.NOTICE_DEAL}),
    # They take minutes where the files are large: others must find workers meanwhile.
    Work(
        "object",
        "bucket_objects",
        Queue.PREPARE,
        {"": Task.OBJECT_MOVE},
        fair_over="bucket",
        most_at_once=TRANSFERS_AT_ONCE,
    ),
    Work("upload", "uploads", Queue.PREPARE, {"": Task.UPLOAD_SEND}, most_at_once=TRANSFERS_AT_ONCE),
    Work(
        "media",
        "conversions",
        Queue.MEDIA,
        {"": Task.MEDIA_FIX},
        is_pending="state = 'asked'",
        # What is needed first is made first, whoever's it is: so the most come in time.
        first="needed_at",
        fair_over="id",
        most_at_once=CONVERSIONS_AT_ONCE,
    ),
    Work("delivery", "deliveries", Queue.INBOX, {"": Task.DELIVERY_SEND}, fair_over="endpoint_id"),
    # Few and short, and somebody may wait for one: in the queue of connections.
    Work("token", "tokens", Queue.PREPARE, {"": Task.TOKEN_CARE}, is_pending="asked_at IS NOT NULL"),
    Work(
        "subscription",
        "subscriptions",
        Queue.INBOX,
        {"": Task.SUBSCRIPTION_RUN},
        is_pending=f"asked_at IS NOT NULL OR {_IS_DUE}",
    ),
    # A person waits at the terminal for it, as for a connection.
    Work("inquiry", "inquiries", Queue.PREPARE, {"": Task.INQUIRY_RUN}),
    Work("follow_up", "follow_ups", Queue.HARVEST, {"": Task.FOLLOW_UP_RUN}, is_pending=_IS_DUE),
    # Of no account: each stands for itself.
    Work("deletion", "data_deletions", Queue.INBOX, {"": Task.DELETION_RUN}, "state = 'asked'", fair_over="user_id"),
)

TABLE_OF_TASK: dict[Task, str] = {task: work.table for work in WORKS for task in work.tasks.values()}
