"""Media that have no insights at all must not cost the others theirs."""

from __future__ import annotations

from models.harvests.harvest import HarvestKind
from tests.integration.harvest.conftest import Field

AFTER_CONVERSION = 2  # this account became a business after its first media


def test_a_media_older_than_the_conversion_is_read_alone_and_never_again(field_: Field) -> None:
    account = field_.account(AFTER_CONVERSION)

    run = field_.harvest(HarvestKind.MEDIA, account)

    oldest = field_.row(
        "SELECT s.has_no_insights, l.* FROM media m JOIN media_latest l ON l.media_id = m.id"
        " JOIN media_states s ON s.media_id = m.id ORDER BY posted_at LIMIT 1"
    )
    assert all(error["what"].startswith("alone:") for error in run.errors), run.errors
    assert set(run.refused) <= {"alone:FEED:facebook_views"}  # this account shares nothing to Facebook
    assert field_.value("SELECT count(*) FROM media_latest WHERE reach IS NOT NULL") == 11
    assert oldest.has_no_insights is True
    assert oldest.reach is None
    assert oldest.extra["like_count"] >= 0


def test_it_is_remembered(field_: Field) -> None:
    account = field_.account(AFTER_CONVERSION)
    first = field_.harvest(HarvestKind.MEDIA, account)

    field_.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
    second = field_.harvest(HarvestKind.MEDIA, account)

    assert (second.status, second.errors) == ("done", [])
    assert second.calls <= 1 + 2 * 11  # the list without insights, and twice each media that has some
    assert second.calls < first.calls
