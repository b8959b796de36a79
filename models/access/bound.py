"""What the transactions of an asker are bound to: the accounts that they may see, and the entry in the audit.

Whoever is limited to accounts finds nothing of others, by name, by number or in a list: each query of the ORM is
narrowed here, for every table that has an account, so that no operation and no reading has to think of it. SQL that is
written out is not: it asks `seen_accounts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from models.access.audit import Asking, note_changes, write
from models.accounts.account import Account
from models.store.base import Base
from models.store.seeing import SEEN, seen_accounts

__all__ = ["SEEN", "Bound", "seen_accounts"]


@dataclass
class Bound:
    """The transactions of one operation.

    Args:
        accounts: which they may see; None: all.
        asking: what is written down once one of them changes something; None: nothing is.
    """

    accounts: frozenset[int] | None = None
    asking: Asking | None = None
    _has_entry: bool = False
    _is_written: bool = False

    def begin(self, tx: Session) -> None:
        """Before anything is asked in the transaction."""
        if self.accounts is not None:
            tx.info["seen"] = sorted(self.accounts)
            event.listen(tx, "do_orm_execute", _narrow)
        if self.asking is not None and not self._has_entry:
            note_changes(tx)

    def finish(self, tx: Session) -> None:
        """Before it is committed. What this raises takes the transaction back."""
        self._is_written = self.asking is not None and not self._has_entry and write(tx, self.asking)

    def committed(self) -> None:
        self._has_entry = self._has_entry or self._is_written


def _narrow(state: ORMExecuteState) -> None:
    if state.is_column_load or not (state.is_select or state.is_update or state.is_delete):
        return
    if state.is_orm_statement:
        seen = seen_accounts(state.session)
        state.statement = state.statement.options(*_criteria(tuple(seen or ())))


@lru_cache(maxsize=256)
def _criteria(seen: tuple[int, ...]) -> tuple[ORMOption, ...]:
    narrowed: list[Any] = [with_loader_criteria(Account, Account.id.in_(seen), include_aliases=True)]
    for mapper in Base.registry.mappers:
        if "account_id" in mapper.columns:
            column = mapper.class_.account_id
            narrowed.append(with_loader_criteria(mapper.class_, column.in_(seen), include_aliases=True))
    return tuple(narrowed)
