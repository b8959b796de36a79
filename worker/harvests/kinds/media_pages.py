"""Pages of the account's media with the insights that all kinds of media share, as far as Instagram gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from graph.accounts import metrics as catalogue
from graph.accounts.insights import Insight
from graph.accounts.media import Media as GraphMedia
from graph.answers.errors import GraphError
from graph.answers.paging import Page
from graph.wire.credentials import Login
from models.harvests.media_state import Told
from pressrun import clock
from pressrun.errors import PressrunError
from worker.harvests.answers.refusals import has_no_insights, has_too_few_viewers, is_gone, is_not_permitted
from worker.harvests.harvester import Harvester
from worker.harvests.kinds.ladder import Ladder

PAGE = 50
LIST = "list of media"
PAGE_PART = "page:"
PERMISSION = "insights"
"""What is remembered as refused where the account may be listed, and its insights not be read."""
_CAREFUL_FROM_TRY = 3
"""Instagram fails on heavy pages with an error that says nothing; from this try on the pages ask for no insights."""


@dataclass
class Seen:
    """One media of a page with what was read of it."""

    media: GraphMedia
    insights: list[Insight] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    is_read: bool = False
    """Its numbers were asked for. Of what was only listed the counts of the list are kept."""
    is_known: bool = False
    """An earlier try has read it: its counts are known."""


@dataclass(frozen=True)
class Listed:
    """One page, and the metrics that it holds for all its media. `read_at`: when it was asked for."""

    page: Page[GraphMedia]
    seen: list[Seen]
    metrics: tuple[str, ...]
    read_at: datetime


def list_page(harvester: Harvester, ladder: Ladder, after: str | None) -> Listed:
    """The next page, with the shared insights if Instagram gives them for the whole page."""
    wanted = wanted_metrics(harvester)
    is_careful = harvester.tries >= _CAREFUL_FROM_TRY or ladder.expects_no_insights(PAGE)
    is_held = holds_insights(harvester)
    told = harvester.take_given()
    if told is not None and told.page is not None and after is None and ladder.resume_until is None:
        if told.metrics:
            return Listed(told.page, _merged([told.page], is_read=True), told.metrics, told.read_at)
        if is_careful or is_held or not wanted:
            return Listed(told.page, _merged([told.page], is_read=is_held), (), told.read_at)
    read_at = clock.now()
    if wanted and not is_careful and not is_held:
        try:
            answers = harvester.sift(wanted, lambda group: _page(harvester, ladder, after, group), part=PAGE_PART)
        except GraphError as error:
            if is_not_permitted(error):
                is_held = True
                harvester.note(PERMISSION, error)
                harvester.memory.add(PERMISSION, error)
            elif not concerns_one_media(error):
                raise
            answers = []
        if answers:
            given = tuple(name for name in wanted if not harvester.memory.holds(PAGE_PART + name))
            return Listed(answers[0], _merged(answers, is_read=True), given, read_at)
    page = harvester.ask(lambda: _page(harvester, ladder, after, None))
    # Where nothing else may be read, the counts of the list are all there is.
    return Listed(page, _merged([page], is_read=is_held), (), read_at)


def wanted_metrics(harvester: Harvester) -> tuple[str, ...]:
    """The metrics of whole pages, without those that Instagram has refused for them."""
    wanted = page_metrics(Login(harvester.account.login))
    return tuple(name for name in wanted if not harvester.memory.holds(PAGE_PART + name))


def _page(harvester: Harvester, ladder: Ladder, after: str | None, metrics: Sequence[str] | None) -> Page[GraphMedia]:
    return harvester.client.media.page(PAGE, after, until=ladder.resume_until, insight_metrics=metrics)


def _merged(pages: Sequence[Page[GraphMedia]], *, is_read: bool) -> list[Seen]:
    """The media of the first page; several pages are the same one, asked for in parts."""
    seen = {item.id: Seen(replace(item, insights=None), is_read=is_read) for item in pages[0].items}
    for page in pages:
        for item in page.items:
            if item.id in seen:
                seen[item.id].insights += item.insights or ()
    return list(seen.values())


def holds_insights(harvester: Harvester) -> bool:
    """Whether no insights are asked for, since the permission is missing."""
    return harvester.memory.holds(PERMISSION)


def tell_what_is_held(harvester: Harvester) -> None:
    """Say of a run that leaves out insights until when it does."""
    if holds_insights(harvester) and not any(one["what"] == PERMISSION for one in harvester.errors):
        until = harvester.memory.until(PERMISSION)
        said = f"the permission is missing: insights of media are not asked for until {until:%Y-%m-%d %H:%M} UTC"
        harvester.note(PERMISSION, PressrunError(said))


def page_metrics(login: Login) -> tuple[str, ...]:
    """What every media that the list can hold has: stories are not in it."""
    kinds = [
        catalogue.media_metrics("FEED", login, media_type="VIDEO"),
        catalogue.media_metrics("REELS", login),
    ]
    return tuple(name for name in kinds[0] if all(name in kind for kind in kinds))


def concerns_one_media(error: GraphError) -> bool:
    """Whether the page failed because one of its media has no insights at all."""
    return has_no_insights(error) or has_too_few_viewers(error) or is_gone(error)
