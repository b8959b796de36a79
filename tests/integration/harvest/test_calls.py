"""What harvests cost, by the simulator's own count."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Row

from graph.wire.credentials import Login
from models.accounts.account import Account
from models.harvests.harvest import HarvestKind
from models.store.session import Database
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import Picky, advance, picky
from tests.support.simulator import Simulator
from worker.harvests.kinds.media_pages import page_metrics

MEDIA = 2_000


@pytest.fixture
def instagram() -> Iterator[Picky]:
    with picky() as server:
        yield server


@pytest.fixture
def field(database: Database, instagram: Picky) -> Iterator[Field]:
    field = Field(database, settings_for(instagram.url))
    yield field
    field.transport.close()


def test_two_thousand_media_with_their_insights_are_at_most_sixty_calls(
    database: Database, simulator_factory: Callable[..., Simulator]
) -> None:
    simulator = simulator_factory(accounts=1, media_each=MEDIA, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    account = field.account(0)
    before = simulator.report()["calls_total"]

    first = field.harvest(HarvestKind.MEDIA, account)

    calls = simulator.report()["calls_total"] - before
    assert (first.status, first.errors) == ("done", [])
    assert first.calls == calls <= 60
    assert field.value("SELECT count(*) FROM media_latest WHERE reach IS NOT NULL AND likes IS NOT NULL") == MEDIA

    own_read = field.value("SELECT count(own_read_at) FROM media_states")
    assert own_read > 0

    advance(field, hours=1)
    field.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
    again = field.harvest(HarvestKind.MEDIA, account)

    assert again.calls <= 60
    # A first round over what only some kinds have takes further runs, and each of them goes on.
    assert field.value("SELECT count(own_read_at) FROM media_states") > own_read
    field.transport.close()


@pytest.mark.parametrize("refused", page_metrics(Login.FACEBOOK))
def test_one_refused_metric_costs_few_calls_and_only_once(field: Field, instagram: Picky, refused: str) -> None:
    instagram.media = [listed(number) for number in range(50)]
    account = field.account()
    field.harvest(HarvestKind.MEDIA, account)
    plain = again(field, account)
    instagram.refused = {refused}

    searching = again(field, account)
    proving = again(field, account)
    knowing = again(field, account)

    most = math.ceil(math.log2(len(page_metrics(Login.FACEBOOK)))) + 1
    assert searching.status == "partial"
    assert 0 < searching.calls - plain.calls <= most
    assert proving.calls - plain.calls <= 2  # once alone for each of the two kinds of media
    assert knowing.calls == plain.calls


def listed(number: int) -> dict[str, str]:
    kind = {"media_type": "VIDEO", "media_product_type": "REELS"} if number % 2 else {"media_product_type": "FEED"}
    return {"id": str(number), "media_type": "IMAGE", "timestamp": "2026-05-02T00:00:00+0000"} | kind


def again(field: Field, account: Account) -> Row[Any]:
    """The next run, a good week later."""
    field.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
    field.sql("UPDATE media_states SET own_read_at = NULL")
    return field.harvest(HarvestKind.MEDIA, account)
