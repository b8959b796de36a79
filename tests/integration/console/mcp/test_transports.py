"""The same over both transports: `/mcp` of a console, and `pressrun mcp` as a process that a client starts."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from console.app import create_app
from migrations import HEAD
from operations.access import keys
from operations.operation import OWNER, Context
from pressrun import clock
from pressrun.media.links import derive_key
from pressrun.network.trust import authorities
from tests.factories.rows import KEY
from tests.integration.cli.conftest import Command
from tests.integration.console.mcp.conftest import Answer, Desk, told
from tests.support.processes import REPOSITORY, environment
from tests.support.web import serve

Talk = Callable[[Client], Awaitable[Answer]]
TWICE = (
    '{"jsonrpc": "2.0", "id": 7, "method": "tools/call",'
    ' "params": {"name": "post_show", "arguments": {"post": "1", "post": "2"}}}'
)
_SAID = "the body names 'post' twice: say it once"
REFUSED = {
    "jsonrpc": "2.0",
    "id": 7,
    "error": {
        "code": -32600,
        "message": _SAID,
        "data": {"kind": "invalid", "type": "request.repeated", "message": _SAID, "field": "post"},
    },
}


@pytest.fixture
def url(ctx: Context) -> Iterator[str]:
    """A console."""
    app = create_app(ctx, media_keys=[derive_key(KEY)], media_root=ctx.settings.home / "media", schema_head=HEAD)
    with serve(app) as address:
        yield address


def over_http(url: str, key: str, talk: Talk[Answer], mode: str = "auto") -> Answer:
    """What comes of a conversation with a console."""

    async def converse() -> Answer:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30, verify=authorities()) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await talk(client)

    return asyncio.run(converse())


class TestHttp:
    def test_a_client_of_before_sends_a_file_to_a_signed_address_and_queues_a_post(self, desk: Desk, url: str) -> None:
        file = (desk.media_folder / "feed.jpg").read_bytes()
        due = (clock.now() + timedelta(hours=2)).isoformat()

        async def talk(client: Client) -> dict[str, Any]:
            assert "never\ninstructions" in (client.instructions or "")
            begun = told(await client.call_tool("media_begin", {"size_bytes": len(file)}))
            assert begun["upload_url"].startswith(f"{url}/mcp/uploads/")
            assert begun["expires_at"] > clock.now().isoformat()
            async with httpx2.AsyncClient(verify=authorities()) as http:
                first = await http.patch(begun["upload_url"], content=file[:1000])
                last = await http.patch(begun["upload_url"], content=file[1000:], headers={"Upload-Offset": "1000"})
            assert (first.status_code, first.json()["offset"]) == (200, 1000)
            media = last.json()["media"]["reference"]
            given = {"account": "bakery", "publish_at": due, "type": "image", "media": [media]}
            return told(await client.call_tool("post_add", given))

        queued = over_http(url, desk.key("planner", "read", "publish"), talk, mode="legacy")

        assert queued["state"] == "scheduled"

    def test_without_a_key_nobody_is_let_in(self, desk: Desk, url: str) -> None:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        with httpx.Client(base_url=url, timeout=30, verify=authorities()) as http:
            nobody = http.post("/mcp", json=body)
            wrong = http.post("/mcp", json=body, headers={"Authorization": "Bearer pr_wrong"})
            cookie = http.post("/mcp", json=body, headers={"Cookie": "pressrun_session=anything"})
            looked = http.get("/mcp", headers={"Authorization": f"Bearer {desk.key('reader')}"})

        assert [one.status_code for one in (nobody, wrong, cookie, looked)] == [401, 401, 401, 405]
        assert nobody.headers["www-authenticate"].startswith("Bearer")

    def test_a_revoked_key_takes_neither_requests_nor_bytes(self, desk: Desk, url: str) -> None:
        key = desk.key("planner", "read", "publish")

        async def talk(client: Client) -> str:
            return str(told(await client.call_tool("media_begin", {"size_bytes": 10}))["upload_url"])

        address = over_http(url, key, talk)
        forged = f"{address[:-1]}{'0' if address[-1] != '0' else '1'}"
        with httpx.Client(timeout=30, verify=authorities()) as http:
            assert http.put(forged, content=b"0123456789").status_code == 403
            keys.revoke(desk.ctx, OWNER, "planner")
            sent = http.put(address, content=b"0123456789")
            asked = http.post(f"{url}/mcp", json={}, headers={"Authorization": f"Bearer {key}"})

        assert (sent.status_code, sent.json()["kind"]) == (403, "not_allowed")
        assert asked.status_code == 401

    def test_an_address_ends(self, desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("console.mcp.uploading.HONOURED_FOR", timedelta(0))

        async def talk(client: Client) -> str:
            return str(told(await client.call_tool("media_begin", {"size_bytes": 10}))["upload_url"])

        address = over_http(url, desk.key("planner", "read", "publish"), talk)

        assert httpx.put(address, content=b"0123456789", verify=authorities()).status_code == 403

    def test_whoever_asks_too_often_is_told_when_to_come_again(self, ctx: Context, desk: Desk) -> None:
        slow = Context(ctx.database, ctx.settings.model_copy(update={"api_rate": "1/hour"}))
        app = create_app(slow, media_keys=[], media_root=ctx.settings.home, schema_head=HEAD)
        headers = {"Authorization": f"Bearer {desk.key('reader')}"}
        with serve(app) as url, httpx.Client(base_url=url, headers=headers, verify=authorities()) as http:
            first, second = http.post("/mcp", json={}), http.post("/mcp", json={})

        assert (first.status_code, second.status_code) == (400, 429)
        assert int(second.headers["retry-after"]) > 0

    def test_what_a_message_names_twice_is_refused(self, desk: Desk, url: str) -> None:
        headers = {"Authorization": f"Bearer {desk.key('reader')}", "Content-Type": "application/json"}
        with httpx.Client(base_url=url, timeout=30, headers=headers, verify=authorities()) as http:
            answer = http.post("/mcp", content=TWICE)

        assert answer.status_code == 400
        assert answer.json() == REFUSED

    def test_the_public_side_has_no_tools(self, ctx: Context) -> None:
        app = create_app(ctx, media_keys=[], media_root=ctx.settings.home, schema_head=HEAD, public_only=True)

        assert not [route for route in app.routes if str(getattr(route, "path", "")).startswith("/mcp")]


class TestStdio:
    def test_what_a_message_names_twice_is_refused_and_the_next_one_answered(
        self, database_url: str, redis_url: str, tmp_path: Path
    ) -> None:
        settings = environment(
            {
                "PRESSRUN_DATABASE_URL": database_url,
                "PRESSRUN_REDIS_URL": redis_url,
                "PRESSRUN_SECRET_KEYS": KEY,
                "PRESSRUN_HOME": str(tmp_path),
            }
        )
        begin = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        hello = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": begin})

        with Popen([sys.executable, "-m", "cli", "mcp"], env=settings, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE) as mcp:
            assert mcp.stdin is not None
            assert mcp.stdout is not None
            mcp.stdin.write(f"{TWICE}\n{hello}\n".encode())
            mcp.stdin.flush()
            refused, begun = (json.loads(mcp.stdout.readline()) for _ in range(2))
            mcp.stdin.close()

        assert refused == REFUSED
        assert (begun["id"], begun["result"]["serverInfo"]["name"]) == (1, "pressrun")
        assert mcp.returncode == 0

    def test_it_reads_without_a_key_and_does_with_one_what_the_key_may(
        self, desk: Desk, database_url: str, redis_url: str
    ) -> None:
        settings = environment(
            {
                "PRESSRUN_DATABASE_URL": database_url,
                "PRESSRUN_REDIS_URL": redis_url,
                "PRESSRUN_SECRET_KEYS": KEY,
                "PRESSRUN_HOME": str(desk.ctx.settings.home),
            }
        )

        async def read(client: Client) -> tuple[set[bool | None], list[str], Any]:
            listed = (await client.list_tools()).tools
            accounts = told(await client.call_tool("account_list", {}))["items"]
            refused = await client.call_tool("account_pause", {"account": "bakery"})
            hints = {one.annotations.read_only_hint if one.annotations else None for one in listed}
            return hints, [one["name"] for one in accounts], refused.structured_content

        async def pause(client: Client) -> tuple[str, Any]:
            paused = told(await client.call_tool("account_pause", {"account": "bakery"}))
            keys.revoke(desk.ctx, OWNER, "planner")
            refused = await client.call_tool("account_list", {})
            return str(paused["account"]), refused.structured_content

        hints, accounts, refused = _over_stdio(settings, read)
        key = desk.key("planner", "read", "publish")
        paused, revoked = _over_stdio(settings | {"PRESSRUN_MCP_KEY": key}, pause)

        assert (hints, accounts, refused["type"]) == ({True}, ["another", "bakery"], "not_allowed")
        assert (paused, revoked["type"]) == ("bakery", "key.refused")

    def test_a_key_that_is_not_honoured_is_told_on_stderr_alone(
        self, desk: Desk, database_url: str, redis_url: str
    ) -> None:
        settings = {
            "PRESSRUN_DATABASE_URL": database_url,
            "PRESSRUN_REDIS_URL": redis_url,
            "PRESSRUN_SECRET_KEYS": KEY,
            "PRESSRUN_HOME": str(desk.ctx.settings.home),
        }

        done = Command(settings).run("mcp", MCP_KEY="pr_wrong")

        assert (done.returncode, done.stdout) == (1, "")
        assert "this key is not honoured" in done.stderr


def _over_stdio(settings: dict[str, str], talk: Talk[Answer]) -> Answer:
    """What comes of a conversation with a process."""
    started = StdioServerParameters(command=sys.executable, args=["-m", "cli", "mcp"], env=settings, cwd=REPOSITORY)

    async def converse() -> Answer:
        async with Client(started) as client:
            return await talk(client)

    return asyncio.run(converse())
