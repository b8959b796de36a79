"""What reading back says before it begins: which kinds have a past, and how far it reaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.harvests.harvest import HarvestKind
from models.harvests.keeping import WITH_A_PAST
from pressrun.errors import NotPossible
from scheduler.harvests.backfilling import limits, wanted_kinds
from worker.harvests.past import PAST

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)


def test_limits_of_account_insights_are_told() -> None:
    assert limits(HarvestKind.ACCOUNT, NOW - timedelta(days=10), now=NOW) == []

    told = limits(HarvestKind.ACCOUNT, NOW - timedelta(days=200), now=NOW)

    assert "keeps 90 days" in told[0]
    assert "from 2026-04-12 07:00 UTC on" in told[0]
    assert "30 days" in told[1]


def test_limits_of_media_are_told() -> None:
    lately = limits(HarvestKind.MEDIA, NOW - timedelta(days=10), now=NOW)
    long_ago = limits(HarvestKind.MEDIA, NOW - timedelta(days=800), now=NOW)

    assert len(lately) == 1
    assert "10,000 media at most" in lately[0]
    assert "2 years" in long_ago[0]


def test_the_kinds_with_a_past_are_those_that_a_worker_reads_back() -> None:
    assert set(WITH_A_PAST) == set(PAST)
    assert tuple(wanted_kinds(None)) == WITH_A_PAST


@pytest.mark.parametrize("kind", sorted(set(HarvestKind) - set(WITH_A_PAST)))
def test_a_kind_without_a_past_is_refused_with_the_reason(kind: HarvestKind) -> None:
    with pytest.raises(NotPossible, match=f"^{kind} cannot be read back: ") as refused:
        wanted_kinds(kind)

    assert (refused.value.type, refused.value.field) == ("backfill.no_past", "kind")
