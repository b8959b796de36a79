"""One request from bytes to bytes: parse, authenticate, route, charge, strike, answer."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from typing import Any

from starlette.types import Receive, Scope, Send

from simulator.backstage import Backstage
from simulator.calls import routing
from simulator.calls.call import Call, authenticate, bearer, owner
from simulator.calls.permissions import has_login
from simulator.faults.alterations import alter
from simulator.faults.rules import ACCEPT, ALTERED, WIRE, Rule, refusal
from simulator.protocol import answers, errors
from simulator.protocol.answers import Answer
from simulator.protocol.params import read_params
from simulator.protocol.versions import is_alive, served
from simulator.publishing import uploads
from simulator.world.clock import http_time
from simulator.world.records import Account

_log = logging.getLogger("simulator")
_VERSION = re.compile(r"v\d{1,2}\.\d")
_LARGEST_BODY = 4_000_000


class GraphApp:
    """The ASGI application below every path but `/_sim`."""

    def __init__(self, stage: Backstage) -> None:
        self.stage = stage
        self._latency_s = stage.config.latency_ms / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived = self.stage.world.now()
        if scope["path"].startswith("/ig-api-upload/"):
            await self._travel()
            answer = await self._upload(scope, receive)
        else:
            # A server that has a request whole carries it out, also if whoever sent it dies before the answer.
            body = await _body(scope, receive)
            await self._travel()
            answer = await self._answer(scope, body, arrived)
        answer.headers["date"] = http_time(self.stage.world.now())
        await answers.deliver(answer, scope, receive, send)

    async def _travel(self) -> None:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)

    async def _upload(self, scope: Scope, receive: Receive) -> Answer:
        try:
            return await uploads.receive_bytes(self.stage, scope, receive)
        except Exception:
            return self._defect(scope["method"], ("ig-api-upload",))

    def _defect(self, method: str, path: tuple[str, ...]) -> Answer:
        """A defect of the simulator must not look like one of the client: it shows in the report and on stderr."""
        _log.exception("simulator.defect")
        self.stage.world.note("defects", f"{method} {'/'.join(path)[:80]}")
        return answers.of_error(errors.unknown_error(), {})

    async def _answer(self, scope: Scope, body: bytes | errors.GraphError, arrived: float) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query: bytes = scope["query_string"]
        try:
            if isinstance(body, errors.GraphError):
                raise body
            params = read_params(query, body, headers.get("content-type", ""))
        except errors.GraphError as refused:
            return answers.of_error(refused, {})
        path = tuple(filter(None, scope["path"].split("/")))
        version = "v25.0"
        if path and _VERSION.fullmatch(path[0]):
            version, path = path[0], path[1:]
        call = Call(
            world=self.stage.world,
            stage=self.stage,
            method=scope["method"],
            path=path,
            params=params,
            arrived=arrived,
            base_url=f"http://{headers.get('host', 'localhost')}",
            version=version,
            perform=self.perform,
        )
        return await self.perform(call, headers, is_url_token=b"access_token=" in query)

    async def perform(self, call: Call, headers: dict[str, str], *, is_url_token: bool = False) -> Answer:
        """Carry out one call. Never raises for what a client can send."""
        call.headers["facebook-api-version"] = served(call.version, call.arrived)
        call.request_headers = headers
        try:
            entry, node = self._route(call, headers)
            account = owner(call.world, node) or (call.token.account if call.token else None)
            self._count(call, entry, is_url_token=is_url_token and not entry.is_open)
            is_platform = entry.is_platform or "business_discovery" in (call.params.text("fields") or "")
            if entry.name not in {"batch", "multi_get"}:
                self.stage.usage.charge(account, is_platform=is_platform, headers=call.headers)
            rule = call.rule = (
                self.stage.faults.pick(entry.name, account, call.token) if self.stage.faults.rules else None
            )
            if rule is not None:
                spoiled = await self._strike(call, rule, account)
                if spoiled is not None:
                    return spoiled
            return await self._handle(call, entry, node)
        except errors.GraphError as refused:
            return answers.of_error(refused, call.headers)
        except Exception:
            return self._defect(call.method, call.path)

    async def _handle(self, call: Call, entry: routing.Endpoint, node: Any) -> Answer:
        rule = call.rule
        is_after = rule is not None and rule.mode.startswith(ACCEPT)
        try:
            result = entry.handler(call, node)
            if inspect.isawaitable(result):
                result = await result
        except errors.GraphError:
            if rule is not None and (is_after or rule.mode == ALTERED):
                self.stage.faults.give_back(rule, entry.name)
            raise
        answer = result if isinstance(result, Answer) else Answer(200, answers.encode(result), call.headers)
        if rule is None:
            return answer
        if is_after:
            refused = refusal(rule)
            if refused is not None:
                return answers.of_error(refused, call.headers)
            answer.spoil = rule.mode.removeprefix(ACCEPT)
        elif rule.mode == "truncated_json":
            answer.spoil = rule.mode
        elif rule.mode == ALTERED:
            altered = alter(answer.body, rule.changes)
            if altered is None:
                self.stage.faults.give_back(rule, entry.name)
            else:
                answer.body = altered
        return answer

    async def _strike(self, call: Call, rule: Rule, account: Account | None) -> Answer | None:
        """What a rule does instead of the effect; None lets the call go on."""
        if rule.mode == "slow":
            await asyncio.sleep(rule.seconds)
            return None
        if rule.mode == "truncated_json" and call.method == "GET":
            return None
        if rule.mode in WIRE:
            return Answer(200, b'{"id":"17900123456789012"}', call.headers, spoil=rule.mode)
        if rule.mode == "flake_100_33":
            raise errors.unsupported(call.path[0] if call.path else "", call.method.lower())
        if rule.mode == "not_ready" and call.method == "POST":
            raise errors.not_ready()
        if rule.mode == "throttle":
            code = self.stage.usage.block(account, rule.seconds, rule.code)
            if account is not None:
                call.headers.update(self.stage.usage.headers_of(account))
            raise errors.throttled(code)
        refused = None if rule.mode.startswith(ACCEPT) else refusal(rule)
        if refused is not None:
            raise refused
        return None

    def _route(self, call: Call, headers: dict[str, str]) -> tuple[routing.Endpoint, Any]:
        entry = routing.static(call)
        if entry is not None and entry.is_open:
            return entry, None
        text = bearer(headers, call.params)
        call.token = authenticate(call.world, text, call.params.text("appsecret_proof"))
        if entry is None:
            return routing.locate(call)
        if not has_login(entry.need, call.login):
            raise errors.unsupported("/".join(call.path), call.method.lower())
        account = call.token.account
        if account is not None:
            call.need(entry.need, account)
        return entry, account

    def _count(self, call: Call, entry: routing.Endpoint, *, is_url_token: bool) -> None:
        call.world.note("calls", entry.name)
        if not is_alive(call.version, call.arrived):
            call.world.note("dead_versions", call.version)
        for name in call.params.keys() - entry.params:
            call.world.note("unknown_params", f"{entry.name}: {str(name)[:60]}")
        if is_url_token:
            call.world.note("tokens_in_urls", entry.name)


async def _body(scope: Scope, receive: Receive) -> bytes | errors.GraphError:
    """What was sent, or what is wrong with it."""
    try:
        return b"" if scope["method"] == "GET" else await _read(receive)
    except errors.GraphError as refused:
        return refused


async def _read(receive: Receive) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.invalid("The request broke off")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > _LARGEST_BODY:
            raise errors.invalid("The request body is too large")
        if not message.get("more_body", False):
            return b"".join(chunks)
