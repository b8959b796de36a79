"""Media of others that tag the account, page by page until one brings nothing that an earlier run had not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.accounts.media import Media as GraphMedia
from models.history.tag import Tag, see_tags
from pressrun import clock
from worker.harvests.answers.parse import seen_tag
from worker.harvests.harvester import Harvester, Store

_MOST_PAGES = 200


def read(harvester: Harvester) -> Iterator[Store]:
    after: str | None = None
    given = harvester.take_given()
    first = given.page if given is not None else None
    for _ in range(_MOST_PAGES):
        page = first or harvester.ask(partial(harvester.client.tags.page, after))
        first = None
        if page.items:
            goes_on = _brings_new(harvester, page.items)
            yield store_tags(harvester, page.items)
            if not goes_on:
                return
        # A cursor that leads to itself must not turn in circles.
        if not page.has_next or page.after == after:
            return
        after = page.after


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


def store_tags(harvester: Harvester, items: Sequence[GraphMedia]) -> Store:
    read_at = clock.now()

    def store(tx: Session, _run_id: int) -> int:
        return see_tags(tx, harvester.account.id, [seen_tag(item) for item in items], now=read_at)

    return store
