"""Pressrun side by side with what a user would pick instead, on this machine, in one run: a table with its goals.

make bench                       all of it, within half an hour on two cores
make bench ARGS="--only posts"   one part; repeatable
make bench ARGS=--quick          a little of each: whether it works, no figure to quote

Contestants take turns against the same simulator; each figure is the median of its rounds, with the share of the
processor that the host took away meanwhile (steal). The last line is the table as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.peers import claims, due, history, posts, reads, starting, steps
from benchmarks.peers.figures import HEADER, Row, lacking
from benchmarks.peers.sizes import FULL, QUICK, Sizes
from benchmarks.support.rig import cpu_times, steal_percent
from pressrun import log

PARTS: dict[str, Callable[[Sizes], Iterator[Row]]] = {
    "posts": posts.rows,
    "lateness": due.rows,
    "media": reads.rows,
    "steps": steps.rows,
    "claims": claims.rows,
    "ingest": history.ingest,
    "harvest": history.harvests,
    "start": starting.rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(PARTS), help="this part; repeatable")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    given = parser.parse_args()
    log.configure(level="WARNING")
    sizes, before, started = QUICK if given.quick else FULL, cpu_times(), time.monotonic()
    found = list[Row]()
    print(HEADER, flush=True)
    for name in given.only or PARTS:
        for row in rows_of(name, sizes):
            found.append(row)
            print(row.line(), flush=True)
        print(f"{name}: {time.monotonic() - started:.0f} s by now", file=sys.stderr)
    print(json.dumps(_told(found, quick=given.quick, seconds=time.monotonic() - started, before=before)))


def rows_of(name: str, sizes: Sizes) -> Iterator[Row]:
    """The part's rows. What could not be measured is told with its reason, and the other parts go on."""
    try:
        yield from PARTS[name](sizes)
    except (Exception, SystemExit) as problem:
        reason = " ".join(f"{type(problem).__name__}: {problem}".split())
        yield lacking(name, "see docs/performance.md", reason[:300].replace("|", "/"))


def _told(found: list[Row], *, quick: bool, seconds: float, before: list[int]) -> dict[str, object]:
    return {
        "benchmark": "peers",
        "quick": quick,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "seconds": round(seconds),
        "steal_percent": steal_percent(before, cpu_times()),
        "met": sum(row.met is True for row in found),
        "missed": [row.what for row in found if row.met is False],
        "not_measured": [row.what for row in found if row.value is None],
        "rows": [row.told() for row in found],
    }


if __name__ == "__main__":
    main()
