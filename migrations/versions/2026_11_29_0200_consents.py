"""connections that begin with a person's consent, or with a token whose account is still to be found

Deploy: pre (works with the previous release still running; its workers leave these connections to those of this one).
Revision: 0020, follows 0019.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COLUMNS = (
    *("code_sealed text", "redirect_url text", "answer_digest text"),
    *("wanted jsonb", "scopes_asked jsonb", "scopes jsonb", "found jsonb", "found_sealed text", "origin_id bigint"),
)
_OWED = "'answered', 'granted', 'prolonged', 'asked'"
_CHECKS = {
    "ck_connections_state": (
        "state IN ('waiting', 'answered', 'granted', 'prolonged', 'found', 'asked', 'done', 'refused', 'failed')"
    ),
    "ck_connections_asked_is_owed": (
        f"(state IN ({_OWED})) = (next_action_at IS NOT NULL)"
        " AND (state NOT IN ('asked', 'done') OR ig_id IS NOT NULL)"
        " AND (state <> 'answered' OR code_sealed IS NOT NULL)"
        " AND (state NOT IN ('granted', 'prolonged', 'found', 'asked') OR token_sealed IS NOT NULL)"
    ),
    "ck_connections_settled_is_bare": (
        f"state IN ('waiting', 'found', {_OWED}) OR settled_at IS NOT NULL"
        " AND num_nonnulls(token_sealed, user_token_sealed, code_sealed, found_sealed) = 0"
    ),
}
_BEFORE = {
    "ck_connections_state": "state IN ('asked', 'done', 'refused', 'failed')",
    "ck_connections_asked_is_owed": "state <> 'asked' OR next_action_at IS NOT NULL AND token_sealed IS NOT NULL",
    "ck_connections_settled_is_bare": (
        "state = 'asked' OR token_sealed IS NULL AND user_token_sealed IS NULL AND settled_at IS NOT NULL"
    ),
}
_END = """
    UPDATE connections
       SET state = 'failed', error = 'the schema was taken back: connect the account once more', error_kind = 'failed',
           error_type = 'failed', settled_at = now(), next_action_at = NULL, leased_until = NULL, claim = claim + 1,
           token_sealed = NULL, user_token_sealed = NULL, code_sealed = NULL, found_sealed = NULL
     WHERE state IN ('waiting', 'answered', 'granted', 'prolonged', 'found')
"""


def upgrade() -> None:
    # Nullable and without a default: no row is rewritten. All of it may be run again: what follows is in no
    # transaction with it, and an upgrade that was interrupted there begins again here.
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE connections ADD COLUMN IF NOT EXISTS {column}")
    op.execute("ALTER TABLE connections ALTER COLUMN ig_id DROP NOT NULL")
    for name, condition in _CHECKS.items():
        op.execute(f"ALTER TABLE connections DROP CONSTRAINT IF EXISTS {name}")
        # NOT VALID spares the scan under the lock that writers wait for.
        op.execute(f"ALTER TABLE connections ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        for name in _CHECKS:
            op.execute(f"ALTER TABLE connections VALIDATE CONSTRAINT {name}")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def downgrade() -> None:
    op.execute(_END)
    op.execute("UPDATE connections SET ig_id = '0' WHERE ig_id IS NULL")
    for name, condition in _BEFORE.items():
        op.execute(f"ALTER TABLE connections DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE connections ADD CONSTRAINT {name} CHECK ({condition})")
    op.execute("ALTER TABLE connections ALTER COLUMN ig_id SET NOT NULL")
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE connections DROP COLUMN {column.split()[0]}")
