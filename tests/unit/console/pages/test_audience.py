"""Who follows, as a page names and orders them."""

from __future__ import annotations

from datetime import UTC, datetime

from console.pages.history.audience import Breakdown, breakdowns
from operations.history.overview import Group

AT = datetime(2026, 11, 1, tzinfo=UTC)


def test_countries_and_genders_have_names_and_ages_their_order() -> None:
    found = breakdowns(
        Group(breakdown, category, people, AT)
        for breakdown, category, people in (
            ("country", "NO", 40.0),
            ("country", "XX", 4.0),
            ("age", "25-34", 30.0),
            ("age", "18-24", 20.0),
            ("gender", "F", 12.0),
            ("gender", "X", 1.0),
            ("city", "NO", 1.0),
        )
    )

    assert found == [
        Breakdown("age", [("18-24", 20.0), ("25-34", 30.0)], 30.0, AT),
        Breakdown("gender", [("Women", 12.0), ("X", 1.0)], 12.0, AT),
        Breakdown("country", [("Norway", 40.0), ("XX", 4.0)], 40.0, AT),
        Breakdown("city", [("NO", 1.0)], 1.0, AT),
    ]
