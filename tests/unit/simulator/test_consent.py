"""The pages of consent: both logins, a refusal, addresses that must be equal byte for byte."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.simulator.client import FACEBOOK, INSTAGRAM, Sim, ig_id, running

BACK = "https://app.example/back"
APP = {"client_id": "SIM-APP", "client_secret": "SIM-APP-SECRET", "redirect_uri": BACK}
DIALOGS = {FACEBOOK: "/v25.0/dialog/oauth", INSTAGRAM: "/oauth/authorize"}


def _led_back(sim: Sim, login: int, **query: str) -> tuple[dict[str, list[str]], str]:
    """Query and fragment of the address to which consent leads back."""
    asked = {"client_id": "SIM-APP", "redirect_uri": BACK, "response_type": "code", "state": "s t&te", **query}
    answer = sim.http.get(DIALOGS[login], params=asked)
    assert answer.status_code == 302, answer.text
    target = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{BACK}?")
    return parse_qs(target.query), target.fragment if answer.headers["location"].find("#") > 0 else "none"


def _redeem(sim: Sim, login: int, code: str, **form: str) -> int:
    asked = {**APP, "code": code, **form}
    if login == FACEBOOK:
        return sim.http.get("/v25.0/oauth/access_token", params=asked).status_code
    return sim.http.post("/oauth/access_token", data={"grant_type": "authorization_code", **asked}).status_code


@pytest.mark.parametrize(("login", "end"), [(FACEBOOK, "none"), (INSTAGRAM, "_")])
def test_consent_leads_back_with_code_and_state(sim: Sim, login: int, end: str) -> None:
    scope = {"config_id": "77"} if login == FACEBOOK else {"scope": "instagram_business_basic"}
    query, fragment = _led_back(sim, login, **scope)

    assert (query["state"], fragment) == (["s t&te"], end)
    assert _redeem(sim, login, query["code"][0]) == 200
    assert _redeem(sim, login, query["code"][0]) == 400, "a code works once"
    assert sim.report()["unknown_params"] == {}


@pytest.mark.parametrize(("login", "end"), [(FACEBOOK, "none"), (INSTAGRAM, "_")])
def test_refused_consent_leads_back_without_a_code(sim: Sim, login: int, end: str) -> None:
    sim.control("POST", "account", account=login, refuses_consent=True)

    query, fragment = _led_back(sim, login)

    assert "code" not in query
    assert (query["error"], query["error_reason"]) == (["access_denied"], ["user_denied"])
    assert query["error_description"]
    assert (query["state"], fragment) == (["s t&te"], end)


@pytest.mark.parametrize("login", [FACEBOOK, INSTAGRAM])
def test_the_address_is_the_same_in_dialog_and_exchange_byte_for_byte(sim: Sim, login: int) -> None:
    code = _led_back(sim, login)[0]["code"][0]

    assert _redeem(sim, login, code, redirect_uri=f"{BACK}/") == 400
    assert _redeem(sim, login, code) == 200


def test_the_address_is_one_that_the_app_lists(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=2, redirect_uris=(BACK,))

    assert _led_back(sim, FACEBOOK)[0]["code"]
    for login, dialog in DIALOGS.items():
        asked = {"client_id": "SIM-APP", "redirect_uri": f"{BACK}/", "response_type": "code"}
        assert sim.http.get(dialog, params=asked).status_code == 400, login


def test_instagram_login_has_an_app_of_its_own(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=2, instagram_app_id="IG-APP", instagram_app_secret="IG-SECRET")
    own = {"client_id": "IG-APP", "client_secret": "IG-SECRET"}

    assert _redeem(sim, INSTAGRAM, "SIM-CODE-1-a") == 400
    assert _redeem(sim, INSTAGRAM, "SIM-CODE-1-a", **own) == 200
    assert _redeem(sim, FACEBOOK, "SIM-CODE-0-a", **own) == 400
    assert _redeem(sim, FACEBOOK, "SIM-CODE-0-a") == 200
    proof = hmac.new(b"IG-SECRET", b"SIM-TOKEN-1", hashlib.sha256).hexdigest()
    assert sim.get("/me", as_account=INSTAGRAM, appsecret_proof=proof)["id"]
    assert sim.refused("GET", f"/{ig_id(0)}", appsecret_proof=proof) == (100, None)
    assert sim.get("/me/subscribed_apps", as_account=INSTAGRAM)["data"][0]["id"] == "IG-APP"


def test_a_code_keeps_its_address_over_a_restart(tmp_path: Path) -> None:
    with running(accounts=2, state_dir=tmp_path) as sim:
        code = _led_back(sim, FACEBOOK)[0]["code"][0]

    with running(accounts=2, state_dir=tmp_path) as sim:
        assert _redeem(sim, FACEBOOK, code, redirect_uri=f"{BACK}/") == 400
        assert _redeem(sim, FACEBOOK, code) == 200
