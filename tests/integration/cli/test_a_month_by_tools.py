"""The work of a month by nothing but tools, against the simulator: connect, upload, plan, follow, read, take out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from pydantic import SecretStr

from console.app import create_app
from migrations import HEAD
from models.reading.upkeep.workers import has_worker
from models.store.session import Database
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun import clock
from pressrun.media.links import derive_key
from pressrun.network.hints import Queue
from pressrun.network.trust import authorities
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.support.simulator import Simulator
from tests.support.waiting import until
from tests.support.web import serve
from worker.app import make_context
from worker.pull import Puller
from worker.tasks import STEPS


@pytest.fixture
def ctx(database: Database, database_url: str, simulator: Simulator, tmp_path: Path) -> Context:
    told: dict[str, Any] = {
        "database_url": database_url,
        "graph_url": simulator.url,
        "secret_keys": [SecretStr(KEY)],
        "home": tmp_path / "home",
        "public_url": "https://pressrun.example",
        "allow_private_urls": True,
    }
    return Context(database, Settings(**told))


@pytest.fixture
def url(ctx: Context) -> Iterator[str]:
    """A console, and workers of all queues that find their work in the database."""
    app = create_app(ctx, media_keys=[derive_key(KEY)], media_root=ctx.settings.home / "media", schema_head=HEAD)
    with serve(app) as address:
        at_work = make_context(
            ctx.settings, database_url=str(ctx.settings.database_url), concurrency=8, media_base_url=address
        )
        puller = Puller(at_work, STEPS, list(Queue), concurrency=4)
        puller.start()
        try:
            until(lambda: _is_at_work(ctx), what="the database sees no worker")
            yield address
        finally:
            at_work.stopping.set()
            puller.stop()
            at_work.transport.close()
            at_work.database.close()


def _is_at_work(ctx: Context) -> bool:
    with ctx.database.transaction() as tx:
        return has_worker(tx, Queue.PREPARE)


class Talk:
    """A conversation of which every call has to succeed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        result = await self._client.call_tool(tool, arguments)
        assert not result.is_error, (tool, result.structured_content)
        told: dict[str, Any] = result.structured_content
        return told

    async def wait(self, is_so: Callable[[dict[str, Any]], bool], tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The first answer of which it is so."""
        async with asyncio.timeout(60):
            while not is_so(told := await self.call(tool, **arguments)):
                await asyncio.sleep(0.5)
        return told


@pytest.mark.cost(cpu_s=6)
def test_the_work_of_a_month(ctx: Context, url: str, simulator: Simulator, media_folder: Path) -> None:
    key = keys.add(ctx, OWNER, "assistant", scopes=["read", "publish", "admin"]).key
    photo = (media_folder / "feed.jpg").read_bytes()

    async def month() -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30, verify=authorities()) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
        ):
            talk = Talk(client)
            await _connect(talk, simulator)
            reference = await _upload(talk, photo)
            begun = await talk.call("event_past")
            post = await _plan(talk, reference)
            await _follow(talk, post, begun["next_cursor"])
            await _read(talk)

    asyncio.run(month())
    assert len(simulator.publishes()) == 1


async def _connect(talk: Talk, simulator: Simulator) -> None:
    under_way = await talk.call(
        "account_connect",
        login="facebook",
        ig_id=simulator.ig_id(0),
        name="bakery",
        token=simulator.token(0),
        timezone="Europe/Berlin",
    )
    await talk.wait(lambda told: told["state"] == "done", "connect_show", connection=under_way["id"])
    assert [one["name"] for one in (await talk.call("account_list"))["items"]] == ["bakery"]


async def _upload(talk: Talk, photo: bytes) -> str:
    begun = await talk.call("media_begin", size_bytes=len(photo))
    async with httpx2.AsyncClient(verify=authorities()) as anybody:
        sent = await anybody.put(begun["upload_url"], content=photo)
    return str(sent.json()["media"]["reference"])


async def _plan(talk: Talk, reference: str) -> str:
    """One post that goes out at once, and one for the month's end that is thought better of."""
    await talk.call("slot_add", account="bakery", days="fri", at=["18:30"])
    given = {"account": "bakery", "type": "image", "media": [reference], "caption": "bread"}
    later = (clock.now() + timedelta(days=20)).isoformat()
    await talk.call("post_add", **given, key="later", publish_at=later)
    await talk.call("post_move", post="later", publish_at=(clock.now() + timedelta(days=25)).isoformat())
    await talk.call("post_cancel", post="later")
    return str((await talk.call("post_add", **given, key="now", publish_at="+1s"))["id"])


async def _follow(talk: Talk, post: str, cursor: str) -> None:
    seen: list[str] = []
    async with asyncio.timeout(60):
        while "published" not in seen:
            news = await talk.call("event_past", source=["post"], cursor=cursor)
            seen += [one["told"]["to_state"] for one in news["items"] if one["told"]["key"] == "now"]
            cursor = news["next_cursor"]
            await asyncio.sleep(0.5)
    shown = await talk.call("post_show", post=post)
    assert (shown["state"], shown["caption"]) == ("published", "<content>bread</content>")


async def _read(talk: Talk) -> None:
    owed = await talk.call("harvest_run", account="bakery", kind="media")
    await talk.wait(
        lambda told: all(one["status"] == "done" for one in told["items"]), "harvest_outcomes", ids=owed["ids"]
    )
    rows = (await talk.call("insight_export", view="media_totals", account="bakery"))["items"]
    assert "<content>bread</content>" in [one["caption"] for one in rows]
    assert (await talk.call("audit_list", by="assistant"))["items"]
