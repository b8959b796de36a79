"""That a reading has ended, and how: a few days of it, for whoever follows what becomes of the history.

The truth of what was read stands in `covered_days`, `harvest_gaps` and the runs; a row here only says when to look.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, InstantNow, Str

KEPT_FOR = timedelta(days=7)
_AT_ONCE = 20_000


class CoverageNews(Base):
    __tablename__ = "coverage_news"
    __table_args__ = (Index("ix_coverage_news_at", "at"),)

    id: Mapped[Id]
    at: Mapped[InstantNow]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    kind: Mapped[Str]
    status: Mapped[Str]
    """How the run ended: done, partial or failed."""


TELLING_OF_RUN = """
    INSERT INTO coverage_news (account_id, kind, status)
    SELECT h.account_id, h.kind, r.status
      FROM harvest_runs r JOIN harvests h ON h.id = r.harvest_id
     WHERE r.id = :run_id AND r.slot_at = :slot_at
"""
"""For the transaction that ends the run."""
_FORGET = text("""
    DELETE FROM coverage_news
     WHERE id = ANY(ARRAY(SELECT id FROM coverage_news WHERE at < :before ORDER BY at LIMIT :limit))
""")


def forget_news(tx: Session, *, now: datetime) -> None:
    """Drop what is older than a week."""
    tx.execute(_FORGET, {"before": now - KEPT_FOR, "limit": _AT_ONCE})
