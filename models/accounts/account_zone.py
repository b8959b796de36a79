"""Which zone an account had on which of its days. A trigger of the database keeps it, whoever changes a zone.

The day that runs when a zone is changed is the last one of the old zone: the days that have been keep their bounds.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base
from models.store.types import Instant, Str


class AccountZone(Base):
    __tablename__ = "account_zones"

    account_id: Mapped[int] = mapped_column(
        # The database's own notes on its accounts: they go with them.
        BigInteger,
        ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    )
    first_day: Mapped[date] = mapped_column(Date, primary_key=True)
    """The first day of this zone; 1970-01-01 for the one that the account joined with."""
    timezone: Mapped[Str]
    changed_at: Mapped[Instant]
    """When that was said. Where the new zone is ahead, its first day begins then."""
