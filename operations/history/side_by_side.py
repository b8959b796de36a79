"""Several accounts beside each other over a span, each beside its own span before.

Nothing is added up over accounts: whoever was reached by two of them is counted by both, and Instagram tells no sum.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from models.accounts.account import find_accounts
from models.reading.history.overview import DAILY, DayValues, Figure, figures
from models.reading.history.several import Posted, days_of_each, posted
from models.reading.history.written import Bounds, accounts_by_day, accounts_in_span
from operations.history.overview import midnight, parse_known, parse_span
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import Invalid

MOST_ACCOUNTS = 8
"""More lines than these nobody tells apart."""
COLUMNS = (
    *("account", "followers", "followers_on", "followers_change", "change_since", "change_before"),
    *("median_reach", "median_reach_before", "views", "views_before", "interactions", "interactions_before"),
    *("posts", "posts_before", "days_without_numbers"),
)
"""What an account comes to in a span, in one row; `Comparison.sql` finds the same."""
METRICS = (*DAILY, "followers")
"""What can be told day by day: the numbers of `account_daily`, and `followers` at the end of a day."""
_DAY = timedelta(days=1)
_THEN = "not known then"


@dataclass(frozen=True)
class Followers:
    """`count`: at the end of the day `on`, the last of the span of which it is known.

    `change`: from the end of the day `since`, the day before the span or else the first that is known, to then.
    `change_before`: over the whole span before, only where it is known at both ends.
    """

    count: float | None
    on: date | None
    change: float | None
    since: date | None
    change_before: float | None


@dataclass(frozen=True)
class Lacking:
    """Days one after the other, `first` to `last`, of which an account's insights lack the same.

    Days that were read in part are `partial`. Those without any number have another `state` of coverage, `not read`,
    `told nothing`, or of a past `as_of` `not known then`.
    """

    first: date
    last: date
    state: str
    why: str | None
    has_numbers: bool


@dataclass(frozen=True)
class AccountSpan:
    """One account: `figures` by the name of the number, of people the median day, of all else the sum of the days.

    `posts`: media that were posted, stories left out; `lacking` are days that were not over when they were listed last.
    """

    account: str
    timezone: str
    followers: Followers
    figures: Mapping[str, Figure]
    posts: Figure
    lacking: list[Lacking]

    def as_row(self) -> dict[str, Any]:
        """COLUMNS → what they hold."""
        counted = self.followers
        told = [self.account, counted.count, counted.on, counted.change, counted.since, counted.change_before]
        for one in (*(self.figures[name] for name in ("reach", "views", "total_interactions")), self.posts):
            told += [one.value, one.before]
        without = sum((one.last - one.first).days + 1 for one in self.lacking if not one.has_numbers)
        return dict(zip(COLUMNS, [*map(_short, told), without], strict=True))


@dataclass(frozen=True)
class ComparedDay:
    """One number of one day, by account. `unknown`: why it is not known, `in_part`: why the day was read in part."""

    day: date
    values: Mapping[str, float | None]
    unknown: Mapping[str, str]
    in_part: Mapping[str, str]

    @property
    def lacking(self) -> str:
        """Whose number is lacking, in words."""
        told = (("not known", self.unknown), ("in part", self.in_part))
        return "; ".join(what + self._named(names) for what, names in told if names)

    def _named(self, names: Collection[str]) -> str:
        return "" if len(names) == len(self.values) else f": {', '.join(names)}"


@dataclass(frozen=True)
class Comparison:
    """The accounts as they were asked for."""

    accounts: list[AccountSpan]
    bounds: Bounds
    known: Mapping[str, list[DayValues]] = field(repr=False)
    """Account → its days."""

    def daily(self, metric: str) -> list[ComparedDay]:
        """One of METRICS, day by day."""
        names = [one.account for one in self.accounts]
        rows = zip(*(self.known[name] for name in names), strict=True)
        return [_compared(dict(zip(names, row, strict=True)), metric) for row in rows]

    @property
    def sql(self) -> str:
        """Finds what the accounts come to, for whoever reads the history."""
        return accounts_in_span([one.account for one in self.accounts], self.bounds)

    def daily_sql(self, metric: str) -> str:
        """Finds one number day by day."""
        return accounts_by_day([one.account for one in self.accounts], metric, self.bounds)


@operation("insight.compare", effect=Effect.READS, scope=Scope.READ)
def compare(
    ctx: Context,
    asker: Asker,
    accounts: Sequence[str],
    *,
    since: date | None = None,
    until: date | None = None,
    as_of: str | None = None,
) -> Comparison:
    """Two to eight accounts side by side from `since` to before `until`, Instagram's days; the last 28 unless said.

    Raises Unknown for an account, Invalid for their number, the span and the time.
    """
    _require_several(accounts)
    bounds = _bounds(since, until, as_of, clock.now())
    length = (bounds.until_on - bounds.since_on).days
    with ctx.database.transaction() as tx:
        found = find_accounts(tx, accounts)
        _require_several([one.name for one in found])
        ids = [one.id for one in found]
        # The day before both spans tells from where the followers of the first one grew.
        begin = bounds.since_on - timedelta(days=length + 1)
        known = days_of_each(tx, ids, since=begin, until=bounds.until_on, as_of=bounds.as_of)
        if bounds.as_of is not None:  # of what was read only the present is told
            known = {number: [replace(one, state=_THEN, why=None) for one in each] for number, each in known.items()}
        media = posted(tx, ids, bounds)
        spans = [_account_span(one.name, one.timezone, known[one.id], media[one.id], length) for one in found]
        return Comparison(spans, bounds, {one.name: known[one.id][-length:] for one in found})


def _bounds(since: date | None, until: date | None, as_of: str | None, now: datetime) -> Bounds:
    first, end = parse_span(since, until, now)
    known = parse_known(as_of, now)
    return Bounds(
        since_on=first,
        until_on=end,
        before=midnight(first - (end - first)),
        since=midnight(first),
        until=midnight(end),
        as_of=known,
    )


def parse_metric(text: str | None) -> str | None:
    """One of METRICS. Raises Invalid naming them."""
    if text is not None and text not in METRICS:
        raise Invalid(f"{text!r} is not one of {', '.join(METRICS)}", type="insight.metric", field="metric")
    return text


def _require_several(names: Sequence[str]) -> None:
    if not 2 <= len(set(names)) <= MOST_ACCOUNTS:
        said = f"2 to {MOST_ACCOUNTS} accounts can be compared, not {len(set(names))}"
        raise Invalid(said, type="insight.accounts", field="account")


def _account_span(name: str, timezone: str, known: Sequence[DayValues], media: Posted, length: int) -> AccountSpan:
    before, span = known[1 : length + 1], known[length + 1 :]
    posts = Figure(media.now, media.before, media.lacking)
    return AccountSpan(name, timezone, _followers(known, length), figures(span, before), posts, _lacking(span))


def _followers(known: Sequence[DayValues], length: int) -> Followers:
    """Of the day before both spans, the span before and the span."""
    counted = [one for one in known[length:] if one.followers is not None]
    begin, middle = known[0].followers, known[length].followers
    before = None if begin is None or middle is None else middle - begin
    if not counted or counted[-1] is known[length]:
        return Followers(None, None, None, None, before)
    begin_day, end_day = counted[0], counted[-1]
    if begin_day is end_day:
        return Followers(end_day.followers, end_day.day, None, None, before)
    change = (end_day.followers or 0) - (begin_day.followers or 0)
    return Followers(end_day.followers, end_day.day, change, begin_day.day, before)


def _lacking(span: Sequence[DayValues]) -> list[Lacking]:
    found: list[Lacking] = []
    for day in span:
        has_numbers = any(value is not None for value in day.values.values())
        if has_numbers and day.state != "partial":
            continue
        state = _state(day)
        last = found[-1] if found else None
        if last and last.last == day.day - _DAY and (last.state, last.has_numbers) == (state, has_numbers):
            found[-1] = Lacking(last.first, day.day, state, last.why, has_numbers)
        else:
            found.append(Lacking(day.day, day.day, state, day.why, has_numbers))
    return found


def _state(day: DayValues) -> str:
    return "told nothing" if day.state == "read" else day.state or "not read"


def _short(value: Any) -> Any:
    """A number without what is behind the point where there is nothing; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _compared(found: Mapping[str, DayValues], metric: str) -> ComparedDay:
    is_count = metric == "followers"
    values = {name: _short(day.followers if is_count else day.values[metric]) for name, day in found.items()}
    unknown = {
        name: "not read" if is_count and day.state != _THEN else day.why or _state(day)
        for name, day in found.items()
        if values[name] is None
    }
    partial = {name: day.why for name, day in found.items() if day.state == "partial" and not is_count}
    in_part = {name: why or "read in part" for name, why in partial.items() if name not in unknown}
    return ComparedDay(next(iter(found.values())).day, values, unknown, in_part)
