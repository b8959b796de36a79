"""`/calendar`: month, week, day and list; moving one post or many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from console.pages import words
from console.pages.accounts_of import hues_of, zone_of
from console.pages.calendar_grid import Frame, days_of, hours_of, instant_of
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import accounts, calendar, posts
from operations.posts import Edited, PostFields, PostShown
from pressrun import clock
from pressrun.errors import Invalid, PressrunError

MOST_AT_ONCE = 200


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/calendar", show)
    house.page(made, "/calendar/consequences", consequences)
    house.action(made, "/calendar/move", move)
    house.action(made, "/calendar/bulk", bulk)
    return made


def show(visit: Visit) -> Response:
    now = clock.now()
    known = [one for one in accounts.list_accounts(visit.ctx, visit.asker) if one.state != "removed"]
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
    at = instant_of(visit.given("wall"), visit.given("zone") or before.timezone)
    version = visit.given("version")
    edited = _moved(visit, before, at, version=int(version) if version.isdigit() else None)
    zone = visit.given("zone") or edited.post.timezone
    warned = "".join(f" {one.message}." for one in edited.warnings)
    fields = {"post": str(before.id), "wall": before.publish_at.isoformat(), "zone": zone, "back": back}
    told = f"Moved to {words.local(edited.post.publish_at, zone):%a %-d %b %H:%M} {zone}.{warned}"
    return visit.back(back, Said(told, undo="/calendar/move", fields=fields))


def _moved(visit: Visit, post: PostShown, at: datetime, *, version: int | None = None) -> Edited:
    """Raises what an edit raises, and Invalid for what is wrong with the post at that time."""
    fields = PostFields(publish_at=at.isoformat())
    edited = posts.edit(visit.ctx, visit.asker, str(post.id), fields, base=visit.ctx.settings.home, version=version)
    if edited.problems:
        raise Invalid("; ".join(one.message for one in edited.problems), type=edited.problems[0].type)
    return edited


def bulk(visit: Visit) -> Response:
    """The same for each post that was picked; what cannot be done is told by post, and the rest is done."""
    back = visit.way_back("/calendar")
    picked = [str(one) for one in visit.form.getlist("post")][:MOST_AT_ONCE]
    if not picked:
        return visit.back(back, Said("Nothing was picked.", is_bad=True))
    wish = visit.given("do")
    if wish == "swap":
        return visit.back(back, _swap(visit, picked))
    done, refused = 0, []
    act = _act(visit, wish)
    for one in picked:
        try:
            act(one)
            done += 1
        except PressrunError as problem:
            refused.append(str(problem))
    told = f"{words.plural(done, 'post')} {_DONE.get(wish, 'moved')}."
    if refused:
        told += f" {len(refused)} could not be: {'; '.join(dict.fromkeys(refused))}"[:500]
    return visit.back(back, Said(told, is_bad=bool(refused) and not done, undo=None))


_DONE = {"pause": "paused", "resume": "resumed", "cancel": "canceled"}


def _act(visit: Visit, wish: str) -> Callable[[str], object]:
    ctx, asker = visit.ctx, visit.asker
    if wish == "pause":
        return lambda post: posts.pause(ctx, asker, post)
    if wish == "resume":
        return lambda post: posts.resume(ctx, asker, post)
    if wish == "cancel":
        return lambda post: posts.cancel(ctx, asker, post)
    days = visit.given("days")
    if wish != "move" or not days.lstrip("+-").isdigit() or len(days) > 4:
        raise Invalid("say by how many days", type="calendar.days", field="days")

    def shift(post: str) -> object:
        found = posts.show(ctx, asker, post).post
        wall = words.local(found.publish_at, found.timezone).replace(tzinfo=None) + timedelta(days=int(days))
        return _moved(visit, found, instant_of(wall.isoformat(), found.timezone))

    return shift


def _swap(visit: Visit, picked: list[str]) -> Said:
    if len(picked) != 2:
        return Said("Pick two posts to swap their times.", is_bad=True)
    first, second = (posts.show(visit.ctx, visit.asker, one).post for one in picked)
    _moved(visit, first, second.publish_at, version=first.version)
    try:
        _moved(visit, second, first.publish_at, version=second.version)
    except PressrunError as problem:
        _moved(visit, first, first.publish_at)
        return Said(f"Nothing was swapped: {problem}", is_bad=True)
    return Said("The two have swapped their times.")
