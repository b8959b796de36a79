"""What a scheduler does before its first turn, so that no turn does it while posts fall due."""

from __future__ import annotations

import gc

from models.harvests.crons import DEFAULT_CRONS
from pressrun import clock
from scheduler.harvests import planning
from scheduler.loop import make_ready


def test_the_standard_crons_are_worked_out() -> None:
    planning._shortest_gap.cache_clear()
    planning._spread.cache_clear()

    make_ready()

    worked_out = planning._shortest_gap.cache_info().misses
    assert worked_out == len(set(DEFAULT_CRONS.values()))
    for kind, cron in DEFAULT_CRONS.items():
        planning.owed_slot(cron, clock.zone("Europe/Oslo"), 7, kind=kind, done_at=clock.now(), now=clock.now())
    assert planning._shortest_gap.cache_info().misses == worked_out


def test_no_search_for_garbage_passes_through_what_stays() -> None:
    stays = [[number] for number in range(1000)]
    before = gc.get_freeze_count()

    make_ready()

    assert gc.get_freeze_count() - before >= len(stays)
