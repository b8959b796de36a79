"""What `pressrun demo` shows: the posts on their way, what came of them, and the verdict."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cli.output import cell, say
from models.account import Account
from models.part import Part
from models.post import Post, lateness_ms
from models.states import ACTIVE, PostState
from pressrun import clock
from pressrun.clock import Deadline

COLUMNS = ("key", "account", "type", "due", "went out", "lateness ms", "media id")

_HISTORY: Mapping[str, str] = {
    "account observations": "SELECT count(*) FROM account_observations",
    "media snapshots": "SELECT count(*) FROM media_snapshots",
    "audience snapshots": "SELECT count(*) FROM audience_snapshots",
    "media": "SELECT count(*) FROM media",
    "mentions, read": "SELECT count(*) FROM mentions WHERE state = 'read'",
    "mentions, not readable": "SELECT count(*) FROM mentions WHERE state = 'unreadable'",
    "tags": "SELECT count(*) FROM tags",
    "comments": "SELECT count(*) FROM comments",
    "webhook changes": "SELECT count(*) FROM inbox_events",
    "harvest runs": "SELECT count(*) FROM harvest_runs",
    "post events": "SELECT count(*) FROM post_events",
}
_POINTS = ("account observations", "media snapshots", "audience snapshots")
_TELL_EVERY_S = 5.0


@dataclass(frozen=True)
class Verdict:
    """What the demo is judged by. `duplicates` and `unaccounted` are the simulator's word, not ours."""

    posts: int
    published: int
    duplicates: int
    """Media on Instagram that a follower could not tell from another one."""
    unaccounted: int
    """Media on Instagram that no post knows, or the other way round."""
    observations: int

    @property
    def is_good(self) -> bool:
        return self.posts == self.published > 0 and self.duplicates == 0 and self.unaccounted == 0

    def line(self, seconds: float) -> str:
        return (
            f"demo: published={self.published} failed={self.posts - self.published} duplicates={self.duplicates} "
            f"observations={self.observations} seconds={seconds:.1f}"
        )


class Board(Protocol):
    """Shows the posts on their way."""

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None: ...


def post_rows(tx: Session) -> list[dict[str, Any]]:
    """Every post, under COLUMNS and a few names more."""
    query = (
        select(Post, Account.name, func.array_agg(Part.media_id).label("media_ids"))
        .join(Account, Account.id == Post.account_id)
        .join(Part, (Part.post_id == Post.id) & Part.parent_id.is_(None))
        .group_by(Post.id, Account.name)
        .order_by(Post.publish_at, Post.id)
    )
    return [_post_row(post, name, media_ids) for post, name, media_ids in tx.execute(query)]


def history_rows(tx: Session) -> list[dict[str, Any]]:
    """What the database now holds."""
    return [{"what": what, "rows": tx.execute(text(query)).scalar_one()} for what, query in _HISTORY.items()]


def judge(
    posts: Sequence[Mapping[str, Any]], history: Iterable[Mapping[str, Any]], ledger: Sequence[Mapping[str, Any]]
) -> Verdict:
    """Compare what we believe with what the simulator's ledger says."""
    ours = {media_id for post in posts for media_id in post["media_ids"]}
    alike = Counter(line["signature"] for line in ledger)
    return Verdict(
        posts=len(posts),
        published=sum(1 for post in posts if post["state"] == PostState.PUBLISHED.value),
        duplicates=sum(count - 1 for count in alike.values()),
        unaccounted=len(ours ^ {line["media_id"] for line in ledger}),
        observations=sum(row["rows"] for row in history if row["what"] in _POINTS),
    )


def are_final(posts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no post is on its way any more."""
    return all(post["state"] not in {state.value for state in ACTIVE} for post in posts)


@contextmanager
def board() -> Iterator[Board]:
    """A table that lives on a terminal; elsewhere a line now and then."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.live import Live

    with Live(refresh_per_second=4, transient=True) as live:
        yield _LiveTable(live)


class _Lines:
    def __init__(self) -> None:
        self._due = Deadline.after(0.0)
        self._said = ""

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        counts = Counter(row["state"] for row in rows)
        line = ", ".join(f"{counts[state.value]} {state.value}" for state in PostState if counts[state.value])
        if self._due.passed and line != self._said:
            say(f"posts: {line}")
            self._due, self._said = Deadline.after(_TELL_EVERY_S), line


class _LiveTable:
    def __init__(self, live: Any) -> None:
        self._live = live

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table("key", "account", "type", "due in", "state", box=box.SIMPLE_HEAD, pad_edge=False)
        now = clock.now()
        for row in rows:
            due_in = (row["publish_at"] - now).total_seconds()
            shown = (row["key"], row["account"], row["type"], f"{due_in:.0f} s" if due_in > 0 else "", row["state"])
            table.add_row(*(Text(cell(one)) for one in shown))
        self._live.update(table)


def _post_row(post: Post, account: str, media_ids: Sequence[str | None]) -> dict[str, Any]:
    known = sorted(media_id for media_id in media_ids if media_id)
    return {
        "key": post.key,
        "account": account,
        "type": post.type,
        "due": _to_ms(post.publish_at),
        "went out": _to_ms(post.sent_at) if post.sent_at else post.state,
        "lateness ms": lateness_ms(post.publish_at, post.sent_at),
        "media id": ", ".join(known),
        "state": post.state,
        "error": post.error,
        "publish_at": post.publish_at,
        "is_settled": post.next_action_at is None,
        "media_ids": known,
    }


def _to_ms(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
