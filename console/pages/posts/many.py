"""Several posts that were picked, in the calendar or in a list: the same is done to each, and told of each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.excerpts import excerpt
from console.pages.house import House, Visit
from console.pages.saying import Said, remarks
from operations.posts import bulk, cards, moving
from operations.posts.bulk import BulkResult
from pressrun.errors import Invalid, PressrunError

_DONE = {"pause": "paused", "resume": "resumed", "cancel": "canceled", "move": "moved", "retry": "queued again"}
_UNDONE_BY = {"pause": "resume", "resume": "pause", "move": "move"}
_MOST_TOLD = 8


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.action(made, "/calendar/bulk", act)
    house.action(made, "/posts/bulk", act)
    return made


def act(visit: Visit) -> Response:
    """What is refused of one is told by its name, and the rest is done. What cannot be taken back is named before."""
    back = visit.way_back("/posts")
    picked = [str(one) for one in visit.form.getlist("post")] or visit.given("posts").split()
    wish = visit.given("do")
    if not picked:
        return visit.back(back, Said("Nothing was picked.", is_bad=True))
    if wish == "swap":
        return visit.back(back, swap_two(visit, picked, back))
    if wish == "cancel" and not visit.given("sure"):
        return visit.render("many_sure.html", here="posts", found=_cards(visit, picked), back=back)
    results = _results(visit, wish, picked)
    refused = [one for one in results if one.error is not None]
    changed = [one.post for one in results if one.has_changed]
    done = words.plural(len(results) - len(refused), "post") if len(refused) < len(results) else "No post"
    told = f"{done} {_DONE[wish]}."
    if refused:
        told += f" {len(refused)} could not be:"
    undo = _UNDONE_BY.get(wish) if changed else None
    fields = {"do": undo or "", "posts": " ".join(changed), "back": back}
    if undo == "move":
        fields["days"] = str(-_days(visit.given("days")))
    is_bad = len(refused) == len(results)
    said = Said(told, is_bad, "/posts/bulk" if undo else None, fields, _told(visit, refused))
    return visit.back(back, said)


def _results(visit: Visit, wish: str, picked: list[str]) -> list[BulkResult]:
    """By whole days, where they are moved. Raises Invalid for what cannot be done to many."""
    if wish not in _DONE:
        raise Invalid(f"{wish!r} cannot be done to many", type="bulk.action", field="do")
    if wish == "move":
        return bulk.shift(visit.ctx, visit.asker, picked, _days(visit.given("days")))
    return bulk.act(visit.ctx, visit.asker, bulk.Action(wish), picked)


def _days(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,3}", text, re.ASCII):
        raise Invalid("say by how many days", type="calendar.days", field="days")
    return int(text)


def _told(visit: Visit, refused: Sequence[BulkResult]) -> list[str]:
    """Each by its name, with why it stays as it was."""
    first = refused[:_MOST_TOLD]
    names = {str(one.id): excerpt(one.caption, 40) or one.key for one in _cards(visit, [one.post for one in first])}
    told = [f"“{names.get(one.post, one.post)}”: {excerpt(str(one.error), 120)}" for one in first]
    return [*told, f"and {len(refused) - len(first)} more"] if len(refused) > len(first) else told


def _cards(visit: Visit, picked: Sequence[str]) -> list[cards.Card]:
    numbers = [int(one) for one in dict.fromkeys(picked) if re.fullmatch(r"\d{1,18}", one, re.ASCII)]
    return cards.show(visit.ctx, visit.asker, numbers) if numbers else []


def swap_two(
    visit: Visit, picked: list[str], back: str, *, versions: tuple[int | None, int | None] = (None, None)
) -> Said:
    """Swap the times of two posts, if they are still as they were seen; what is said of it, with its undo."""
    if len(picked) != 2:
        return Said("Pick two posts to swap their times.", is_bad=True)
    seen, other_seen = versions
    try:
        swapped = moving.swap(visit.ctx, visit.asker, picked[0], picked[1], version=seen, other_version=other_seen)
    except PressrunError as problem:
        return Said.of(problem)
    if swapped.problems:
        return Said(remarks(swapped.problems), is_bad=True)
    fields = {"do": "swap", "posts": " ".join(picked), "back": back}
    return Said("The two have swapped their times.", undo="/posts/bulk", fields=fields)
