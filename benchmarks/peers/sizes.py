"""How much is measured: all of it within half an hour on two cores, or a little of each to see that it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Of each benchmark, in one place."""

    rounds: int = 2
    """Few, so that all of it, with airbyte still to be installed, fits into half an hour."""
    long_rounds: int = 1
    """Of what takes minutes."""
    accounts: int = 20
    posts: int = 450
    """In one second: enough that the last comes out at the pace of all, and not within the first volley."""
    loop_posts: int = 40
    latencies_ms: tuple[float, ...] = (0.0, 100.0)
    spread_posts: int = 60
    spread_s: float = 20.0
    processing_s: float = 60.0
    media_rounds: int = 1
    """The other asks for each media by itself: a round of both rows takes ten minutes, nearly all its own."""
    media: int = 2_000
    carousels: int = 250
    """As many images besides."""
    latency_ms: float = 100.0
    tasks: int = 5_000
    queued: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    claimed: int = 1_000
    claim_rounds: int = 7
    ingested: int = 50_000
    harvest_accounts: int = 200
    harvest_concurrency: int = 96
    harvest_latency_ms: int = 200


FULL = Sizes()
QUICK = Sizes(
    rounds=1,
    long_rounds=1,
    accounts=2,
    posts=8,
    loop_posts=4,
    latencies_ms=(0.0, 20.0),
    spread_posts=6,
    spread_s=3.0,
    processing_s=4.0,
    media=60,
    carousels=6,
    latency_ms=10.0,
    tasks=200,
    queued=(1_000, 3_000),
    claimed=300,
    claim_rounds=2,
    ingested=2_000,
    harvest_accounts=3,
    harvest_concurrency=4,
    harvest_latency_ms=5,
)
