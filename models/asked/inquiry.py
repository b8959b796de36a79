"""Inquiries: what a person wants to know of Instagram now, or have done there, each a row that a worker takes up.

    asked → done | refused | failed
    asked → sending → done | refused | unknown → done | failed        (an appeal, which is sent once)

Whoever asked waits for the row and reads the answer from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import Account, Login
from models.owed.claims import wake_schedulers
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of
from pressrun.errors import Kind, NotPossible, PressrunError
from pressrun.log import redact

LIFE: Final = timedelta(hours=1)
"""How long after it was asked it is still answered; a person who waits has left long before."""


class InquiryKind(StrEnum):
    CATALOGS = "catalogs"
    PRODUCTS = "products"
    APPEAL = "appeal"
    """How the review of a product stands."""
    APPEAL_MAKE = "appeal_make"
    LIVES = "lives"
    INVITES = "invites"
    COMMENT_HIDE = "comment_hide"
    COMMENT_UNHIDE = "comment_unhide"
    COMMENT_DELETE = "comment_delete"


OF_COMMENT: Final = (InquiryKind.COMMENT_HIDE, InquiryKind.COMMENT_UNHIDE, InquiryKind.COMMENT_DELETE)
"""What is wanted of a comment; asked for twice, each has the effect of once."""
CHANGING: Final = frozenset({InquiryKind.APPEAL_MAKE, *OF_COMMENT})
"""What changes something on Instagram, which no account does that is held back."""
FACEBOOK_ONLY: Final = frozenset(InquiryKind) - {InquiryKind.LIVES, *OF_COMMENT}
"""Of Instagram Login accounts Instagram answers none of these (graph-api.md §1.3)."""


class InquiryState(StrEnum):
    ASKED = "asked"
    SENDING = "sending"
    """What changes something is on its way; found so without a lease, it may or may not have been taken."""
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


OPEN: Final = (InquiryState.ASKED, InquiryState.SENDING, InquiryState.UNKNOWN)
_OPEN = ", ".join(f"'{one.value}'" for one in OPEN)
IS_OF_COMMENT: Final = "asked ? 'comment_id'"


class Inquiry(Base):
    __tablename__ = "inquiries"
    __table_args__ = (
        one_of("kind", InquiryKind),
        one_of("state", InquiryState),
        one_of("error_kind", Kind),
        CheckConstraint(f"(state IN ({_OPEN})) = (next_action_at IS NOT NULL)", name="open_is_owed"),
        CheckConstraint(f"(state IN ({_OPEN})) = (settled_at IS NULL)", name="settled_at"),
        CheckConstraint("state NOT IN ('refused', 'failed') OR error IS NOT NULL", name="ended_says_why"),
        Index("ix_inquiries_created_at", "created_at"),
        # Serves the lists of comments, which tell what was wanted of each last.
        Index(
            "ix_inquiries_of_comment",
            text("((asked ->> 'comment_id')::bigint)"),
            "id",
            postgresql_where=text(IS_OF_COMMENT),
        ),
        Index("ix_inquiries_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_inquiries_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    kind: Mapped[Str]
    asked: Mapped[JsonObject]
    """What about: catalog_id, q, limit, product_id, reason, comment_id."""
    state: Mapped[Str] = mapped_column(server_default=text("'asked'"))
    answer: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What Instagram listed, an object for each."""
    error: Mapped[Str | None]
    error_kind: Mapped[Str | None]
    error_type: Mapped[Str | None]
    created_at: Mapped[InstantNow]
    intent_at: Mapped[Instant | None]
    """When what changes something was begun."""
    settled_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


def ask_instagram(
    tx: Session, account: Account, kind: InquiryKind, asked: Mapping[str, Any], *, now: datetime
) -> Inquiry:
    """Have a worker ask. Raises NotPossible for what the account's login has not."""
    if kind in FACEBOOK_ONLY and account.login != Login.FACEBOOK.value:
        said = f"{account.name} is on Instagram Login, which has no such thing: it needs Facebook Login"
        raise NotPossible(said, type="login.lacks", field="account", ids={"account": account.id})
    given = {name: value for name, value in asked.items() if value is not None}
    inquiry = Inquiry(account_id=account.id, kind=kind.value, asked=given, created_at=now, next_action_at=now)
    tx.add(inquiry)
    tx.flush()
    wake_schedulers(tx)
    return inquiry


def settle_answered(inquiry: Inquiry, answer: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """The caller ends the claim in the same transaction."""
    inquiry.answer = [dict(one) for one in answer]
    _settle(inquiry, InquiryState.DONE, now)
    inquiry.error = inquiry.error_kind = inquiry.error_type = None


def settle_ended(inquiry: Inquiry, problem: PressrunError, *, now: datetime) -> None:
    """It comes to nothing, and why. The caller ends the claim in the same transaction."""
    inquiry.error = redact(str(problem))
    inquiry.error_kind, inquiry.error_type = problem.kind.value, problem.type
    _settle(inquiry, InquiryState.REFUSED if problem.kind is Kind.REFUSED else InquiryState.FAILED, now)


def _settle(inquiry: Inquiry, state: InquiryState, now: datetime) -> None:
    inquiry.state, inquiry.settled_at, inquiry.next_action_at = state.value, now, None
