"""What `account list` shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import quota
from models.account import Account
from models.post import Post
from models.states import ACTIVE
from pressrun import clock


def account_rows(tx: Session) -> list[dict[str, Any]]:
    """One row for each account, by name. `quota`: publishes in the current window and how many there may be."""
    now = clock.now()
    counts = select(Post.account_id, func.count().label("waiting")).where(Post.state.in_([s.value for s in ACTIVE]))
    waiting = {row.account_id: row.waiting for row in tx.execute(counts.group_by(Post.account_id))}
    rows = []
    for account in tx.scalars(select(Account).order_by(Account.name)):
        window = quota.window(tx, account, now=now)
        rows.append(
            {
                "name": account.name,
                "login": account.login,
                "ig_id": account.ig_id,
                "username": account.username,
                "state": account.state,
                "timezone": account.timezone,
                "quota": f"{window.used}/{window.total}",
                "posts_waiting": waiting.get(account.id, 0),
            }
        )
    return rows
