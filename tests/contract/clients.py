"""The three foreign clients, pointed at the simulator: only hosts change, and who is asked for.

Each has its own way to say what Instagram refused; `refused` makes one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from facebook_business.api import FacebookAdsApi, FacebookSession
from facebook_business.exceptions import FacebookRequestError
from pyfacebook import BasicDisplayAPI, FacebookError, IGBasicDisplayApi, IGBusinessApi
from pystagram import PystagramGraphApi
from pystagram.helpers.errors import PystagramOAuthError

from tests.contract.world import APP_ID, APP_SECRET, Account, World


def pystagram(world: World, account: Account) -> Any:
    """Speaks v18.0, long gone: Instagram serves its oldest version instead."""
    api = PystagramGraphApi(app_id=APP_ID, app_secret=APP_SECRET, access_token=account.token)
    api.base_url = api.base_url.replace("https://graph.facebook.com", world.url)
    return api


@contextmanager
def pyfacebook(world: World, account: Account) -> Iterator[Any]:
    """The business client, with a proof of the app's secret on every call."""
    api = IGBusinessApi(
        app_id=APP_ID,
        app_secret=APP_SECRET,
        access_token=account.token,
        instagram_business_id=account.ig_id,
        base_url=f"{world.url}/",
        access_token_url=f"{world.url}/oauth/access_token",
        authorization_url=f"{world.url}/oauth/authorize",
    )
    with api.session:
        yield api


@contextmanager
def pyfacebook_basic(
    world: World, account: Account, kind: type[BasicDisplayAPI] = IGBasicDisplayApi, **options: Any
) -> Iterator[Any]:
    """The client for graph.instagram.com."""
    api = kind(
        app_id=APP_ID,
        app_secret=APP_SECRET,
        access_token=account.token,
        base_url=f"{world.url}/",
        access_token_url=f"{world.url}/oauth/access_token",
        authorization_url=f"{world.url}/oauth/authorize",
        **options,
    )
    with api.session:
        yield api


@contextmanager
def facebook_business(world: World, token: str, *, secret: str | None = APP_SECRET) -> Iterator[Any]:
    """Meta's own SDK, in the version of its own day."""
    session = FacebookSession(APP_ID, secret, token)
    session.GRAPH = world.url
    with session.requests:
        yield FacebookAdsApi(session)


def names_of(fields: type) -> list[str]:
    """The values of one of the SDK's classes of constants."""
    return [value for name, value in vars(fields).items() if not name.startswith("_")]


def refused(call: Callable[[], Any]) -> tuple[int, int | None]:
    """Code and subcode of the refusal, out of the client's own exception."""
    with pytest.raises((PystagramOAuthError, FacebookError, FacebookRequestError)) as caught:
        call()
    error = caught.value
    if isinstance(error, FacebookRequestError):
        return error.api_error_code(), error.api_error_subcode()
    return error.code, getattr(error, "error_subcode", None)
