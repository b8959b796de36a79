"""What nobody decides and somebody should hear of: found by looking, each with a key under which it is told once."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.reading.history.coverage import Lack, State, lacking
from models.telling.notice import News, NoticeKind

LOOKS_BACK = timedelta(days=1)
SILENT_FOR = timedelta(days=3)
UNREAD_FOR = timedelta(days=2)
LOOKS_AHEAD = timedelta(days=30)

# Posts that are not out, of the last day; and those that went out since an hour ago, in case none looked meanwhile.
_LATE = text("""
    SELECT p.id, p.account_id, a.name, p.publish_at, p.state, p.wait_reason
      FROM posts p JOIN accounts a ON a.id = p.account_id
     WHERE p.state IN ('scheduled', 'staging', 'staged', 'publishing', 'uncertain')
       AND p.publish_at BETWEEN CAST(:now AS timestamptz) - CAST(:back AS interval)
                            AND CAST(:now AS timestamptz) - CAST(:late AS interval)
    UNION ALL
    SELECT p.id, p.account_id, a.name, p.publish_at, p.state, NULL
      FROM posts p JOIN accounts a ON a.id = p.account_id
     WHERE p.state = 'published' AND p.publish_at > CAST(:now AS timestamptz) - interval '1 hour'
       AND p.sent_at > p.publish_at + CAST(:late AS interval)
     ORDER BY 1
""")

# The first post of each account and day that finds more before it than its window takes; stories take a place each.
_QUOTA = text("""
    SELECT DISTINCT ON (account_id, day) account_id, name, day, publish_at, places, total
      FROM (SELECT p.account_id, a.name, p.publish_at, (p.publish_at AT TIME ZONE a.timezone)::date AS day, p.state,
                   coalesce(a.quota_total, :total) AS total,
                   sum(s.places) OVER (PARTITION BY p.account_id ORDER BY p.publish_at
                                       RANGE BETWEEN interval '24 hours' PRECEDING AND CURRENT ROW) AS places
              FROM posts p JOIN accounts a ON a.id = p.account_id
             CROSS JOIN LATERAL (SELECT count(*) AS places FROM parts t
                                  WHERE t.post_id = p.id AND t.parent_id IS NULL AND t.dropped_at IS NULL) s
             WHERE p.state IN ('scheduled', 'staging', 'staged', 'publishing', 'uncertain', 'published')
               AND p.publish_at BETWEEN CAST(:now AS timestamptz) - interval '24 hours'
                                    AND CAST(:now AS timestamptz) + CAST(:ahead AS interval)) q
     WHERE places > total AND publish_at > :now AND state <> 'published'
     ORDER BY account_id, day, publish_at
""")

_SILENT = text("""
    SELECT a.id AS account_id, a.name, l.published_at, m.missed
      FROM accounts a
     CROSS JOIN LATERAL (SELECT max(p.published_at) AS published_at FROM posts p
                          WHERE p.account_id = a.id AND p.publish_at > CAST(:now AS timestamptz) - interval '90 days') l
     CROSS JOIN LATERAL (SELECT count(*) AS missed FROM posts p
                          WHERE p.account_id = a.id AND p.state NOT IN ('published', 'canceled', 'draft')
                            AND p.publish_at BETWEEN CAST(:now AS timestamptz) - CAST(:for AS interval) AND :now) m
     WHERE a.state <> 'paused' AND m.missed > 0 AND a.created_at < CAST(:now AS timestamptz) - CAST(:for AS interval)
       AND coalesce(l.published_at < CAST(:now AS timestamptz) - CAST(:for AS interval), true)
""")

_UNREAD = text("""
    SELECT h.id, h.kind, h.account_id, a.name, h.covered_at
      FROM harvests h JOIN accounts a ON a.id = h.account_id
     WHERE a.token_refused IS NULL AND NOT a.is_reading_paused
       AND coalesce(h.covered_at, a.created_at) < CAST(:now AS timestamptz) - CAST(:for AS interval)
       AND EXISTS (SELECT FROM harvest_runs r
                    WHERE r.id = h.last_run_id AND r.finished_at > coalesce(h.covered_at, a.created_at)
                      AND r.finished_at > CAST(:now AS timestamptz) - CAST(:for AS interval))
""")

# Where the account's media are read, and one of them is not: of an account whose are not read at all, coverage tells.
# Of a story that few have seen Instagram gives no numbers (graph-api.md §3.2): that is not told of each. Media and
# their numbers are looked up one by one: joined, those of all years are read.
_UNBEGUN = text("""
    WITH live AS MATERIALIZED (
        SELECT p.id, p.account_id, t.media_id
          FROM posts p
          JOIN harvests h ON h.account_id = p.account_id AND h.kind = 'media'
         CROSS JOIN LATERAL (SELECT media_id, published_at FROM parts
                              WHERE post_id = p.id AND dropped_at IS NULL OFFSET 0) t
         WHERE p.state = 'published' AND p.type <> 'story'
           AND p.publish_at > CAST(:now AS timestamptz) - interval '8 days'
           AND t.published_at BETWEEN CAST(:now AS timestamptz) - interval '7 days'
                                  AND CAST(:now AS timestamptz) - interval '1 day'
           AND h.covered_at > t.published_at + interval '1 day'
    )
    SELECT DISTINCT l.id, l.account_id
      FROM live l
     CROSS JOIN LATERAL (SELECT id FROM media WHERE account_id = l.account_id AND ig_id = l.media_id OFFSET 0) m
     WHERE (SELECT captured_at FROM media_latest WHERE media_id = m.id) IS NULL
     ORDER BY 1
""")

# A metric that was never answered is not missed.
_REFUSED = text("""
    SELECT h.id, h.kind, h.account_id, a.name, m.metric
      FROM harvests h JOIN accounts a ON a.id = h.account_id
     CROSS JOIN LATERAL jsonb_object_keys(h.refused) AS m(metric)
     WHERE h.refused <> '{}'::jsonb
       AND EXISTS (SELECT FROM account_latest l WHERE l.account_id = h.account_id AND l.metric = m.metric)
""")


def late_posts(tx: Session, *, now: datetime, late: timedelta) -> list[tuple[int, News]]:
    """Posts that are or went out later than that, by their numbers."""
    found = []
    for row in tx.execute(_LATE, {"now": now, "late": late, "back": LOOKS_BACK}):
        is_out = row.state == "published"
        waits = f", and waits for: {row.wait_reason}" if row.wait_reason else ""
        said = "it went out late" if is_out else f"it is late: still {row.state}{waits}"
        said += f"; it was due at {row.publish_at:%Y-%m-%d %H:%M} UTC"
        key = f"post.late:{row.id}:{row.publish_at:%Y-%m-%dT%H:%M:%S.%f}"
        found.append((row.id, News(NoticeKind.POST_LATE, said, row.account_id, key)))
    return found


def full_windows(tx: Session, *, now: datetime, total: int) -> list[News]:
    """Days on which more is planned than an account may publish in 24 hours.

    Args:
        total: what an account may publish as long as Instagram has not said.
    """
    return [
        News(
            NoticeKind.QUOTA_FULL,
            f"{row.name} has {row.places} posts within 24 hours up to {row.publish_at:%Y-%m-%d %H:%M} UTC, and may "
            f"publish {row.total}: the rest will wait, or follow their lateness policy",
            row.account_id,
            f"quota.full:{row.account_id}:{row.day}",
            {"day": row.day, "planned": int(row.places), "total": row.total},
        )
        for row in tx.execute(_QUOTA, {"now": now, "ahead": LOOKS_AHEAD, "total": total})
    ]


def silent_accounts(tx: Session, *, now: datetime) -> list[News]:
    """Accounts that have published nothing for days, though something was planned."""
    found = []
    for row in tx.execute(_SILENT, {"now": now, "for": SILENT_FOR}):
        since = "for months" if row.published_at is None else f"since {row.published_at:%Y-%m-%d %H:%M} UTC"
        said = f"{row.name} has published nothing {since}, though {row.missed} posts were due in the last days"
        key = f"account.silent:{row.account_id}:{row.published_at}"
        found.append(News(NoticeKind.ACCOUNT_SILENT, said, row.account_id, key, {"missed": row.missed}))
    return found


def lost_coverage(tx: Session, *, now: datetime) -> list[News]:
    """What the coverage of the last days says is lost for good, once a week; and what is about to be lost."""
    lost = [one for one in lacking(tx, now=now) if one.state == State.LOST]
    told = {(one.account_id, one.kind) for one in lost}
    return [_lost(one) for one in lost] + _unread(tx, told, now)


def _lost(one: Lack) -> News:
    days = f"{one.first}" if one.count == 1 else f"{one.count} days from {one.first} to {one.last}"
    detail = {"kind": one.kind, "days": one.count, "first": one.first, "last": one.last}
    said = f"{one.kind} of {one.account}: {days} can be read no more"
    key = f"coverage.lost:{one.account_id}:{one.kind}:{one.last:%G-W%V}"
    return News(NoticeKind.COVERAGE_LOST, said, one.account_id, key, detail)


def _unread(tx: Session, told: Container[tuple[int, str]], now: datetime) -> list[News]:
    """What is tried and could not be read of an account for days, beside what is told."""
    found = []
    rows = tx.execute(_UNREAD, {"now": now, "for": UNREAD_FOR})
    for row in (one for one in rows if (one.account_id, one.kind) not in told):
        since = "yet" if row.covered_at is None else f"since {row.covered_at:%Y-%m-%d %H:%M} UTC"
        said = f"{row.kind} of {row.name} could not be read whole {since}; what passes meanwhile may be lost for good"
        key = f"coverage.lost:{row.id}:{row.covered_at}"
        found.append(News(NoticeKind.COVERAGE_LOST, said, row.account_id, key, {"kind": row.kind}))
    return found


def unbegun_insights(tx: Session, *, now: datetime) -> list[tuple[int, News]]:
    """Posts that went out a day to a week ago and of which no number was read yet, by their numbers."""
    said = "no number of its insights was read in the first day: look at the account's harvest of media"
    return [
        (row.id, News(NoticeKind.POST_INCOMPLETE, said, row.account_id, f"post.incomplete:{row.id}:insights"))
        for row in tx.execute(_UNBEGUN, {"now": now})
    ]


def refused_metrics(tx: Session) -> list[News]:
    """Metrics that an account had and Instagram refuses now."""
    return [
        News(
            NoticeKind.METRIC_REFUSED,
            f"Instagram refuses the metric {row.metric} of {row.name}, which it has told before; it is asked for again",
            row.account_id,
            f"metric.refused:{row.id}:{row.metric}",
            {"kind": row.kind, "metric": row.metric},
        )
        for row in tx.execute(_REFUSED)
    ]
