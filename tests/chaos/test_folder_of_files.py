"""A folder of files as people have them becomes a published campaign, by one import with `--fix`, over each route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import shapes
from tests.support.buckets import s3_server
from tests.support.simulator import Simulator
from tests.support.stack import Stack, judge, write_campaign

_FACEBOOK, _INSTAGRAM = "acc0", "acc1"
_ROUTES = text("""
    SELECT DISTINCT a.name, p.kind, c.route
      FROM containers c
      JOIN parts p ON p.id = c.part_id
      JOIN posts o ON o.id = p.post_id
      JOIN accounts a ON a.id = o.account_id
     WHERE c.route IS NOT NULL
""")


@pytest.mark.needs("ffmpeg", "ffmpeg")
@pytest.mark.parametrize(
    ("route", "names"),
    [
        pytest.param("upload", shapes.FEW, marks=[pytest.mark.cost(cpu_s=26, stack=True), pytest.mark.timeout(1200)]),
        pytest.param("host", None, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
        pytest.param("s3", None, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
        pytest.param("upload", None, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_what_people_have_goes_out(tmp_path: Path, route: str, names: tuple[str, ...] | None) -> None:
    files = shapes.make(tmp_path / "files", names)
    rows = campaign(files)
    path = write_campaign(tmp_path / "campaign.csv", rows)

    with bucket_for(route) as settings, Simulator.start(accounts=2, video_processing_s=0.5) as instagram:
        env = {"PRESSRUN_MEDIA_ROUTE": route, **settings}
        with Stack.start(instagram, accounts=2, env=env, is_new=True) as stack:
            queued = json.loads(stack.run("post", "import", str(path), "--fix", "--json"))
            posts = stack.wait_final(len(rows), 600)

            judge(stack, posts)
            assert (len(queued["added"]), queued["problems"]) == (len(rows), [])
            assert routes_of(stack) == expected_routes(route)
            assert instagram.report()["defects"] == {}


def campaign(files: dict[str, Path]) -> list[dict[str, str]]:
    """A post for each file, and a carousel of three; videos on both logins."""
    rows = [
        {
            "account": _FACEBOOK if number % 2 == 0 else _INSTAGRAM,
            "publish_at": "+1s",
            "type": "reel" if shapes.is_video(name) else "image",
            "media": str(path),
            "caption": f"As it is: {name}",
            "if_late": "publish",
            "key": name,
        }
        for number, (name, path) in enumerate(files.items())
    ]
    items = "|".join(str(files[name]) for name in ("alpha.png", "phone.heic", "phone.mov"))
    mixed = {"account": _FACEBOOK, "type": "carousel", "media": items, "caption": "Together", "key": "together"}
    return [*rows, {"publish_at": "+1s", "if_late": "publish", **mixed}]


def routes_of(stack: Stack) -> dict[tuple[str, str], set[str]]:
    """By which ways media went, by account and kind."""
    found: dict[tuple[str, str], set[str]] = {}
    with stack.database.transaction() as tx:
        for account, kind, route in tx.execute(_ROUTES):
            found.setdefault((account, kind), set()).add(route)
    return found


def expected_routes(route: str) -> dict[tuple[str, str], set[str]]:
    """`upload` is for videos on Facebook Login; what it is not for goes as with `auto`, here from the console."""
    kinds = [(account, kind) for account in (_FACEBOOK, _INSTAGRAM) for kind in ("image", "video")]
    if route != "upload":
        return {kind: {route} for kind in kinds}
    return {kind: {"host"} for kind in kinds} | {(_FACEBOOK, "video"): {"upload"}}


@contextmanager
def bucket_for(route: str) -> Iterator[dict[str, str]]:
    """The settings of a bucket where the route needs one; in the end nothing is left in it."""
    if route != "s3":
        yield {}
        return
    with s3_server() as s3:
        yield {f"PRESSRUN_{name.upper()}": value for name, value in s3.settings.items()}
        assert (s3.keys(), s3.uploads()) == ([], [])
