"""The database explains itself: no table, view, function or column of the history is without a comment."""

from __future__ import annotations

from sqlalchemy import text

from models.meanings.dictionary import FUNCTIONS, HISTORY, write_comments
from models.registry import metadata
from models.store.session import Database

NOT_HISTORY = {
    "account_names",
    "accounts",
    "api_keys",
    "attempts",
    "audit",
    "blocks",
    "bucket_objects",
    "bucket_uses",
    "connections",
    "containers",
    "campaigns",
    "conversions",
    "coverage_news",
    "data_deletions",
    "deliveries",
    "delivery_notices",
    "drafts",
    "endpoints",
    "erasures",
    "follow_ups",
    "gates",
    "given_answers",
    "grants",
    "inbox_events",
    "inquiries",
    "library_items",
    "library_tags",
    "links",
    "media_states",
    "notice_rules",
    "notices",
    "parts",
    "post_events",
    "post_words",
    "posts",
    "quota_entries",
    "raw_answers",
    "seen_invariants",
    "sessions",
    "slots",
    "tokens",
    "subscriptions",
    "uploads",
    "users",
}
"""Tables of publishing and of the machinery, which readers do not see. A new table is either here or explained."""


def test_every_table_is_explained_or_none_of_the_history() -> None:
    assert set(metadata.tables) - NOT_HISTORY == {name for name in HISTORY if name in metadata.tables}


def test_a_migrated_database_has_a_comment_on_everything_people_read(database: Database) -> None:
    query = """
        SELECT c.relname, a.attname, col_description(c.oid, a.attnum) AS about,
               obj_description(c.oid, 'pg_class') AS whole
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relname = ANY (:names) AND c.relnamespace = current_schema()::regnamespace
    """
    with database.transaction() as tx:
        found = tx.execute(text(query), {"names": sorted(HISTORY)}).all()
        functions = (
            "SELECT proname, obj_description(oid, 'pg_proc') AS about FROM pg_proc WHERE proname LIKE '%\\_as\\_of'"
        )
        explained = {row.proname: row.about for row in tx.execute(text(functions))}

    assert {row.relname for row in found} == set(HISTORY)
    assert {(row.relname, row.attname): row.about for row in found} == {
        (name, column): meaning for name, (_, columns) in HISTORY.items() for column, meaning in columns.items()
    }
    assert {row.relname: row.whole for row in found} == {name: about for name, (about, _) in HISTORY.items()}
    assert explained == FUNCTIONS


def test_only_what_differs_is_written(database: Database) -> None:
    with database.transaction() as tx:
        assert write_comments(tx) == 0
        tx.execute(text("COMMENT ON COLUMN media.ig_id IS 'something else'"))
        tx.execute(text("COMMENT ON VIEW audience IS NULL"))
        tx.execute(text("COMMENT ON FUNCTION audience_as_of(timestamptz) IS NULL"))
        assert write_comments(tx) == 3
        assert write_comments(tx) == 0


def test_every_meaning_is_a_sentence_that_a_table_can_hold() -> None:
    told = [meaning for about, columns in HISTORY.values() for meaning in (about, *columns.values())]

    assert all(one.endswith(".") and "\n" not in one for one in told)
