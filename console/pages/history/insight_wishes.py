"""What the address of Insights asks for: of whom, of which days, which number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypedDict
from urllib.parse import urlencode

from console.pages.house import Visit, with_query
from operations.history import coverage, overview
from operations.history.overview import Only, Overview
from pressrun import clock
from pressrun.errors import Invalid

SPANS = (("7", "7 days"), ("28", "28 days"), ("90", "90 days"))
FIGURES = {
    "reach": "Reach, median day",
    "views": "Views",
    "total_interactions": "Interactions",
    "accounts_engaged": "Engaged, median",
    "follower_count": "New followers",
    "profile_links_taps": "Link taps",
}
"""What stands on top, and is drawn below when it is chosen. People are never added up: their median day is told."""
NAMES = {"reach": "Reach", "accounts_engaged": "Accounts engaged"}
_MOST_LEADS = 120


class Span(TypedDict):
    """What operations are asked with."""

    since: date | None
    until: date | None
    as_of: str | None


def chosen_accounts(visit: Visit) -> list[str]:
    """The accounts of the address, each once."""
    return list(dict.fromkeys(filter(None, visit.request.query_params.getlist("account"))))


def span(visit: Visit) -> Span:
    """The days that are asked for, and as they were known at the end of which day."""
    since = coverage.parse_day(visit.asked("since"), field="since")
    until = coverage.parse_day(visit.asked("until"), field="until")
    known = coverage.parse_day(visit.asked("known"), field="known")
    days = visit.whole("days", 0)
    if since is None and 0 < days <= overview.MOST_DAYS:
        end = until or clock.now().date()
        since = end - timedelta(days=days)
        until = until or end
    return {"since": since, "until": until, "as_of": f"{known}T23:59:59Z" if known else None}


def metric(visit: Visit) -> str:
    """The number that is drawn. Raises Invalid."""
    name = visit.asked("metric") or "reach"
    if name not in FIGURES:
        raise Invalid(f"{name!r} is not one of {', '.join(FIGURES)}", type="insight.metric", field="metric")
    return name


def only(visit: Visit) -> Only:
    """What the list of posts is narrowed to: `format`, and `on`, a day."""
    return Only(visit.asked("format"), coverage.parse_day(visit.asked("on"), field="on"))


def days_lead(visit: Visit, found: Overview) -> list[str]:
    """Where each day of a drawing leads: to the posts of that day.

    Of a long span nowhere: nobody hits one of its days, and links would weigh more than the rest of the page.
    """
    if len(found.days) > _MOST_LEADS:
        return []
    others = urlencode([told for told in visit.request.query_params.multi_items() if told[0] != "on"])
    return [f"?{others}{'&' if others else ''}on={one.day}#posts" for one in found.days]


def narrowing(visit: Visit, found: Overview) -> dict[str, Any]:
    """What narrows the list of posts, each with the address without it; and where each format leads."""
    told, wanted = [], found.only
    if wanted.format is not None:
        told.append((wanted.format.capitalize(), with_query(visit.request, format=None)))
    if wanted.day is not None:
        told.append((f"posted on {wanted.day:%a %-d %b}", with_query(visit.request, on=None)))
    names = [one.format for one in found.formats]
    lead = {name: with_query(visit.request, format=None if name == wanted.format else name) for name in names}
    is_in_span = wanted.day is not None and found.since <= wanted.day < found.until
    return {"narrowed": told, "format_leads": lead, "day_begins": wanted.begins if is_in_span else None}


def address(visit: Visit, accounts: list[str]) -> str:
    """This page, of these accounts."""
    others = [(name, value) for name, value in visit.request.query_params.multi_items() if name != "account"]
    return f"{visit.request.url.path}?{urlencode([*(('account', name) for name in accounts), *others])}"
