"""replies to comments, and what is wanted of them: hidden, shown again, deleted; the words of posts, for searching

Deploy: pre (works with the previous release still running, which makes replies to mentions only; its workers fail on
the others' rows before they send anything, and leave them to those of this release).
Revision: 0031, follows 0030.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_OLD = ("catalogs", "products", "appeal", "appeal_make", "lives", "invites")
_NEW = ("comment_hide", "comment_unhide", "comment_delete")
_TO_ONE_THING = "CHECK (num_nonnulls(mention_id, to_comment_id) = 1)"
_KINDS = f"CHECK (kind IN ({', '.join(repr(one) for one in (*_OLD, *_NEW))}))"
# The strongest lock of each is held while it waits for no other table. NOT VALID spares the scan under it.
_TABLES = (
    f"""
    ALTER TABLE replies
        ADD COLUMN IF NOT EXISTS to_comment_id bigint,
        ALTER COLUMN mention_id DROP NOT NULL,
        DROP CONSTRAINT IF EXISTS ck_replies_to_one_thing,
        ADD CONSTRAINT ck_replies_to_one_thing {_TO_ONE_THING} NOT VALID
    """,
    # Made once: to drop it would take the strongest lock on both tables.
    """
    DO $$ BEGIN
        ALTER TABLE replies ADD CONSTRAINT fk_replies_to_comment_id_comments
            FOREIGN KEY (to_comment_id) REFERENCES comments (id) NOT VALID;
    EXCEPTION WHEN duplicate_object THEN NULL;
    END $$
    """,
    f"""
    ALTER TABLE inquiries
        DROP CONSTRAINT IF EXISTS ck_inquiries_kind,
        ADD CONSTRAINT ck_inquiries_kind {_KINDS} NOT VALID
    """,
)
_TO_VALIDATE = (
    ("replies", "ck_replies_to_one_thing"),
    ("replies", "fk_replies_to_comment_id_comments"),
    ("inquiries", "ck_inquiries_kind"),
)
_INDEXES = {
    "uq_replies_number_to_comment": "UNIQUE|replies (to_comment_id, number)"
    " WHERE state <> 'failed' AND to_comment_id IS NOT NULL",
    "ix_replies_to_comment_id": "|replies (to_comment_id) WHERE to_comment_id IS NOT NULL",
    "ix_inquiries_of_comment": "|inquiries (((asked ->> 'comment_id')::bigint), id) WHERE asked ? 'comment_id'",
}

# Whoever owns the database may have this extension on most services; where not, the index is left out.
_TRIGRAMS = """
    DO $$ BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE 'without the extension pg_trgm words are looked for in all posts';
    END $$
"""
_NO_TRIGRAMS = """
    DO $$ BEGIN
        DROP EXTENSION IF EXISTS pg_trgm;
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN NULL;
    END $$
"""
_WORDS = "concat_ws(E'\\n', {0}.caption, {0}.first_comment, {0}.key)"
_MADE = (
    """
    CREATE TABLE IF NOT EXISTS post_words (
        post_id BIGINT NOT NULL,
        words TEXT NOT NULL,
        CONSTRAINT pk_post_words PRIMARY KEY (post_id),
        CONSTRAINT fk_post_words_post_id_posts FOREIGN KEY(post_id) REFERENCES posts (id) ON DELETE CASCADE
    )
    """,  # the previous release, which knows nothing of it, erases posts
    f"""
    CREATE OR REPLACE FUNCTION pressrun_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO post_words (post_id, words) VALUES (NEW.id, {_WORDS.format("NEW")})
            ON CONFLICT (post_id) DO UPDATE SET words = excluded.words;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - a constant
    """
    CREATE OR REPLACE TRIGGER keep_words AFTER INSERT OR UPDATE OF caption, first_comment, key ON posts
        FOR EACH ROW EXECUTE FUNCTION pressrun_keep_words()
    """,
)
_AT_ONCE = 500
# What has been changed meanwhile was kept by the trigger; what is being erased is waited for, and passed over.
_OF_BEFORE = f"""
    INSERT INTO post_words (post_id, words)
    SELECT p.id, {_WORDS.format("p")} FROM posts p WHERE p.id BETWEEN :first AND :last ORDER BY p.id FOR KEY SHARE OF p
        ON CONFLICT DO NOTHING
"""  # noqa: S608 - a constant
# An operator class that stands in a schema which is not looked through cannot be named.
_HAS_TRIGRAMS = "SELECT FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)"


def upgrade() -> None:
    # Each statement is a transaction of its own, so that no lock is held while another is waited for, and may be run
    # again: an upgrade that was interrupted begins anew.
    with op.get_context().autocommit_block():
        for statement in (*_TABLES, _TRIGRAMS, *_MADE):
            op.execute(statement)
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = '10min'")
        for table, name in _TO_VALIDATE:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        for name, told in _INDEXES.items():
            unique, on = told.split("|")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE {unique} INDEX CONCURRENTLY {name} ON {on}")
        _keep_those_of_before()
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_post_words_words")
        if op.get_bind().exec_driver_sql(_HAS_TRIGRAMS).first() is not None:
            op.execute("CREATE INDEX CONCURRENTLY ix_post_words_words ON post_words USING gin (words gin_trgm_ops)")
        op.execute("SET statement_timeout = '60s'")
        op.execute("SET lock_timeout = '4s'")


def _keep_those_of_before() -> None:
    connection = op.get_bind()
    page = "SELECT id FROM posts WHERE id > :after ORDER BY id LIMIT :most"
    after = 0
    while ids := connection.execute(sa.text(page), {"after": after, "most": _AT_ONCE}).scalars().all():
        connection.execute(sa.text(_OF_BEFORE), {"first": ids[0], "last": ids[-1]})
        after = ids[-1]


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_words ON posts")
    op.execute("DROP FUNCTION pressrun_keep_words()")
    op.execute("DROP TABLE post_words")
    op.execute(_NO_TRIGRAMS)
    op.execute("DROP INDEX ix_inquiries_of_comment")
    op.execute("DELETE FROM inquiries WHERE kind LIKE 'comment%'")
    op.execute("ALTER TABLE inquiries DROP CONSTRAINT ck_inquiries_kind")
    kinds = ", ".join(repr(one) for one in _OLD)
    op.execute(f"ALTER TABLE inquiries ADD CONSTRAINT ck_inquiries_kind CHECK (kind IN ({kinds}))")
    theirs = "SELECT a.id FROM attempts a JOIN replies r ON r.id = a.reply_id WHERE r.to_comment_id IS NOT NULL"
    op.execute(f"UPDATE blocks SET attempt_id = NULL WHERE attempt_id IN ({theirs})")  # noqa: S608 - a constant
    op.execute(f"DELETE FROM attempts WHERE id IN ({theirs})")  # noqa: S608 - a constant
    op.execute("DELETE FROM replies WHERE to_comment_id IS NOT NULL")
    op.execute("ALTER TABLE replies DROP COLUMN to_comment_id")
    op.execute("ALTER TABLE replies ALTER COLUMN mention_id SET NOT NULL")
