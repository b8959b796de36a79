"""`/inquiries`: what Instagram says now of catalogs, products, appeals, lives and invitations. A worker asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Number
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.history import inquiries
from operations.history.inquiries import LONGEST_REASON, MOST
from pressrun.errors import NotPossible

router = Router("inquiries")

Id = Annotated[str, Field(pattern=r"^[0-9]{1,30}$")]


class OfAccount(Body):
    """Whose: name or Instagram id. It need not be said where there is one account only."""

    model_config = example(account="harbour-bakery")

    account: Annotated[str | None, Field(max_length=100)] = None


class Invitations(OfAccount):
    """How many are listed at most."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Products(OfAccount):
    """Products whose names hold these words; all of them without."""

    model_config = example(account="harbour-bakery", words="bread")

    words: Annotated[str | None, Field(max_length=200)] = None
    catalog: Annotated[Id | None, Field(description="Id of one of several catalogs.")] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Review(OfAccount):
    """The review of a product."""

    model_config = example(account="harbour-bakery", product="4029274203846188")

    product: Id


class Appeal(Review):
    """Why a product that was rejected is to be reviewed again."""

    model_config = example(account="harbour-bakery", product="4029274203846188", reason="it is bread, and no weapon")

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


@dataclass(frozen=True)
class Inquiry:
    """What a worker will ask: ask for it by its number."""

    id: int


@dataclass(frozen=True)
class InquiryShown:
    """`state`: asked, or done with the rows that Instagram listed. What it refused is a problem."""

    id: int
    state: Literal["asked", "done"]
    account: str | None = None
    kind: str | None = None
    answered_at: datetime | None = None
    rows: Sequence[dict[str, Any]] | None = None


@router.post("/inquiries/catalogs", summary="Ask for catalogs", status_code=202, **asks("catalog.list"))
def ask_for_catalogs(response: Response, ctx: Acting, asker: Asked, body: OfAccount | None = None) -> Inquiry:
    """The catalogs that products can be tagged from. Facebook Login only."""
    return taken_up(response, inquiries.list_catalogs(ctx, asker, (body or OfAccount()).account))


@router.post("/inquiries/products", summary="Ask for products", status_code=202, **asks("catalog.search"))
def ask_for_products(response: Response, ctx: Acting, asker: Asked, body: Products | None = None) -> Inquiry:
    """Products that can be tagged. Facebook Login only."""
    wish = body or Products()
    asked = inquiries.search_catalog(ctx, asker, wish.account, wish.words, catalog=wish.catalog, limit=wish.limit)
    return taken_up(response, asked)


@router.post("/inquiries/reviews", summary="Ask how a review stands", status_code=202, **asks("product.appeal_show"))
def ask_for_review(body: Review, response: Response, ctx: Acting, asker: Asked) -> Inquiry:
    """How the review of a product stands. Facebook Login only."""
    return taken_up(response, inquiries.show_appeal(ctx, asker, body.product, body.account))


@router.post("/inquiries/appeals", summary="Appeal for a product", status_code=202, **asks("product.appeal_make"))
def make_appeal(body: Appeal, response: Response, ctx: Acting, asker: Asked) -> Inquiry:
    """Appeal for a product that was rejected. It is sent once. Facebook Login only."""
    return taken_up(response, inquiries.make_appeal(ctx, asker, body.product, body.reason, body.account))


@router.post("/inquiries/lives", summary="Ask for broadcasts", status_code=202, **asks("live.list"))
def ask_for_lives(response: Response, ctx: Acting, asker: Asked, body: OfAccount | None = None) -> Inquiry:
    """The broadcast under way, if there is one."""
    return taken_up(response, inquiries.list_lives(ctx, asker, (body or OfAccount()).account))


@router.post("/inquiries/invitations", summary="Ask for invitations", status_code=202, **asks("invite.list"))
def ask_for_invitations(response: Response, ctx: Acting, asker: Asked, body: Invitations | None = None) -> Inquiry:
    """Invitations to be a co-author that are not answered. Facebook Login only."""
    wish = body or Invitations()
    return taken_up(response, inquiries.list_invites(ctx, asker, wish.account, limit=wish.limit))


@router.get("/inquiries/{inquiry}", summary="Show an inquiry", **asks("inquiry.outcome"))
def show_inquiry(inquiry: Number, ctx: Ctx, asker: Asked) -> InquiryShown:
    """What Instagram said."""
    try:
        told = inquiries.outcome(ctx, asker, inquiry)
    except NotPossible as pending:
        if pending.type != "inquiry.pending":
            raise
        return InquiryShown(inquiry, "asked")
    return InquiryShown(inquiry, "done", told.account, told.kind, told.answered_at, told.rows)


def taken_up(response: Response, inquiry: int) -> Inquiry:
    """The answer that names the inquiry, and where it is."""
    response.headers["Location"] = f"/api/v1/inquiries/{inquiry}"
    return Inquiry(inquiry)
