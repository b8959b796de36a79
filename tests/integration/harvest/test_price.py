"""What a harvest costs beside its call: the price of 114 calls a day for each account."""

from __future__ import annotations

import pytest

from models.harvests.harvest import HarvestKind
from tests.integration.harvest.conftest import Field
from tests.support.price import counted
from worker.harvests import run as harvest


def test_a_run_that_finds_nothing_new_is_sixteen_statements_in_three_transactions(
    field_: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its call: the claim's company, the run's beginning, the gate, the answer with the run's end."""
    account = field_.account()
    field_.harvest(HarvestKind.PROFILE, account)
    ctx, lease = field_.ctx, field_.lease(HarvestKind.PROFILE, account)

    with counted(field_.database, field_.transport, monkeypatch.setattr) as price:
        harvest.run(ctx, lease)

    assert field_.latest_run(HarvestKind.PROFILE, account).status == "done"
    assert (price.statements, price.commits, price.calls) == (16, 3, 1)
