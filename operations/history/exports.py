"""Taking the history out: the rows of a view, as of any time, into a file or a stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from models.access.bound import seen_accounts
from models.reading.history.views import Question, View, ask, has_days, has_past
from operations.history.export_files import Format, write
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from operations.which import account_id_of
from pressrun.errors import Invalid

_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True)
class Wish:
    """What is to be taken out. `since` and `until` (not included) are days where the view has days, else instants."""

    view: View
    form: Format = Format.CSV
    as_of: datetime | None = None
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise Invalid("the end is not after the beginning", type="export.empty_span", field="until")
        if self.as_of is not None and not self.has_past:
            said = f"{self.view} tells of now alone: of what was missing at an earlier time nothing is kept"
            raise Invalid(said, type="export.without_past", field="as_of")

    @property
    def has_past(self) -> bool:
        """Whether `as_of` may be said."""
        return has_past(self.view)

    @classmethod
    def parse(
        cls,
        view: str,
        form: str = Format.CSV,
        *,
        as_of: str | None = None,
        since: str | None = None,
        until: str | None = None,
        now: datetime,
    ) -> Wish:
        """As people write it; times without a zone are UTC. Raises Invalid, which names the field."""
        which = _view(view)
        return cls(
            which,
            _form(form),
            as_of=None if as_of is None else _known_at(as_of, now),
            since=None if since is None else _bound("since", since, which, now),
            until=None if until is None else _bound("until", until, which, now),
        )


@operation("insight.export", effect=Effect.READS, scope=Scope.READ)
def export(ctx: Context, asker: Asker, wish: Wish, target: Path | IO[Any], account: str | None = None) -> int:
    """Write the rows of a view, however many there are, in a fixed order and from one snapshot; returns how many.

    Raises Unknown for the account, and NotWritten when the file cannot be written.
    """
    with ctx.database.transaction() as tx:
        account_id, seen = account_id_of(tx, account), seen_accounts(tx)
    question = Question(wish.view, wish.as_of, account_id, seen, wish.since, wish.until)
    with ask(ctx.database, question) as answer:
        return write(answer, wish.form, target)


def _view(text: str) -> View:
    try:
        return View(text)
    except ValueError:
        said = f"unknown view {text!r}; known: {', '.join(View)}"
        raise Invalid(said, type="export.unknown_view", field="view") from None


def _form(text: str) -> Format:
    try:
        return Format(text)
    except ValueError:
        said = f"unknown format {text!r}; known: {', '.join(Format)}"
        raise Invalid(said, type="export.unknown_format", field="form") from None


def _bound(field: str, text: str, view: View, now: datetime) -> date:
    """An end of the span as the view's time column has it: a day, or an instant."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        if has_days(view):
            said = f"{text!r} is not a day: {view} has days, write 2026-11-01"
            raise Invalid(said, type="export.not_a_day", field=field) from None
        return instant(text, field=field, now=now)
    return day if has_days(view) else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _known_at(text: str, now: datetime) -> datetime:
    at = instant(text, field="as_of", now=now)
    if at > now + _CLOCKS_DIFFER:
        said = f"{text} is in the future: nothing is known then yet"
        raise Invalid(said, type="export.future", field="as_of")
    return at
