"""Bulk import: every row is checked first, every problem reported with its line, then all rows are queued or none.

Importing the same file again adds nothing: a row is known by its key, or by all that it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.accounts.account import Terms, some_names, terms_of
from models.library.item import hold_items
from models.posts.post import MADE_KEY, IfLate, Known, keys_held_unseen, posts_by_key
from models.posts.queued import Written
from models.store.session import Database
from pressrun import clock
from pressrun.errors import Invalid, PressrunError
from pressrun.media.fixing.told import CannotFix
from pressrun.media.store import MediaStore
from pressrun.settings import Settings
from scheduler import library
from scheduler.posts import pace
from scheduler.posts.doubts import Past, doubts, pasts
from scheduler.posts.files.reading import read_file
from scheduler.posts.files.rows import Row
from scheduler.posts.fixing import commission, failed_before, too_slow, waiting
from scheduler.posts.judging import Judged, account_name, judge, past, without_slots
from scheduler.posts.preflight import Examiner
from scheduler.posts.queueing import Checked, Due, KeyTaken, find_same, queue_post
from scheduler.posts.wish import ColumnProblem, Wish
from scheduler.slots import accounts_with_slots


@dataclass(frozen=True)
class RowProblem:
    """Where in the file, and what."""

    line: int
    column: str
    message: str
    type: str = Invalid.type
    """The stable type of the error, for programs."""
    can_be_fixed: bool = False

    @classmethod
    def of(cls, line: int, problem: ColumnProblem) -> RowProblem:
        return cls(line, problem.column, problem.message, problem.type, problem.can_be_fixed)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


@dataclass
class ImportReport:
    """What an import did. With problems, nothing was queued."""

    added: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)
    fixing: int = 0
    """How many files of what was queued are being made right."""
    first_due: Due | None = None
    last_due: Due | None = None
    """Of what was queued: the times as they were understood."""
    only: tuple[Written, Terms] | None = None
    """What was written, where it is one post."""


def import_file(database: Database, settings: Settings, path: Path, *, late: bool = False) -> ImportReport:
    """Queue all rows of a CSV, XLSX or JSON file, or none.

    Args:
        late: accept times in the past; such a post goes out at once.

    Raises:
        Unreadable: the file cannot be read, or its columns are wrong.
    """
    return import_rows(database, settings, read_file(path), base=path.parent, late=late)


def import_fields(
    database: Database, settings: Settings, fields: Mapping[str, str], *, base: Path | None, late: bool = False
) -> ImportReport:
    """Queue one post given as the fields of one row; its problems carry line 1."""
    return import_rows(database, settings, [Row(1, fields)], base=base, late=late)


def import_rows(
    database: Database, settings: Settings, rows: Sequence[Row], *, base: Path | None, late: bool
) -> ImportReport:
    """The same for rows that were already read."""
    now = clock.now()
    report = ImportReport()
    with database.look() as tx:
        names = {account_name(row.fields) for row in rows}
        accounts = terms_of(tx, names)
        known_names = some_names(tx) if names - {*accounts} else []  # to say what there is beside what is unknown
        items = library.referred_to(tx, [row.fields for row in rows])
    examiner = Examiner(settings, MediaStore(settings.home / "media"), base=base, library=items)
    # Files and addresses are looked at before the transaction: it must not stay open while a server answers slowly.
    judged = [
        (row.line, judge(row.fields, accounts.get(name), known_names, examiner, settings=settings, now=now))
        for row in rows
        for name in (account_name(row.fields),)
    ]
    for line, one in judged:
        report.problems += [RowProblem.of(line, problem) for problem in one.problems]
        report.warnings += [RowProblem.of(line, problem) for problem in one.warnings]
    _find_doubles(judged, report)
    try:
        with database.transaction() as tx:
            _find_no_slots(tx, judged, report)
            known, near = _look_around(tx, judged, accounts)
            new = _sort_out(tx, judged, known, report, now=now, late=late)
            report.problems.sort(key=lambda problem: problem.line)
            around = pasts(tx, new, accounts) if near is None else near
            _warn_of_full_windows(new, accounts, around, report)
            report.warnings += [RowProblem.of(line, doubt) for line, doubt in doubts(new, around)]
            _find_lost_items(tx, new, report)
            if not report.problems:
                _note_times(report, [one.wish for _, one in new])
                _queue_all(tx, new, accounts, settings, report, now=now, late=late)
    except IntegrityError:
        return ImportReport(problems=_held_unseen(database, judged), warnings=report.warnings)
    return report


def _held_unseen(database: Database, judged: Sequence[tuple[int, Judged]]) -> list[RowProblem]:
    """What is wrong with rows whose keys turned out to be taken. Raises PressrunError where that is but a race."""
    with database.look() as tx:
        held = keys_held_unseen(tx, [one.key for _, one in judged])
    if not held:
        message = "another import queued one of these keys at the same moment: try again"
        raise PressrunError(message, type="post.raced")
    return [
        RowProblem(line, "key", f"key {one.key!r} is taken: use another one", KeyTaken.type)
        for line, one in judged
        if one.key in held
    ]


def _look_around(
    tx: Session, judged: Sequence[tuple[int, Judged]], accounts: Mapping[str, Terms]
) -> tuple[Mapping[str, Known], dict[str, Past] | None]:
    """The posts that have the keys of these rows; and what stands around the post, where it is one that may be queued:
    that is asked for along with its key.
    """
    if len(judged) == 1 and (one := judged[0][1].checked) is not None:
        near, known = Past.near(tx, accounts[one.wish.account], one)
        return {one.key: known} if known else {}, {one.wish.account: near}
    return posts_by_key(tx, [one.key for _, one in judged if one.checked or one.wish.key == one.key]), None


def _find_lost_items(tx: Session, new: list[tuple[int, Checked]], report: ImportReport) -> None:
    """Items of the library that somebody has removed while they were looked at; the others stay until this is over."""
    said = {line: library.names_in([one.wish.sources()]) for line, one in new}
    there = hold_items(tx, sorted(set().union(*said.values())))
    for line, names in said.items():
        report.problems += [
            RowProblem(line, "media", f"the library has nothing under the name {name!r} any more", "library.unknown")
            for name in sorted(names - there)
        ]


def _queue_all(
    tx: Session,
    new: Sequence[tuple[int, Checked]],
    accounts: Mapping[str, Terms],
    settings: Settings,
    report: ImportReport,
    *,
    now: datetime,
    late: bool,
) -> None:
    wanted = [(one.preflight, accounts[one.wish.account].id, one.wish.publish_at) for _, one in new]
    asked = commission(tx, wanted, now=now)
    report.fixing = sum(waiting(one) for one in asked)
    lines = {}
    for (line, one), preflight in zip(new, asked, strict=True):
        whole = replace(one, preflight=preflight)
        written = queue_post(tx, whole, accounts[one.wish.account], settings, now=now, late=late)
        report.added.append(written.post.id)
        report.only = (written, accounts[one.wish.account]) if len(new) == 1 else None
        lines[written.post.id] = line
    slow = too_slow(tx, lines, now=now) if report.fixing else []
    report.warnings += [RowProblem.of(lines[post_id], one) for post_id, one in slow]


def _note_times(report: ImportReport, wishes: Sequence[Wish]) -> None:
    times = sorted((Due(wish.publish_at, wish.timezone) for wish in wishes), key=lambda due: due.at)
    if times:
        report.first_due, report.last_due = times[0], times[-1]


def _find_no_slots(tx: Session, judged: Sequence[tuple[int, Judged]], report: ImportReport) -> None:
    moving = [
        (line, one.wish)
        for line, one in judged
        if one.account is not None and one.wish.if_late is IfLate.NEXT_SLOT and "if_late" not in one.unread
    ]
    slotted = accounts_with_slots(tx) if moving else set()
    report.problems += [RowProblem.of(line, one) for line, wish in moving for one in without_slots(wish, slotted)]


def _find_doubles(judged: Sequence[tuple[int, Judged]], report: ImportReport) -> None:
    first: dict[str, int] = {}
    for line, one in judged:
        if one.key in first:
            said = "the same row" if one.key.startswith(MADE_KEY) else f"key {one.key!r}"
            message = f"{said} stands in line {first[one.key]} already: give each post a key of its own"
            report.problems.append(RowProblem(line, "key", message))
        first.setdefault(one.key, line)


def _sort_out(
    tx: Session,
    judged: Sequence[tuple[int, Judged]],
    known: Mapping[str, Known],
    report: ImportReport,
    *,
    now: datetime,
    late: bool,
) -> list[tuple[int, Checked]]:
    """The rows that are new. Those that are queued already, and those that may not be, are noted in the report."""
    new = []
    for line, one in judged:
        found = []
        try:
            if one.checked and find_same(one.checked, known.get(one.key)):
                report.unchanged.append(known[one.key].id)
                continue
        except KeyTaken as problem:
            found.append(ColumnProblem("key", str(problem), problem.type))
        # A row that was queued in time may be imported again: so may one that it cannot be told from yet.
        if not late and one.is_past(now) and (one.checked or one.key not in known):
            found.append(past(one.wish.publish_at))
        if one.checked and not found:
            new.append((line, one.checked))
        for source, why in failed_before(tx, one.preflight) if one.preflight else []:
            found.append(ColumnProblem("media", f"{source}: it cannot be made right: {why}", CannotFix.type))
        report.problems += [RowProblem.of(line, problem) for problem in found]
    return new


def _warn_of_full_windows(
    new: list[tuple[int, Checked]], accounts: Mapping[str, Terms], around: Mapping[str, Past], report: ImportReport
) -> None:
    """Say which posts would wait because their account's publishing window is full by then."""
    for name in sorted({one.wish.account for _, one in new}):
        account = accounts[name]
        total, duration = pace.window_of(account)
        wishes = {line: one.wish for line, one in new if one.wish.account == name}
        lines = {line: wish.publish_at for line, wish in wishes.items()}
        taken = [wish.publish_at for wish in wishes.values() for _ in range(pace.places(wish.type, wish.media))]
        full = pace.crowded(around[name].places, taken, total=total, duration=duration)
        for line, at in lines.items():
            if at in full:
                message = (
                    f"{name} would have {full[at]} posts in the {duration.total_seconds() / 3600:g} h before it, "
                    f"Instagram allows {total}: it will wait until the window frees, by its lateness rule"
                )
                report.warnings.append(RowProblem(line, "publish_at", message))
