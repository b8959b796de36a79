"""how far each harvest has come, in its own row

Deploy: pre (works with the previous release still running: a run that its workers end is counted when the slot, or the
next one, is begun).
Revision: 0006, follows 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COLUMNS = ("done_at timestamptz", "covered_at timestamptz", "last_run_id bigint")

# One harvest at a time: each statement locks one row for a moment, and reads the runs through their index. It may be
# run again, and beside workers that have written to the row since: greatest() takes nothing back and skips a null.
_FILL = """
    UPDATE harvests h
       SET last_run_id = greatest(h.last_run_id, r.last_run_id),
           done_at     = greatest(h.done_at, r.done_at),
           covered_at  = greatest(h.covered_at, r.covered_at)
      FROM (SELECT max(id) AS last_run_id,
                   max(greatest(slot_at, finished_at)) FILTER (WHERE finished_at IS NOT NULL) AS done_at,
                   max(finished_at) FILTER (WHERE status IN ('done', 'partial')) AS covered_at
              FROM harvest_runs WHERE harvest_id = :id AND backfill_id IS NULL) r
     WHERE h.id = :id AND r.last_run_id IS NOT NULL
"""


def upgrade() -> None:
    # Nullable and without a default: no row is rewritten. IF NOT EXISTS: what follows is in no transaction with it,
    # and an upgrade that was interrupted there begins again here.
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE harvests ADD COLUMN IF NOT EXISTS {column}")
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for id_ in connection.execute(sa.text("SELECT id FROM harvests ORDER BY id")).scalars().all():
            connection.execute(sa.text(_FILL), {"id": id_})


def downgrade() -> None:
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE harvests DROP COLUMN {column.split()[0]}")
