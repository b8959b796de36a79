"""What `account add` refuses before it asks anybody."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from cli.commands.accounts.accounts import LoginName
from cli.commands.history.harvests import KindName
from cli.commands.history.insights import FormatName
from models.harvests.harvest import HarvestKind
from operations.accounts.connections import Login, NewAccount
from operations.history.export_files import Format
from pressrun.errors import UsageError

GOOD: dict[str, Any] = {
    "login": Login.FACEBOOK,
    "ig_id": "17841400000000000",
    "name": "harbour-bakery",
    "token": "EAAGtoken",
}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("ig_id", "", "digits only"),
        ("ig_id", "1784x", "digits only"),
        ("ig_id", "١٢٣", "digits only"),
        ("ig_id", "1" * 31, "digits only"),
        ("token", "", "empty"),
        ("token", "two words", "spaces"),
        ("token", "two\nlines", "spaces"),
        ("token", "tök", "characters that no token has"),
        ("name", "", "1 to 100"),
        ("name", " harbour", "spaces at its ends"),
        ("name", "a\tb", "1 to 100"),
        ("name", "x" * 101, "1 to 100"),
        ("name", "salt, pepper", "comma"),
        ("name", "a|b", "comma"),
        ("name", "1784", "letter"),
        ("timezone", "Europe/Pariss", "unknown time zone"),
    ],
)
def test_a_part_that_cannot_be_right_is_refused(field: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        NewAccount(**GOOD | {field: value})


@pytest.mark.parametrize("name", ["Åse & søn", "harbour bakery", "1a", "x" * 100])
def test_a_name_may_be_a_persons_own(name: str) -> None:
    assert NewAccount(**GOOD | {"name": name}).name == name


def test_a_token_is_in_no_repr_and_no_message() -> None:
    assert "EAAGtoken" not in repr(NewAccount(**GOOD))
    with pytest.raises(UsageError) as refused:
        NewAccount(**GOOD | {"token": "EAAGtoken and more"})
    assert "EAAGtoken" not in str(refused.value)


def test_the_flags_offer_what_the_models_know() -> None:
    # Written out there, because importing the models would make `--help` slow.
    assert set(get_args(LoginName)) == {login.value for login in Login}
    assert set(get_args(KindName)) == {kind.value for kind in HarvestKind}
    assert set(get_args(FormatName)) == {form.value for form in Format}
