"""Field expansion, and that nothing breaks out of it."""

from __future__ import annotations

import pytest

from graph.answers import fields
from graph.wire.credentials import Login
from pressrun.errors import Invalid


def test_expansion() -> None:
    nested = fields.expand("replies", ("id",))

    assert fields.expand("comments", ("id", "text", nested), limit=5) == "comments.limit(5){id,text,replies{id}}"
    assert fields.expand("media", ("id",), after=None, limit=25) == "media.limit(25){id}"
    assert fields.expand("media", ()) == "media"
    assert fields.insights(["reach", "likes"]) == "insights.metric(reach,likes){name,period,title,values,total_value}"


@pytest.mark.parametrize("value", ["x){id}", "a b", "{", "", "x,y)"])
def test_an_argument_cannot_break_out(value: str) -> None:
    with pytest.raises(Invalid):
        fields.expand("media", ("id",), after=value)


@pytest.mark.parametrize("name", ["", "a b", "x){id", "ü", "a" * 31, "@@x"])
def test_what_is_no_user_name(name: str) -> None:
    with pytest.raises(Invalid, match="not an Instagram user name"):
        fields.checked_username(name)


def test_a_user_name_loses_its_at() -> None:
    assert fields.checked_username("@blue.bottle_1") == "blue.bottle_1"


def test_each_login_is_asked_for_its_own_fields() -> None:
    assert "account_type" in fields.USER[Login.INSTAGRAM]
    assert "account_type" not in fields.USER[Login.FACEBOOK]
    assert "username" not in fields.HASHTAG_MEDIA
