"""Posts a second beside loops around two clients, at two latencies of the server and with instant processing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.lateness import send_at_once, send_out
from benchmarks.peers.figures import Figure, Row, at_least
from benchmarks.peers.loops import CLIENTS, posts_per_s
from benchmarks.peers.sizes import Sizes
from benchmarks.support.rig import Rig, rig

_GOALS = (1.0, 10.0)
_INSTANT = ("--image-processing-s=0", "--video-processing-s=0", "--no-fetch-media")
_QUOTAS = ("--quota-total=1000", "--container-quota=5000")


def rows(sizes: Sizes) -> Iterator[Row]:
    for latency_ms, least in zip(sizes.latencies_ms, _GOALS, strict=True):
        flags = [*_INSTANT, *_QUOTAS, f"--latency-ms={latency_ms:g}"]
        with rig(accounts=sizes.accounts, simulator=flags, settings={"LOG_LEVEL": "WARNING"}) as running:
            yield from _at(running, sizes, latency_ms, least)


def _at(running: Rig, sizes: Sizes, latency_ms: float, least: float) -> Iterator[Row]:
    ours, whole = Figure("Pressrun", "posts/s"), Figure("Pressrun", "posts/s")
    theirs = {name: Figure(name, "posts/s") for name in CLIENTS}
    for number in range(sizes.rounds):
        ours.take(partial(_burst, running, sizes, f"r{number}-", latency_ms))
        for name, figure in theirs.items():
            told = {"posts": sizes.loop_posts, "accounts": sizes.accounts}
            figure.take(partial(posts_per_s, name, url=running.simulator_url, **told))
        whole.take(partial(_from_nothing, running, sizes, f"w{number}-", latency_ms))
    best = max(figure.median for figure in theirs.values())
    name = f"posts a second, {latency_ms:g} ms"
    note = "containers are made ahead, as they always are; the loops make theirs within the time"
    yield at_least(name, ours.median / best, least, f"≥ {least:g}×", ours, *theirs.values(), note=note)
    made = f"the same with containers made within the time, {latency_ms:g} ms"
    yield Row(made, (whole, *theirs.values()), "", whole.median / best, note="(all become due at once)")


def _burst(running: Rig, sizes: Sizes, name: str, latency_ms: float) -> float:
    """All are due in the same second; counted until the last answer."""
    lead_s = 15 + sizes.posts / 10
    found = send_out(running, posts=sizes.posts, accounts=sizes.accounts, spread_s=0, lead_s=lead_s, name=name)
    if found["published"] != sizes.posts or found["duplicates"]:
        raise SystemExit(f"not each once: {found}")
    return float(sizes.posts / ((found["max_ms"] + latency_ms) / 1000))


def _from_nothing(running: Rig, sizes: Sizes, name: str, latency_ms: float) -> float:
    took_s = send_at_once(running, posts=sizes.posts, accounts=sizes.accounts, name=name)
    return sizes.posts / (took_s + latency_ms / 1000)


def burst_of(running: Rig, sizes: Sizes, name: str) -> float:
    """Posts a second of such a burst, without latency."""
    return _burst(running, sizes, name, 0.0)
