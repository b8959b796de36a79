"""A post with its parts and the first line of its timeline, written by one statement: all of it, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

from sqlalchemy.orm import Session

from models.posts.event import Cause, PostEvent, stored
from models.posts.part import Part, PartKind
from models.posts.post import Post
from models.posts.states import PostState
from models.store.base import table_of
from models.store.driver import rows_of


class Written(NamedTuple):
    """A post that was queued just now, with all that was written of it. Nothing of it is tracked by the session."""

    post: Post
    parts: list[Part]
    event: PostEvent


def write_post(tx: Session, values: Mapping[str, Any], items: Sequence[Mapping[str, Any]], cause: Cause) -> Written:
    """Write a scheduled post.

    Args:
        values: its columns, `params` among them.
        items: the columns of its parts, in order; those of a carousel's items after those of its whole.
        cause: what the first line of its timeline says.

    Raises IntegrityError when its key is taken.
    """
    told = stored(cause)
    rows = rows_of(
        tx,
        _WRITE,
        {
            **values,
            "state": PostState.SCHEDULED.value,
            "params": json.dumps(values["params"]),
            "items": json.dumps(items),
            "whole": PartKind.CAROUSEL.value,
            "reason": told["reason"],
            "message": told["message"],
            "detail": json.dumps(told["detail"]),
        },
    )
    *row, _, _, event_id, event_at = rows[0]
    post = Post(**dict(zip(_POST, row, strict=True)))
    parts = [
        Part(id=part_id, post_id=post.id, parent_id=parent_id, **item)
        for (*_, part_id, parent_id, _, _), item in zip(rows, items, strict=True)
    ]
    return Written(post, parts, PostEvent(id=event_id, post_id=post.id, at=event_at, to_state=post.state, **told))


_POST = tuple(column.name for column in table_of(Post).columns)
_POST_COLUMNS = ", ".join(f"post.{name}" for name in _POST)
_ITEM = """
    position int, kind text, source text, media_sha256 text, media_extension text, conversion_id bigint, alt_text text,
    probe jsonb
"""
# Parts have their numbers before they are written: those of a carousel name that of its whole.
_WRITE: LiteralString = f"""
    WITH post AS (
        INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, params,
                           cover_conversion_id, first_comment, max_lateness_s, if_late, next_action_at)
        VALUES (%(key)s, %(content_digest)s, %(account_id)s, %(type)s, %(state)s, %(publish_at)s, %(timezone)s,
                %(caption)s, CAST(%(params)s AS jsonb), %(cover_conversion_id)s, %(first_comment)s,
                %(max_lateness_s)s, %(if_late)s, %(next_action_at)s)
        RETURNING *
    ), item AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('parts', 'id')) AS id, one.*
          FROM jsonb_to_recordset(CAST(%(items)s AS jsonb)) AS one({_ITEM})
    ), part AS (
        INSERT INTO parts (id, post_id, parent_id, position, kind, source, media_sha256, media_extension, conversion_id,
                           alt_text, probe)
        SELECT item.id, post.id, CASE WHEN item.kind <> %(whole)s THEN (SELECT id FROM item WHERE kind = %(whole)s) END,
               position, kind, source, media_sha256, media_extension, conversion_id, alt_text, probe
          FROM post, item
        RETURNING id, parent_id
    ), event AS (
        INSERT INTO post_events (post_id, from_state, to_state, reason, message, detail)
        SELECT post.id, NULL, %(state)s, %(reason)s, %(message)s, CAST(%(detail)s AS jsonb) FROM post
        RETURNING id, at
    )
    SELECT {_POST_COLUMNS}, part.id AS part_id, part.parent_id, event.id AS event_id, event.at AS event_at
      FROM post, part, event
     ORDER BY part.id
"""  # noqa: S608 - constants
