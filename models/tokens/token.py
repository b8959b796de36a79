"""What is known of each token that is in force. The tokens themselves stand sealed in `accounts`, and nowhere else.

A row is owed a look now and then, a renewal early, and a word to people while there is time. A token that is replaced
takes its row's facts with it: what was found out about the one before says nothing of the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, Str, one_of

_SHORT_LIVED = timedelta(days=1)


class TokenOf(StrEnum):
    """Which of an account's tokens."""

    ACCOUNT = "account"
    """The one that everything is done with: an Instagram user's, a Page's, or a person's."""
    PERSON = "person"
    """Of Facebook Login: the person's, where the other is the Page's."""


@dataclass(frozen=True)
class Facts:
    """What Instagram has said of a token. None: not known.

    `never_ends`: it was said to have no end, which is not the same as an end that nobody knows.
    """

    kind: str | None = None
    """As Meta calls it: `USER`, `PAGE`, …"""
    expires_at: datetime | None = None
    never_ends: bool = False
    data_access_expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = None

    def over(self, older: Facts) -> Facts:
        """With what was known, where this says nothing."""
        has_end = self.never_ends or self.expires_at is not None
        return replace(
            self,
            kind=self.kind or older.kind,
            expires_at=self.expires_at if has_end else older.expires_at,
            never_ends=self.never_ends if has_end else older.never_ends,
            data_access_expires_at=self.data_access_expires_at or older.data_access_expires_at,
            scopes=older.scopes if self.scopes is None else self.scopes,
        )

    def of_page(self, *, now: datetime) -> Facts:
        """What that says of a Page's token which was made of this one, a person's (graph-api.md §1.4)."""
        is_long_lived = self.never_ends or (self.expires_at is not None and self.expires_at > now + _SHORT_LIVED)
        return Facts("PAGE", never_ends=is_long_lived, data_access_expires_at=self.data_access_expires_at)


class Token(Base):
    __tablename__ = "tokens"
    __table_args__ = (
        UniqueConstraint("account_id", "which"),
        one_of("which", TokenOf),
        CheckConstraint("NOT (never_ends AND expires_at IS NOT NULL)", name="never_ends"),
        Index("ix_tokens_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_tokens_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    which: Mapped[Str]
    stored_at: Mapped[Instant | None]
    """Since when it is in force here; null: since before that was written down."""
    kind: Mapped[Str | None]
    expires_at: Mapped[Instant | None]
    never_ends: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    data_access_expires_at: Mapped[Instant | None]
    """Of Facebook Login: until when the person's consent to their data lasts, unless they log in again."""
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """What was granted; null: not known."""
    examined_at: Mapped[Instant | None]
    """When Instagram last took it."""
    clock_ahead_ms: Mapped[int | None] = mapped_column(BigInteger)
    """How far Instagram's clock was ahead of ours then, to half a second."""
    renewed_at: Mapped[Instant | None]
    """When this one was made from the one before, without a person."""
    renew_at: Mapped[Instant | None]
    """When it is to be renewed next; null: it cannot be, or need not."""
    refused: Mapped[Str | None]
    """What Instagram said when it refused it."""
    error: Mapped[Str | None]
    """Why the last look or renewal came to nothing; null: it did not."""
    failing_since: Mapped[Instant | None]
    told_refused: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """People know that it is refused, where that does not break the account."""
    told_end: Mapped[Instant | None]
    """The end that people were told of."""
    told_data_end: Mapped[Instant | None]
    """The same of the data access."""
    asked_at: Mapped[Instant | None]
    """Somebody waits for a look, since then."""
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Since the last one that came to something."""

    @property
    def facts(self) -> Facts:
        scopes = None if self.scopes is None else tuple(self.scopes)
        return Facts(self.kind, self.expires_at, self.never_ends, self.data_access_expires_at, scopes)

    def keep(self, facts: Facts) -> None:
        """Write down what is known of it."""
        self.kind, self.expires_at, self.never_ends = facts.kind, facts.expires_at, facts.never_ends
        self.data_access_expires_at = facts.data_access_expires_at
        self.scopes = None if facts.scopes is None else sorted(set(facts.scopes))
