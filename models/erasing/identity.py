"""Who a person is: the names and ids under which somebody has written, as far as they can be told apart.

Instagram gives a commenter an id for each account, in webhooks only; lists name them by their user name, which changes
and may pass to somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from pressrun.errors import Conflict, Invalid, NotPossible

ERASED = "[erased]"

_NOTHING = r"x\Ay"
"""A pattern that nothing matches, for Postgres and Python alike."""
_NAME = re.compile(r"[a-z0-9._]{1,30}", re.ASCII)
_ID = re.compile(r"\d{1,30}", re.ASCII)

_WROTE = """
    SELECT account_id, lower(username) AS name, extra ->> 'from_id' AS id, extra ->> 'self_ig_scoped_id' AS own_id
      FROM comments WHERE {condition}
    UNION
    SELECT account_id, lower(username), extra ->> 'from_id', extra ->> 'self_ig_scoped_id'
      FROM mentions WHERE {condition}
"""
_BY_NAME = text(_WROTE.format(condition="lower(username) = ANY(:names)"))
_BY_ID = text(_WROTE.format(condition="(extra ->> 'from_id' = ANY(:ids) OR extra ->> 'self_ig_scoped_id' = ANY(:ids))"))
_IS_OURS = text("""
    SELECT a.name FROM accounts a
     WHERE a.ig_id = ANY(:ids) OR lower(a.username) = ANY(:names)
        OR EXISTS (SELECT FROM account_names n WHERE n.account_id = a.id AND lower(n.username) = ANY(:names))
     LIMIT 1
""")


@dataclass(frozen=True)
class Person:
    said: str
    """As it was asked for: a name in lower case, or an id."""
    names: tuple[str, ...]
    ids: tuple[str, ...]
    also_called: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """Their names with an `@`, and not as the beginning of longer ones; matches nothing where no name is known."""
        names = "|".join(map(re.escape, self.names))
        return rf"(?<![\w.])@(?:{names})(?!\.?\w)" if names else _NOTHING

    @property
    def told(self) -> dict[str, Any]:
        """The parameters of the queries about them."""
        return {"names": list(self.names), "ids": list(self.ids), "pattern": self.pattern}


def identify(tx: Session, said: str) -> Person:
    """The person of that user name (`@` may stand before it), or of that id.

    Raises:
        Invalid: it can be neither.
        Conflict: several persons have written to one account under that name.
        NotPossible: it is an account that is connected here.
    """
    name = said.strip().removeprefix("@").lower()
    if not said.strip().startswith("@") and _ID.fullmatch(name):
        person = _of_id(tx, name)
    elif _NAME.fullmatch(name):
        person = _of_name(tx, name)
    else:
        message = f"{said!r} is neither a user name nor an id of Instagram's"
        raise Invalid(message, type="person.malformed", field="person")
    ours = tx.execute(_IS_OURS, {"names": list(person.names), "ids": list(person.ids)}).scalar()
    if ours is not None:
        raise NotPossible(
            f"{person.said} is the account {ours}, which is connected here: remove the account instead",
            type="person.is_account",
            field="person",
        )
    return person


def _of_name(tx: Session, name: str) -> Person:
    rows = tx.execute(_BY_NAME, {"names": [name]}).all()
    several = _several(rows)
    if several:
        raise Conflict(
            f"several persons have written under the name {name}: {', '.join(several)}. Say which, by the id",
            type="person.ambiguous",
            field="person",
        )
    ids = _ids(rows)
    names = {row.name for row in tx.execute(_BY_ID, {"ids": ids}) if row.name} - {name} if ids else set()
    return Person(name, (name,), tuple(ids), tuple(sorted(names)))


def _of_id(tx: Session, id_: str) -> Person:
    rows = tx.execute(_BY_ID, {"ids": [id_]}).all()
    ids = sorted({id_, *_ids(rows)})
    names, warnings = [], []
    for name in sorted({row.name for row in rows if row.name}):
        others = _several(tx.execute(_BY_NAME, {"names": [name]}).all())
        if others:
            warnings.append(f"others have written as {name} too: what stands under the name without an id stays")
        else:
            names.append(name)
    return Person(id_, tuple(names), tuple(ids), (), tuple(warnings))


def _ids(rows: Iterable[Any]) -> list[str]:
    return sorted({one for row in rows for one in (row.id, row.own_id) if one})


def _several(rows: Iterable[Any]) -> list[str]:
    """The ids under one name, where one account has met several: an id is the same for all that one account sees."""
    seen: dict[int, set[str]] = {}
    for row in rows:
        if row.id:
            seen.setdefault(row.account_id, set()).add(row.id)
    return sorted(id_ for ids in seen.values() if len(ids) > 1 for id_ in ids)
