"""Webhooks: signed over the raw bytes, retried until a 200, sometimes lost or doubled (graph-api.md §7)."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import hmac
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from simulator.outbound import Outbound, Unreachable
from simulator.webhooks.told import is_told
from simulator.world.clock import DAY
from simulator.world.journal import Event
from simulator.world.metrics import media_value
from simulator.world.noise import unit
from simulator.world.records import Account, Login, Media
from simulator.world.world import World, applies

_AT_ONCE = 8
_GIVE_UP_S = 36 * 3600
_LONGEST_PAUSE_S = 3600.0
_ANSWER_S = 10.0
_HOUR = 3600
TALLY = "webhooks"
TALLIED = ("sent", "delivered", "failed_attempts", "dropped", "duplicated", "given_up")


class Sender:
    """Delivers notifications; those not yet delivered are part of the durable world."""

    def __init__(self, world: World, outbound: Outbound) -> None:
        self._world = world
        self._outbound = outbound
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.wake = asyncio.Event()
        """Set when time was pushed ahead or a story went out: something may have fallen due."""

    def start(self) -> None:
        for number in list(self._world.deliveries):
            self._spawn(self._deliver(number))
        self._spawn(self._watch_stories())

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def notify(self, account: Account, field: str, value: dict[str, Any]) -> None:
        """Queue one notification, unless nobody wants it or it is to be lost."""
        if is_told(self._world, account, field):
            self._queue(account, {"changes": [{"field": field, "value": value}]})

    def notify_changes(self, account: Account, changes: list[Any], *, encoding: str | None) -> None:
        """Several changes in one notification, whatever is in them or subscribed; `encoding`: gzip or none."""
        self._queue(account, {"changes": changes}, encoding=encoding)

    def notify_message(self, account: Account, messaging: dict[str, Any]) -> None:
        """The same for a message, which has a place of its own in the envelope."""
        if is_told(self._world, account, "messages"):
            self._queue(account, {"messaging": [messaging]})

    def _queue(self, account: Account, content: dict[str, Any], *, encoding: str | None = None) -> None:
        world = self._world
        if not account.is_subscribed or world.webhook_url is None:
            return
        number = world.count = world.count + 1
        if unit(world.seed, "drop", number) < world.config.webhook_drop:
            self._world.note(TALLY, "dropped")
            return
        entry = {"id": account.ig_id, "time": int(world.now()), **content}
        copies = 2 if unit(world.seed, "duplicate", number) < world.config.webhook_duplicate else 1
        if copies > 1:
            world.note(TALLY, "duplicated")
        body = {"object": "instagram", "entry": [entry]}
        world.commit(
            "delivery.queued",
            number=number,
            body=body,
            copies=copies,
            at=world.now(),
            encoding=encoding,
            login=account.login.value,
        )
        self._spawn(self._deliver(number))

    async def verify(self, url: str) -> bool:
        """The handshake of a new address: the bare challenge must come back."""
        challenge = str(1_158_201_444 + self._world.count)
        token = self._world.config.verify_token
        query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token})
        target = f"{url}{'&' if '?' in url else '?'}{query}"
        try:
            async with self._outbound.ask("GET", target, {}, within_s=_ANSWER_S) as reply:
                return reply.status == HTTPStatus.OK and await reply.body(1000) == challenge.encode()
        except Unreachable:
            return False

    async def _deliver(self, number: int) -> None:
        """Try until a 200; the pauses grow."""
        world = self._world
        waiting = world.deliveries[number]
        raw, headers = self._written(waiting)
        pause = world.config.webhook_retry_s
        while world.now() - waiting["at"] < _GIVE_UP_S:
            if world.webhook_url is not None and await self._post(world.webhook_url, raw, headers):
                for _ in range(waiting["copies"] - 1):
                    await self._post(world.webhook_url, raw, headers)
                self._world.note(TALLY, "delivered")
                world.commit("delivery.done", number=number)
                return
            if self._stopping.is_set():
                return  # it is taken up again after the restart; a request that is cut off may look like a refusal
            self._world.note(TALLY, "failed_attempts")
            await self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        self._world.note(TALLY, "given_up")
        world.commit("delivery.done", number=number)

    def _written(self, waiting: Event) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a notification. What is compressed is signed as it goes over the wire."""
        raw = encode(waiting["body"])
        headers = {"content-type": "application/json", "user-agent": "facebookexternalua"}
        if waiting.get("encoding") == "gzip":
            raw = gzip.compress(raw, mtime=0)
            headers["content-encoding"] = "gzip"
        _, secret = self._world.config.app(Login(waiting.get("login", Login.FACEBOOK)))
        return raw, headers | {"x-hub-signature-256": signature(raw, secret)}

    async def _post(self, url: str, raw: bytes, headers: dict[str, str]) -> bool:
        self._world.note(TALLY, "sent")
        try:
            async with (
                self._gate,
                self._outbound.ask("POST", url, headers, content=raw, within_s=_ANSWER_S) as reply,
            ):
                await reply.body(10_000)
                return reply.status == HTTPStatus.OK
        except Unreachable:
            return False

    async def _watch_stories(self) -> None:
        """Announce the numbers of a story about one hour after it expired."""
        world = self._world
        while True:
            now = world.now()
            waiting = [line.media for line in world.publishes if line.media.is_story and not line.media.is_reported]
            for media in waiting:
                if now >= media.at + DAY + _HOUR:
                    self._report_story(media)
            due = min((media.at + DAY + _HOUR for media in waiting if not media.is_reported), default=now + DAY)
            self.wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), max(0.01, (due - world.now()) / world.clock.speed))

    def _report_story(self, media: Media) -> None:
        world, end = self._world, media.at + DAY
        world.commit("media.changed", id=media.id, is_reported=True)
        if media.account is None or media.account.login is not Login.FACEBOOK:
            return
        reach, taps = media_value(world, media, "reach", end), media_value(world, media, "navigation", end)
        counts = {
            "impressions": media_value(world, media, "impressions", end),
            "reach": reach,
            "taps_forward": int(taps * 0.6),
            "taps_back": int(taps * 0.1),
            "exits": int(taps * 0.3),
            "replies": media_value(world, media, "replies", end),
        }
        value = {name: -1 if count < 5 else int(count) for name, count in counts.items()}
        self.notify(media.account, "story_insights", {"media_id": media.id} | value)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def encode(body: dict[str, Any]) -> bytes:
    """As Meta writes it: unicode and slashes escaped, so that only the raw bytes verify."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def signature(raw: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@applies("delivery.queued")
def _queued(world: World, event: Event) -> None:
    world.deliveries[event["number"]] = event


@applies("delivery.done")
def _done(world: World, event: Event) -> None:
    world.deliveries.pop(event["number"], None)


@applies("webhook.aimed")
def _aimed(world: World, event: Event) -> None:
    world.webhook_url = event["url"]
