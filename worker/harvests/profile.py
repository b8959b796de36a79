"""Followers, follows and media counts: values of the moment at which they are read."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from models.insight import store_observations
from pressrun import clock
from worker.harvests.harvester import Harvester, Store
from worker.harvests.parse import profile_observations


def read(harvester: Harvester) -> Iterator[Store]:
    profile = harvester.ask(harvester.client.users.profile)
    read_at = clock.now()

    def store(tx: Session, run_id: int) -> int:
        points = profile_observations(profile)
        return store_observations(tx, harvester.account.id, points, captured_at=read_at, run_id=run_id)

    yield store
