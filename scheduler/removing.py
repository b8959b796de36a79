"""An account is removed: its posts are taken back, all work of it ends, its history is kept or erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account, AccountState
from models.erasing import removal
from models.erasing.erasure import Wish
from models.posts.post import Post
from models.posts.states import CANCELABLE
from pressrun.errors import NotPossible
from scheduler.posts.changing import cancel


@dataclass(frozen=True)
class Plan:
    """What the removal of an account would do."""

    account: str
    obstacles: tuple[str, ...]
    """What has to be settled before."""
    posts_canceled: int
    rows: Mapping[str, int]
    """Table → rows of the account: what is erased, or kept."""


def plan(tx: Session, account: Account) -> Plan:
    """Look, and change nothing."""
    return Plan(
        account.name,
        tuple(removal.under_way(tx, account.id)),
        len(_cancelable(tx, account.id)),
        removal.count_rows(tx, account.id),
    )


def remove(tx: Session, account: Account, wish: Wish, *, erase: bool) -> tuple[int, dict[str, int]]:
    """Remove the account; returns how many posts were taken back, and rows by table that ended or went.

    Raises NotPossible while something of it is being sent or uncertain, or when it was removed and is to be kept.
    """
    locked = removal.hold(tx, account)
    if locked.state == AccountState.REMOVED.value and not erase:
        raise NotPossible(
            f"account {account.name} was removed already; its history can be erased",
            type="account.removed",
            field="account",
            ids={"account": account.id},
        )
    if erase:
        posts = len(_cancelable(tx, account.id))
        return posts, removal.erase_settled(tx, locked, wish)
    removal.take_work(tx, account.id)
    removal.require_settled(tx, locked)
    posts_taken = _cancelable(tx, account.id)
    for post_id in posts_taken:
        cancel(tx, post_id, why=removal.REMOVED)
    return len(posts_taken), removal.lay_down(tx, locked, wish)


def _cancelable(tx: Session, account_id: int) -> list[int]:
    states = [state.value for state in CANCELABLE]
    return list(
        tx.scalars(select(Post.id).where(Post.account_id == account_id, Post.state.in_(states)).order_by(Post.id))
    )
