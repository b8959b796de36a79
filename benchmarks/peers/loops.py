"""The loops that people write around a client: create, publish, next. Run in a process of their own, as they would be.

python -m benchmarks.peers.loops pystagram --url http://127.0.0.1:8000 --posts 20 --accounts 2

Two calls a post, nothing kept: no check, no quota, no second look at a lost answer. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.support.rig import FIRST_IG_ID

_APP = ("SIM-APP", "SIM-APP-SECRET")
_IMAGE_URL = "https://media.example/feed.jpg"
_REPOSITORY = Path(__file__).parents[2]

Post = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("client", choices=list(CLIENTS))
    parser.add_argument("--url", required=True)
    parser.add_argument("--posts", type=int, default=20)
    parser.add_argument("--accounts", type=int, default=2)
    given = parser.parse_args()
    clients = [CLIENTS[given.client](given.url, number) for number in range(given.accounts)]
    started = time.perf_counter()
    for number in range(given.posts):
        clients[number % len(clients)]()
    print(json.dumps({"posts": given.posts, "seconds": time.perf_counter() - started}))


def posts_per_s(client: str, *, url: str, posts: int, accounts: int) -> float:
    """Of the loop around that client."""
    argv = [sys.executable, "-m", "benchmarks.peers.loops", client]
    argv += [f"--url={url}", f"--posts={posts}", f"--accounts={accounts}"]
    done = subprocess.run(argv, cwd=_REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{client}: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return float(told["posts"]) / float(told["seconds"])


def _pystagram(url: str, number: int) -> Post:
    from pystagram import PystagramGraphApi
    from pystagram.components.containers import ImageContainer

    api: Any = PystagramGraphApi(app_id=_APP[0], app_secret=_APP[1], access_token=f"SIM-TOKEN-{number}")
    api.base_url = api.base_url.replace("https://graph.facebook.com", url)
    ig_id = str(FIRST_IG_ID + number)

    def post() -> object:
        made = api.user.media.create(ImageContainer(_IMAGE_URL), user_id=ig_id).data["id"]
        return api.user.media_publish.create(made, user_id=ig_id).data["id"]

    return post


def _pyfacebook(url: str, number: int) -> Post:
    from pyfacebook import IGBusinessApi

    ig_id = str(FIRST_IG_ID + number)
    api: Any = IGBusinessApi(
        app_id=_APP[0],
        app_secret=_APP[1],
        access_token=f"SIM-TOKEN-{number}",
        instagram_business_id=ig_id,
        base_url=f"{url}/",
    )

    def post() -> object:
        made = api.post_object(ig_id, "media", data={"image_url": _IMAGE_URL})["id"]
        return api.post_object(ig_id, "media_publish", data={"creation_id": made})["id"]

    return post


CLIENTS: dict[str, Callable[[str, int], Post]] = {"pystagram": _pystagram, "python-facebook-api": _pyfacebook}


if __name__ == "__main__":
    main()
