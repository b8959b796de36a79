"""`/`: what goes out next, what went out, what needs a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.accounts_of import hues_of, zone_of
from console.pages.charts.drawing import Chart, Series
from console.pages.excerpts import excerpt
from console.pages.house import House, Visit
from operations.accounts import accounts, forecasts
from operations.upkeep import today
from operations.upkeep.today import Card, Today

_MOST_NEEDS, _MOST_ACCOUNTS = 40, 25
"""What is shown of each: a glance, and no list of everything."""


@dataclass(frozen=True)
class Need:
    """One thing that a person has to look at, with the action beside it."""

    title: str
    words: str
    mark: str = "note"
    account: str | None = None
    href: str | None = None
    label: str = "Look"
    retry: int | None = None
    at: datetime | None = None


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/", show)
    return made


def show(visit: Visit) -> Response:
    chosen = visit.asked("account")
    found = today.show(visit.ctx, visit.asker, account=chosen)
    names = [one.name for one in (found.accounts if chosen is None else accounts.names(visit.ctx, visit.asker))]
    return visit.render(
        "today.html",
        here="today",
        found=found,
        needs=list(needs_of(found)),
        most_needs=_MOST_NEEDS,
        # What does not go on by itself is seen first; who looks for another account chooses it.
        shown=sorted(found.accounts, key=lambda one: one.state == "active")[:_MOST_ACCOUNTS],
        ends={one.account: one for one in reversed(found.ends)},
        ahead=_ahead(visit, found),
        names=names,
        chosen=chosen,
        hues=hues_of(names),
        zone=zone_of(found.accounts),
        now=found.now,
    )


def _ahead(visit: Visit, found: Today) -> Chart | None:
    """What the next two weeks take of an account's window, where one is looked at."""
    if len(found.accounts) != 1:
        return None
    told = forecasts.look(visit.ctx, visit.asker, found.accounts[0].name)
    labels = [f"{one.day:%-d %b}" for one in told.days]
    over = ", ".join(f"{one.day:%-d %b}" for one in told.days if one.is_over)
    note = f"More than {told.quota_total} in 24 hours: {over}. They will wait." if over else ""
    return Chart(
        "The next two weeks", labels, [Series("Posts", [one.posts for one in told.days])], unit="Day", note=note
    )


def needs_of(found: Today) -> Iterator[Need]:
    """Posts first, then accounts, endpoints and the history."""
    yield from (_post(post) for post in found.for_a_person)
    for one in found.accounts:
        if one.state in ("broken", "blocked"):
            until = f" until {one.state_until:%Y-%m-%d %H:%M} UTC" if one.state_until else ""
            title = "Connect it again" if one.state == "broken" else f"Held back by Instagram{until}"
            said = one.state_reason or "Instagram gave no reason."
            yield Need(
                title,
                said,
                "fail" if one.state == "broken" else "note",
                one.name,
                f"/accounts/{quote(one.name)}",
                "To the account",
            )
    for end in found.ends:
        if not end.renews:
            what = "token" if end.what == "token" else "access to its data"
            said = f"Its {what} ends {words.relative(end.ends_at, found.now)}, and is not renewed by itself."
            where = f"/accounts/{quote(end.account)}"
            yield Need("Connect it again soon", f"{said} {end.error or ''}".strip(), "note", end.account, where, "Look")
    for endpoint in found.endpoints:
        missed = words.plural(endpoint.missed, "delivery", "deliveries")
        said = f"{missed} did not arrive. {endpoint.state_reason or ''}"
        yield Need(f"{endpoint.name} is not told", said, href="/notices", label="To Notices")
    for lack in found.lacks:
        days = words.plural(lack.count, "day")
        until = f" to {lack.last:%-d %b}" if lack.last != lack.first else ""
        said = words.sentence(f"{lack.kind.replace('_', ' ')}, {lack.first:%-d %b}{until}: {lack.state}")
        yield Need(
            f"{days} of history missing",
            said,
            account=lack.account,
            href=f"/insights?account={quote(lack.account)}#coverage",
            label="To the coverage",
        )


def _post(post: Card) -> Need:
    _, means, todo = words.STATES[post.state]
    title = f"{excerpt(post.caption, 60) or post.key}: {words.state_name(post.state).lower()}"
    if post.state == "published":
        lacks = ", ".join(
            {"comment": "its first comment", "permalink": "its address", "once": "perhaps live twice"}.get(one, one)
            for one in post.missing or ()
        )
        return Need(
            f"{excerpt(post.caption, 60) or post.key}: live, but lacks {lacks}",
            " ".join(words.sentence(str(one)) for one in (post.missing or {}).values()),
            "note",
            post.account,
            f"/posts/{post.id}",
            "Look",
            at=post.publish_at,
        )
    said = words.sentence(post.error) if post.error else f"{means} {todo}".strip()
    retry = post.id if post.state in ("failed", "expired") else None
    label = "Decide" if post.state == "needs_review" else "Look"
    return Need(title, said, post.state, post.account, f"/posts/{post.id}", label, retry, post.publish_at)
