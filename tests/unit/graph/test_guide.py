"""docs/instagram.md names every endpoint, and every call it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph.client import GraphClient
from graph.wire.endpoints import Endpoint

HERE = Path(__file__).parent
CLIENT = HERE.parents[2] / "graph"
GUIDE = (HERE.parents[2] / "docs" / "instagram.md").read_text(encoding="utf-8")
ROWS = [line.split("|") for line in GUIDE.splitlines() if re.match(r"\| `(GET|POST|DELETE) /[^`]*` \|", line)]
ENDPOINTS = {row[1].strip().strip("`"): row for row in ROWS}

# The User node of pystagram 1.2.0 (graph-api.md §9), which this client has to cover, by class and method.
USER_NODE = {
    "AvailableCatalogs.get": "GET /{ig}/available_catalogs",
    "BusinessDiscovery.get": "GET /{ig}?fields=business_discovery",
    "CatalogProductSearch.get": "GET /{ig}/catalog_product_search",
    "ContentPublishingLimit.get": "GET /{ig}/content_publishing_limit",
    "Insights.get": "GET /{ig}/insights",
    "LiveMedia.get": "GET /{ig}/live_media",
    "Media.create": "POST /{ig}/media",
    "Media.get": "GET /{ig}/media",
    "MediaPublish.create": "POST /{ig}/media_publish",
    "MentionedComment.get": "GET /{ig}?fields=mentioned_comment",
    "MentionedMedia.get": "GET /{ig}?fields=mentioned_media",
    "Mentions.create": "POST /{ig}/mentions",
    "ProductAppeal.get": "GET /{ig}/product_appeal",
    "ProductAppeal.create": "POST /{ig}/product_appeal",
    "RecentlySearchedHashtags.get": "GET /{ig}/recently_searched_hashtags",
    "Stories.get": "GET /{ig}/stories",
    "Tags.get": "GET /{ig}/tags",
    "User.get": "GET /{ig}",
}


def _below(folder: Path, name: str) -> Path:
    """The one file of that name in the rooms of a folder."""
    [found] = folder.rglob(name)
    return found


def test_every_endpoint_has_its_row() -> None:
    assert sorted(row[1].strip().strip("`") for row in ROWS) == sorted(endpoint.value for endpoint in Endpoint)


def test_every_call_exists(facebook: GraphClient) -> None:
    named = set(re.findall(r"client\.(\w+)\.(\w+)", GUIDE))

    for group, call in named:
        assert callable(getattr(getattr(facebook, group), call, None)), f"client.{group}.{call}"


def test_every_module_and_test_file_exists() -> None:
    for row in ROWS:
        for module in re.findall(r"`(\w+)`", row[5]):
            assert _below(CLIENT, f"{module}.py").is_file(), module
        for test in re.findall(r"`(\w+\.py)`", row[6]):
            assert _below(HERE, test).is_file(), test


@pytest.mark.parametrize("method", USER_NODE)
def test_the_whole_user_node_is_covered(method: str) -> None:
    assert USER_NODE[method] in ENDPOINTS


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_row_is_complete_and_its_tests_make_the_call(endpoint: str) -> None:
    _, _, calls, login, permission, _, tests, _ = ENDPOINTS[endpoint]
    names = re.findall(r"client\.\w+\.(\w+)", calls)
    sources = [_below(HERE, test).read_text(encoding="utf-8") for test in re.findall(r"`(\w+\.py)`", tests)]

    assert re.match(r" (F|I|F I)( |$)", login), login
    assert permission.strip()
    assert names
    for name in names:
        assert any(re.search(rf"[.\"]{name}\b", source) for source in sources), f"no test calls {name}"


def test_what_only_facebook_login_has_is_refused_before_any_call() -> None:
    held = (HERE / "test_logins.py").read_text(encoding="utf-8")
    for row in ROWS:
        if row[3].strip() == "F" and "`tokens`" not in row[5]:
            for group, name in re.findall(r"client\.(\w+)\.(\w+)", row[2]):
                assert f"c.{group}.{name}(" in held, f"client.{group}.{name} is missing in test_logins.py"
