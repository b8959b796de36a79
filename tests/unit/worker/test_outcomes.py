"""The tables of what follows from an error know every class."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from graph.answers.errors import ErrorClass
from worker.outcomes import BACKGROUND, REFUSED, STAGING, Rule, Verdict


@pytest.mark.parametrize("table", [STAGING, REFUSED, BACKGROUND], ids=["staging", "refused", "background"])
def test_every_class_of_error_has_a_rule(table: Mapping[ErrorClass, Rule]) -> None:
    assert set(table) == set(ErrorClass)


@pytest.mark.parametrize("table", [STAGING, REFUSED, BACKGROUND], ids=["staging", "refused", "background"])
def test_a_refused_token_breaks_the_account_whatever_it_was_used_for(table: Mapping[ErrorClass, Rule]) -> None:
    assert [one for one, rule in table.items() if rule.verdict is Verdict.BREAK_ACCOUNT] == [ErrorClass.AUTH]
