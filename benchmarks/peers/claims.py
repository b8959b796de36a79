"""Claims a second in batches, with ever more queued rows beside those that are due."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from benchmarks.history import a_database
from benchmarks.peers.figures import Figure, Row, at_least, at_most, timed
from benchmarks.peers.sizes import Sizes
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.store.session import Database

_BATCH = 100
_LEASE_S = 30.0
_ACCOUNTS = 50
_ACCOUNT = text("""
    INSERT INTO accounts (ig_id, login, name, token_sealed)
    SELECT 'claims-' || n, 'facebook', 'claims-' || n, 'v1:00:' FROM generate_series(1, :accounts) n
""")
_QUEUE = text("""
    INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, params,
                       max_lateness_s, if_late, next_action_at)
    SELECT 'queued-' || n, md5(n::text), (SELECT min(id) FROM accounts) + n % :accounts, 'image', 'scheduled', due,
           'UTC', 'caption ' || n, '{}', 900, 'expire', due - interval '30 minutes'
      FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n,
           LATERAL (SELECT now() + interval '30 days' + n * interval '1 second' AS due) d
""")
_FALL_DUE = text("""
    UPDATE posts SET next_action_at = now() - interval '1 second', leased_until = NULL
     WHERE id IN (SELECT id FROM posts ORDER BY id LIMIT :due)
""")
_LATER = text("UPDATE posts SET next_action_at = publish_at, leased_until = NULL WHERE leased_until IS NOT NULL")


def rows(sizes: Sizes) -> Iterator[Row]:
    figures = [Figure(f"{queued:,} queued", "claims/s") for queued in sizes.queued]
    with a_database(None) as (database, _):
        make_accounts(database)
        first = 1
        for queued, figure in zip(sizes.queued, figures, strict=True):
            queue(database, first=first, last=queued)
            first = queued + 1
            for _ in range(sizes.claim_rounds + 1):  # the first one warms up
                figure.take(lambda: claims_per_s(database, sizes.claimed))
            del figure.values[0], figure.steal_percent[0]
    slowest = min(figure.median for figure in figures)
    spread = max(figure.median for figure in figures) / slowest - 1
    note = "(one size after the other: the table only grows)"
    yield at_most("claims by queued rows", spread, 0.2, "flat within 20 %", *figures, note=note)
    yield at_least("claims a second in batches", slowest, 5_000, "≥ 5,000", *figures)


def make_accounts(database: Database) -> None:
    """The accounts that the posts are of."""
    with database.transaction() as tx:
        tx.execute(_ACCOUNT, {"accounts": _ACCOUNTS})


def queue(database: Database, *, first: int, last: int) -> None:
    """Posts of next month, those with these numbers."""
    with database.transaction() as tx:
        tx.execute(_QUEUE, {"accounts": _ACCOUNTS, "first": first, "last": last})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE posts"))
        connection.execute(text("CHECKPOINT"))


def claims_per_s(database: Database, due: int) -> float:
    """That many fall due and are claimed, a batch in each transaction."""
    with database.transaction() as tx:
        tx.execute(_FALL_DUE, {"due": due})
    claimed = list[int]()
    took_s = timed(lambda: _claim_all(database, claimed))
    if len(claimed) != due or len(set(claimed)) != due:
        raise SystemExit(f"{len(claimed)} claims of {due} rows")
    with database.transaction() as tx:
        tx.execute(_LATER)
    return due / took_s


def _claim_all(database: Database, claimed: list[int]) -> None:
    work = next(work for work in WORKS if work.table == "posts" and "scheduled" in (work.states or ()))
    while True:
        with database.transaction() as tx:
            hints = claim_due(tx, work, limit=_BATCH, lease_s=_LEASE_S)
        if not hints:
            return
        claimed += [hint.id for hint in hints]
