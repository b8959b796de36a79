"""Reading kept answers again on request: which range makes sense, and what a person should know before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.harvests.backfill import open_reread
from models.harvests.raw_answer import oldest_answer
from models.owed.claims import wake_schedulers
from models.upkeep.retention import dropped_until
from pressrun.errors import Invalid, NotPossible
from scheduler.harvests.backfilling import Requested


def request_rereads(
    tx: Session, account_id: int | None, since: datetime, until: datetime, *, now: datetime
) -> Requested:
    """Have the answers of one or all accounts read again that came from `since` up to `until`, which is not included.

    Raises Invalid for a range that cannot be, and NotPossible where no answer of it is kept any more, or none ever was.
    """
    if since >= now:
        raise Invalid("there is nothing to read: that lies in the future", type="reread.future", field="since")
    if until <= since:
        raise Invalid("the range ends before it begins", type="reread.empty_range", field="until")
    oldest = oldest_answer(tx, account_id)
    if oldest is None:
        said = "no answers are kept: PRESSRUN_RAW_ANSWERS says for how long they are"
        raise NotPossible(said, type="reread.none_kept", field="since")
    if until <= oldest:
        said = f"answers of that time are not kept any more; the oldest one is of {oldest:%Y-%m-%d %H:%M} UTC"
        raise NotPossible(said, type="reread.not_kept", field="until")
    notes = []
    if since < oldest:
        notes.append(f"the oldest answer that is kept is of {oldest:%Y-%m-%d %H:%M} UTC")
    dropped = dropped_until(tx)
    if dropped is not None and since < dropped:
        notes.append(f"the history before {dropped:%Y-%m-%d} UTC was dropped and stays so")
    accounts = [account_id] if account_id is not None else list(tx.scalars(select(Account.id).order_by(Account.name)))
    ids = [open_reread(tx, one, since, min(until, now)).id for one in accounts]
    wake_schedulers(tx)
    return Requested(ids, notes)
