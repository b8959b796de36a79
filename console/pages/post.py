"""`/posts/{post}`: a post's life, what it says, how it does, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.charts.drawing import Chart, Series
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import accounts, comparing, moving, posts
from operations.posts import PostPage, PostShown

_SQL = """SELECT captured_at, reach, views, likes, comments, saved, shares
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
    page = posts.show(visit.ctx, visit.asker, _of(visit))
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    curve, peers = _curve(visit, page.post)
    return visit.render(
        "post.html",
        here="posts",
        page=page,
        post=page.post,
        items=[part for part in page.parts if part.kind != "carousel"],
        has_pictures=any(part.is_kept for part in page.parts),
        told=words.STATES[page.post.state],
        can=Can.of(page, lacks=page.post.state == "published" and bool(page.lacks)),
        curve=curve,
        peers=peers,
        sql=_SQL.format(page.post.media_id),
        hues=hues_of(names),
    )


def _curve(visit: Visit, post: PostShown) -> tuple[Chart | None, str]:
    found = comparing.growth(visit.ctx, visit.asker, post.media_id) if post.media_id else None
    if found is None:
        return None, ""
    reached = [number for number, value in enumerate(found.reach) if value is not None]
    count = max(reached) + 1 if reached else 0
    labels = [f"{age} h" if age < 48 else f"{age // 24} d" for age in comparing.AGES_H][:count]
    gaps = {number: "not read" for number in range(count) if found.reach[number] is None}
    series = [Series("Reach", found.reach[:count])]
    if found.peers_count:
        series.append(Series(f"Median of {found.peers_count} earlier", found.peers[:count]))
    told = f"beside {words.plural(found.peers_count, 'earlier post')} of its kind" if found.peers_count else ""
    note = "Its first numbers are read within the hour."
    return Chart("Reach by age", labels, series, gaps, unit="Age", note="" if reached else note), told


def pause(visit: Visit) -> Response:
    post = posts.pause(visit.ctx, visit.asker, _of(visit))
    return _done(visit, post, "Paused: it waits until it is resumed.", undo="resume")


def resume(visit: Visit) -> Response:
    post = posts.resume(visit.ctx, visit.asker, _of(visit))
    return _done(visit, post, "It goes on.", undo="pause")


def retry(visit: Visit) -> Response:
    post = posts.retry(visit.ctx, visit.asker, _of(visit), publish_at=visit.given("publish_at") or None)
    return _done(visit, post, "Queued again.", undo="pause")


def retry_missing(visit: Visit) -> Response:
    post = posts.retry_missing(visit.ctx, visit.asker, _of(visit))
    return _done(visit, post, "What is missing is tried once more.")


def cancel(visit: Visit) -> Response:
    return _done(visit, posts.cancel(visit.ctx, visit.asker, _of(visit), why=visit.given("why") or None), "Canceled.")


def resolve(visit: Visit) -> Response:
    media_id = visit.given("media_id").strip() or None
    post = posts.resolve(visit.ctx, visit.asker, _of(visit), media_id=media_id)
    return _done(visit, post, "Decided." if media_id else "Decided: it will be sent again.")


def move(visit: Visit) -> Response:
    """To another time; what it was before is the undo."""
    before = posts.show(visit.ctx, visit.asker, _of(visit)).post
    version = visit.given("version")
    edited = moving.move(
        visit.ctx,
        visit.asker,
        _of(visit),
        visit.given("publish_at"),
        version=int(version) if version.isdigit() else None,
    )
    if edited.problems:
        return visit.back(_back(visit), Said("; ".join(one.message for one in edited.problems), is_bad=True))
    at = words.local(edited.post.publish_at, edited.post.timezone)
    warned = "".join(f" {one.message}." for one in edited.warnings)
    fields_ = {"publish_at": before.publish_at.isoformat(), "back": _back(visit)}
    said = Said(
        f"Moved to {at:%a %-d %b %H:%M} {edited.post.timezone}.{warned}",
        undo=f"/posts/{before.id}/move",
        fields=fields_,
    )
    return visit.back(_back(visit), said)


def _of(visit: Visit) -> str:
    return str(visit.request.path_params["post"])


def _back(visit: Visit) -> str:
    return visit.way_back(f"/posts/{_of(visit)}")


def _done(visit: Visit, post: PostShown, told: str, *, undo: str | None = None) -> Response:
    fields = {"back": _back(visit)}
    return visit.back(_back(visit), Said(told, undo=f"/posts/{post.id}/{undo}" if undo else None, fields=fields))
