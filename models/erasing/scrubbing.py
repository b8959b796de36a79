"""What persons said inside of what is kept as it came: webhooks of the inbox, and raw answers.

The JSON keeps its form, numbers, times and the ids of media and comments; texts, names, addresses and the person's own
ids become a mark.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.erasing.identity import ERASED, Person
from models.harvests.raw_answer import RawAnswer, packed, text_of

_KEPT = {
    "id", "comment_id", "media_id", "parent_id", "timestamp", "media_type", "media_product_type", "original_media_id",
}  # fmt: skip
"""Of what a person wrote: what it is a part of and when, but not what it says."""
_WRITERS = ("from", "owner", "user", "sender")
"""The parts of an object that say whose it is."""
_INNER = {*_WRITERS, "children", "message", "reaction", "postback", "recipient"}
"""Parts of a person's object that are the person's too; others may hold what others wrote, as its replies do."""
_NUMBERS_ONLY = ("GET /{ig}/insights", "GET /{media}/insights", "GET /{ig}")
"""Endpoints whose answers are about the account alone."""


@dataclass
class Scrubber:
    """Cuts one person out of JSON; told afterwards: whether anything changed, and whether the whole was theirs."""

    person: Person
    changed: bool = False
    is_theirs: bool = False

    def scrub(self, value: Any) -> Any:
        self.is_theirs = isinstance(value, Mapping) and self._is_of(value)
        return self._clean(value, theirs=False)

    def _clean(self, value: Any, *, theirs: bool) -> Any:
        if isinstance(value, str):
            return self._blank(value) if theirs else self._without_name(value)
        if isinstance(value, list):
            return [self._clean(one, theirs=theirs) for one in value]
        if not isinstance(value, Mapping):
            return self._blank(value) if theirs and self._is_id(value) else value
        if not theirs and not self._is_of(value):
            return {name: self._clean(one, theirs=False) for name, one in value.items()}
        return {
            name: one
            if name in _KEPT and not self._is_id(one) and isinstance(one, str | int)
            else self._clean(one, theirs=theirs or name in _INNER or not isinstance(one, list | Mapping))
            for name, one in value.items()
        }

    def _is_of(self, value: Mapping[str, Any]) -> bool:
        """Whether the object is the person, or says that it is theirs."""
        writers = [value, *(value[name] for name in _WRITERS if isinstance(value.get(name), Mapping))]
        return any(self._is_person(one) for one in writers)

    def _is_person(self, value: Mapping[str, Any]) -> bool:
        name = value.get("username")
        is_named = isinstance(name, str) and name.lower() in self.person.names
        return is_named or any(self._is_id(value.get(key)) for key in ("id", "self_ig_scoped_id"))

    def _is_id(self, value: Any) -> bool:
        """Meta gives ids as text, and now and then as numbers."""
        return str(value) in self.person.ids

    def _blank(self, value: str | int) -> str:
        self.changed = self.changed or value != ERASED
        return ERASED

    def _without_name(self, value: str) -> str:
        cleaned = re.sub(self.person.pattern, f"@{ERASED}", value, flags=re.IGNORECASE)
        self.changed = self.changed or cleaned != value
        return cleaned


def scrub_inbox(tx: Session, person: Person, *, now: datetime | None = None) -> int:
    """How many events hold something of the person; with `now`, it is blanked.

    One that is theirs and waits to be handled is ended: a worker that has it loses it.
    """
    needles = [f"%{one}%" for one in (*person.names, *person.ids)]
    query = text("SELECT id, value FROM inbox_events WHERE lower(value::text) LIKE ANY(:needles) ORDER BY id")
    count = 0
    for row in tx.execute(query, {"needles": needles}).all():
        scrubber = Scrubber(person)
        value = scrubber.scrub(row.value)
        count += scrubber.changed
        if scrubber.changed and now is not None:
            told = {"id": row.id, "value": json.dumps(value), "now": now, "theirs": scrubber.is_theirs}
            tx.execute(_REPLACE, told)
    return count


def scrub_answers(tx: Session, person: Person, *, now: datetime | None = None) -> int:
    """How many raw answers hold something of the person; with `now`, it is blanked."""
    needles = [one.encode() for one in (*person.names, *person.ids)]
    query = select(RawAnswer.captured_at, RawAnswer.run_id, RawAnswer.number, RawAnswer.body)
    query = query.where(RawAnswer.endpoint.not_in(_NUMBERS_ONLY)).execution_options(yield_per=200)
    changed = []
    for row in tx.execute(query):
        body = _scrubbed(row.body, person, needles)
        if body is not None:
            changed.append({"at": row.captured_at, "run_id": row.run_id, "number": row.number, "body": body})
    if now is not None and changed:
        tx.execute(_REPACK, changed)
    return len(changed)


def _scrubbed(body: bytes, person: Person, needles: list[bytes]) -> bytes | None:
    """The answer without the person; None where they do not stand in it."""
    try:
        told = text_of(body)
        lower = told.lower()
        if not any(needle in lower for needle in needles):
            return None
        scrubber = Scrubber(person)
        value = scrubber.scrub(json.loads(told))
    except (zlib.error, ValueError):
        return None  # it was never an answer that somebody can read
    return packed(json.dumps(value, ensure_ascii=False).encode()) if scrubber.changed else None


_REPLACE = text("""
    UPDATE inbox_events e
       SET value = CAST(:value AS jsonb),
           handled_at = CASE WHEN ends THEN :now ELSE handled_at END,
           error = CASE WHEN ends THEN 'who sent it was erased' ELSE error END,
           next_action_at = CASE WHEN ends THEN NULL ELSE next_action_at END,
           leased_until = CASE WHEN ends THEN NULL ELSE leased_until END,
           claim = claim + CASE WHEN ends THEN 1 ELSE 0 END
      FROM (SELECT CAST(:theirs AS boolean) AND next_action_at IS NOT NULL AS ends
              FROM inbox_events WHERE id = :id FOR UPDATE) held
     WHERE e.id = :id
""")
_REPACK = text("""
    UPDATE raw_answers SET body = :body WHERE captured_at = :at AND run_id = :run_id AND number = :number
""")
