"""Looking for a comment of the account: by its words, its time and its author, below a media or a comment of ours.

The author's id decides where the answer tells it. A name changes: another name than the account's is no proof that
somebody else wrote it, and a comment that fits in all but that goes to a person. None of that is read as absence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.answers.paging import Page
from graph.conversation.comments import Comment
from models.accounts.account_name import names_of, record_name
from models.publishing.attempt import known_results
from pressrun.media.captions import normal_form
from worker.once.kind import Once
from worker.once.search import Fit, Reading, read_on
from worker.once.sight import Absent, Beyond, Sight, Stands, Unclear

CLOCKS_APART = timedelta(minutes=2)
"""How far Instagram's clock may lie behind ours."""
STANDS_AFTER = timedelta(minutes=5)
"""A comment that stands is listed by then."""


@dataclass(frozen=True)
class Place:
    """Where the comment would stand. `is_newest_first`: the list's order is documented (graph-api.md §5.3)."""

    page: Callable[[str | None], Page[Comment]]
    is_newest_first: bool


def look(once: Once, place: Place) -> Sight:
    """Whether a comment of ours with these words stands there. Raises GraphError and GateShut like any reading."""
    earliest = once.attempt.intent_at - CLOCKS_APART
    with once.ctx.database.transaction() as tx:
        names = names_of(tx, once.account.id)
    reading = read_on(
        once,
        place.page,
        lambda comment: _fit(comment, once, names, earliest),
        name_of=lambda comment: comment.username,
        older_than=earliest if place.is_newest_first else None,
    )
    if not reading.is_whole:
        return Unclear("there were more comments than could be read", reading.kept())
    return _judge(once, reading)


def _judge(once: Once, reading: Reading) -> Sight:
    ours, perhaps = _not_known(once, reading.ours), _not_known(once, reading.perhaps)
    if not ours and perhaps:
        # The account may have been renamed since its name was last read: what is it called now?
        name = _present_name(once)
        ours = {id_: shown for id_, shown in perhaps.items() if shown == name}
    if len(ours) == 1:
        return Stands(next(iter(ours)))
    if ours:
        return Beyond("several comments of the account say the same")
    if perhaps and reading.began_at < once.settled_at:
        return Unclear("ours may yet appear")
    if perhaps:
        shown = ", ".join(sorted({f"@{name}" for name in perhaps.values()}))
        return Beyond(f"a comment with the same words stands there under another name ({shown})")
    return Absent(reading.began_at)


def _not_known(once: Once, found: dict[str, str | None]) -> dict[str, str | None]:
    """Without what is known to have come of another call."""
    with once.ctx.database.transaction() as tx:
        known = known_results(tx, found)
    return {id_: name for id_, name in found.items() if id_ not in known}


def _fit(comment: Comment, once: Once, names: frozenset[str], earliest: datetime) -> Fit:
    if normal_form(comment.text) != once.attempt.words:
        return Fit.NO
    if comment.timestamp is not None and comment.timestamp < earliest:
        return Fit.NO
    author = comment.extra.get("from")
    if isinstance(author, dict) and str(author.get("id")) == once.account.ig_id:
        return Fit.OURS
    # What the list does not say excludes nothing.
    return Fit.OURS if comment.username is None or comment.username in names else Fit.PERHAPS


def _present_name(once: Once) -> str | None:
    name = once.client.users.profile(("username",)).username
    if name:
        with once.ctx.database.transaction() as tx:
            record_name(tx, once.account.id, name)
    return name
