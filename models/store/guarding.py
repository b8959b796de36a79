"""What makes the history append-only: triggers that refuse UPDATE, DELETE and TRUNCATE.

The trigger of rows is handed down to partitions by Postgres; that of TRUNCATE is not, so each partition gets its own.
Retention drops whole partitions, which no trigger sees.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

APPEND_ONLY = (
    "media_snapshots",
    "account_observations",
    "audience_snapshots",
    "post_events",
    "competitor_observations",
    "public_media_snapshots",
    "hashtag_tops",
    "account_names",
    "comment_versions",
    "poll_tallies",
    "audit",
)


def guard_partition(tx: Session, table: str, partition: str) -> None:
    """Let a new partition refuse TRUNCATE, if its table is append-only."""
    if table in APPEND_ONLY:
        tx.execute(
            text(
                f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {partition} "
                "FOR EACH STATEMENT EXECUTE FUNCTION pressrun_append_only()"
            )
        )
