"""Webhook bodies, read as tolerantly as Meta writes them: nothing is refused, nothing is dropped."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.instagram.notification import read_notification
from operations.accounts.webhooks import Change

MENTION = {"field": "mentions", "value": {"media_id": "17900000000000001", "comment_id": "17910000000000001"}}


def read(payload: Any) -> list[Change]:
    return read_notification(json.dumps(payload).encode())


def test_the_documented_envelope_gives_one_change_for_each_entry_and_change() -> None:
    entries = [
        {"id": "1784", "time": 1520622968, "changes": [MENTION, {"field": "comments", "value": {"id": "1"}}]},
        {"id": "1785", "time": 1520622969, "changes": [MENTION]},
    ]

    changes = read({"object": "instagram", "entry": entries})

    assert [(one.entry_id, one.field) for one in changes] == [
        ("1784", "mentions"),
        ("1784", "comments"),
        ("1785", "mentions"),
    ]
    assert changes[0] == Change(
        "instagram", "1784", "mentions", MENTION["value"], datetime(2018, 3, 9, 19, 16, 8, tzinfo=UTC)
    )


def test_an_envelope_in_an_array_is_the_same_envelope() -> None:
    envelope = {"object": "instagram", "entry": [{"id": "1784", "time": 1520622968, "changes": [MENTION]}]}

    assert read([envelope]) == read(envelope)
    assert len(read([envelope, envelope])) == 2


def test_field_and_value_directly_in_the_entry_are_a_change() -> None:
    entry = {"id": "1784", "time": 1520622968, **MENTION}

    assert read({"object": "instagram", "entry": [entry]}) == read(
        {"object": "instagram", "entry": [{"id": "1784", "time": 1520622968, "changes": [MENTION]}]}
    )


def test_the_bare_change_of_metas_test_button_is_a_change() -> None:
    [change] = read(MENTION)

    assert (change.field, change.value, change.entry_id) == ("mentions", MENTION["value"], "")


def test_messages_become_a_change_each() -> None:
    entry = {"id": "1784", "time": 1, "messaging": [{"sender": {"id": "1"}}, {"sender": {"id": "2"}}]}

    assert [(one.field, one.value["sender"]["id"]) for one in read({"object": "instagram", "entry": [entry]})] == [
        ("messages", "1"),
        ("messages", "2"),
    ]


def test_one_entry_and_one_change_need_no_list() -> None:
    [change] = read({"object": "instagram", "entry": {"id": 1784, "changes": MENTION}})

    assert (change.entry_id, change.field) == ("1784", "mentions")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (1520622968, datetime(2018, 3, 9, 19, 16, 8, tzinfo=UTC)),
        ("1520622968", datetime(2018, 3, 9, 19, 16, 8, tzinfo=UTC)),
        (1520622968000, datetime(2018, 3, 9, 19, 16, 8, tzinfo=UTC)),
        (True, None),
        ("yesterday", None),
        (-1e300, None),
        (None, None),
        ([], None),
    ],
)
def test_the_time_of_sending_is_read_or_left_out(written: object, meant: datetime | None) -> None:
    [change] = read({"object": "instagram", "entry": [{"id": "1", "time": written, "changes": [MENTION]}]})

    assert change.sent_at == meant


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        7,
        "text",
        {"object": "instagram"},
        {"object": "instagram", "entry": []},
        {"object": "instagram", "entry": ["text"]},
        {"object": "instagram", "entry": [{"id": "1"}]},
        {"object": "instagram", "entry": [{"id": "1", "changes": [{"value": 1}]}]},
        {"object": "instagram", "entry": [{"id": "1", "changes": [{"field": "", "value": 1}]}]},
        {"object": "instagram", "entry": [{"id": "1", "changes": ["text"]}]},
        {"object": ["x"], "entry": [{"id": {"a": 1}, "hello": 1}]},
    ],
)
def test_an_unknown_shape_is_kept_as_unknown(payload: object) -> None:
    assert [one.field for one in read(payload)] == ["unknown"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"null null", b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300],
    ids=["empty", "cut", "two documents", "too deep for the parser", "too deep for us"],
)
def test_what_is_no_json_is_kept_as_text(raw: bytes) -> None:
    assert read_notification(raw) == [Change("unknown", "", "unknown", {"raw": raw.decode()})]


@pytest.mark.parametrize("raw", [b"\xff\xfe", b'{"a": "\0"}', b"\x1f\x8b\x08"], ids=["no text", "NUL", "gzip"])
def test_what_no_text_can_hold_is_kept_byte_by_byte(raw: bytes) -> None:
    kept = {"base64": base64.b64encode(raw).decode()}

    assert read_notification(raw) == [Change("unknown", "", "unknown", kept)]


def test_characters_that_postgres_refuses_are_replaced_and_nothing_else_is() -> None:
    value = rb'{"text":"a\u0000b \ud83e\udd50 \ud800"}'
    raw = rb'{"object":"instagram","entry":[{"id":"1","changes":[{"field":"comments","value":' + value + b"}]}]}"

    [change] = read_notification(raw)

    assert change.value == {"text": "a\ufffdb 🥐 \ufffd"}


def test_numbers_that_json_does_not_know_become_text() -> None:
    [change] = read_notification(b'{"entry":{"changes":{"field":"f","value":[NaN,-Infinity,1e999,0.5]}}}')

    assert change.value == ["nan", "-inf", "inf", 0.5]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["entry", "changes", "field", "value", "id", "time", "object", "messaging", "x"]), inner
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_any_json_gives_at_least_one_storable_change(payload: Any) -> None:
    for change in (changes := read_notification(json.dumps(payload).encode())):
        # What Postgres takes as JSONB: strict JSON without NUL and without lone surrogates.
        stored = json.dumps(change.value, allow_nan=False, ensure_ascii=False)
        assert "\\u0000" not in stored
        stored.encode()
    assert changes


@given(st.binary())
def test_any_bytes_give_at_least_one_change(raw: bytes) -> None:
    assert read_notification(raw)
