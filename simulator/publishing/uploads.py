"""Resumable upload of videos to `/ig-api-upload/{version}/{container}` (graph-api.md §2.3), Facebook Login only."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from starlette.types import Receive, Scope

from simulator.backstage import Backstage
from simulator.calls import permissions
from simulator.calls.call import authenticate, bearer
from simulator.calls.permissions import Need
from simulator.faults.rules import ACCEPT, WIRE, Rule, refusal
from simulator.media import checks
from simulator.protocol import answers, errors
from simulator.protocol.answers import Answer
from simulator.protocol.names import NAMES
from simulator.protocol.params import Params
from simulator.publishing import processing
from simulator.world.journal import Event
from simulator.world.records import Container, Login, Token
from simulator.world.world import World, applies

NAMES.add("upload")
_OK = {"success": True, "message": "Upload successful."}


class _Refused(Exception):
    """The upload fails with this message."""

    def __init__(self, message: str, *, is_retriable: bool = False) -> None:
        super().__init__(message)
        self.is_retriable = is_retriable


async def receive_bytes(stage: Backstage, scope: Scope, receive: Receive) -> Answer:
    """Take the bytes, or the address of a file, for one container."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    stage.world.note("calls", "upload")
    try:
        token = authenticate(stage.world, bearer(headers, Params()), None)
        container = _container(stage, scope, token)
        rule = stage.faults.pick("upload", container.account, token) if stage.faults.rules else None
        if rule is not None and rule.mode in WIRE:
            return Answer(200, answers.encode(_OK), spoil=rule.mode)
        refused = refusal(rule) if rule is not None and not rule.mode.startswith(ACCEPT) else None
        if refused is not None:
            raise refused
        if "file_url" in headers:
            stage.world.commit("upload.addressed", id=container.id, url=headers["file_url"])
            stage.spawn(_fetch(stage, container, headers["file_url"]))
        else:
            await _take(stage, container, headers, receive)
        return _answer(rule)
    except errors.GraphError as refused:
        return answers.of_error(refused, {})
    except _Refused as refused:
        info = {"retriable": refused.is_retriable, "type": "ProcessingFailedError", "message": str(refused)}
        return Answer(400, answers.encode({"debug_info": info}))


def _answer(rule: Rule | None) -> Answer:
    answer = Answer(200, answers.encode(_OK))
    if rule is None or not rule.mode.startswith(ACCEPT):
        return answer
    refused = refusal(rule)
    if refused is not None:
        return answers.of_error(refused, {})
    answer.spoil = rule.mode.removeprefix(ACCEPT)
    return answer


def _container(stage: Backstage, scope: Scope, token: Token) -> Container:
    name = scope["path"].rstrip("/").rsplit("/", 1)[-1]
    found = stage.world.nodes.get(name)
    if scope["method"] != "POST" or not isinstance(found, Container) or found.account.login is not Login.FACEBOOK:
        raise errors.unsupported(name, scope["method"].lower())
    if token.account not in {None, found.account}:
        raise errors.unsupported(name, "post")
    permissions.check(Need.RESUMABLE, found.account)
    if not found.is_resumable or found.status(stage.world.now()) != "IN_PROGRESS" or found.source is not None:
        raise _Refused("The container takes no upload")
    return found


async def _take(stage: Backstage, container: Container, headers: dict[str, str], receive: Receive) -> None:
    offset, size = _number(headers, "offset"), _number(headers, "file_size")
    path = stage.upload_path(container.id)
    container.received = path.stat().st_size if path.exists() else 0
    if offset > container.received:
        raise _Refused(f"Offset {offset} is beyond the {container.received} bytes received", is_retriable=True)
    if not 0 < size <= 2 * checks.REEL_BYTES:
        raise _Refused("The file size is not acceptable")
    with path.open("r+b" if path.exists() else "wb") as file:
        file.truncate(offset)
        file.seek(offset)
        container.received = offset
        is_complete = False
        while not is_complete:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            chunk = message.get("body", b"")
            file.write(chunk)
            container.received += len(chunk)
            is_complete = not message.get("more_body", False)
    if container.received > size:
        raise _Refused("More bytes than file_size came")
    if container.received < size:
        raise _Refused("The upload is incomplete", is_retriable=True)
    stage.world.commit("upload.completed", id=container.id, size=size)
    stage.spawn(_judge(stage, container))


def _number(headers: dict[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise _Refused(f"The header {name} is missing or not a number")
    return int(text)


async def _judge(stage: Backstage, container: Container) -> None:
    path = stage.upload_path(container.id)
    digest = await asyncio.to_thread(_digest, path)
    found = await stage.fetcher.judge(path, digest, container.received, container.kind, container.params)
    processing.settle(stage, container, found)
    path.unlink(missing_ok=True)


@applies("upload.addressed")
def _addressed(world: World, event: Event) -> None:
    container = world.nodes[event["id"]]
    assert isinstance(container, Container)  # noqa: S101 - our own journal
    container.params["video_url"] = event["url"]


async def _fetch(stage: Backstage, container: Container, url: str) -> None:
    found = await stage.fetcher.video(url, container.kind, container.params)
    processing.settle(stage, container, found)


def resume(stage: Backstage, container: Container) -> None:
    """After a restart: what the file holds is what was received."""
    if container.source is not None or container.error is not None:
        return
    if "video_url" in container.params:
        stage.spawn(_fetch(stage, container, container.params["video_url"]))
    path = stage.upload_path(container.id)
    if not path.exists():
        return
    container.received = path.stat().st_size
    if container.file_size and container.received >= container.file_size:
        stage.spawn(_judge(stage, container))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@applies("upload.completed")
def _completed(world: World, event: Event) -> None:
    container = world.nodes[event["id"]]
    assert isinstance(container, Container)  # noqa: S101 - our own journal
    container.file_size = container.received = event["size"]
