"""`/calendar`: month, week, day and list; moving one post."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from console.pages import words
from console.pages.accounts_of import hues_of, zone_of
from console.pages.house import House, Visit
from console.pages.posts.calendar_grid import (
    EACH,
    Frame,
    columns_of,
    days_of,
    free_each,
    hours_of,
    instant_of,
    listed,
    span_title,
)
from console.pages.posts.many import swap_two
from console.pages.saying import Said, remarks
from operations.accounts import accounts
from operations.posts import calendar, moving, posts
from operations.posts.calendar import Consequences
from operations.posts.posts import Edited
from pressrun import clock
from pressrun.errors import Invalid

_DENSE = 120
"""Posts from which on they stand closer, and without pictures."""


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/calendar", show)
    house.page(made, "/calendar/consequences", consequences)
    house.action(made, "/calendar/move", move)
    house.action(made, "/calendar/swap", swap)
    return made


def show(visit: Visit) -> Response:
    now = clock.now()
    known = accounts.names(visit.ctx, visit.asker)
    chosen = visit.asked("account")
    zone = zone_of([one for one in known if chosen in (None, one.name)], visit.asked("zone"))
    clock.zone(zone)  # refused before anything is asked
    is_by_account = _is_by_account(visit)
    frame = Frame.of(
        visit.asked("view", "day" if is_by_account else None), visit.asked("on"), zone, now, visit.asked("hour")
    )
    names = [one.name for one in known]
    shown = (
        _listed if frame.view == "list" else _columned if is_by_account and frame.view == "day" and names else _drawn
    )
    return visit.render(
        "calendar.html",
        here="calendar",
        frame=frame,
        **{"columns": None, **shown(visit, frame, now)},
        names=names,
        hues=hues_of(names),
        zone=zone,
        zones=sorted({"UTC", zone, *(one.timezone for one in known)}),
        now=now,
    )


def _is_by_account(visit: Visit) -> bool:
    """Whether a day is shown in a column for each account; other views keep it for the next day."""
    told = visit.asked("columns")
    if told not in (None, "accounts"):
        raise Invalid(f"there are no columns for {told!r}, but for accounts", type="calendar.columns", field="columns")
    return told is not None


def _drawn(visit: Visit, frame: Frame, now: datetime) -> dict[str, Any]:
    """A month, a week or a day: how much is due in each part of it, and its first posts."""
    span = calendar.show(
        visit.ctx,
        visit.asker,
        frame.since,
        frame.until,
        account=visit.asked("account"),
        marks=frame.marks,
        each=EACH.get(frame.view, calendar.MOST),
    )
    days = days_of(frame, span, now)
    return {
        "title": frame.title,
        "days": days,
        "hours": hours_of(days),
        "count": sum(span.counts),
        "is_dense": len(span.posts) > _DENSE,
        "free_each": free_each(days),
        "earlier": {"on": frame.before},
        "later": {"on": frame.after},
    }


def _columned(visit: Visit, frame: Frame, now: datetime) -> dict[str, Any]:
    """A day in a column for each account, some accounts at a time."""
    shown = calendar.columns(
        visit.ctx,
        visit.asker,
        frame.since,
        frame.until,
        account=visit.asked("account"),
        marks=frame.marks,
        page=visit.whole("page", 1),
    )
    day, columns = columns_of(frame, shown, now)
    return {
        "title": frame.title,
        "days": [day],
        "shown": shown,
        "columns": columns,
        "hours": hours_of(columns),
        "count": shown.count,
        "is_dense": sum(len(one.posts) for one in columns) > _DENSE,
        "free_each": free_each(columns, calendar.MOST_BESIDE),
        "earlier": {"on": frame.before, "page": None},
        "later": {"on": frame.after, "page": None},
    }


def _listed(visit: Visit, frame: Frame, now: datetime) -> dict[str, Any]:
    """Posts in order, some at a time, from a day on or of an hour."""
    within = frame.within
    run = calendar.list_posts(
        visit.ctx,
        visit.asker,
        within[0] if within else frame.since,
        within=within,
        account=visit.asked("account"),
        before=visit.asked("before"),
        after=visit.asked("after"),
    )
    days = listed(frame, run, now)
    title = span_title(days[0].on, days[-1].on) if days and frame.hour is None else frame.title
    earlier = {"before": run.earlier, "after": None} if run.earlier else None
    later = {"after": run.later, "before": None} if run.later else None
    return {"title": title, "days": days, "count": len(run.posts), "earlier": earlier, "later": later}


def consequences(visit: Visit) -> Response:
    """What a drop would come to, before it is made; on another post, also what a swap would, for both."""
    at = instant_of(visit.asked("wall") or "", visit.asked("zone") or "UTC")
    asked = visit.asked("post") or "", at.isoformat()
    found = calendar.consequences(visit.ctx, visit.asker, *asked, other=visit.asked("other"))
    told = _told(visit, found) | {"swap": [_told(visit, one) for one in found.swap]}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def _told(visit: Visit, found: Consequences) -> dict[str, Any]:
    zone = visit.asked("zone") or found.timezone
    return {
        "at": found.publish_at.isoformat(),
        "told": f"{words.local(found.publish_at, zone):%a %-d %b %H:%M} {zone}",
        "problems": found.problems,
        "warnings": found.warnings,
    }


def move(visit: Visit) -> Response:
    """One post to a wall time in the calendar's zone; the undo is the time that it had."""
    back = visit.way_back("/calendar")
    before = posts.show(visit.ctx, visit.asker, visit.given("post")).post
    zone = visit.given("zone") or before.timezone
    at = instant_of(visit.given("wall"), zone)
    edited = _moved(visit, before.id, at, version=visit.given_number("version"))
    fields = {"post": str(before.id), "wall": before.publish_at.isoformat(), "zone": zone, "back": back}
    told = f"Moved to {words.local(edited.post.publish_at, zone):%a %-d %b %H:%M} {zone}."
    said = remarks(edited.warnings, behind=told)
    return visit.back(back, Said(said, undo="/calendar/move", fields=fields))


def swap(visit: Visit) -> Response:
    """Two posts take each other's time, as they were seen; the undo is another swap."""
    back = visit.way_back("/calendar")
    versions = visit.given_number("version"), visit.given_number("other_version")
    said = swap_two(visit, [visit.given("post"), visit.given("other")], back, versions=versions)
    return visit.back(back, said)


def _moved(visit: Visit, post: int, at: datetime, *, version: int | None = None) -> Edited:
    """Raises what moving raises, and Invalid for what is wrong with the post at that time."""
    edited = moving.move(visit.ctx, visit.asker, str(post), at.isoformat(), version=version)
    if edited.problems:
        raise Invalid("; ".join(one.message for one in edited.problems), type=edited.problems[0].type)
    return edited
