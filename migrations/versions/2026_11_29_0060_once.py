"""one record of every once-only call; what accounts have been called; what published posts lack

Deploy: pre (works with the previous release still running, but for replies to mentions: its workers fail before they
send one, and those of this release send it).
Revision: 0011, follows 0010.
"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OPEN = "state NOT IN ('refused', 'not_done')"
_COLUMNS = ("reply_id bigint", "settled_by text", "words text NOT NULL DEFAULT ''", "reading jsonb")
_CHECKS = {
    "ck_attempts_action": "CHECK (action IN ('publish', 'comment', 'reply'))",
    "ck_attempts_settled_by": "CHECK (settled_by IN ('answer', 'reading', 'person'))",
    "ck_attempts_of_one_thing": (
        "CHECK (CASE WHEN action = 'reply' THEN reply_id IS NOT NULL AND num_nonnulls(post_id, part_id) = 0 "
        "ELSE reply_id IS NULL AND num_nonnulls(post_id, part_id) = 2 END)"
    ),
    "fk_attempts_reply_id_replies": "FOREIGN KEY (reply_id) REFERENCES replies (id)",
}
_INDEXES = {
    "uq_attempts_open_reply": f"UNIQUE INDEX {{}} ON attempts (reply_id) WHERE reply_id IS NOT NULL AND {_OPEN}",
    "ix_attempts_result_id": "INDEX {} ON attempts (result_id) WHERE result_id IS NOT NULL",
    "ix_posts_missing": "INDEX {} ON posts (id) WHERE missing IS NOT NULL",
}

# What is under way, and so looked for.
_SAID = """
    SELECT a.id, CASE a.action WHEN 'publish' THEN p.caption ELSE p.first_comment END AS said
      FROM attempts a JOIN posts p ON p.id = a.post_id
     WHERE a.state IN ('intent', 'unknown', 'needs_review') AND p.type <> 'story'
    UNION ALL
    SELECT a.id, r.text FROM attempts a JOIN replies r ON r.id = a.reply_id
     WHERE a.state IN ('intent', 'unknown', 'needs_review')
"""

# A reply that was never sent has no attempt; of the others the newest call is known. One that waits to be sent again
# has provably done nothing.
_FILL_REPLIES = """
    INSERT INTO attempts (reply_id, action, state, claim, intent_at, settled_at, settled_by, result_id, message)
    SELECT r.id, 'reply',
           CASE r.state WHEN 'sent' THEN 'succeeded' WHEN 'failed' THEN 'not_done' WHEN 'queued' THEN 'not_done'
                        WHEN 'sending' THEN 'unknown' ELSE r.state END,
           r.claim, r.intent_at, r.settled_at, r.settled_by, r.comment_id, r.error
      FROM replies r
     WHERE r.intent_at IS NOT NULL AND NOT EXISTS (SELECT FROM attempts a WHERE a.reply_id = r.id)
     ORDER BY r.id
"""


# What the previous release left out of its posts without a word.
_SAY_MISSING = """
    UPDATE posts p
       SET missing = jsonb_build_object('comment', t.why), error = t.why, error_class = 'incomplete'
      FROM (SELECT p.id, coalesce(p.error, 'the first comment does not stand'
                         || coalesce(': ' || (SELECT a.message FROM attempts a
                                               WHERE a.post_id = p.id AND a.action = 'comment'
                                               ORDER BY a.id DESC LIMIT 1), '')
                         || '. Write it by hand, or have it tried again') AS why
              FROM posts p
             WHERE p.state = 'published' AND p.first_comment <> '' AND p.comment_id IS NULL
               AND p.next_action_at IS NULL AND p.missing IS NULL) t
     WHERE p.id = t.id
"""


def upgrade() -> None:
    # Nullable, or with a default that the catalog holds: no row is rewritten. All of it may be run again: what follows
    # is in no transaction with it, and an upgrade that was interrupted there begins again here.
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE attempts ADD COLUMN IF NOT EXISTS {column}")
    op.execute("ALTER TABLE attempts ALTER COLUMN post_id DROP NOT NULL, ALTER COLUMN part_id DROP NOT NULL")
    for name, condition in _CHECKS.items():
        op.execute(f"ALTER TABLE attempts DROP CONSTRAINT IF EXISTS {name}")
        # NOT VALID spares the scan under the lock that writers wait for.
        op.execute(f"ALTER TABLE attempts ADD CONSTRAINT {name} {condition} NOT VALID")
    op.execute("ALTER TABLE posts ADD COLUMN IF NOT EXISTS missing jsonb")
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        for name in _CHECKS:
            op.execute(f"ALTER TABLE attempts VALIDATE CONSTRAINT {name}")
        for name, index in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute("CREATE " + index.format(name).replace("INDEX", "INDEX CONCURRENTLY", 1))
        op.execute(_SAY_MISSING)
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")
    _create_names()
    # The lock first: no worker of the previous release begins a reply between the copy and the end of what it writes.
    op.execute("ALTER TABLE replies DROP COLUMN reads")
    op.execute(_FILL_REPLIES)
    _fill_words()


def downgrade() -> None:
    op.execute("DROP TABLE account_names")
    op.execute("ALTER TABLE replies ADD COLUMN reads integer NOT NULL DEFAULT 0")
    op.execute("DELETE FROM attempts WHERE action = 'reply'")
    for name in _INDEXES:
        op.execute(f"DROP INDEX {name}")
    for name in _CHECKS:
        op.execute(f"ALTER TABLE attempts DROP CONSTRAINT {name}")
    op.execute("ALTER TABLE attempts ADD CONSTRAINT ck_attempts_action CHECK (action IN ('publish', 'comment'))")
    op.execute("ALTER TABLE attempts ALTER COLUMN post_id SET NOT NULL, ALTER COLUMN part_id SET NOT NULL")
    for column in _COLUMNS:
        op.execute(f"ALTER TABLE attempts DROP COLUMN {column.split()[0]}")
    op.execute("ALTER TABLE posts DROP COLUMN missing")


def _fill_words() -> None:
    connection = op.get_bind()
    for id_, said in connection.execute(sa.text(_SAID)).all():
        words = sa.text("UPDATE attempts SET words = :words WHERE id = :id AND words = ''")
        connection.execute(words, {"id": id_, "words": _normal(said or "")})


def _normal(said: str) -> str:
    """The normal form in which texts were looked for when this revision was written."""
    return " ".join(unicodedata.normalize("NFC", said.replace("@", "")).split())


def _create_names() -> None:
    op.create_table(
        "account_names",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_names_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_names")),
    )
    op.create_index("ix_account_names_account_id", "account_names", ["account_id", "id"], unique=False)
    op.execute(
        "INSERT INTO account_names (account_id, username, seen_at) "
        "SELECT id, username, created_at FROM accounts WHERE username IS NOT NULL ORDER BY id"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON account_names "
        "FOR EACH ROW EXECUTE FUNCTION pressrun_append_only()"
    )
