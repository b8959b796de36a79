"""A mark of what has happened: it differs as soon as something that pages show has changed."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

# Each is the end of an index, whatever the size of its table.
_MARK = text("""
    SELECT concat_ws(' ', (SELECT max(id) FROM post_events), (SELECT max(id) FROM notices),
                     (SELECT max(id) FROM harvest_runs), (SELECT max(id) FROM mentions),
                     (SELECT max(id) FROM replies), (SELECT max(id) FROM deliveries), (SELECT max(id) FROM audit))
""")


def mark(tx: Session) -> str:
    return str(tx.execute(_MARK).scalar_one())
