"""Login, exchange, refresh, inspection and death of tokens."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id

APP = {"client_id": "SIM-APP", "client_secret": "SIM-APP-SECRET"}
REDIRECT = "http://localhost/callback"


def _works(sim: Sim, token: str) -> bool:
    answer = sim.http.get("/v25.0/me", params={"access_token": token})
    return answer.status_code == 200


def test_facebook_code_to_short_to_long_to_page_token(sim: Sim) -> None:
    grant = {**APP, "redirect_uri": REDIRECT, "code": "SIM-CODE-0"}
    short = sim.http.get("/v25.0/oauth/access_token", params=grant).json()
    assert short["token_type"] == "bearer"
    assert short["expires_in"] <= 3601
    exchange = {**APP, "grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}

    long = sim.http.get("/v25.0/oauth/access_token", params=exchange).json()

    assert long["access_token"] != short["access_token"]
    assert long["expires_in"] > 59 * 86_400
    fields = "id,name,access_token,tasks,instagram_business_account"
    query = {"fields": fields, "access_token": long["access_token"]}
    (page,) = sim.http.get("/v25.0/me/accounts", params=query).json()["data"]
    assert page["instagram_business_account"] == {"id": ig_id(0)}
    headers = {"authorization": f"Bearer {page['access_token']}"}
    assert sim.http.get(f"/v25.0/{ig_id(0)}", headers=headers).json() == {"id": ig_id(0)}
    again = sim.http.get("/v25.0/oauth/access_token", params=grant).json()
    assert again["error"]["code"] == 100, "a code works once"


@pytest.mark.parametrize("reading", ["data", "flat"])
def test_instagram_code_to_short_to_long_to_refreshed(simulate: Callable[..., Sim], reading: str) -> None:
    sim = simulate(readings={"igl_code_exchange": reading})
    form = {**APP, "grant_type": "authorization_code", "redirect_uri": REDIRECT, "code": "SIM-CODE-1-abc"}
    answer = sim.http.post("/oauth/access_token", data=form).json()
    grant: dict[str, Any] = answer if reading == "flat" else answer["data"][0]
    assert grant["user_id"] == ig_id(1)
    exchange = {
        "grant_type": "ig_exchange_token",
        "client_secret": APP["client_secret"],
        "access_token": grant["access_token"],
    }
    long = sim.http.get("/access_token", params=exchange).json()
    assert long["token_type"] == "bearer"
    refresh = {"grant_type": "ig_refresh_token", "access_token": long["access_token"]}

    too_young = sim.http.get("/refresh_access_token", params=refresh).json()
    sim.advance(86_400 + 1)
    refreshed = sim.http.get("/refresh_access_token", params=refresh).json()

    assert too_young["error"]["code"] == 100
    assert refreshed["expires_in"] > 59 * 86_400
    assert "instagram_business_basic" in refreshed["permissions"]
    assert _works(sim, refreshed["access_token"])
    assert not _works(sim, grant["access_token"]), "the short one lived for an hour"


def test_instagram_login_refuses_codes_in_its_own_shape(sim: Sim) -> None:
    form = {**APP, "grant_type": "authorization_code", "redirect_uri": REDIRECT, "code": "SIM-CODE-1"}
    assert sim.http.post("/oauth/access_token", data=form).status_code == 200

    for spoiled in (
        form,
        {**form, "code": "SIM-CODE-0"},
        {**form, "code": "SIM-CODE-1-x#_"},
        {**form, "client_id": "x"},
    ):
        answer = sim.http.post("/oauth/access_token", data=spoiled)
        assert answer.status_code == 400
        assert set(answer.json()) == {"error_type", "code", "error_message"}


def test_consent_leads_back_with_a_code(sim: Sim) -> None:
    query = {"client_id": "SIM-APP", "redirect_uri": f"{REDIRECT}?a=1", "state": "s1", "account": "3"}
    answer = sim.http.get("/oauth/authorize", params=query)

    assert answer.status_code == 302
    target = answer.headers["location"]
    assert target.endswith("#_")
    found = parse_qs(urlsplit(target).query)
    assert (found["a"], found["state"]) == (["1"], ["s1"])
    form = {**APP, "grant_type": "authorization_code", "redirect_uri": f"{REDIRECT}?a=1", "code": found["code"][0]}
    assert sim.http.post("/oauth/access_token", data=form).json()["data"][0]["user_id"] == ig_id(3)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/oauth/access_token", {"client_id": "x", "client_secret": "x", "code": "SIM-CODE-0"}),
        ("/oauth/access_token", {**APP, "client_secret": "x", "code": "SIM-CODE-0"}),
        ("/oauth/access_token", {**APP, "code": "SIM-CODE-1"}),
        ("/access_token", {"grant_type": "ig_exchange_token", "client_secret": "x", "access_token": "SIM-TOKEN-1"}),
        ("/access_token", {"grant_type": "nonsense"}),
        ("/refresh_access_token", {"access_token": "SIM-TOKEN-1"}),
    ],
)
def test_bad_exchanges_are_refused(shared: Sim, path: str, params: dict[str, str]) -> None:
    assert shared.http.get(path, params=params).json()["error"]["code"] == 100


def test_a_token_of_the_other_login_is_not_exchanged(sim: Sim) -> None:
    refresh = {"grant_type": "ig_refresh_token", "access_token": "SIM-TOKEN-0"}
    exchange = {**APP, "grant_type": "fb_exchange_token", "fb_exchange_token": "SIM-TOKEN-1"}

    assert sim.http.get("/refresh_access_token", params=refresh).json()["error"]["code"] == 190
    assert sim.http.get("/oauth/access_token", params=exchange).json()["error"]["code"] == 190


def test_a_refresh_needs_the_basic_scope(sim: Sim) -> None:
    sim.control("POST", "account", account=1, without_scopes=["instagram_business_basic"])
    refresh = {"grant_type": "ig_refresh_token", "access_token": "SIM-TOKEN-1"}

    assert sim.http.get("/refresh_access_token", params=refresh).json()["error"]["code"] == 10


def test_a_token_can_be_inspected(sim: Sim) -> None:
    app = "SIM-APP|SIM-APP-SECRET"
    good = sim.http.get("/v25.0/debug_token", params={"input_token": "SIM-TOKEN-0", "access_token": app}).json()["data"]
    assert good["is_valid"] is True
    assert good["type"] == "USER"
    assert good["app_id"] == "SIM-APP"
    assert {"scope": "instagram_basic"} in good["granular_scopes"]
    sim.control("POST", "token", account=0, action="revoke")
    dead = sim.http.get("/debug_token", params={"input_token": "SIM-TOKEN-0", "access_token": app}).json()["data"]
    assert dead["is_valid"] is False
    assert dead["error"]["subcode"] == 458
    page = sim.http.get("/debug_token", params={"input_token": "SIM-TOKEN-PAGE-2", "access_token": app}).json()["data"]
    assert (page["type"], page["expires_at"]) == ("PAGE", 0)
    unknown = sim.http.get("/debug_token", params={"input_token": "x", "access_token": app}).json()["data"]
    assert unknown["is_valid"] is False
    assert sim.http.get("/debug_token", params={"input_token": "x"}).json()["error"]["code"] == 190


@pytest.mark.parametrize(
    ("action", "subcode"), [("expire", 463), ("revoke", 458), ("rotate", 460), ("revoke:492", 492), ("revoke:459", 459)]
)
@pytest.mark.parametrize("account", [0, INSTAGRAM])
def test_tokens_die_in_several_ways(sim: Sim, account: int, action: str, subcode: int) -> None:
    name, _, wanted = action.partition(":")
    extra = {"subcode": int(wanted)} if wanted else {}

    answer = sim.control("POST", "token", account=account, action=name, **extra)

    assert sim.refused("GET", f"/{ig_id(account)}", as_account=account) == (190, subcode)
    assert sim.control("GET", "accounts")[account]["token"] == answer["token"]
    if name == "rotate":
        assert _works(sim, answer["token"])
    sim.control("POST", "token", account=account, action="restore")
    assert sim.get(f"/{ig_id(account)}", as_account=account)


def test_a_token_dies_of_age(sim: Sim) -> None:
    sim.advance(59 * 86_400)

    assert sim.refused("GET", f"/{ig_id(0)}") == (190, 463)
    assert sim.http.get("/v25.0/me", params={"access_token": "SIM-TOKEN-PAGE-0"}).status_code == 200


def test_tokens_in_urls_are_reported(sim: Sim) -> None:
    sim.get(f"/{ig_id(0)}")
    assert sim.report()["tokens_in_urls"] == {}
    sim.http.get(f"/v25.0/{ig_id(0)}", params={"access_token": "SIM-TOKEN-0"})
    sim.http.get("/refresh_access_token", params={"grant_type": "ig_refresh_token", "access_token": "SIM-TOKEN-1"})

    assert sim.report()["tokens_in_urls"] == {"user": 1}


class TestDataAccess:
    """It lapses 90 days after the person was last asked, whatever becomes of their tokens."""

    DAY = 86_400

    def _inspect(self, sim: Sim, token: str) -> Any:
        query = {"input_token": token, "access_token": "SIM-APP|SIM-APP-SECRET"}
        return sim.http.get("/v25.0/debug_token", params=query).json()["data"]

    def test_a_token_that_was_exchanged_keeps_the_end_of_the_consent(self, sim: Sim) -> None:
        before = self._inspect(sim, "SIM-TOKEN-0")
        sim.advance(30 * self.DAY)
        exchange = {**APP, "grant_type": "fb_exchange_token", "fb_exchange_token": "SIM-TOKEN-0"}

        fresh = sim.http.get("/v25.0/oauth/access_token", params=exchange).json()["access_token"]

        after = self._inspect(sim, fresh)
        assert after["expires_at"] > before["expires_at"] + 20 * self.DAY
        assert after["data_access_expires_at"] == before["data_access_expires_at"]

    @pytest.mark.parametrize(("reading", "codes"), [("permission", [10]), ("token", [190]), ("served", [])])
    def test_once_it_is_over_a_login_brings_it_back(
        self, simulate: Callable[..., Sim], reading: str, codes: list[int]
    ) -> None:
        sim = simulate(readings={"lapsed_data_access": reading})
        page = {"authorization": "Bearer SIM-TOKEN-PAGE-0"}
        sim.advance(89 * self.DAY)

        answer = sim.http.get(f"/v25.0/{ig_id(0)}", headers=page).json()
        refused = [answer["error"]["code"]] if "error" in answer else []

        assert refused == codes
        assert self._inspect(sim, "SIM-TOKEN-PAGE-0")["is_valid"], "the token itself lives"
        grant = {**APP, "redirect_uri": REDIRECT, "code": "SIM-CODE-0"}
        sim.http.get("/v25.0/oauth/access_token", params=grant)
        assert sim.http.get(f"/v25.0/{ig_id(0)}", headers=page).json() == {"id": ig_id(0)}

    def test_instagram_login_knows_no_such_thing(self, sim: Sim) -> None:
        sim.advance(50 * self.DAY)
        refresh = {"grant_type": "ig_refresh_token", "access_token": "SIM-TOKEN-1"}
        fresh = sim.http.get("/refresh_access_token", params=refresh).json()["access_token"]
        sim.advance(50 * self.DAY)

        assert _works(sim, fresh)


def test_answers_are_dated_by_the_worlds_clock(sim: Sim) -> None:
    sim.advance(3 * 86_400)

    answer = sim.call("GET", f"/{ig_id(0)}")

    shown = parsedate_to_datetime(answer.headers["date"]).timestamp()
    assert shown <= sim.control("GET", "clock")["seconds"] < shown + 60
