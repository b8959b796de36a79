"""Media with their insights beside airbyte's connector: seconds, and calls to Instagram.

Both read an account for the first time. Ours reads the metrics that all kinds of media have, and of what only some have
as much as fits into its budget of calls; theirs asks for each media by itself, and for each part of a carousel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import text

from benchmarks.peers.airbyte import Airbyte, NotHere, installed
from benchmarks.peers.figures import Figure, Row, at_least, lacking, timed
from benchmarks.peers.sizes import Sizes
from benchmarks.support.floor import Bare, Call
from benchmarks.support.rig import FIRST_IG_ID, Rig, cpu_times, rig, steal_percent
from models.harvests.harvest import HarvestKind
from scheduler.harvests.planning import request_run
from tests.support.waiting import until

_PARTS = 5
_IMAGE_URL = "https://media.example/feed.jpg"
_QUOTAS = ("--quota-total=100000", "--container-quota=100000", "--image-processing-s=0", "--no-fetch-media")
_LAST_RUN = text("""
    SELECT r.id, extract(epoch FROM r.finished_at - r.started_at) AS seconds, r.calls
      FROM harvest_runs r JOIN harvests h ON h.id = r.harvest_id
     WHERE h.kind = 'media' AND r.finished_at IS NOT NULL ORDER BY r.id DESC LIMIT 1
""")
_READ = text("SELECT count(DISTINCT media_id) FROM media_snapshots")
_SOON_S = 600.0


def rows(sizes: Sizes) -> Iterator[Row]:
    for what, made, goals in (
        (f"{sizes.media:,} media with insights", None, (10.0, 30.0)),
        (f"{2 * sizes.carousels:,} media, half carousels of {_PARTS}", _carousels, (50.0, 50.0)),
    ):
        try:
            yield from _beside(sizes, installed(), f"{what}, {sizes.latency_ms:g} ms", made, goals)
        except NotHere as problem:
            yield lacking(what, f"≥ {goals[0]:g}× faster, ≥ {goals[1]:g}× fewer calls", str(problem))


def _beside(
    sizes: Sizes, peer: Airbyte, what: str, made: Callable[[Rig, Sizes], None] | None, goals: tuple[float, float]
) -> Iterator[Row]:
    ours, theirs = Figure("Pressrun", "s"), Figure("airbyte", "s")
    our_calls, their_calls = Figure("Pressrun", "calls"), Figure("airbyte", "calls")
    read = set[str]()
    for _ in range(sizes.media_rounds):
        media_each = 0 if made else sizes.media
        flags = [*_QUOTAS, f"--media-each={media_each}", f"--latency-ms={sizes.latency_ms:g}"]
        with rig(accounts=1, simulator=flags, settings={"LOG_LEVEL": "WARNING"}) as running:
            before = cpu_times()
            seconds, calls = _read_by_us(running, sizes, made)
            steal = steal_percent(before, cpu_times())
            ours.add(seconds, steal)
            our_calls.add(calls, steal)
            count, calls = _read_by_them(running, peer, theirs)
            their_calls.add(calls, theirs.steal_percent[-1])
            read.add(f"{_count(running)} and {count} media read")
    note = f"({', '.join(sorted(read))})"
    faster, fewer = theirs.median / ours.median, their_calls.median / our_calls.median
    yield at_least(what, faster, goals[0], f"≥ {goals[0]:g}× faster", ours, theirs, note=note)
    yield at_least(f"{what}, calls", fewer, goals[1], f"≥ {goals[1]:g}× fewer", our_calls, their_calls)


def _read_by_us(running: Rig, sizes: Sizes, made: Callable[[Rig, Sizes], None] | None) -> tuple[float, float]:
    """Seconds and calls of the run that read them all."""
    until(lambda: _last_run(running) is not None, _SOON_S)
    run = _last_run(running)
    if made is not None:
        made(running, sizes)
        first = run.id
        with running.here.database.transaction() as tx:
            request_run(tx, kind=HarvestKind.MEDIA)
        until(lambda: _last_run(running).id != first, _SOON_S)
        run = _last_run(running)
    return float(run.seconds), float(run.calls)


def _read_by_them(running: Rig, peer: Airbyte, figure: Figure) -> tuple[int, float]:
    """Records and calls; the seconds go into the figure."""
    before, counts = _calls(running), list[int]()
    figure.take(lambda: timed(lambda: counts.append(peer.read(running.simulator_url, "SIM-TOKEN-0"))))
    return counts[0], float(_calls(running) - before)


def _carousels(running: Rig, sizes: Sizes) -> None:
    """As many images as carousels, published by a bare loop."""
    asyncio.run(_publish_them(Bare(running.simulator_url, 16), sizes.carousels))


async def _publish_them(bare: Bare, count: int) -> None:
    images = await _made(bare, [{"image_url": _IMAGE_URL}] * count)
    parts = await _made(bare, [{"image_url": _IMAGE_URL, "is_carousel_item": "true"}] * (count * _PARTS))
    grouped = [",".join(parts[_PARTS * n : _PARTS * (n + 1)]) for n in range(count)]
    whole = await _made(bare, [{"media_type": "CAROUSEL", "children": group} for group in grouped])
    published = [Call(0, "POST", f"{FIRST_IG_ID}/media_publish", {"creation_id": one}) for one in (*images, *whole)]
    refused = [answer.body for answer in await bare.send(published) if answer.status != 200]
    if refused:
        raise SystemExit(f"the simulator did not publish: {refused[0]}")


async def _made(bare: Bare, containers: list[dict[str, str]]) -> list[str]:
    answers = await bare.send([Call(0, "POST", f"{FIRST_IG_ID}/media", one) for one in containers])
    return [str(answer.body["id"]) for answer in answers]


def _last_run(running: Rig) -> Any:
    with running.here.database.transaction() as tx:
        return tx.execute(_LAST_RUN).first()


def _count(running: Rig) -> int:
    with running.here.database.transaction() as tx:
        return int(tx.scalar(_READ) or 0)


def _calls(running: Rig) -> int:
    return sum(int(count) for count in running.simulator("report")["calls"].values())
