"""The step of every inquiry: Instagram is asked once somebody wants it, and what it says stands in the row.

An appeal changes something, so it is sent once: written down, sent, and where the answer is lost looked for by reading
the review of the product. It is never sent again by itself. What is wanted of a comment may be: `comments.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import iterate
from graph.publishing.catalogs import Appeal, Product
from models.accounts.account import get_account
from models.asked.inquiry import CHANGING, LIFE, Inquiry, InquiryKind, InquiryState, settle_answered, settle_ended
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from pressrun import clock, log
from pressrun.errors import NotPossible, PressrunError
from pressrun.failpoints import reach
from worker.asked import comments
from worker.asked.refusals import told, unknown_to
from worker.asking import Asking, Ended, Stopping, after_error, hold_account
from worker.context import WorkerContext
from worker.obstacles import held_back

MOST_TRIES = 3
"""Of what fails in passing: a person waits for the answer."""
ASK_AGAIN_AFTER = timedelta(seconds=3)
LOOK_AFTER = timedelta(seconds=5)
DEFAULT_LIMIT = 100
S = InquiryState
Answer = list[dict[str, Any]]
_log = log.get(__name__)


@dataclass
class _Inquiring(Asking):
    kind: InquiryKind
    asked: Mapping[str, Any]
    state: InquiryState
    tries: int


def run(ctx: WorkerContext, lease: Lease) -> None:
    """One try. Raises ClaimLost when the row has passed to someone else."""
    inquiring = _open(ctx, lease, now=clock.now())
    if inquiring is None:
        return
    try:
        answer = KINDS[inquiring.kind](inquiring)
    except claims.ClaimLost:
        raise
    except PressrunError as problem:
        _after_error(inquiring, problem, now=clock.now())
    else:
        _keep(inquiring, answer, now=clock.now())


def _open(ctx: WorkerContext, lease: Lease, *, now: datetime) -> _Inquiring | None:
    with ctx.database.transaction() as tx:
        lease = claims.renew(tx, lease)
        row = tx.get_one(Inquiry, lease.id)
        account = get_account(tx, row.account_id)
        # Of what was sent before, it is only read what became of it.
        only_reads = InquiryKind(row.kind) not in CHANGING or row.state != S.ASKED.value
        held = held_back(tx, ctx, account, Purpose.PUBLISH, now=now, only_reads=only_reads)
        problem: PressrunError | None = None
        if row.state == S.ASKED.value and row.created_at + LIFE <= now:
            problem = PressrunError("nobody asked Instagram in time: is a worker running?", type="inquiry.expired")
        elif row.state == S.ASKED.value and held is not None:
            problem = NotPossible(held.message, type="account.held_back")
        elif row.tries >= MOST_TRIES and row.state == S.ASKED.value:  # each ended without a word: its worker died
            problem = PressrunError(f"{MOST_TRIES} tries ended without an answer", type="inquiry.unanswered")
        if problem is not None:
            settle_ended(row, problem, now=now)
            tx.flush()
            claims.finish(tx, lease, next_action_at=None)
            return None
        if held is not None:  # what was sent is looked for as soon as that can be
            claims.finish(tx, lease, next_action_at=held.look_at(now))
            return None
        row.tries += 1
        tx.flush()
        return _Inquiring(
            ctx, lease, account, Purpose.PUBLISH, InquiryKind(row.kind), row.asked, S(row.state), row.tries
        )


def _catalogs(inquiring: _Inquiring) -> Answer:
    found = inquiring.ask(lambda client: client.catalogs.available())
    names = ("catalog_id", "catalog_name", "shop_name", "product_count")
    return [{name: getattr(one, name) for name in names} for one in found]


def _products(inquiring: _Inquiring) -> Answer:
    catalog_id = inquiring.asked.get("catalog_id")
    if catalog_id is None:
        catalogs = inquiring.ask(lambda client: client.catalogs.available())
        if not catalogs:
            said = f"{inquiring.account.name} has no catalog: products are tagged from the catalog of its shop"
            raise NotPossible(said, type="catalog.none")
        catalog_id = catalogs[0].catalog_id  # there is at most one (graph-api.md §5.3)
    chosen, words, limit = str(catalog_id), inquiring.asked.get("q"), int(inquiring.asked.get("limit", DEFAULT_LIMIT))
    pages = iterate(lambda after: inquiring.ask(lambda client: client.catalogs.search(chosen, words, after)))
    found = []
    for product in pages:
        found.append(_product(product, chosen))
        if len(found) >= limit:
            break
    return found


def _product(one: Product, catalog_id: str) -> dict[str, Any]:
    names = ("product_id", "product_name", "review_status", "retailer_id", "merchant_id")
    variants = [{"product_id": each.product_id, "name": each.variant_name} for each in one.variants]
    return {name: getattr(one, name) for name in names} | {"variants": variants, "catalog_id": catalog_id}


def _appeals(inquiring: _Inquiring) -> tuple[Appeal, ...]:
    product_id = str(inquiring.asked["product_id"])
    return inquiring.ask(lambda client: client.catalogs.appeals(product_id))


def _review(inquiring: _Inquiring) -> Answer:
    found = _appeal(inquiring)
    if not found:
        raise unknown_to(inquiring.account, inquiring.kind, inquiring.asked)
    return found


def _appeal(inquiring: _Inquiring) -> Answer:
    names = ("product_id", "review_status", "eligible_for_appeal")
    return [{name: getattr(one, name) for name in names} for one in _appeals(inquiring)]


def _appeal_make(inquiring: _Inquiring) -> Answer:
    """Once: what may have been sent is looked for, and not sent."""
    product_id, reason = str(inquiring.asked["product_id"]), str(inquiring.asked["reason"])
    if inquiring.state is not S.ASKED:
        return _look_for_appeal(inquiring)
    stands = _appeals(inquiring)
    if not any(one.eligible_for_appeal for one in stands):
        status = ", ".join(one.review_status or "no review" for one in stands)
        if not stands:
            raise unknown_to(inquiring.account, inquiring.kind, inquiring.asked)
        said = f"product {product_id} cannot be appealed for: it is {status}"
        raise NotPossible(said, type="product.not_eligible")
    _intend(inquiring)
    try:
        inquiring.change(lambda client: client.catalogs.appeal(product_id, reason))
    except GraphError as problem:
        if problem.definite or problem.error_class in (ErrorClass.INVALID_REQUEST, ErrorClass.PERMISSION):
            raise
        raise _Lost(str(problem)) from None
    reach("inquiry.after_response")
    return [{"product_id": product_id, "review_status": "pending", "eligible_for_appeal": False}]


class _Lost(PressrunError):
    """What was sent may or may not have been taken."""


def _look_for_appeal(inquiring: _Inquiring) -> Answer:
    found = _appeal(inquiring)
    if any(one["eligible_for_appeal"] for one in found):
        said = "the answer was lost, and the product still reads as one that can be appealed for: it may be made again"
        raise PressrunError(said, type="product.appeal_lost")
    return found


def _intend(inquiring: _Inquiring) -> None:
    with inquiring.ctx.database.transaction() as tx:
        inquiring.lease = claims.renew(tx, inquiring.lease)
        row = tx.get_one(Inquiry, inquiring.lease.id)
        row.state, row.intent_at = S.SENDING.value, clock.now()
    inquiring.state = S.SENDING
    reach("inquiry.after_intent")


def _lives(inquiring: _Inquiring) -> Answer:
    found = inquiring.ask(lambda client: client.media.live())
    names = ("id", "media_type", "media_product_type", "timestamp", "permalink", "caption")
    rows = [{name: getattr(one, name, None) for name in names} for one in found]
    return [row | {"timestamp": row["timestamp"].isoformat() if row["timestamp"] else None} for row in rows]


def _invites(inquiring: _Inquiring) -> Answer:
    limit = int(inquiring.asked.get("limit", DEFAULT_LIMIT))
    pages = iterate(lambda after: inquiring.ask(lambda client: client.invites.page(after)))
    found: Answer = []
    for one in pages:
        names = ("media_id", "owner_username", "caption", "media_url")
        found.append({name: getattr(one, name) for name in names})
        if len(found) >= limit:
            break
    return found


def _hide(inquiring: _Inquiring) -> Answer:
    is_hidden = inquiring.kind is InquiryKind.COMMENT_HIDE
    return comments.hide(inquiring, int(inquiring.asked["comment_id"]), is_hidden=is_hidden)


def _delete(inquiring: _Inquiring) -> Answer:
    return comments.delete(inquiring, int(inquiring.asked["comment_id"]), may_be_done=inquiring.tries > 1)


KINDS: Mapping[InquiryKind, Callable[[_Inquiring], Answer]] = {
    InquiryKind.CATALOGS: _catalogs,
    InquiryKind.PRODUCTS: _products,
    InquiryKind.APPEAL: _review,
    InquiryKind.APPEAL_MAKE: _appeal_make,
    InquiryKind.LIVES: _lives,
    InquiryKind.INVITES: _invites,
    InquiryKind.COMMENT_HIDE: _hide,
    InquiryKind.COMMENT_UNHIDE: _hide,
    InquiryKind.COMMENT_DELETE: _delete,
}


def _keep(inquiring: _Inquiring, answer: Answer, *, now: datetime) -> None:
    with inquiring.ctx.database.transaction() as tx:
        lease = claims.renew(tx, inquiring.lease)
        settle_answered(tx.get_one(Inquiry, lease.id), answer, now=now)
        tx.flush()
        claims.finish(tx, lease, next_action_at=None)
    _log.info("inquiry.answered", inquiry_id=lease.id, kind=inquiring.kind, rows=len(answer))


def _after_error(inquiring: _Inquiring, problem: PressrunError, *, now: datetime) -> None:
    with inquiring.ctx.database.transaction() as tx:
        following = after_error(problem, tries=inquiring.tries, most=MOST_TRIES, now=now)
        until = None if isinstance(following, Ended) else hold_account(tx, inquiring.account, following, now=now)
        lease = claims.renew(tx, inquiring.lease)
        row = tx.get_one(Inquiry, lease.id)
        if inquiring.state is not S.ASKED and not _is_settled(problem, inquiring):
            row.state, row.error = S.UNKNOWN.value, str(problem)
            until = max(until or now, now + LOOK_AFTER)
        elif until is not None and _is_passing(problem):
            row.tries -= 0 if isinstance(problem, GraphError) else 1
            until = now + ASK_AGAIN_AFTER if isinstance(problem, GraphError) else until
        else:
            settle_ended(row, told(problem, inquiring.account, inquiring.kind, inquiring.asked), now=now)
            until = None
        tx.flush()
        claims.finish(tx, lease, next_action_at=until)
    _log.info("inquiry.not_answered", inquiry_id=lease.id, kind=inquiring.kind, error=str(problem))


def _is_settled(problem: PressrunError, inquiring: _Inquiring) -> bool:
    """Of what may have been sent: whether it is known by now that nothing came of it."""
    if problem.type == "product.appeal_lost":
        return True
    return isinstance(problem, GraphError) and inquiring.state is S.SENDING and not _is_passing(problem)


def _is_passing(problem: PressrunError) -> bool:
    if isinstance(problem, Stopping):
        return True
    return isinstance(problem, GraphError) and problem.error_class in (ErrorClass.TRANSIENT, ErrorClass.NOT_READY)
