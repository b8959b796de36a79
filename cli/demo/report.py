"""What `pressrun demo` shows: the posts on their way, what came of them, and the verdict."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cli.output import cell
from models.accounts.account import Account
from models.posts.part import Part
from models.posts.post import Post, lateness_ms
from models.posts.states import ACTIVE, PostState
from models.reading.posts.posts import COLUMNS as POST_COLUMNS
from models.reading.posts.posts import shown
from models.store.session import Database
from models.upkeep.invariants import run_all
from operations.history.harvests import HarvestOutcome
from pressrun import clock
from pressrun.clock import Deadline

COLUMNS = ("key", "account", "type", "due", "went out", "lateness ms", "media id")

_HISTORY: Mapping[str, str] = {
    "account observations": "SELECT count(*) FROM account_observations",
    "media snapshots": "SELECT count(*) FROM media_snapshots",
    "audience snapshots": "SELECT count(*) FROM audience_snapshots",
    "competitor observations": "SELECT count(*) FROM competitor_observations",
    "public media snapshots": "SELECT count(*) FROM public_media_snapshots",
    "media": "SELECT count(*) FROM media",
    "mentions, read": "SELECT count(*) FROM mentions WHERE state = 'read'",
    "mentions, not readable": "SELECT count(*) FROM mentions WHERE state = 'unreadable'",
    "tags": "SELECT count(*) FROM tags",
    "comments": "SELECT count(*) FROM comments",
    "raw answers": "SELECT count(*) FROM raw_answers",
    "webhook changes": "SELECT count(*) FROM inbox_events",
    "harvest runs": "SELECT count(*) FROM harvest_runs",
    "post events": "SELECT count(*) FROM post_events",
}
_POINTS = (
    "account observations",
    "media snapshots",
    "audience snapshots",
    "competitor observations",
    "public media snapshots",
)
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
    is_sound: bool = True
    """No invariant is violated."""

    @property
    def failed(self) -> int:
        return self.posts - self.published

    @property
    def is_good(self) -> bool:
        return self.posts == self.published > 0 and not self.duplicates and not self.unaccounted and self.is_sound

    def line(self, seconds: float) -> str:
        return (
            f"demo: published={self.published} failed={self.failed} duplicates={self.duplicates} "
            f"observations={self.observations} seconds={seconds:.1f}"
        )


@dataclass(frozen=True)
class Result:
    """All that a demo has to show."""

    verdict: Verdict
    posts: Sequence[Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]]
    violations: Mapping[str, Sequence[str]]

    def tables(self) -> Iterator[tuple[Sequence[str], Sequence[Mapping[str, Any]]]]:
        yield COLUMNS, self.posts
        yield ("what", "rows"), self.history

    def complaints(self) -> Iterator[str]:
        """What a person should know of, a line each."""
        for post in self.posts:
            if post["error"]:
                yield f"{post['key']}: {post['error']}"
        for name, lines in self.violations.items():
            yield f"invariant {name} is violated: {'; '.join(lines)}"
        if self.verdict.unaccounted:
            yield f"{self.verdict.unaccounted} media ids do not agree with the simulator's ledger"

    def as_json(self, seconds: float) -> dict[str, Any]:
        verdict = self.verdict
        return {
            "published": verdict.published,
            "failed": verdict.failed,
            "duplicates": verdict.duplicates,
            "observations": verdict.observations,
            "seconds": round(seconds, 1),
            "posts": [{name: post[name] for name in POST_COLUMNS} for post in self.posts],
            "history": list(self.history),
        }


class Board(Protocol):
    """Shows the posts on their way."""

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None: ...


def look(database: Database) -> list[dict[str, Any]]:
    """Every post as it stands."""
    with database.transaction() as tx:
        return post_rows(tx)


def read_result(database: Database, ledger: Sequence[Mapping[str, Any]]) -> Result:
    """What has come of it all."""
    with database.transaction() as tx:
        posts, history, violations = post_rows(tx), history_rows(tx), run_all(tx)
    return Result(judge(posts, history, ledger, is_sound=not violations), posts, history, violations)


def post_rows(tx: Session) -> list[dict[str, Any]]:
    """Every post, under COLUMNS, the columns of `post list`, and a few names more."""
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
    posts: Sequence[Mapping[str, Any]],
    history: Iterable[Mapping[str, Any]],
    ledger: Sequence[Mapping[str, Any]],
    *,
    is_sound: bool = True,
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
        is_sound=is_sound,
    )


def are_final(posts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no post is on its way any more."""
    return all(post["state"] not in {state.value for state in ACTIVE} for post in posts)


def are_settled(posts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing is owed to any post, no comment and no permalink either."""
    return all(post["is_settled"] for post in posts)


def complaints_of_runs(runs: Iterable[HarvestOutcome]) -> Iterator[str]:
    for run in runs:
        if run.status not in {"done", "partial"}:
            yield f"harvest {run.kind} of {run.account}: {run.status} {cell(run.errors)}".rstrip()


@contextmanager
def board(tell: Callable[[str], None], *, is_live: bool) -> Iterator[Board]:
    """A table that lives on a terminal; elsewhere a line now and then."""
    if not is_live or not sys.stdout.isatty():
        yield _Lines(tell)
        return
    from rich.live import Live

    with Live(refresh_per_second=4, transient=True) as live:
        yield _LiveTable(live)


class _Lines:
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._due = Deadline.after(0.0)
        self._said = ""

    def show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        counts = Counter(row["state"] for row in rows)
        line = ", ".join(f"{counts[state.value]} {state.value}" for state in PostState if counts[state.value])
        if self._due.passed and line != self._said:
            self._tell(f"posts: {line}")
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
        **shown(post, account).columns(),
        "due": _to_ms(post.publish_at),
        "went out": _to_ms(post.sent_at) if post.sent_at else post.state,
        "lateness ms": lateness_ms(post.publish_at, post.sent_at),
        "media id": ", ".join(known),
        "is_settled": post.next_action_at is None,
        "media_ids": known,
    }


def _to_ms(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
