"""What an account watches beside its own numbers: competitors and hashtags, as a person asks for them."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.accounts.account import Account, Login, lock_account
from models.harvests.crons import DEFAULT_CRONS, WATCHES_OF
from models.harvests.harvest import HarvestKind, add_harvests
from models.harvests.watch import Watch, WatchKind, active_watches
from models.history.hashtag import BUDGET
from models.owed.claims import wake_schedulers
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown

_USERNAME = re.compile(r"[a-z0-9._]{1,30}", re.ASCII)
_HASHTAG = re.compile(r"\w{1,100}")
_HARVEST_OF: dict[WatchKind, HarvestKind] = {watched: kind for kind, watched in WATCHES_OF.items()}


def clean_name(kind: WatchKind, name: str) -> str:
    """The name as it is kept: lower case, without @ or #. Raises Invalid."""
    bare = unicodedata.normalize("NFC", name.strip()).lower()
    if kind is WatchKind.COMPETITOR:
        bare = bare.removeprefix("@")
        if not _USERNAME.fullmatch(bare):
            said = f"{name!r} is no Instagram user name: at most 30 letters, digits, points and underscores"
            raise Invalid(said, type="watch.bad_name", field=kind.value)
        return bare
    bare = bare.removeprefix("#")
    if not _HASHTAG.fullmatch(bare) or bare.isdigit():
        said = f"{name!r} is no hashtag: letters, digits and underscores, no spaces and no emoji"
        raise Invalid(said, type="watch.bad_name", field=kind.value)
    return bare


def watch(tx: Session, account: Account, kind: WatchKind, name: str) -> bool:
    """Read this along with the account from now on; False when that is so already.

    Raises Invalid for a name that cannot be one, NotPossible on a login that cannot read it, and Conflict for a hashtag
    above the budget.
    """
    bare = clean_name(kind, name)
    if account.login != Login.FACEBOOK.value:
        raise NotPossible(
            f"{account.name} is connected by Instagram Login, on which Instagram shows no "
            f"{'other accounts' if kind is WatchKind.COMPETITOR else 'hashtags'}: use an account on Facebook Login",
            type="watch.wrong_login",
            ids={"account": account.id},
        )
    _schedule(tx, account.id, _HARVEST_OF[kind])  # first the harvest and then the account, as workers lock them
    lock_account(tx, account.id)  # two commands at once must not both find the last place of the budget
    known = active_watches(tx, account.id, kind)
    if any(one.name == bare for one in known):
        return False
    if kind is WatchKind.HASHTAG and len(known) >= BUDGET:
        raise Conflict(
            f"{account.name} watches {BUDGET} hashtags, and Instagram lets an account look at {BUDGET} in 7 days: "
            "stop watching one first",
            type="watch.budget_spent",
            ids={"account": account.id},
        )
    query = insert(Watch).values(account_id=account.id, kind=kind.value, name=bare)
    tx.execute(
        query.on_conflict_do_update(index_elements=[Watch.account_id, Watch.kind, Watch.name], set_={"ended_at": None})
    )
    return True


def unwatch(tx: Session, account: Account, kind: WatchKind, name: str, *, now: datetime) -> None:
    """Read this no more; its history stays. Raises Unknown when it is not watched."""
    bare = clean_name(kind, name)
    # The harvest's row first, as whoever watches locks it too: what begins meanwhile is seen below, or comes later.
    where = {"account_id": account.id, "kind": _HARVEST_OF[kind].value}
    tx.execute(text("SELECT FROM harvests WHERE account_id = :account_id AND kind = :kind FOR UPDATE"), where)
    known = {one.name: one for one in active_watches(tx, account.id, kind)}
    if bare not in known:
        listed = f"; it watches {', '.join(sorted(known)[:6])}" if known else ""
        said = f"{account.name} does not watch the {kind.value} {bare!r}{listed}"
        raise Unknown(said, type="watch.unknown", field=kind.value, ids={"account": account.id})
    known[bare].ended_at = now
    if len(known) == 1:
        tx.execute(_LAY_ASIDE, where)


# A slot that has begun is run to its end; the scheduler lays the harvest aside after it.
_LAY_ASIDE = text("""
    UPDATE harvests SET slot_at = NULL, next_action_at = NULL
     WHERE account_id = :account_id AND kind = :kind
       AND (slot_at IS NULL OR slot_at > now()) AND (leased_until IS NULL OR leased_until <= now())
""")


def _schedule(tx: Session, account_id: int, kind: HarvestKind) -> None:
    add_harvests(tx, account_id, {kind: DEFAULT_CRONS[kind]})
    # Locks the row, whatever stands in it: a scheduler that is about to lay it aside comes before or after, and then
    # sees the watch.
    tx.execute(
        text("""
            UPDATE harvests SET next_action_at = coalesce(next_action_at, now())
             WHERE account_id = :account_id AND kind = :kind
        """),
        {"account_id": account_id, "kind": kind.value},
    )
    wake_schedulers(tx)
