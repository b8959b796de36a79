"""Bulk import: every row is checked first, every problem reported with its line, then all rows are queued or none.

Importing the same file again adds nothing: a row is known by its key, or by all that it says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.account import Terms, some_names, terms_of, unknown_account
from models.library.item import hold_items
from models.post import IfLate, Post, posts_by_key
from models.session import Database
from pressrun import clock
from pressrun.errors import Invalid, PressrunError
from pressrun.media.store import MediaStore
from pressrun.settings import Settings
from scheduler import library
from scheduler.posts import pace
from scheduler.posts.add_ons import not_on_instagram_login
from scheduler.posts.doubts import doubts
from scheduler.posts.files.reading import read_file
from scheduler.posts.files.rows import Row
from scheduler.posts.fixing import commission, failed_before, waiting
from scheduler.posts.preflight import Examiner
from scheduler.posts.queueing import Checked, KeyTaken, check, find_same, queue_post
from scheduler.posts.reaching import unreachable
from scheduler.posts.wish import ColumnProblem, Wish, parse_wish
from scheduler.slots import accounts_with_slots, no_slots


@dataclass(frozen=True)
class RowProblem:
    """Where in the file, and what."""

    line: int
    column: str
    message: str
    type: str = Invalid.type
    """The stable type of the error, for programs."""

    @classmethod
    def of(cls, line: int, problem: ColumnProblem) -> RowProblem:
        return cls(line, problem.column, problem.message, problem.type)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


@dataclass(frozen=True)
class Due:
    """An instant, and the zone in which the person thinks of it."""

    at: datetime
    timezone: str

    def __str__(self) -> str:
        local = self.at.astimezone(clock.zone(self.timezone))
        return f"{local:%Y-%m-%d %H:%M:%S} {self.timezone}"


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
    with database.transaction() as tx:
        names = {_account_name(row) for row in rows}
        accounts = terms_of(tx, names)
        known_names = some_names(tx) if names - {*accounts} else []  # to say what there is beside what is unknown
        slotted = accounts_with_slots(tx)
        items = library.referred_to(tx, [row.fields for row in rows])
    examiner = Examiner(settings, MediaStore(settings.home / "media"), base=base, library=items)
    # Files and addresses are looked at before the transaction: it must not stay open while a server answers slowly.
    checked = [
        (row.line, one)
        for row in rows
        if (one := _check_row(row, accounts, known_names, examiner, report, settings=settings, now=now))
    ]
    for line, one in checked:
        report.problems += [RowProblem.of(line, problem) for problem in without_slots(one.wish, slotted)]
    _find_doubles(checked, report)
    try:
        with database.transaction() as tx:
            known = posts_by_key(tx, [one.key for _, one in checked])
            new = _sort_out(tx, checked, known, report, now=now, late=late)
            _warn_of_full_windows(tx, new, accounts, report)
            report.warnings += [RowProblem.of(line, doubt) for line, doubt in doubts(tx, new, accounts)]
            _find_lost_items(tx, new, report)
            if not report.problems:
                _note_times(report, [one.wish for _, one in new])
                for post in _queue_all(tx, [one for _, one in new], accounts, settings, report, now=now, late=late):
                    report.added.append(post.id)
    except IntegrityError:
        message = "another import queued one of these keys at the same moment: try again"
        raise PressrunError(message, type="post.raced") from None
    return report


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
    new: Sequence[Checked],
    accounts: Mapping[str, Terms],
    settings: Settings,
    report: ImportReport,
    *,
    now: datetime,
    late: bool,
) -> Iterator[Post]:
    asked = commission(tx, [(one.preflight, accounts[one.wish.account].id) for one in new], now=now)
    report.fixing = sum(waiting(one) for one in asked)
    for one, preflight in zip(new, asked, strict=True):
        whole = replace(one, preflight=preflight)
        yield queue_post(tx, whole, accounts[one.wish.account], settings, now=now, late=late)


def _note_times(report: ImportReport, wishes: Sequence[Wish]) -> None:
    times = sorted((Due(wish.publish_at, wish.timezone) for wish in wishes), key=lambda due: due.at)
    if times:
        report.first_due, report.last_due = times[0], times[-1]


def _account_name(row: Row) -> str:
    return (row.fields.get("account") or "").strip()


def _check_row(
    row: Row,
    accounts: Mapping[str, Terms],
    known_names: Sequence[str],
    examiner: Examiner,
    report: ImportReport,
    *,
    settings: Settings,
    now: datetime,
) -> Checked | None:
    def refuse(problems: list[ColumnProblem]) -> None:
        report.problems += [RowProblem.of(row.line, problem) for problem in problems]

    name = _account_name(row)
    account = accounts.get(name)
    wish, problems = parse_wish(row.fields, zone=clock.zone(account.timezone if account else "UTC"), reference=now)
    if account is None and name:
        unknown = unknown_account(name, known_names)
        problems = [ColumnProblem("account", str(unknown), unknown.type), *problems]
    if account is not None:
        problems += not_on_this_login(row.fields, account.login)
    if problems or wish is None or account is None:
        refuse(problems)
        return None
    preflight = examiner.examine(wish)
    report.warnings += [RowProblem.of(row.line, problem) for problem in preflight.warnings]
    errors = [*preflight.errors, *unreachable("media", wish.media, preflight.media, wish, settings, account.login)]
    errors += unreachable("cover_url", (wish.cover,) if wish.cover else (), (), wish, settings, account.login)
    if errors:
        refuse(errors)
        return None
    return check(wish, preflight)


def without_slots(wish: Wish, slotted: Collection[str]) -> list[ColumnProblem]:
    """What is wrong when a post may move to slots that its account does not have."""
    if wish.if_late is not IfLate.NEXT_SLOT or wish.account in slotted:
        return []
    missing = no_slots(wish.account)
    return [ColumnProblem("if_late", str(missing), missing.type)]


def not_on_this_login(fields: Mapping[str, str], login: str) -> list[ColumnProblem]:
    """What is given that Instagram takes of accounts on Facebook Login alone."""
    message = "Instagram takes none of an account on Instagram Login: leave it empty"
    return [ColumnProblem(name, message, "login.lacks") for name in not_on_instagram_login(fields, login)]


def past(at: datetime) -> ColumnProblem:
    """What is wrong with a time that has passed, where the person has not said that they want it."""
    said = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return ColumnProblem("publish_at", f"{said} is in the past: correct it", "post.late")


def _find_doubles(checked: list[tuple[int, Checked]], report: ImportReport) -> None:
    first: dict[str, int] = {}
    for line, one in checked:
        if one.key in first:
            said = "the same row" if one.key.startswith("auto:") else f"key {one.key!r}"
            message = f"{said} stands in line {first[one.key]} already: give each post a key of its own"
            report.problems.append(RowProblem(line, "key", message))
        first.setdefault(one.key, line)


def _sort_out(
    tx: Session,
    checked: list[tuple[int, Checked]],
    known: Mapping[str, Post],
    report: ImportReport,
    *,
    now: datetime,
    late: bool,
) -> list[tuple[int, Checked]]:
    """The rows that are new. Those that are queued already, and those that may not be, are noted in the report."""
    new = []
    for line, one in checked:
        try:
            if find_same(one, known.get(one.key)):
                report.unchanged.append(known[one.key].id)
                continue
        except KeyTaken as problem:
            report.problems.append(RowProblem(line, "key", str(problem), problem.type))
            continue
        if one.wish.publish_at < now and not late:  # only now: a row that was queued in time may be imported again
            report.problems.append(RowProblem.of(line, past(one.wish.publish_at)))
            continue
        for source, why in failed_before(tx, one.preflight):
            report.problems.append(RowProblem(line, "media", f"{source}: it cannot be made right: {why}"))
        new.append((line, one))
    report.problems.sort(key=lambda problem: problem.line)
    return new


def _warn_of_full_windows(
    tx: Session, new: list[tuple[int, Checked]], accounts: Mapping[str, Terms], report: ImportReport
) -> None:
    """Say which posts would wait because their account's publishing window is full by then."""
    for name in sorted({one.wish.account for _, one in new}):
        account = accounts[name]
        total, duration = pace.window_of(account)
        wishes = {line: one.wish for line, one in new if one.wish.account == name}
        lines = {line: wish.publish_at for line, wish in wishes.items()}
        known = pace.planned(tx, account, since=min(lines.values()) - duration)
        taken = [wish.publish_at for wish in wishes.values() for _ in range(pace.places(wish.type, wish.media))]
        full = pace.crowded(known, taken, total=total, duration=duration)
        for line, at in lines.items():
            if at in full:
                message = (
                    f"{name} would have {full[at]} posts in the {duration.total_seconds() / 3600:g} h before it, "
                    f"Instagram allows {total}: it will wait until the window frees, by its lateness rule"
                )
                report.warnings.append(RowProblem(line, "publish_at", message))
