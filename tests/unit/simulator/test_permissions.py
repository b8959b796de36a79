"""The table of graph-api.md §1.3: what each login flavour offers, and the scopes that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.simulator.client import FACEBOOK, INSTAGRAM, Sim, ig_id, running

BASE = {FACEBOOK: ("instagram_basic", "pages_read_engagement"), INSTAGRAM: ("instagram_business_basic",)}
PUBLISH = ("instagram_content_publish",), ("instagram_business_content_publish",)
INSIGHTS = ("instagram_manage_insights",), ("instagram_business_manage_insights",)
COMMENTS = ("instagram_manage_comments",), ("instagram_business_manage_comments",)
SHOP = ("catalog_management", "instagram_shopping_tag_products"), None
HASHTAGS = ("instagram_public_content_access",), None
NOTHING = (), ()
TAKING = {"media_id": "{media}", "message": "hi"}


@dataclass(frozen=True)
class Row:
    """One line of the table. `extra`: scopes beyond the base ones on Facebook and Instagram Login, None: not there."""

    method: str
    path: str
    extra: tuple[tuple[str, ...], tuple[str, ...] | None]
    params: dict[str, str] = field(default_factory=dict)
    absent: tuple[int, int | None] = (100, 33)


ROWS = {
    "user": Row("GET", "/{ig}", NOTHING),
    "media": Row("GET", "/{ig}/media", NOTHING),
    "stories": Row("GET", "/{ig}/stories", NOTHING),
    "live media": Row("GET", "/{ig}/live_media", NOTHING),
    "media node": Row("GET", "/{media}", NOTHING),
    "children": Row("GET", "/{media}/children", NOTHING),
    "create": Row("POST", "/{ig}/media", PUBLISH, {"image_url": "http://media.invalid/a.jpg"}),
    "publish": Row("POST", "/{ig}/media_publish", PUBLISH, {"creation_id": "{container}"}),
    "container": Row("GET", "/{container}", PUBLISH),
    "limit": Row("GET", "/{ig}/content_publishing_limit", PUBLISH),
    "account insights": Row("GET", "/{ig}/insights", INSIGHTS, {"metric": "reach", "period": "day"}),
    "media insights": Row("GET", "/{media}/insights", INSIGHTS, {"metric": "reach"}),
    "insights in a list": Row("GET", "/{ig}/media", INSIGHTS, {"fields": "insights.metric(reach)", "limit": "1"}),
    "comments": Row("GET", "/{media}/comments", COMMENTS),
    "comment": Row("POST", "/{media}/comments", COMMENTS, {"message": "hi"}),
    "replies": Row("GET", "/{comment}/replies", COMMENTS),
    "reply": Row("POST", "/{comment}/replies", COMMENTS, {"message": "hi"}),
    "hide": Row("POST", "/{comment}", COMMENTS, {"hide": "true"}),
    "delete comment": Row("DELETE", "/{comment}", COMMENTS),
    "comment switch": Row("POST", "/{media}", COMMENTS, {"comment_enabled": "true"}),
    "tags": Row("GET", "/{ig}/tags", COMMENTS),
    "mentions": Row("POST", "/{ig}/mentions", COMMENTS, TAKING),
    "mentioned media": Row(
        "GET", "/{ig}", (COMMENTS[0], None), {"fields": "mentioned_media.media_id(1){id}"}, (100, None)
    ),
    "mentioned comment": Row(
        "GET", "/{ig}", (COMMENTS[0], None), {"fields": "mentioned_comment.comment_id(1){id}"}, (100, None)
    ),
    "business discovery": Row(
        "GET",
        "/{ig}",
        (INSIGHTS[0], None),
        {"fields": "business_discovery.username(sim_brand_1){id}"},
        (100, None),
    ),
    "hashtag search": Row("GET", "/ig_hashtag_search", HASHTAGS, {"user_id": "{ig}", "q": "cats"}),
    "searched hashtags": Row("GET", "/{ig}/recently_searched_hashtags", HASHTAGS),
    "catalogs": Row("GET", "/{ig}/available_catalogs", SHOP),
    "products": Row("GET", "/{ig}/catalog_product_search", SHOP, {"catalog_id": "1"}),
    "appeals": Row("GET", "/{ig}/product_appeal", SHOP, {"product_id": "1"}),
    "appeal": Row("POST", "/{ig}/product_appeal", SHOP, {"product_id": "1", "appeal_reason": "x"}),
    "product tags": Row("GET", "/{media}/product_tags", SHOP),
    "collaborators": Row("GET", "/{media}/collaborators", ((), None)),
    "delete media": Row("DELETE", "/{media}", (("instagram_manage_contents",), None)),
    "audio": Row("GET", "/ig_audio", ((), None), {"user_id": "{ig}"}),
}
NEED_NO_BASE = {"audio"}


@dataclass(frozen=True)
class Own:
    """What an account has for these calls."""

    scopes: list[str]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def sim() -> Iterator[Sim]:
    with running(accounts=2) as sim:
        yield sim
        assert sim.report()["defects"] == {}


@pytest.fixture(scope="module")
def own(sim: Sim) -> dict[int, Own]:
    found = {}
    for account in (FACEBOOK, INSTAGRAM):
        rows = sim.get(f"/{ig_id(account)}/media", as_account=account, fields="id,comments{id}")["data"]
        media = next(row for row in rows if "comments" in row)
        ids = {"ig": ig_id(account), "media": media["id"], "comment": media["comments"]["data"][0]["id"]}
        ids["container"] = sim.finished(account)
        found[account] = Own(sim.control("POST", "account", account=account)["scopes"], ids)
    return found


@pytest.mark.parametrize("name", ROWS)
def test_facebook_login_takes_every_scope_of_the_table(sim: Sim, own: dict[int, Own], name: str) -> None:
    _takes_every_scope(sim, own[FACEBOOK], FACEBOOK, name, ROWS[name].extra[0])


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.extra[1] is not None])
def test_instagram_login_takes_every_scope_of_the_table(sim: Sim, own: dict[int, Own], name: str) -> None:
    _takes_every_scope(sim, own[INSTAGRAM], INSTAGRAM, name, ROWS[name].extra[1] or ())


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.extra[1] is None])
def test_what_instagram_login_does_not_offer_is_refused(sim: Sim, own: dict[int, Own], name: str) -> None:
    _grant(sim, INSTAGRAM, own[INSTAGRAM].scopes)

    assert _ask(sim, own[INSTAGRAM], INSTAGRAM, ROWS[name]) == (400, *ROWS[name].absent)


def _takes_every_scope(sim: Sim, own: Own, account: int, name: str, extra: tuple[str, ...]) -> None:
    row, wanted = ROWS[name], (*(() if name in NEED_NO_BASE else BASE[account]), *extra)
    for missing in wanted:
        _grant(
            sim, account, set(own.scopes) - {missing} - ({"pages_show_list"} if row.path == "/{ig}/media" else set())
        )
        assert _ask(sim, own, account, row) == (403, 10, None), f"without {missing}"
    _grant(sim, account, wanted)
    assert _ask(sim, own, account, row)[:2] != (403, 10)
    _grant(sim, account, own.scopes)


def _grant(sim: Sim, account: int, scopes: Any) -> None:
    sim.control("POST", "account", account=account, scopes=sorted(scopes))


def _ask(sim: Sim, own: Own, account: int, row: Row) -> tuple[int, int | None, int | None]:
    """Status, code and subcode."""
    params = {key: value.format(**own.ids) if "{id" not in value else value for key, value in row.params.items()}
    place: dict[str, Any] = {"params": params} if row.method == "GET" else {"json": params}
    answer = sim.call(row.method, row.path.format(**own.ids), as_account=account, **place)
    error = answer.json().get("error", {})
    return answer.status_code, error.get("code"), error.get("error_subcode")
