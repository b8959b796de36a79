"""One registry of metrics: the tables, the views and Instagram's own catalogue fit it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.accounts import metrics as catalogue
from graph.accounts.users import Profile
from models.history.media import MediaLatest, MediaSnapshot
from models.meanings import metrics
from models.meanings.metrics import Kind, Unit, media_column
from models.meanings.views import VIEWS


@pytest.mark.parametrize("table", [MediaSnapshot, MediaLatest])
def test_the_tables_of_media_have_a_column_for_each_metric_that_names_one(table: Any) -> None:
    others = {"media_id", "captured_at", "last_checked_at", "run_id", "extra", "told_at"}

    assert tuple(column.name for column in table.__table__.columns if column.name not in others) == (
        metrics.MEDIA_COLUMNS
    )


def test_the_columns_of_a_day_are_told_in_their_view() -> None:
    _, columns = VIEWS["account_daily"]

    assert set(metrics.DAY_COLUMNS) <= set(columns)
    assert {metric.kind for metric in metrics.ACCOUNT.values() if metric.column} == {Kind.DAY}


def test_whatever_instagram_offers_is_known_and_nothing_else() -> None:
    assert set(metrics.MEDIA) == set(catalogue.MEDIA)
    assert set(metrics.ACCOUNT) == set(catalogue.ACCOUNT) | set(metrics.MOMENT_METRICS)


def test_the_counts_of_a_moment_are_fields_of_a_profile() -> None:
    assert set(metrics.MOMENT_METRICS) <= set(Profile.__dataclass_fields__)


def test_the_kind_of_an_account_metric_is_what_instagram_counts_it_by() -> None:
    for name, offered in catalogue.ACCOUNT.items():
        kind = metrics.ACCOUNT[name].kind
        assert (kind is Kind.DAY) == ("day" in offered.periods), name
        assert (kind is Kind.GROUPS) == bool(offered.timeframes), name


def test_a_unit_stands_in_the_name_of_a_column_that_needs_one() -> None:
    for metric in metrics.MEDIA.values():
        if metric.column is not None:
            assert (metric.unit is Unit.MILLISECONDS) == metric.column.endswith("_ms")


def test_what_has_no_column_or_is_not_known_is_kept_by_name() -> None:
    assert media_column("ig_reels_avg_watch_time") == "avg_watch_time_ms"
    assert media_column("navigation") is None
    assert media_column("a_metric_of_tomorrow") is None
