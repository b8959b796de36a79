"""`/posts/{post}`: a post's life, what it says, how it does, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.charts.drawing import Chart, Series
from console.pages.house import House, Visit
from console.pages.posts import life
from console.pages.saying import Said, remarks
from operations.accounts import accounts
from operations.history import comparing
from operations.posts import attempts, moving, posts
from operations.posts.posts import PostPage, PostShown

METRICS = {
    "reach": "Reach",
    "views": "Views",
    "total_interactions": "Interactions",
    "likes": "Likes",
    "comments": "Comments",
    "saved": "Saved",
    "shares": "Shares",
}
_SQL = """SELECT age_hours, captured_at, {}
  FROM media_curve
 WHERE ig_media_id = '{}'
 ORDER BY captured_at"""


@dataclass(frozen=True)
class Can:
    """What can be done about it now."""

    edit: bool
    pause: bool
    resume: bool
    retry: bool
    cancel: bool
    retry_missing: bool

    @classmethod
    def of(cls, page: PostPage, *, lacks: bool) -> Can:
        state = page.post.state
        is_open = state in ("draft", "scheduled", "staging", "staged")
        return cls(
            edit=is_open,
            pause=is_open and state != "draft",
            resume=state == "draft",
            retry=state in ("failed", "expired"),
            cancel=is_open,
            retry_missing=lacks,
        )


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/posts/{post}", show)
    for name, act in (
        ("pause", pause),
        ("resume", resume),
        ("retry", retry),
        ("missing", retry_missing),
        ("cancel", cancel),
        ("resolve", resolve),
        ("move", move),
    ):
        house.action(made, f"/posts/{{post}}/{name}", act)
    return made


def show(visit: Visit) -> Response:
    page = posts.show(visit.ctx, visit.asker, named_by(visit))
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    done = attempts.show(visit.ctx, visit.asker, str(page.post.id))
    curve, peers = _curve(visit, page.post)
    return visit.render(
        "post.html",
        here="posts",
        page=page,
        post=page.post,
        went_out=_went_out(page.post),
        steps=life.steps_of(page.events),
        made=life.made_of(done.attempts, done.containers, page.parts),
        life=life,
        candidates=done.candidates,
        items=[part for part in page.parts if part.kind != "carousel"],
        has_pictures=any(part.is_kept for part in page.parts),
        told=words.STATES[page.post.state],
        can=Can.of(page, lacks=page.post.state == "published" and bool(page.lacks)),
        curve=curve,
        peers=peers,
        metric=_metric(visit),
        metrics=METRICS,
        sql=_SQL.format(_metric(visit), page.post.media_id),
        hues=hues_of(names),
    )


def _went_out(post: PostShown) -> datetime | None:
    """When its call was made: what was found out later is confirmed later than it went out."""
    if post.lateness_ms is None:
        return post.published_at
    return post.publish_at + timedelta(milliseconds=post.lateness_ms)


def _metric(visit: Visit) -> str:
    return visit.asked("metric") or "reach"


def _curve(visit: Visit, post: PostShown) -> tuple[Chart | None, str]:
    name = _metric(visit)
    found = comparing.growth(visit.ctx, visit.asker, post.media_id, metric=name) if post.media_id else None
    if found is None:
        return None, ""
    reached = [number for number, value in enumerate(found.own) if value is not None]
    count = max(reached) + 1 if reached else 0
    labels = [f"{age} h" if age < 48 else f"{age // 24} d" for age in comparing.AGES_H][:count]
    gaps = {number: "not read" for number in range(count) if found.own[number] is None}
    series = [Series(METRICS[name], found.own[:count])]
    if found.peers_count:
        series.append(Series(f"Median of {found.peers_count} earlier", found.peers[:count]))
    told = f"beside {words.plural(found.peers_count, 'earlier post')} of its kind" if found.peers_count else ""
    note = "Its first numbers are read within the hour."
    return Chart(f"{METRICS[name]} by age", labels, series, gaps, unit="Age", note="" if reached else note), told


def pause(visit: Visit) -> Response:
    post = posts.pause(visit.ctx, visit.asker, named_by(visit))
    return _done(visit, post, "Paused: it waits until it is resumed.", undo="resume")


def resume(visit: Visit) -> Response:
    post = posts.resume(visit.ctx, visit.asker, named_by(visit))
    return _done(visit, post, "It goes on.", undo="pause")


def retry(visit: Visit) -> Response:
    post = posts.retry(visit.ctx, visit.asker, named_by(visit), publish_at=visit.given("publish_at") or None)
    return _done(visit, post, "Queued again.", undo="pause")


def retry_missing(visit: Visit) -> Response:
    post = posts.retry_missing(visit.ctx, visit.asker, named_by(visit))
    return _done(visit, post, "What is missing is tried once more.")


def cancel(visit: Visit) -> Response:
    return _done(
        visit, posts.cancel(visit.ctx, visit.asker, named_by(visit), why=visit.given("why") or None), "Canceled."
    )


def resolve(visit: Visit) -> Response:
    media_id = visit.given("media_id").strip() or None
    post = posts.resolve(visit.ctx, visit.asker, named_by(visit), media_id=media_id)
    return _done(
        visit,
        post,
        "Decided: it is live as that media." if media_id else "Decided: it was not published, and can be tried again.",
    )


def move(visit: Visit) -> Response:
    """To another time; what it was before is the undo."""
    before = posts.show(visit.ctx, visit.asker, named_by(visit)).post
    edited = moving.move(
        visit.ctx,
        visit.asker,
        named_by(visit),
        visit.given("publish_at"),
        version=visit.given_number("version"),
    )
    if edited.problems:
        return visit.back(back_of(visit), Said(remarks(edited.problems), is_bad=True))
    at = words.local(edited.post.publish_at, edited.post.timezone)
    fields_ = {"publish_at": before.publish_at.isoformat(), "back": back_of(visit)}
    said = Said(
        remarks(edited.warnings, behind=f"Moved to {at:%a %-d %b %H:%M} {edited.post.timezone}."),
        undo=f"/posts/{before.id}/move",
        fields=fields_,
    )
    return visit.back(back_of(visit), said)


def named_by(visit: Visit) -> str:
    """The number or key that the address has."""
    return str(visit.request.path_params["post"])


def back_of(visit: Visit) -> str:
    """The page that the form stood on; without one, the post's."""
    return visit.way_back(f"/posts/{named_by(visit)}")


def _done(visit: Visit, post: PostShown, told: str, *, undo: str | None = None) -> Response:
    fields = {"back": back_of(visit)}
    return visit.back(back_of(visit), Said(told, undo=f"/posts/{post.id}/{undo}" if undo else None, fields=fields))
