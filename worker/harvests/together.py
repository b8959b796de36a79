"""Several harvests of one account that are due at once: their first calls as one (docs/decisions/0021).

Each stays a harvest of its own: its claim, its run, its errors. The call stands with the run that made it; of the
answer each run keeps its part. Where the call is refused, each asks for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from graph.accounts.lists import AccountWithLists, Wanted
from graph.answers.aside import Aside, listening
from graph.answers.errors import ErrorClass, GraphError
from graph.client import CallRecord
from graph.wire.endpoints import Endpoint
from models.harvests.company import TOGETHER
from models.harvests.harvest import HarvestKind
from models.owed.gate import Purpose
from pressrun import clock
from pressrun.errors import PressrunError
from worker.harvests.answers.given import Given
from worker.harvests.answers.refusals import has_no_insights, has_too_few_viewers, is_gone
from worker.harvests.harvester import Harvester
from worker.harvests.kinds.known import newest_have_insights
from worker.harvests.kinds.media_pages import PAGE, PAGE_PART, holds_insights, wanted_metrics
from worker.harvests.kinds.stories import wanted_metrics as wanted_of_stories

_KEY = "together:"
_KIND_OF: Mapping[Endpoint, HarvestKind] = {
    Endpoint.USER: HarvestKind.PROFILE,
    Endpoint.MEDIA_LIST: HarvestKind.MEDIA,
    Endpoint.STORIES: HarvestKind.STORIES,
    Endpoint.TAGS: HarvestKind.TAGS,
}


def in_order(company: Sequence[Harvester]) -> list[Harvester]:
    return sorted(company, key=lambda one: TOGETHER.index(one.kind))


def ask_together(company: Sequence[Harvester]) -> None:
    """Give each of these the answer to its first call. What goes wrong here costs nothing but this call."""
    by_kind = {one.kind: one for one in company}
    lead = in_order(company)[-1]
    key = _KEY + "+".join(sorted(by_kind))
    if len(by_kind) < 2 or lead.memory.holds(key):
        return
    metrics = _metrics(by_kind)
    wanted = Wanted(
        media=metrics.get(HarvestKind.MEDIA),
        stories=metrics.get(HarvestKind.STORIES),
        tags=HarvestKind.TAGS in by_kind,
    )
    asides: list[Aside] = []
    read_at = clock.now()
    try:
        lead.client = lead.ctx.client(lead.account, Purpose.HARVEST, on_call=partial(_count, lead))
        with listening(asides.append):
            told = lead.ask(lambda: lead.client.lists.read(wanted))
    except GraphError as error:
        if _is_refused_for_good(error):
            lead.memory.add(key, error)
    except PressrunError:
        pass  # the gate, a token, a claim that is lost: the harvests meet it themselves
    else:
        lead.memory.forget(key)
        _deal(by_kind, told, metrics, lead, read_at)
        for aside in asides:  # each is of one's part: its run is the one that lacks it
            by_kind.get(_KIND_OF.get(aside.endpoint, lead.kind), lead).set_aside(aside)


def _metrics(by_kind: Mapping[HarvestKind, Harvester]) -> dict[HarvestKind, tuple[str, ...]]:
    """The insights that are read along with each of the lists."""
    found: dict[HarvestKind, tuple[str, ...]] = {}
    stories, media = by_kind.get(HarvestKind.STORIES), by_kind.get(HarvestKind.MEDIA)
    if stories is not None:
        found[HarvestKind.STORIES] = wanted_of_stories(stories)
    if media is not None:
        found[HarvestKind.MEDIA] = _metrics_of_media(media)
    return found


def _metrics_of_media(media: Harvester) -> tuple[str, ...]:
    wanted = wanted_metrics(media)
    # What is asked again after a refusal is asked alone: here it would cost the others.
    if holds_insights(media) or any(media.memory.doubts(PAGE_PART + name) for name in wanted):
        return ()
    with media.transaction() as tx:
        return wanted if newest_have_insights(tx, media.account.id, PAGE) else ()


def _count(lead: Harvester, record: CallRecord) -> None:
    """The call counts once; its answer is kept in parts, by each run its own."""
    lead.calls += 1
    lead.api_version = record.api_version or lead.api_version


def _deal(
    by_kind: Mapping[HarvestKind, Harvester],
    told: AccountWithLists,
    metrics: Mapping[HarvestKind, tuple[str, ...]],
    lead: Harvester,
    read_at: datetime,
) -> None:
    pages = {HarvestKind.MEDIA: told.media, HarvestKind.STORIES: told.stories, HarvestKind.TAGS: told.tags}
    tokens = lead.client.credentials.tokens
    for kind, one in by_kind.items():
        one.given = Given(told.profile, pages.get(kind), metrics.get(kind, ()), read_at)
        one.api_version = lead.api_version
        if one.ctx.settings.raw_answers:
            part = told.parts[kind.value]
            one.raw.add_part(part.endpoint, part.asked, part.answer, asked_at=read_at, tokens=tokens)


def _is_refused_for_good(error: GraphError) -> bool:
    """Whether it would be refused again the next time: not for a failure that passes, nor for one object's sake."""
    if has_too_few_viewers(error) or has_no_insights(error) or is_gone(error):
        return False
    return error.error_class in (ErrorClass.INVALID_REQUEST, ErrorClass.PERMISSION)
