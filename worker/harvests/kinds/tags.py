"""Media of others that tag the account, page by page until one brings nothing that an earlier run had not seen.

A list that is longer than a run takes is left to a backfill, which reads it from its beginning to its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.accounts.media import Media as GraphMedia
from graph.answers.paging import Page
from models.harvests.backfill import heal
from models.harvests.harvest import HarvestKind
from models.history.tag import Tag, see_tags
from models.owed.claims import wake_schedulers
from pressrun import clock
from pressrun.errors import PressrunError
from worker.harvests.answers.parse import seen_tag
from worker.harvests.harvester import Harvester, Store

LIST = "list of tags"
MOST_PAGES = 200
"""Of one run."""
_BEFORE_ALL = datetime(2010, 1, 1, tzinfo=UTC)
"""Instagram is younger."""


def read(harvester: Harvester) -> Iterator[Store]:
    given = harvester.take_given()
    first = given.page if given is not None else None
    read_at = given.read_at if given is not None else clock.now()
    walk = harvester.walk(LIST)

    def ask(after: str | None) -> Page[GraphMedia]:
        nonlocal read_at
        if first is not None and after is None:
            return first
        read_at = clock.now()
        return harvester.ask(partial(harvester.client.tags.page, after))

    for page in walk.pages(ask, most=MOST_PAGES):
        if page.items:
            goes_on = _brings_new(harvester, page.items)
            yield store_tags(harvester, page.items, read_at)
            if not goes_on:
                return
    if not walk.is_over:
        yield _leave_to_backfill(harvester)


def _leave_to_backfill(harvester: Harvester) -> Store:
    harvester.note_once(LIST, PressrunError(f"it is longer than {MOST_PAGES} pages: a backfill reads it to its end"))

    def store(tx: Session, _run_id: int) -> int:
        if heal(tx, harvester.account.id, HarvestKind.TAGS, _BEFORE_ALL):
            wake_schedulers(tx)
        else:
            harvester.covers = False  # one that is open may not reach back as far
        return 0

    return store


def _brings_new(harvester: Harvester, items: Sequence[GraphMedia]) -> bool:
    """Whether something on this page was unknown to the last run that came to an end.

    What an unfinished run stored is not known in this sense: beyond it may lie what nobody has read.
    """
    if harvester.covered_at is None:
        return True
    with harvester.transaction() as tx:
        known = tx.scalars(
            select(Tag.ig_media_id).where(
                Tag.account_id == harvester.account.id,
                Tag.ig_media_id.in_([item.id for item in items]),
                Tag.first_seen_at <= harvester.covered_at,
            )
        )
        return len(set(known)) < len({item.id for item in items})


def store_tags(harvester: Harvester, items: Sequence[GraphMedia], read_at: datetime) -> Store:
    def store(tx: Session, _run_id: int) -> int:
        return see_tags(tx, harvester.account.id, [seen_tag(item) for item in items], now=read_at)

    return store
