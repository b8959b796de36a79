"""Imports of campaigns that somebody handed in: who, when, how many rows, and what became of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, InstantNow, Str
from pressrun.errors import Unknown


class Campaign(Base):
    __tablename__ = "campaigns"
    __table_args__ = (Index("ix_campaigns_at", "at"),)

    id: Mapped[Id]
    at: Mapped[InstantNow]
    author: Mapped[Str]
    name: Mapped[Str | None]
    """What the file was called where it came from."""
    added: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    problems: Mapped[int] = mapped_column(Integer)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Numbers of its posts, and every problem and warning with its line."""


def record_campaign(tx: Session, campaign: Campaign) -> Campaign:
    tx.add(campaign)
    tx.flush()
    tx.refresh(campaign)
    return campaign


def find_campaign(tx: Session, campaign_id: int) -> Campaign:
    """Raises Unknown."""
    found = tx.get(Campaign, campaign_id)
    if found is None:
        said = f"there is no import {campaign_id}"
        raise Unknown(said, type="import.unknown", field="import", ids={"import": campaign_id})
    return found
