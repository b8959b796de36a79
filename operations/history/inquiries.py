"""What a person wants to know of Instagram now: catalogs and products, reviews and appeals, lives, invitations.

A worker asks, since only a worker talks to Instagram; the asker waits for the row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account, AccountState, find_account, some_names, unknown_account
from models.asked.inquiry import OPEN, Inquiry, InquiryKind, ask_instagram
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Invalid, NotPossible, Unknown, of_kind
from pressrun.written import require_text, with_plain_lines

__all__ = ["Answered", "await_outcome"]

LONGEST_REASON = 2000
MOST = 1000
_ID = re.compile(r"\d{1,30}", re.ASCII)


@dataclass(frozen=True)
class Answered:
    """What Instagram listed."""

    account: str
    kind: str
    rows: Sequence[dict[str, Any]]
    answered_at: datetime


@operation("catalog.list", effect=Effect.READS, scope=Scope.READ)
def list_catalogs(ctx: Context, asker: Asker, account: str | None = None) -> int:
    """The catalogs that products can be tagged from. Raises Unknown, and NotPossible on Instagram Login."""
    return _ask(ctx, account, InquiryKind.CATALOGS)


@operation("catalog.search", effect=Effect.READS, scope=Scope.READ)
def search_catalog(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    words: str | None = None,
    *,
    catalog: str | None = None,
    limit: int = 100,
) -> int:
    """Products whose names hold these words, all without them. Raises Invalid, Unknown, NotPossible."""
    if not 1 <= limit <= MOST:
        raise Invalid(f"between 1 and {MOST} products are listed, not {limit}", field="limit")
    chosen = None if catalog is None else _number(catalog, "catalog")
    return _ask(ctx, account, InquiryKind.PRODUCTS, catalog_id=chosen, q=(words or "").strip() or None, limit=limit)


@operation("product.appeal_show", effect=Effect.READS, scope=Scope.READ)
def show_appeal(ctx: Context, asker: Asker, product: str, account: str | None = None) -> int:
    """How the review of a product stands. Raises Invalid, Unknown, NotPossible."""
    return _ask(ctx, account, InquiryKind.APPEAL, product_id=_number(product, "product"))


@operation("product.appeal_make", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def make_appeal(ctx: Context, asker: Asker, product: str, reason: str, account: str | None = None) -> int:
    """Appeal for a product that was rejected, once. Raises Invalid, Unknown, NotPossible."""
    words = with_plain_lines(reason).strip()
    require_text(words, type="reason.invalid", field="reason")
    if not words or len(words) > LONGEST_REASON:
        said = f"say in 1 to {LONGEST_REASON} characters why the product is to be reviewed again"
        raise Invalid(said, type="reason.invalid", field="reason")
    return _ask(ctx, account, InquiryKind.APPEAL_MAKE, product_id=_number(product, "product"), reason=words)


@operation("live.list", effect=Effect.READS, scope=Scope.READ)
def list_lives(ctx: Context, asker: Asker, account: str | None = None) -> int:
    """The broadcast under way, if there is one. Raises Unknown."""
    return _ask(ctx, account, InquiryKind.LIVES)


@operation("invite.list", effect=Effect.READS, scope=Scope.READ)
def list_invites(ctx: Context, asker: Asker, account: str | None = None, *, limit: int = 100) -> int:
    """Invitations to be a co-author that are not answered. Raises Invalid, Unknown, NotPossible."""
    if not 1 <= limit <= MOST:
        raise Invalid(f"between 1 and {MOST} invitations are listed, not {limit}", field="limit")
    return _ask(ctx, account, InquiryKind.INVITES, limit=limit)


@operation("inquiry.outcome", effect=Effect.READS, scope=Scope.READ)
def outcome(ctx: Context, asker: Asker, inquiry_id: int) -> Answered:
    """What Instagram said.

    Raises:
        Unknown: there is no such inquiry.
        NotPossible: it is still under way.
        PressrunError: Instagram refused, or could not be asked.
    """
    with ctx.database.transaction() as tx:
        found, ids = tx.get(Inquiry, inquiry_id), {"inquiry": inquiry_id}
        if found is None:
            raise Unknown(f"there is no inquiry {inquiry_id}", type="inquiry.unknown", ids=ids)
        if found.state in OPEN:
            raise NotPossible("Instagram has not answered yet", type="inquiry.pending", ids=ids)
        if found.answer is None or found.settled_at is None:
            raise of_kind(found.error_kind or "", found.error or "", type=found.error_type or "failed")
        account = tx.get_one(Account, found.account_id)
        return Answered(account.name, found.kind, found.answer, found.settled_at)


def await_outcome(ctx: Context, asker: Asker, inquiry_id: int, *, hands: Hands) -> Answered:
    """Wait for what Instagram says. Raises what `outcome` raises."""
    await_errand(ctx, Errand.of("inquiry", [inquiry_id]), on_look=lambda _left: None, hands=hands)
    return outcome(ctx, asker, inquiry_id)


def _ask(ctx: Context, account: str | None, kind: InquiryKind, **asked: Any) -> int:
    with ctx.database.transaction() as tx:
        found = find_account(tx, account) if account is not None else _only_account(tx)
        return ask_instagram(tx, found, kind, asked, now=clock.now()).id


def _only_account(tx: Session) -> Account:
    there = Account.state != AccountState.REMOVED.value
    found = tx.scalars(select(Account).where(there).order_by(Account.name).limit(2)).all()
    if len(found) == 1:
        return found[0]
    if not found:
        raise unknown_account("", ())
    names = ", ".join(some_names(tx))
    raise Invalid(f"which account? There are {names}", type="account.unsaid", field="account")


def _number(text: str, field: str) -> str:
    if not _ID.fullmatch(text.strip()):
        raise Invalid(f"{text!r} is not the id of a {field}: it has digits only", type="id.invalid", field=field)
    return text.strip()
