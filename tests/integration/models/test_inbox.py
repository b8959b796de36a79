"""The inbox: a webhook change is kept once however often it is delivered, and is owed a step from the first."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event as events_of
from sqlalchemy import select

from models.hooks.inbox import InboxEvent, NewChange, digest, store_changes
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account
from tests.integration.models.racing import race

T0 = clock.now()
VALUE = {"media_id": "1789", "comment_id": "1790"}


def _change(entry_id: str, **over: Any) -> NewChange:
    values: dict[str, Any] = {
        "account_id": None,
        "object": "instagram",
        "field": "mentions",
        "value": VALUE,
        "sent_at": T0,
    }
    return NewChange(entry_id=entry_id, **values | over)


def _store(database: Database, entry_id: str, **over: Any) -> bool:
    with database.transaction() as tx:
        return bool(store_changes(tx, [_change(entry_id, **over)]))


def _events(database: Database, entry_id: str) -> list[InboxEvent]:
    with database.transaction() as tx:
        return list(tx.scalars(select(InboxEvent).where(InboxEvent.entry_id == entry_id).order_by(InboxEvent.id)))


def test_a_new_change_is_kept_and_due_at_once(shared: Database) -> None:
    with shared.transaction() as tx:
        account_id = make_account(tx).id

    assert _store(shared, "new", account_id=account_id)

    (event,) = _events(shared, "new")
    assert (event.account_id, event.object, event.field, event.value) == (account_id, "instagram", "mentions", VALUE)
    assert (event.sent_at, event.handled_at, event.deliveries, event.claim) == (T0, None, 1, 0)
    assert event.next_action_at is not None
    assert event.next_action_at <= clock.now()


def test_a_repeat_is_counted_and_not_handled_again(shared: Database) -> None:
    _store(shared, "repeat")
    with shared.transaction() as tx:
        event = tx.scalars(select(InboxEvent).where(InboxEvent.entry_id == "repeat")).one()
        event.handled_at, event.next_action_at = clock.now(), None

    assert not _store(shared, "repeat", sent_at=T0 + timedelta(hours=1))

    (event,) = _events(shared, "repeat")
    assert (event.deliveries, event.next_action_at, event.sent_at) == (2, None, T0)


def test_deliveries_at_once_make_one_row(shared: Database) -> None:
    assert sorted(race([partial(_store, shared, "at once")] * 10)) == [False] * 9 + [True]
    assert [event.deliveries for event in _events(shared, "at once")] == [10]


def test_what_one_body_says_twice_is_counted_twice(shared: Database) -> None:
    changes = [_change("twice"), _change("twice", value={"id": "1"}), _change("twice", sent_at=None)]
    with shared.transaction() as tx:
        assert store_changes(tx, changes) == 2

    assert sorted(event.deliveries for event in _events(shared, "twice")) == [1, 2]


def test_a_body_of_thousands_of_changes_is_one_statement(shared: Database) -> None:
    statements: list[str] = []
    with shared.transaction() as tx:
        events_of.listen(tx.connection(), "before_cursor_execute", lambda *said: statements.append(said[2]))
        new = store_changes(tx, (_change("many", value={"id": str(number)}) for number in range(5_000)))

    assert new == 5_000
    assert len(statements) == 1


def test_a_change_for_an_account_that_we_do_not_have_is_kept_too(shared: Database) -> None:
    assert _store(shared, "unknown", account_id=None)


@pytest.mark.parametrize(
    "other",
    [{"object": "page"}, {"field": "comments"}, {"value": VALUE | {"comment_id": "1791"}}, {"value": [VALUE]}],
    ids=str,
)
def test_what_says_something_else_is_another_change(shared: Database, other: dict[str, Any]) -> None:
    entry = f"other {other}"
    assert _store(shared, entry)

    assert _store(shared, entry, **other)


def test_the_order_of_keys_says_nothing() -> None:
    one = digest("instagram", "1", "mentions", {"a": 1, "b": {"c": [1, 2], "d": None}})
    two = digest("instagram", "1", "mentions", {"b": {"d": None, "c": [1, 2]}, "a": 1})

    assert one == two
    assert one != digest("instagram", "1", "mentions", {"a": 1, "b": {"c": [2, 1], "d": None}})


@pytest.mark.parametrize("value", [None, "text", 12, 1.5, [], {}, {"text": 'grüße 👋 \\ " \n'}], ids=repr)
def test_any_json_value_is_kept_as_it_came(shared: Database, value: Any) -> None:
    entry = f"value {value!r}"

    assert _store(shared, entry, value=value)

    assert [event.value for event in _events(shared, entry)] == [value]
    assert not _store(shared, entry, value=value)
