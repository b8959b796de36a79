"""What the tables that say how the history is read hold: harvests, their runs, and what they covered."""

from __future__ import annotations

from collections.abc import Mapping

from models.meanings.columns import ACCOUNT_ID, DAY, ID, STEPS

READINGS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "harvests": (
        "What is read of an account, and how often: one row for each account and kind.",
        ID
        | ACCOUNT_ID
        | {
            "kind": "What is read.",
            "cron": "When, as five cron fields in the account's zone.",
            "slot_at": "The slot that is owed; null until it is planned.",
            **STEPS,
            "refused": "Object of metric and the instant at which it is asked for again.",
            "done_at": "Up to when its slots are done: a run that ends late stands for all slots until then.",
            "covered_at": "When a run that came through last ended; null when none ever did.",
            "last_run_id": "The run that was begun last (harvest_runs.id), backfills aside.",
            "last_slot_at": "Of which slot that run is.",
        },
    ),
    "harvest_runs": (
        "One row for each slot of a harvest.",
        ID
        | {
            "harvest_id": "Of which harvest (harvests.id).",
            "slot_at": "Of which slot.",
            "backfill_id": "Of which backfill (backfills.id); null for a slot.",
            "status": "running, done, partial (something was refused, or could not be understood) or failed.",
            "calls": "Calls to Instagram.",
            "rows": "Points added to the history.",
            "errors": "What went wrong, in the order in which it did.",
            "api_version": "Which version of the Graph API answered, as it said itself.",
            "covers": "Whether it read as far as it had to; false when a list broke off.",
            "started_at": "When its first try began.",
            "finished_at": "When it ended.",
        },
    ),
    "covered_days": (
        "Which days of an account's insights were read, and when last: what the view coverage says of them.",
        ACCOUNT_ID
        | DAY
        | {
            "read_at": "When it was read last.",
            "points": "Values that Instagram told then; 0 where it said nothing. Of days from before this table at "
            "least so many.",
            "unread": "What failed, and is read again with the next run.",
            "refused": "Metrics that Instagram refused then. Once it gives them, the day is read again.",
        },
    ),
    "harvest_gaps": (
        "Times in which no run of a harvest came through, longer than a day; of kinds other than account.",
        ACCOUNT_ID
        | {
            "kind": "What was not read.",
            "until": "When the run ended that was the first to come through again.",
            "since": "When the last run before it ended, or the account was added.",
            "why": "What is known of the reason.",
        },
    ),
    "backfills": (
        "Requests to read back: one row for each account and kind; kind reread is about kept answers.",
        ID
        | ACCOUNT_ID
        | {
            "kind": "What is read.",
            "since": "Back to when.",
            "until": "Where a reread ends; null for what is read of Instagram.",
            "requested_at": "When it was asked for.",
            "cursor": "How far it has come.",
            "progress": "The same as a share from 0 to 1.",
            "finished_at": "When it ended.",
        }
        | STEPS,
    ),
}
