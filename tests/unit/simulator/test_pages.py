"""Who am I, which Pages, which businesses; subscriptions of Pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id

FIELDS = "id,name,access_token,tasks,instagram_business_account{id,username}"


def test_the_manager_sees_every_page_and_one_without_instagram(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=8)

    pages = sim.get("/me/accounts", as_account="ALL", fields=FIELDS, limit=100)["data"]

    linked = [page["instagram_business_account"]["id"] for page in pages if "instagram_business_account" in page]
    assert linked == [ig_id(index) for index in (0, 2, 4, 6)]
    assert len(pages) == 5
    assert pages[0]["tasks"][0] == "ADVERTISE"
    assert pages[1]["tasks"][0].startswith("PROFILE_PLUS_")
    assert sim.get(f"/{ig_id(4)}", as_account="ALL") == {"id": ig_id(4)}
    assert sim.refused("GET", f"/{ig_id(1)}", as_account="ALL") == (100, 33)


def test_pages_are_paged(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=8)
    first = sim.get("/me/accounts", as_account="ALL", fields="id", limit=3)
    rest = sim.get("/me/accounts", as_account="ALL", fields="id", limit=3, after=first["paging"]["cursors"]["after"])

    assert len(first["data"]) == 3
    assert len(rest["data"]) == 2
    assert "next" not in rest["paging"]


def test_pages_are_found_through_businesses_too(sim: Sim) -> None:
    (business,) = sim.get("/me/businesses", fields="id,name")["data"]

    (page,) = sim.get(f"/{business['id']}/owned_pages", fields=FIELDS)["data"]

    assert page["instagram_business_account"]["id"] == ig_id(0)
    assert sim.get(f"/{business['id']}/client_pages") == {"data": []}
    assert sim.get(f"/{business['id']}", fields="name")["name"] == business["name"]
    shown = sim.get(f"/{page['id']}", fields="instagram_business_account")
    assert shown["instagram_business_account"] == {"id": ig_id(0)}
    assert sim.refused("GET", f"/{page['id']}", as_account=2) == (100, 33)


def test_a_person_and_a_page_can_be_me(sim: Sim) -> None:
    person = sim.get("/me", fields="id,name")
    page = sim.get("/me", as_account="PAGE-0", fields="id,name")

    assert person["id"] != page["id"]
    assert sim.get(f"/{person['id']}/accounts")["data"][0]["id"] == page["id"]


def test_the_pages_scope_is_needed(sim: Sim) -> None:
    sim.control("POST", "account", account=0, without_scopes=["pages_show_list"])

    assert sim.refused("GET", "/me/accounts", status=403) == (10, None)


def test_a_page_subscribes_with_pages_manage_metadata(sim: Sim) -> None:
    page = sim.get("/me/accounts", fields="id")["data"][0]["id"]
    path = f"/{page}/subscribed_apps"

    assert sim.post(path, as_account="PAGE-0", subscribed_fields="feed") == {"success": True}
    assert sim.get(path, as_account="PAGE-0")["data"][0]["id"] == "SIM-APP"
    assert sim.call("DELETE", path, as_account="PAGE-0").json() == {"success": True}
    assert sim.get(path, as_account="PAGE-0")["data"] == []
    assert sim.refused("POST", path) == (100, None)
    sim.control("POST", "account", account=0, without_scopes=["pages_manage_metadata"])
    assert sim.refused("POST", path, status=403, subscribed_fields="feed") == (10, None)


@pytest.mark.parametrize(
    ("account", "named"),
    [(0, ["comments", "mentions", "story_insights"]), (INSTAGRAM, ["comments", "mentions", "story_reactions"])],
)
def test_an_account_is_subscribed_directly_and_tells_to_what(sim: Sim, account: int, named: list[str]) -> None:
    path = f"/{ig_id(account)}/subscribed_apps"

    assert sim.post(path, as_account=account, subscribed_fields=",".join(named)) == {"success": True}

    assert sim.get(path, as_account=account)["data"][0]["subscribed_fields"] == named
    assert sim.call("DELETE", path, as_account=account).json() == {"success": True}
    assert sim.get(path, as_account=account) == {"data": []}


@pytest.mark.parametrize(("account", "unknown"), [(0, "story_reactions"), (0, "feed"), (INSTAGRAM, "stories")])
def test_one_unknown_field_fails_the_whole_subscription(sim: Sim, account: int, unknown: str) -> None:
    path = f"/{ig_id(account)}/subscribed_apps"
    sim.call("DELETE", path, as_account=account)

    fields = f"comments,{unknown}"
    assert sim.refused("POST", path, as_account=account, subscribed_fields=fields) == (100, None)

    assert sim.get(path, as_account=account) == {"data": []}
