"""Every table ends somewhere, and no table of persons' data is forgotten: a new one has to say how, or a test fails."""

from __future__ import annotations

from models.erasing.ends import ENDS, Days, Months, Stays, Swept
from models.erasing.persons import NOTHING_OF_THEM, PLACES
from models.harvests.raw_answer import TABLE as RAW_ANSWERS
from models.registry import metadata
from models.store.partitions import PARTITIONED

INSIDE_JSON = {"inbox_events", RAW_ANSWERS}


def test_every_table_has_an_end_or_says_why_not() -> None:
    assert set(ENDS) == set(metadata.tables)

    kept = {name: end.retention.why for name, end in ENDS.items() if isinstance(end.retention, Stays)}
    assert all(kept.values())


def test_what_is_append_only_and_partitioned_is_dropped_by_the_month() -> None:
    assert {name for name, end in ENDS.items() if isinstance(end.retention, Months)} == set(PARTITIONED)
    assert [name for name, end in ENDS.items() if isinstance(end.retention, Days)] == [RAW_ANSWERS]


def test_no_partitioned_table_is_swept_row_by_row() -> None:
    swept = {name for name, end in ENDS.items() if isinstance(end.retention, Swept)}

    assert not [name for name in swept if metadata.tables[name].dialect_options["postgresql"]["partition_by"]]


def test_rows_go_before_those_that_they_refer_to() -> None:
    order = list(ENDS)

    wrong = [
        f"{table} refers to {key.column.table.name}"
        for table in order
        for key in metadata.tables[table].foreign_keys
        if key.column.table.name != table and order.index(key.column.table.name) < order.index(table)
    ]
    assert wrong == []


def test_what_is_an_accounts_is_taken_with_it() -> None:
    of_none = {name for name, end in ENDS.items() if end.of_account is None}

    assert of_none == {
        "api_keys",
        "audit",
        "bucket_objects",
        "campaigns",
        "conversions",
        "data_deletions",
        "dropped_months",
        "endpoints",
        "erasures",
        "given_answers",
        "library_items",
        "library_tags",
        "links",
        "seen_invariants",
        "sessions",
        "users",
    }


def test_every_table_holds_persons_in_a_known_place_or_says_why_not() -> None:
    places = {place.table for place in PLACES}

    assert places | INSIDE_JSON | set(NOTHING_OF_THEM) == set(metadata.tables)
    assert not (places | INSIDE_JSON) & set(NOTHING_OF_THEM)
    assert all(NOTHING_OF_THEM.values())


def test_whoever_has_a_column_for_a_user_name_of_others_is_a_place() -> None:
    ours = {"accounts", "account_names", "connections"}

    assert {name for name, table in metadata.tables.items() if "username" in table.columns} - ours <= {
        place.table for place in PLACES
    }
