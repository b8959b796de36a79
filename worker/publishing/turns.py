"""Whose turn it is among armed posts: the first due first, accounts side by side, an account's one after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from heapq import heappop, heappush

from models.publishing.arming import Armed


class Turns:
    """Not for several threads at once."""

    def __init__(self) -> None:
        self._of_account: defaultdict[int, list[tuple[datetime, int, Armed]]] = defaultdict(list)
        self._heads: list[tuple[datetime, int, int]] = []
        """The first of each account that is not at work; what was overtaken since is passed over."""
        self._at_work: set[int] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, posts: Iterable[Armed]) -> None:
        for post in posts:
            own = self._of_account[post.account_id]
            heappush(own, (post.due_at, post.id, post))
            self._count += 1
            if own[0][2] is post:
                self._show(post.account_id)

    def take(self, until: datetime, most: int) -> list[Armed]:
        """Those that are due by then, one of an account; each account's next one comes once it is `done`."""
        taken: list[Armed] = []
        while self._heads and len(taken) < most and self._heads[0][0] <= until:
            _, id_, account_id = heappop(self._heads)
            own = self._of_account.get(account_id)
            if not own or own[0][1] != id_ or account_id in self._at_work:
                continue
            taken.append(heappop(own)[2])
            self._count -= 1
            self._at_work.add(account_id)
        return taken

    def done(self, account_id: int) -> None:
        """The account's post is dealt with."""
        self._at_work.discard(account_id)
        self._show(account_id)

    def next_at(self) -> datetime | None:
        """No post of an account that is not at work is due before."""
        return self._heads[0][0] if self._heads else None

    def clear(self) -> list[Armed]:
        """All that wait, which are forgotten here."""
        waiting = [post for own in self._of_account.values() for _, _, post in own]
        self._of_account.clear()
        self._heads.clear()
        self._count = 0
        return waiting

    def _show(self, account_id: int) -> None:
        own = self._of_account.get(account_id)
        if not own:
            self._of_account.pop(account_id, None)
        elif account_id not in self._at_work:
            heappush(self._heads, (own[0][0], own[0][1], account_id))
