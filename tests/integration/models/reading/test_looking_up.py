"""What is looked for among few things reads few rows, however much lies in the past."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from models.reading.upkeep.warnings import unbegun_insights
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_harvest, make_post
from tests.support.plans import rows_read

NOW = clock.now()
_MANY = 1000
_LIVE = 20
_COPY_POST = """
    INSERT INTO posts SELECT (jsonb_populate_record(p, jsonb_build_object('id', p.id + n, 'key', 'copy-' || n))).*
      FROM posts p, generate_series(1, :more) n
"""
_COPY_PART = """
    INSERT INTO parts SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id + n, 'post_id', t.post_id + n,
                                                                          'media_id', 'new' || n + 1))).*
      FROM parts t, generate_series(1, :more) n
"""
_MEDIA = """
    INSERT INTO media (account_id, ig_id, extra)
    SELECT :account, prefix || n, '{}' FROM unnest(ARRAY['old', 'new']) prefix, generate_series(1, :many) n
"""
_READ = """
    INSERT INTO media_latest (media_id, captured_at, last_checked_at)
    SELECT id, now(), now() FROM media WHERE ig_id <> 'new1'
"""


def test_numbers_that_have_not_begun_are_looked_for_among_the_posts_of_a_week(loose: Database) -> None:
    at = NOW - timedelta(days=2)
    live = {"state": "published", "publish_at": at, "sent_at": at, "published_at": at, "next_action_at": None}
    with loose.transaction() as tx:
        account = make_account(tx)
        make_harvest(tx, account, kind="media", covered_at=NOW)
        tx.execute(text(_MEDIA), {"account": account.id, "many": _MANY})
        tx.execute(text(_READ))
        post = make_post(tx, account, **live)
        part = first_part(tx, post)
        part.media_id, part.published_at = "new1", at
        tx.flush()
        for copy in (_COPY_POST, _COPY_PART):
            tx.execute(text(copy), {"more": _LIVE - 1})
        tx.execute(text("ANALYZE posts, parts, media, media_latest, harvests"))
        tx.execute(text("SET LOCAL enable_nestloop = off"))  # as with statistics that promise nothing of look-ups

        found, read = rows_read(tx, lambda: unbegun_insights(tx, now=NOW))

    assert [post_id for post_id, _ in found] == [post.id]
    assert 0 < read["media"] <= _LIVE, read
    assert 0 < read["media_latest"] <= _LIVE, read
