"""Watched accounts: their public counts, and those of their latest media (business discovery, graph-api.md §5.3).

Facebook Login only. An account that cannot be found is left out, and looked for again after a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from graph.answers.errors import GraphError
from graph.login.discovery import DiscoveredAccount
from graph.wire.credentials import Login
from models.harvests.watch import Watch, WatchKind, active_watches, note_checked, note_id
from models.history.competitor import store_competitor
from models.history.public_media import store_public_media
from pressrun import clock
from worker.harvests.answers.parse import competitor_counts, public_media
from worker.harvests.answers.refusals import is_not_found, is_not_permitted
from worker.harvests.harvester import Harvester, Store

MEDIA = 25
"""How many of the latest media are read of each account: one call."""
PERMISSION = "business_discovery"


def read(harvester: Harvester) -> Iterator[Store]:
    # Not scheduled for a login that cannot; one may have changed its login since.
    if harvester.account.login != Login.FACEBOOK.value:
        return
    if harvester.memory.holds(PERMISSION):
        harvester.leave_out(PERMISSION)
        return
    with harvester.transaction() as tx:
        watches = active_watches(tx, harvester.account.id, WatchKind.COMPETITOR)
    for watch in watches:
        if harvester.memory.holds(watch.name):
            harvester.leave_out(watch.name)
            continue
        try:
            call, read_at = partial(harvester.client.discovery.account, watch.name, media_limit=MEDIA), clock.now()
            found = harvester.ask_apart(f"competitor {watch.name}", call)
        except GraphError as error:
            if is_not_permitted(error):
                harvester.note(PERMISSION, error)
                harvester.memory.add(PERMISSION, error)
                return
            if not is_not_found(error):
                raise
            harvester.note(watch.name, error)
            harvester.memory.add(watch.name, error)
            continue
        if found is not None:
            yield _store(watch, found, read_at)


def _store(watch: Watch, found: DiscoveredAccount, read_at: datetime) -> Store:
    def store(tx: Session, run_id: int) -> int:
        note_id(tx, watch.id, found.profile.id)
        note_checked(tx, watch.id, at=read_at)
        counts = competitor_counts(found.profile)
        rows = store_competitor(tx, watch.id, counts, captured_at=read_at, run_id=run_id)
        seen = [public_media(item) for item in found.media.items]
        return rows + store_public_media(tx, watch.id, seen, captured_at=read_at, run_id=run_id)

    return store
