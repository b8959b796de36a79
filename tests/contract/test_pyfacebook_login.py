"""python-facebook-api 0.24 logs in: code, long-lived token, Page token, inspection; and its Instagram Login client."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, MissingTokenError
from pyfacebook import BasicDisplayAPI, FacebookApi, GraphAPI

from tests.contract.clients import pyfacebook, pyfacebook_basic, refused
from tests.contract.world import APP_ID, APP_SECRET, Account, World

_DAY = 86_400


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib's own switch: without it, it refuses addresses without TLS."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def api(world: World, account: Account) -> Iterator[Any]:
    with pyfacebook(world, account) as api:
        yield api


@pytest.fixture
def basic(world: World, instagram_account: Account) -> Iterator[Any]:
    with pyfacebook_basic(world, instagram_account) as api:
        yield api


def consent(address: str, account: Account) -> str:
    """What the person's browser does: opens the dialog, agrees, and is sent back with a code."""
    answer = requests.get(f"{address}&account={account.index}", allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    back = answer.headers["location"]
    assert parse_qs(urlsplit(back).query)["state"] == ["PyFacebook"]
    return back


def test_a_code_becomes_a_token(api: Any, account: Account) -> None:
    address, _state = api.get_authorization_url(scope=["instagram_basic", "pages_show_list"])
    back = consent(address, account)

    grant = api.exchange_user_access_token(back)

    assert grant["token_type"] == "bearer"
    assert 0 < grant["expires_in"] <= 3600
    assert api.access_token == grant["access_token"]
    assert api.user.get_info().id == account.ig_id


def test_a_code_works_once(api: Any, account: Account) -> None:
    back = consent(api.get_authorization_url()[0], account)
    api.exchange_user_access_token(back)

    with pytest.raises(CustomOAuth2Error, match="code has been used"):
        api.exchange_user_access_token(back)


def test_long_lived_and_page_tokens(api: Any, account: Account) -> None:
    grant = api.exchange_long_lived_user_access_token()

    assert 59 * _DAY < grant["expires_in"] <= 60 * _DAY
    assert grant["access_token"] != account.token
    pages = api.exchange_long_lived_page_access_token("me", access_token=grant["access_token"])["data"]
    assert [page["access_token"] for page in pages] == [account.page_token]
    assert api.exchange_page_access_token(account.page_id) == account.page_token


def test_pages_with_their_accounts(world: World) -> None:
    """Somebody who manages many Pages, one of them without Instagram."""
    api = FacebookApi(app_id=APP_ID, app_secret=APP_SECRET, access_token="SIM-TOKEN-ALL", base_url=f"{world.url}/")
    with api.session:
        fields = "id,name,access_token,tasks,instagram_business_account"
        pages = api.get_full_connections("me", "accounts", count=None, limit=100, fields=fields)["data"]

    assert len(pages) == 201
    assert [page["id"] for page in pages if "instagram_business_account" not in page] == ["101599999999999"]
    assert all({"MANAGE", "PROFILE_PLUS_MANAGE"} & set(page["tasks"]) for page in pages)


def test_inspection_with_the_app_token(world: World, account: Account) -> None:
    api = GraphAPI(
        app_id=APP_ID,
        app_secret=APP_SECRET,
        application_only_auth=True,
        base_url=f"{world.url}/",
        access_token_url=f"{world.url}/oauth/access_token",
    )
    with api.session:
        found = api.debug_token(account.token)["data"]
        world.push("token", account, action="expire")
        after = api.debug_token(account.token)["data"]

    assert api.access_token == f"{APP_ID}|{APP_SECRET}"
    assert (found["app_id"], found["type"], found["is_valid"]) == (APP_ID, "USER", True)
    assert {"scope": "instagram_basic"} in found["granular_scopes"]
    assert found["expires_at"] > 0
    assert found["data_access_expires_at"] > 0
    assert (after["is_valid"], after["error"]["subcode"]) == (False, 463)


def test_instagram_login_reads(basic: Any, world: World, instagram_account: Account) -> None:
    found = basic.user.get_info(fields="id,username,account_type,media_count")
    media = basic.user.get_media(count=None, limit=5)

    assert (found.username, found.account_type, found.media_count) == (instagram_account.username, "BUSINESS", 12)
    assert len(media.data) == 12
    assert basic.media.get_info(media.data[0].id).id == media.data[0].id
    album = next(one for one in media.data if one.media_type == "CAROUSEL_ALBUM")
    assert len(basic.media.get_children(album.id).data) == 3


def test_instagram_login_lacks_what_needs_a_page(world: World, instagram_account: Account) -> None:
    with pyfacebook_basic(world, instagram_account, BasicDisplayAPI) as api:
        node = instagram_account.ig_id
        for fields in ("business_discovery.username(sim_brand_1){id}", "mentioned_media.media_id(1){id}", "ig_id"):
            assert refused(partial(api.get_object, node, fields=fields)) == (100, None)
        for edge in ("available_catalogs", "product_appeal", "recently_searched_hashtags"):
            assert refused(partial(api.get_connection, node, edge)) == (100, 33)
        for path in ("ig_hashtag_search", "ig_audio"):
            assert refused(partial(api.get, path, {"q": "coffee", "user_id": node})) == (100, 33)


@pytest.fixture
def flat(world: World) -> Iterator[None]:
    """Meta shows the code's token in a list, this client reads it flat: contested, so it can be chosen."""
    world.simulator.post("/_sim/readings", igl_code_exchange="flat")
    yield
    world.simulator.post("/_sim/readings", igl_code_exchange="data")


@pytest.mark.usefixtures("flat")
def test_instagram_tokens(basic: Any, instagram_account: Account) -> None:
    grant = basic.exchange_user_access_token(consent(basic.get_authorization_url()[0], instagram_account))
    assert grant["user_id"] == instagram_account.ig_id

    long = basic.exchange_long_lived_user_access_token()
    assert 59 * _DAY < long["expires_in"] <= 60 * _DAY
    assert refused(lambda: basic.refresh_access_token(long["access_token"])) == (100, None), "too young"
    assert basic.refresh_access_token(instagram_account.token)["token_type"] == "bearer"


def test_instagram_tokens_in_a_list_are_not_understood(basic: Any, instagram_account: Account) -> None:
    back = consent(basic.get_authorization_url()[0], instagram_account)

    with pytest.raises(MissingTokenError):
        basic.exchange_user_access_token(back)
