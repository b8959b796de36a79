"""Accounts and the user node of both logins."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tests.unit.simulator.client import FACEBOOK, INSTAGRAM, Sim, ig_id


def test_accounts_alternate_between_the_two_logins(sim: Sim) -> None:
    accounts = sim.control("GET", "accounts")

    assert [account["login"] for account in accounts] == ["facebook", "instagram", "facebook", "instagram"]
    assert [account["ig_id"] for account in accounts] == [ig_id(index) for index in range(4)]
    assert [account["token"] for account in accounts] == [f"SIM-TOKEN-{index}" for index in range(4)]
    assert len({account["username"] for account in accounts}) == 4


def test_only_the_id_is_shown_unless_fields_are_asked_for(sim: Sim) -> None:
    assert sim.get(f"/{ig_id(0)}") == {"id": ig_id(0)}


def test_all_facebook_fields_can_be_read(sim: Sim) -> None:
    fields = (
        "ig_id,username,name,biography,website,profile_picture_url,has_profile_pic,followers_count,follows_count,"
        "media_count,is_published,legacy_instagram_user_id,shopping_product_tag_eligibility,shopping_review_status,"
        "owner_business"
    )

    found = sim.get(f"/{ig_id(0)}", fields=fields)

    assert set(found) == {*fields.split(","), "id"}


def test_me_shows_the_app_scoped_id_on_instagram_login(sim: Sim) -> None:
    fields = "id,user_id,username,name,account_type,biography,website,followers_count,follows_count,media_count"

    found = sim.get("/me", as_account=INSTAGRAM, fields=fields)

    assert found["user_id"] == ig_id(1)
    assert found["id"] != ig_id(1)
    assert sim.get(f"/{found['id']}", as_account=INSTAGRAM, fields="username")["username"] == found["username"]


def test_a_path_without_version_means_the_same(sim: Sim) -> None:
    answer = sim.http.get(f"/{ig_id(0)}", headers={"authorization": "Bearer SIM-TOKEN-0"})

    assert answer.json() == {"id": ig_id(0)}


@pytest.mark.parametrize("where", ["header", "oauth", "query", "form"])
def test_the_token_is_taken_from_header_query_and_form(sim: Sim, where: str) -> None:
    if where == "form":
        answer = sim.http.post(f"/v25.0/{ig_id(0)}/media_publish", data={"access_token": "SIM-TOKEN-0"})
        assert answer.json()["error"]["message"] == "(#100) The parameter creation_id is required"
        return
    headers = {"header": {"authorization": "Bearer SIM-TOKEN-0"}, "oauth": {"authorization": "OAuth SIM-TOKEN-0"}}
    query = {"access_token": "SIM-TOKEN-0"} if where == "query" else {}

    answer = sim.http.get(f"/v25.0/{ig_id(0)}", params=query, headers=headers.get(where, {}))

    assert answer.json() == {"id": ig_id(0)}


def test_a_missing_or_unknown_token_is_refused(sim: Sim) -> None:
    assert sim.http.get(f"/v25.0/{ig_id(0)}").json()["error"]["code"] == 190
    assert sim.refused("GET", f"/{ig_id(0)}", as_account="nobody") == (190, None)


def test_another_account_is_out_of_reach(sim: Sim) -> None:
    assert sim.refused("GET", f"/{ig_id(2)}") == (100, 33)
    assert sim.refused("GET", "/17841499999999999") == (100, 33)


def test_a_field_of_the_other_login_does_not_exist(sim: Sim) -> None:
    assert sim.refused("GET", f"/{ig_id(1)}", as_account=INSTAGRAM, fields="ig_id") == (100, None)
    assert sim.refused("GET", f"/{ig_id(0)}", as_account=FACEBOOK, fields="account_type") == (100, None)
    assert sim.report()["unknown_fields"] == {"IGUser.account_type": 1, "IGUser.ig_id": 1}


def test_a_missing_scope_is_a_permission_error(sim: Sim) -> None:
    sim.control("POST", "account", account=0, without_scopes=["instagram_basic"])

    assert sim.refused("GET", f"/{ig_id(0)}", status=403) == (10, None)


def test_the_proof_is_checked_when_it_is_sent(sim: Sim) -> None:
    proof = hmac.new(b"SIM-APP-SECRET", b"SIM-TOKEN-0", hashlib.sha256).hexdigest()

    assert sim.get(f"/{ig_id(0)}", appsecret_proof=proof) == {"id": ig_id(0)}
    assert sim.refused("GET", f"/{ig_id(0)}", appsecret_proof="0" * 64) == (100, None)


def test_unknown_paths_and_params_are_reported(sim: Sim) -> None:
    assert sim.refused("GET", f"/{ig_id(0)}/live_videos") == (100, None)
    sim.get(f"/{ig_id(0)}", nonsense="1")

    report = sim.report()
    assert report["unknown_paths"] == {"GET /{id}/live_videos": 1}
    assert report["unknown_params"] == {"user: nonsense": 1}


def test_followers_grow_with_the_days(sim: Sim) -> None:
    before = sim.get(f"/{ig_id(0)}", fields="followers_count")["followers_count"]
    sim.advance(30 * 86_400)

    assert sim.get(f"/{ig_id(0)}", fields="followers_count")["followers_count"] > before


def test_a_dead_version_is_served_as_the_next_one_alive_and_reported(sim: Sim) -> None:
    alive = {name: name for name in ("v21.0", "v26.0", "v27.0", "v99.0")}
    for version, answering in {"v18.0": "v21.0", "v20.0": "v21.0", **alive}.items():
        answer = sim.http.get(f"/{version}/{ig_id(0)}", headers={"authorization": "Bearer SIM-TOKEN-0"})
        assert answer.status_code == 200
        assert answer.headers["facebook-api-version"] == answering

    assert sim.report()["dead_versions"] == {"v18.0": 1, "v20.0": 1, "v99.0": 1}
