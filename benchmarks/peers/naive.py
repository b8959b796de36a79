"""The worker that is usually written: at the due time it makes the container, looks until it is ready, and publishes.

python -m benchmarks.peers.naive --url http://127.0.0.1:8000 --posts 10 --spread-s 5

Each post has a thread, the container is looked at every two seconds. Prints one JSON line with milliseconds from the
due time to the publish call.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.support.rig import FIRST_IG_ID, percentile
from pressrun.network.trust import authorities

_LOOK_EVERY_S = 2.0
_LEAD_S = 2.0
_REEL = {"media_type": "REELS", "video_url": "https://media.example/clip.mp4"}
_REPOSITORY = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--posts", type=int, default=10)
    parser.add_argument("--accounts", type=int, default=2)
    parser.add_argument("--spread-s", type=float, default=5.0)
    given = parser.parse_args()
    start = time.monotonic() + _LEAD_S

    def post(number: int) -> float:
        account = number % given.accounts
        due = start + given.spread_s * number / given.posts
        threading.Event().wait(max(due - time.monotonic(), 0.0))
        return float(1000 * (publish(given.url, account) - due))

    with ThreadPoolExecutor(given.posts) as pool:
        late = list(pool.map(post, range(given.posts)))
    print(json.dumps({"p50_ms": percentile(late, 0.5), "p99_ms": percentile(late, 0.99)}))


def late_ms(*, url: str, posts: int, accounts: int, spread_s: float) -> dict[str, float]:
    """How late its publish calls were: `p50_ms`, `p99_ms`."""
    argv = [sys.executable, "-m", "benchmarks.peers.naive"]
    argv += [f"--url={url}", f"--posts={posts}", f"--accounts={accounts}", f"--spread-s={spread_s}"]
    done = subprocess.run(argv, cwd=_REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the naive worker: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def publish(url: str, account: int) -> float:
    """Create, look, publish; when the publish call was sent, by the monotonic clock."""
    ig_id, headers = FIRST_IG_ID + account, {"authorization": f"Bearer SIM-TOKEN-{account}"}
    with httpx.Client(base_url=f"{url}/v25.0/", headers=headers, timeout=30, verify=authorities()) as client:
        made = _told(client.post(f"{ig_id}/media", data=_REEL))["id"]
        while _told(client.get(made, params={"fields": "status_code"}))["status_code"] == "IN_PROGRESS":
            threading.Event().wait(_LOOK_EVERY_S)
        sent = time.monotonic()
        _told(client.post(f"{ig_id}/media_publish", data={"creation_id": made}))
    return sent


def _told(answer: httpx.Response) -> Any:
    return answer.raise_for_status().json()


if __name__ == "__main__":
    main()
