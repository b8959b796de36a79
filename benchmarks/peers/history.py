"""The history's writing beside COPY, and a harvest's calls beside a bare HTTP client."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import harvest
from benchmarks.history import a_database, store_speed
from benchmarks.peers.figures import Figure, Row, at_least
from benchmarks.peers.sizes import Sizes
from benchmarks.support.rig import cpu_times, steal_percent


def ingest(sizes: Sizes) -> Iterator[Row]:
    media, account = Figure("media", "rows/s"), Figure("account", "rows/s")
    copy = Figure("COPY", "rows/s")
    with a_database(None) as (database, _):
        for _ in range(sizes.rounds):
            before = cpu_times()
            found = store_speed(database, rows=sizes.ingested)
            steal = steal_percent(before, cpu_times())
            media.add(found["media_rows_per_s"], steal)
            account.add(found["account_rows_per_s"], steal)
            copy.add(found["copy_rows_per_s"], steal)
    for figure in (media, account):
        name = f"history ingest, {figure.name}"
        yield at_least(name, figure.median / copy.median, 0.5, "≥ 0.5 of COPY", figure, copy)


def harvests(sizes: Sizes) -> Iterator[Row]:
    ours, bare = Figure("harvest worker", "calls/s"), Figure("bare client", "calls/s")
    told = {"accounts": sizes.harvest_accounts, "latency_ms": sizes.harvest_latency_ms}
    found = harvest.measure(**told, concurrency=sizes.harvest_concurrency, patience_s=600.0)
    for figure, name in ((ours, "calls_per_s"), (bare, "bare_calls_per_s")):
        figure.add(found[name], found["steal_percent"])
    note = "(one round: each reads every account twice)"
    yield at_least("harvest calls", ours.median / bare.median, 0.6, "≥ 0.6 of a bare client", ours, bare, note=note)
    name = f"harvest calls of a process, {sizes.harvest_latency_ms} ms"
    yield at_least(name, ours.median, 200, "≥ 200 a second", ours)
