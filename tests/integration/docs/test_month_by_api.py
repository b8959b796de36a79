"""examples/month_by_api.py: a program that knows only the API does a month's work against the simulator."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyarrow import parquet
from pydantic import SecretStr
from sqlalchemy import select

from console.app import create_app
from migrations import HEAD
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind, add_harvests
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.post import Post
from models.store.session import Database
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun.media.links import derive_key
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.support.bench import Bench
from tests.support.processes import REPOSITORY
from tests.support.simulator import Simulator
from tests.support.web import serve
from worker.boundary import perform
from worker.tasks import STEPS

LOOK_EVERY_S = 0.1
WANTED = [work for work in WORKS if work.name in {"publish", "prepare", "harvest"}]


@contextmanager
def working(bench: Bench) -> Iterator[None]:
    """What a scheduler and a worker do, for as long as the month takes."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(LOOK_EVERY_S):
            for one in WANTED:
                with bench.database.transaction() as tx:
                    hints = claim_due(tx, one, limit=10, lease_s=30)
                for hint in hints:
                    perform(bench.ctx, STEPS, hint)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        is_over.set()
        worker.join(30)
        bench.close()


@pytest.fixture
def desk(database: Database, simulator: Simulator, media_folder: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    settings = Settings(
        secret_keys=[SecretStr(KEY)],
        home=tmp_path / "home",
        graph_url=simulator.url,
        public_url="https://pressrun.example",
    )
    ctx = Context(database, settings)
    key = keys.add(ctx, OWNER, "planner", scopes=["read", "publish"]).key
    app = create_app(ctx, media_keys=[derive_key(KEY)], media_root=tmp_path / "home/media", schema_head=HEAD)
    with serve(app) as url:
        bench = Bench(database, simulator, settings, url, media_folder)
        account = bench.account(name="harbour-bakery", timezone="Europe/Oslo")
        with database.transaction() as tx:
            add_harvests(tx, account.id, {HarvestKind.MEDIA: STANDING_CRONS[HarvestKind.MEDIA]})
        with working(bench):
            yield {**os.environ, "API": f"{url}/api/v1", "KEY": key}


def month(desk: dict[str, str], files: list[Path], into: Path) -> str:
    script = [sys.executable, "examples/month_by_api.py", "harbour-bakery", *map(str, files), "--into", str(into)]
    done = subprocess.run(script, cwd=REPOSITORY, env=desk, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.cost(cpu_s=6)
def test_a_month_is_done_by_the_api_alone(
    desk: dict[str, str], database: Database, simulator: Simulator, media_folder: Path, tmp_path: Path
) -> None:
    files, out = [media_folder / "feed.jpg", media_folder / "feed-2.jpg"], tmp_path / "out"

    said = month(desk, files, out)

    with database.transaction() as tx:
        posts = list(tx.scalars(select(Post).order_by(Post.publish_at)))
    live = [one for one in posts if one.state == "published"]
    planned = [one for one in posts if one.state == "scheduled"]
    assert (len(live), len(planned), len(posts)) == (1, 13, 14)
    assert [one["media_id"] for one in simulator.publishes()] == [live[0].media_id]
    assert f"is published, media {live[0].media_id}" in said
    assert planned[0].caption.endswith("\nOpen until noon.")
    assert "queued the draft that lacked" in said

    rows = list(csv.DictReader((out / "media_totals.csv").read_text().splitlines()))
    lines = [json.loads(line) for line in (out / "media_totals.jsonl").read_text().splitlines()]
    table = parquet.read_table(out / "media_totals.parquet")
    ids = [one["ig_media_id"] for one in lines]
    assert live[0].media_id in ids
    assert ids == [one["ig_media_id"] for one in rows] == table.column("ig_media_id").to_pylist()
