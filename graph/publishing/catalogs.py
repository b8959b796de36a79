"""Shopping catalogs, products and appeals (graph-api.md §5.3). Facebook Login only; no creator accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.answers import fields as names
from graph.answers.paging import Page, read_page
from graph.answers.reading import Node, succeeded
from graph.calls import Caller, checked_id
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint

_CATALOG_FIELDS = ("catalog_id", "catalog_name", "shop_name", "product_count")


@dataclass(frozen=True)
class Catalog:
    catalog_id: str
    catalog_name: str | None = None
    shop_name: str | None = None
    product_count: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductVariant:
    product_id: str
    variant_name: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Product:
    """A product of the catalog. Rejected ones are listed, but cannot be tagged."""

    product_id: str
    product_name: str | None = None
    merchant_id: str | None = None
    retailer_id: str | None = None
    review_status: str | None = None
    variants: tuple[ProductVariant, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Appeal:
    """`review_status`: approved, rejected, pending, outdated, no_review or an empty text."""

    product_id: str
    review_status: str | None = None
    eligible_for_appeal: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Catalogs:
    """`client.catalogs`. Every call raises GraphError, and NotOnThisLogin on Instagram Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def available(self, fields: Sequence[str] = _CATALOG_FIELDS) -> tuple[Catalog, ...]:
        """The catalogs that products can be tagged from; at most one."""
        endpoint = Endpoint.CATALOGS
        self._caller.require(Login.FACEBOOK, endpoint)
        # A catalog has no `id`, which Instagram would send unasked.
        wanted = names.join(tuple(dict.fromkeys(("catalog_id", *fields))))
        answer = self._caller.get(endpoint, self._caller.ig_id, "available_catalogs", fields=wanted)
        return read_page(answer, endpoint, _read_catalog).items

    def search(self, catalog_id: str, q: str | None = None, after: str | None = None) -> Page[Product]:
        """Products of a catalog, all of them without `q`."""
        endpoint = Endpoint.CATALOG_SEARCH
        self._caller.require(Login.FACEBOOK, endpoint)
        catalog = checked_id(catalog_id)
        answer = self._caller.get(
            endpoint, self._caller.ig_id, "catalog_product_search", catalog_id=catalog, q=q, after=after
        )
        return read_page(answer, endpoint, _read_product)

    def appeals(self, product_id: str) -> tuple[Appeal, ...]:
        """The review of a product and whether its rejection can be appealed."""
        endpoint = Endpoint.PRODUCT_APPEAL
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.get(endpoint, self._caller.ig_id, "product_appeal", product_id=checked_id(product_id))
        return read_page(answer, endpoint, _read_appeal).items

    def appeal(self, product_id: str, reason: str) -> None:
        """Appeal a rejection; success means that it will be reviewed."""
        endpoint = Endpoint.PRODUCT_APPEAL_CREATE
        self._caller.require(Login.FACEBOOK, endpoint)
        product = checked_id(product_id)
        answer = self._caller.post(
            endpoint, self._caller.ig_id, "product_appeal", product_id=product, appeal_reason=reason
        )
        succeeded(answer, endpoint)


def _read_catalog(node: Node) -> Catalog:
    return Catalog(
        catalog_id=node.id("catalog_id"),
        catalog_name=node.text("catalog_name"),
        shop_name=node.text("shop_name"),
        product_count=node.whole("product_count"),
        extra=node.rest(),
    )


def _read_product(node: Node) -> Product:
    return Product(
        product_id=node.id("product_id"),
        product_name=node.text("product_name"),
        merchant_id=node.maybe_id("merchant_id"),
        retailer_id=node.maybe_id("retailer_id"),
        review_status=node.text("review_status"),
        variants=node.each("product_variants", _read_variant),
        extra=node.rest(),
    )


def _read_variant(node: Node) -> ProductVariant:
    return ProductVariant(node.id("product_id"), node.text("variant_name"), node.rest())


def _read_appeal(node: Node) -> Appeal:
    return Appeal(
        product_id=node.id("product_id"),
        review_status=node.text("review_status"),
        eligible_for_appeal=node.flag("eligible_for_appeal"),
        extra=node.rest(),
    )
