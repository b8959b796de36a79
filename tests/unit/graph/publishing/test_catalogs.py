"""Catalogs, products and appeals."""

from __future__ import annotations

from graph.client import GraphClient
from graph.publishing.catalogs import Appeal, Catalog, Product, ProductVariant
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


def test_the_catalog(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"catalog_id": "9601", "catalog_name": "c", "shop_name": "s", "product_count": 11}]})

    assert facebook.catalogs.available() == (Catalog("9601", "c", "s", 11),)
    assert server.last.path == f"/v25.0/{IG_ID}/available_catalogs"
    assert server.last.query == {"fields": "catalog_id,catalog_name,shop_name,product_count"}


def test_products_keep_their_ids_as_text(facebook: GraphClient, server: ScriptedServer) -> None:
    product = {
        "product_id": 3231775643511089,
        "merchant_id": 90010177253934,
        "product_name": "mug",
        "retailer_id": "r1",
        "review_status": "approved",
        "product_variants": [{"product_id": 5209223099160494, "variant_name": "red"}],
        "image_url": "https://x",
    }
    server.replies({"data": [product], "paging": {"cursors": {"after": "A"}, "next": "https://x"}})

    page = facebook.catalogs.search("9601", "mug", "B")

    assert page.items == (
        Product(
            "3231775643511089",
            "mug",
            "90010177253934",
            "r1",
            "approved",
            (ProductVariant("5209223099160494", "red"),),
            {"image_url": "https://x"},
        ),
    )
    assert page.has_next
    assert server.last.path == f"/v25.0/{IG_ID}/catalog_product_search"
    assert server.last.query == {"catalog_id": "9601", "q": "mug", "after": "B"}


def test_the_review_of_a_product(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"product_id": 4029274203846188, "review_status": "", "eligible_for_appeal": False}]})

    assert facebook.catalogs.appeals("4029274203846188") == (Appeal("4029274203846188", "", False),)
    assert server.last.path == f"/v25.0/{IG_ID}/product_appeal"
    assert server.last.query == {"product_id": "4029274203846188"}


def test_appealing(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"success": True})

    facebook.catalogs.appeal("4029274203846188", "it is a mug")

    assert (server.last.method, server.last.path) == ("POST", f"/v25.0/{IG_ID}/product_appeal")
    assert server.last.form == {"product_id": "4029274203846188", "appeal_reason": "it is a mug"}
