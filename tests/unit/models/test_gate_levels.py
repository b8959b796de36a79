"""From a usage percentage to a level."""

from __future__ import annotations

import pytest

from models.owed.gate import Level, account_key, app_key, level_for


@pytest.mark.parametrize(
    ("percent", "level"),
    [
        (0, Level.OPEN),
        (59, Level.OPEN),
        (60, Level.SLOW),
        (79, Level.SLOW),
        (80, Level.RESERVED),
        (99, Level.RESERVED),
        (100, Level.SHUT),
        (250, Level.SHUT),
    ],
)
def test_the_thresholds_of_the_design(percent: int, level: Level) -> None:
    assert level_for(percent) is level


def test_apps_and_accounts_have_gates_of_their_own() -> None:
    assert app_key("12") != account_key(12)
    assert app_key(None) == "app:default"
