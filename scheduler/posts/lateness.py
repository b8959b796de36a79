"""Whether a post may be late at all: one that may not is late by its own rule, whenever it is sent."""

from __future__ import annotations

from datetime import timedelta

from models.accounts.account import Terms
from models.posts.post import IfLate
from pressrun.settings import LEAST_LATENESS, NEVER_IN_TIME
from scheduler.posts.wish import ColumnProblem, Wish

TYPE = "lateness.none"


def is_none(max_lateness_s: int | None, if_late: str | None) -> bool:
    """Whether none of an account's posts that say nothing of it can go out. It could be set so once."""
    return (
        max_lateness_s is not None
        and timedelta(seconds=max_lateness_s) < LEAST_LATENESS
        and if_late != IfLate.PUBLISH.value
    )


def doubt(wish: Wish, account: Terms) -> ColumnProblem | None:
    """What is to be told of a post that allows no lateness, by its own words or its account's."""
    if_late = wish.if_late.value if wish.if_late is not None else account.if_late
    if wish.max_lateness is not None:
        if not is_none(int(wish.max_lateness.total_seconds()), if_late):
            return None
        message = f"{NEVER_IN_TIME}: allow some seconds, or it is late by its own rule"
    elif is_none(account.max_lateness_s, if_late):
        message = (
            f"{account.name} lets its posts be {account.max_lateness_s} s late, and {NEVER_IN_TIME}: allow the account "
            "some, or this post, or it is late whenever it is sent"
        )
    else:
        return None
    return ColumnProblem("max_lateness", message, TYPE)


def told_of_account(name: str, max_lateness_s: int | None, if_late: str | None) -> tuple[str, ...]:
    """What whoever looks after an account should know."""
    if not is_none(max_lateness_s, if_late):
        return ()
    return (f"posts of {name} may be {max_lateness_s} s late, and {NEVER_IN_TIME}: allow some",)
