"""The permissions that an account may be granted, and what is said of those that it was not."""

from __future__ import annotations

import pytest

from pressrun.instagram.permissions import ASKED, OF_LOGIN, cost_of, lacking
from simulator.world.people import FACEBOOK_SCOPES, INSTAGRAM_SCOPES

NOT_OURS = {
    "instagram_public_content_access",  # a feature of the app, that no person grants
    "instagram_business_manage_messages",  # Pressrun sends and reads no messages
}


@pytest.mark.parametrize(("login", "scopes"), [("facebook", FACEBOOK_SCOPES), ("instagram", INSTAGRAM_SCOPES)])
def test_all_that_instagram_knows_is_told(login: str, scopes: frozenset[str]) -> None:
    assert {one.scope for one in OF_LOGIN[login]} == scopes - NOT_OURS
    assert lacking(login, [scopes]) == ()


def test_what_one_token_lacks_the_other_may_have() -> None:
    page, person = FACEBOOK_SCOPES - {"catalog_management"}, {"catalog_management"}

    assert [one.scope for one in lacking("facebook", [page])] == ["catalog_management"]
    assert lacking("facebook", [page, person]) == ()


def test_nothing_is_lacking_as_long_as_nothing_is_known() -> None:
    assert lacking("instagram", []) == ()
    assert len(lacking("instagram", [[]])) == len(OF_LOGIN["instagram"])


def test_one_may_look_at_some_alone_and_each_has_one_cost() -> None:
    of_shopping = {"catalog_management", "instagram_shopping_tag_products", "instagram_manage_contents"}

    assert {one.scope for one in lacking("facebook", [[]])} == {*ASKED["facebook"], *of_shopping}
    assert {one.scope for one in lacking("facebook", [[]], asked=ASKED["facebook"])} == set(ASKED["facebook"])
    assert cost_of("instagram_content_publish") == "nothing is published"
    assert cost_of("instagram_business_manage_messages") is None
