"""`/calendar`: month, week, day and list; moving one post or many."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from console.pages import words
from console.pages.accounts_of import hues_of, zone_of
from console.pages.calendar_grid import Frame, days_of, hours_of, instant_of
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import accounts, bulk, calendar, moving, posts
from operations.posts import Edited
from pressrun import clock
from pressrun.errors import Invalid, PressrunError


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/calendar", show)
    house.page(made, "/calendar/consequences", consequences)
    house.action(made, "/calendar/move", move)
    house.action(made, "/calendar/bulk", many)
    return made


def show(visit: Visit) -> Response:
    now = clock.now()
    known = accounts.names(visit.ctx, visit.asker)
    chosen = visit.asked("account")
    zone = zone_of([one for one in known if chosen in (None, one.name)], visit.asked("zone"))
    clock.zone(zone)  # refused before anything is asked
    frame = Frame.of(visit.asked("view"), visit.asked("on"), zone, now)
    span = calendar.show(visit.ctx, visit.asker, frame.since, frame.until, account=chosen)
    days = days_of(frame, span, now)
    names = [one.name for one in known]
    return visit.render(
        "calendar.html",
        here="calendar",
        frame=frame,
        days=days,
        hours=hours_of(days, zone),
        is_cut=span.is_cut,
        count=len(span.posts),
        names=names,
        hues=hues_of(names),
        zone=zone,
        zones=sorted({"UTC", zone, *(one.timezone for one in known)}),
        now=now,
    )


def consequences(visit: Visit) -> Response:
    """What a drop would come to, before it is made."""
    at = instant_of(visit.asked("wall") or "", visit.asked("zone") or "UTC")
    found = calendar.consequences(visit.ctx, visit.asker, visit.asked("post") or "", at.isoformat())
    here = words.local(found.publish_at, visit.asked("zone") or found.timezone)
    told = {
        "at": found.publish_at.isoformat(),
        "told": f"{here:%a %-d %b %H:%M} {visit.asked('zone') or found.timezone}",
        "problems": found.problems,
        "warnings": found.warnings,
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def move(visit: Visit) -> Response:
    """One post to a wall time in the calendar's zone; the undo is the time that it had."""
    back = visit.way_back("/calendar")
    before = posts.show(visit.ctx, visit.asker, visit.given("post")).post
    zone = visit.given("zone") or before.timezone
    at = instant_of(visit.given("wall"), zone)
    version = visit.given("version")
    edited = _moved(visit, before.id, at, version=int(version) if version.isdigit() else None)
    warned = "".join(f" {one.message}." for one in edited.warnings)
    fields = {"post": str(before.id), "wall": before.publish_at.isoformat(), "zone": zone, "back": back}
    told = f"Moved to {words.local(edited.post.publish_at, zone):%a %-d %b %H:%M} {zone}.{warned}"
    return visit.back(back, Said(told, undo="/calendar/move", fields=fields))


def _moved(visit: Visit, post: int, at: datetime, *, version: int | None = None) -> Edited:
    """Raises what moving raises, and Invalid for what is wrong with the post at that time."""
    edited = moving.move(visit.ctx, visit.asker, str(post), at.isoformat(), version=version)
    if edited.problems:
        raise Invalid("; ".join(one.message for one in edited.problems), type=edited.problems[0].type)
    return edited


def many(visit: Visit) -> Response:
    """The same for each post that was picked; what cannot be done is told by post, and the rest is done."""
    back = visit.way_back("/calendar")
    picked = [str(one) for one in visit.form.getlist("post")]
    wish = visit.given("do")
    if not picked:
        return visit.back(back, Said("Nothing was picked.", is_bad=True))
    if wish == "swap":
        return visit.back(back, _swap(visit, picked))
    refused = _shift(visit, picked) if wish == "move" else _act(visit, wish, picked)
    done = len(dict.fromkeys(picked)) - len(refused)
    told = f"{words.plural(done, 'post')} {_DONE.get(wish, 'done')}."
    if refused:
        told += f" {len(refused)} could not be: {'; '.join(dict.fromkeys(refused))}"[:500]
    return visit.back(back, Said(told, is_bad=bool(refused) and not done))


_DONE = {"pause": "paused", "resume": "resumed", "cancel": "canceled", "move": "moved"}


def _act(visit: Visit, wish: str, picked: list[str]) -> list[str]:
    """Why posts were left as they were, one for each."""
    if wish not in _DONE:
        raise Invalid(f"{wish!r} cannot be done to many", type="bulk.action", field="do")
    results = bulk.act(visit.ctx, visit.asker, bulk.Action(wish), picked)
    return [str(one.error) for one in results if one.error is not None]


def _shift(visit: Visit, picked: list[str]) -> list[str]:
    """By whole days, at the same time of day of each post's own zone."""
    days = visit.given("days")
    if not days.lstrip("+-").isdigit() or len(days) > 4:
        raise Invalid("say by how many days", type="calendar.days", field="days")
    refused = []
    for one in dict.fromkeys(picked[: bulk.MOST]):
        try:
            found = posts.show(visit.ctx, visit.asker, one).post
            wall = words.local(found.publish_at, found.timezone).replace(tzinfo=None) + timedelta(days=int(days))
            _moved(visit, found.id, instant_of(wall.isoformat(), found.timezone), version=found.version)
        except PressrunError as problem:
            refused.append(str(problem))
    return refused


def _swap(visit: Visit, picked: list[str]) -> Said:
    if len(picked) != 2:
        return Said("Pick two posts to swap their times.", is_bad=True)
    swapped = moving.swap(visit.ctx, visit.asker, picked[0], picked[1])
    if swapped.problems:
        return Said("; ".join(one.message for one in swapped.problems), is_bad=True)
    return Said("The two have swapped their times.")
