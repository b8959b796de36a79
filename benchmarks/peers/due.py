"""Lateness where Instagram takes a minute to process, beside a worker that begins at the due time."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.lateness import send_out
from benchmarks.peers.figures import Figure, Row, at_least, at_most
from benchmarks.peers.naive import late_ms
from benchmarks.peers.sizes import Sizes
from benchmarks.support.rig import Rig, cpu_times, rig, steal_percent

_MOST_MS = 500.0
_LEAD_S = 25.0


def rows(sizes: Sizes) -> Iterator[Row]:
    flags = [f"--video-processing-s={sizes.processing_s:g}", "--quota-total=1000", "--container-quota=5000"]
    flags.append("--no-fetch-media")
    ours, theirs = Figure("Pressrun p99", "ms"), Figure("begun when due p99", "ms")
    with rig(accounts=sizes.accounts, simulator=flags, settings={"LOG_LEVEL": "WARNING"}) as running:
        for number in range(sizes.long_rounds):
            _round(running, sizes, number, ours, theirs)
    name = f"lateness with {sizes.processing_s:g} s of processing"
    yield at_most(name, ours.median, _MOST_MS, f"p99 ≤ {_MOST_MS:g} ms", ours, theirs)
    least_s = sizes.processing_s
    yield at_least(f"{name}, of the other", theirs.median / 1000, least_s, f"p99 ≥ {least_s:g} s", theirs)


def _round(running: Rig, sizes: Sizes, number: int, ours: Figure, theirs: Figure) -> None:
    before = cpu_times()
    found = send_out(
        running,
        posts=sizes.spread_posts,
        accounts=sizes.accounts,
        spread_s=sizes.spread_s,
        lead_s=_LEAD_S + sizes.processing_s,
        name=f"d{number}-",
    )
    if found["published"] != sizes.spread_posts or found["duplicates"]:
        raise SystemExit(f"not each once: {found}")
    ours.add(float(found["p99_ms"]), steal_percent(before, cpu_times()))
    theirs.take(lambda: _theirs(running, sizes))


def _theirs(running: Rig, sizes: Sizes) -> float:
    told = {"posts": sizes.spread_posts, "accounts": sizes.accounts}
    return late_ms(url=running.simulator_url, spread_s=sizes.spread_s, **told)["p99_ms"]
