"""Catalogs, products and appeals of Facebook Login accounts (graph-api.md §5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import FACEBOOK, NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.nodes.media import MEDIA
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.world.journal import Event
from simulator.world.records import Account, Media
from simulator.world.world import World, applies

_PRODUCTS = 11
_FIRST_PRODUCT = 3_231_775_643_510_000
_FIRST_CATALOG = 960_100_000_000_000
_MERCHANT = 900_100_000_000_000
_ALL_CATALOG = ("catalog_id", "catalog_name", "shop_name", "product_count")
_ALL_PRODUCT = (
    "product_id",
    "merchant_id",
    "product_name",
    "image_url",
    "retailer_id",
    "review_status",
    "is_checkout_flow",
    "product_variants",
)

CATALOG = NodeType("ShadowIGUserCatalog")
PRODUCT = NodeType("ShadowIGUserCatalogProductSearch")


@dataclass(frozen=True, slots=True)
class Product:
    account: Account
    number: int

    @property
    def id(self) -> int:
        return _FIRST_PRODUCT + self.account.index * 100 + self.number

    @property
    def name(self) -> str:
        return f"{('Mug', 'Bowl', 'Plate', 'Vase')[self.number % 4]} No. {self.number}"

    @property
    def status(self) -> str:
        """As after review and appeal."""
        if str(self.id) in self.account.appeals:
            return "pending"
        return {4: "rejected", 7: "pending", 9: "outdated"}.get(self.number, "approved")


def products(account: Account) -> list[Product]:
    return [Product(account, number) for number in range(_PRODUCTS)]


def find_product(account: Account, product_id: str) -> Product | None:
    return next((product for product in products(account) if str(product.id) == product_id), None)


def is_taggable(account: Account, product_id: str) -> bool:
    """Rejected products are listed, but cannot be tagged."""
    product = find_product(account, product_id)
    return product is not None and product.status in {"approved", "outdated"}


def catalog_id(account: Account) -> str:
    return str(_FIRST_CATALOG + account.index)


@endpoint("available_catalogs", "GET", "user/available_catalogs", need=Need.SHOPPING)
def catalogs(call: Call, account: Account) -> Any:
    return {"data": [CATALOG.render(call, account, call.fields(), _ALL_CATALOG)]}


@endpoint(
    "catalog_product_search",
    "GET",
    "user/catalog_product_search",
    params="catalog_id q limit after before",
    need=Need.SHOPPING,
)
def search(call: Call, account: Account) -> Any:
    if call.params.required("catalog_id") != catalog_id(account):
        raise errors.invalid("catalog_id is not a catalog of this account")
    words = (call.params.text("q") or "").lower()
    return paging.page(
        call,
        sorted((item for item in products(account) if words in item.name.lower()), key=_key, reverse=True),
        key=_key,
        render=lambda item: PRODUCT.render(call, item, call.fields(), _ALL_PRODUCT),
        args=call.params,
        path=f"{account.ig_id}/catalog_product_search",
    )


def _key(product: Product) -> paging.Key:
    return (-product.number, str(product.id))


@endpoint("product_appeal", "GET", "user/product_appeal", params="product_id", need=Need.SHOPPING)
def appeal_status(call: Call, account: Account) -> Any:
    product = _required(call, account)
    can_appeal = product.status == "rejected"
    row = {"product_id": product.id, "review_status": product.status, "eligible_for_appeal": can_appeal}
    return {"data": [row]}


@endpoint("product_appeal_create", "POST", "user/product_appeal", params="product_id appeal_reason", need=Need.SHOPPING)
def appeal(call: Call, account: Account) -> Any:
    """Success means accepted for review only."""
    product, reason = _required(call, account), call.params.required("appeal_reason")
    if product.status != "rejected":
        raise errors.invalid("The product is not eligible for appeal")
    call.world.commit("product.appealed", account=account.index, product=str(product.id), reason=reason)
    return {"success": True}


def _required(call: Call, account: Account) -> Product:
    product = find_product(account, call.params.required("product_id"))
    if product is None:
        raise errors.invalid("product_id is not a product of this account")
    return product


@applies("product.appealed")
def _appealed(world: World, event: Event) -> None:
    world.accounts[event["account"]].appeals[event["product"]] = event["reason"]


@endpoint("media_product_tags", "GET", "media/product_tags", need=Need.SHOPPING)
def product_tags(_call: Call, media: Media) -> Any:
    return {"data": _tags(media)}


@MEDIA.field("product_tags", FACEBOOK)
def _tags_in_media(_call: Call, media: Media, _field: Field) -> Any:
    return {"data": _tags(media)} if media.params.get("product_tags") else None


def _tags(media: Media) -> list[dict[str, Any]]:
    found = []
    for tag in media.params.get("product_tags", ()):
        product = find_product(media.account, str(tag.get("product_id"))) if media.account else None
        if product is not None:
            row = {"product_id": product.id, "merchant_id": _merchant(product), "name": product.name}
            found.append(row | {axis: tag[axis] for axis in ("x", "y") if axis in tag})
    return found


def _merchant(product: Product) -> int:
    return _MERCHANT + product.account.index


CATALOG.plain("catalog_id", catalog_id)
CATALOG.plain("catalog_name", lambda account: f"{account.name} catalog")
CATALOG.plain("shop_name", lambda account: f"{account.name} shop")
CATALOG.plain("product_count", lambda account: len(products(account)))
PRODUCT.plain("product_id", lambda product: product.id)
PRODUCT.plain("merchant_id", _merchant)
PRODUCT.plain("product_name", lambda product: product.name)
PRODUCT.plain("retailer_id", lambda product: f"sku-{product.number:03d}")
PRODUCT.plain("review_status", lambda product: product.status)
PRODUCT.plain("is_checkout_flow", lambda _product: False)
PRODUCT.plain("product_variants", lambda product: [{"product_id": product.id + 50, "variant_name": "blue"}])


@PRODUCT.field("image_url")
def _image(call: Call, product: Product, _field: Field) -> str:
    return f"{call.base_url}/_sim/picture/{product.id}.jpg"
