"""At which revision a database is."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def applied_revision(tx: Session) -> str | None:
    """The revision that was applied last; None when none ever was."""
    is_begun = tx.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar() if is_begun else None
