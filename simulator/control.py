"""`/_sim/…`: looking into the world and pushing it about. Nothing here exists on Instagram."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pressrun.errors import UsageError
from simulator import answers, errors, mentions, publishing, report, tokens
from simulator.backstage import Backstage
from simulator.clock import precise_time, real_seconds
from simulator.config import check_readings
from simulator.journal import Event
from simulator.noise import whole
from simulator.params import read_instant
from simulator.records import Account, Media
from simulator.world import World, applies

Handler = Callable[[Backstage, dict[str, Any]], Any]
_SETTINGS = ("is_subscribed", "is_restricted", "may_run_trials", "followers", "quota_total")
_LONGEST_ADVANCE_S = 10 * 365 * 86_400


def routes(stage: Backstage) -> list[Route]:
    table: list[tuple[str, str, Handler]] = [
        ("GET", "accounts", _accounts),
        ("GET", "ledger", lambda stage, _body: {"publishes": publishing.ledger(stage.world)}),
        ("GET", "report", lambda stage, _body: report.make(stage)),
        ("GET", "clock", _clock),
        ("POST", "advance", _advance),
        ("GET", "faults", lambda stage, _body: {"faults": [rule.describe() for rule in stage.faults.rules]}),
        ("POST", "faults", _add_fault),
        ("DELETE", "faults", _clear_faults),
        ("POST", "throttle", _throttle),
        ("DELETE", "throttle", _release),
        ("POST", "mention", _mention),
        ("POST", "tag", _tag),
        ("POST", "comment", _comment),
        ("POST", "live_comment", _live_comment),
        ("POST", "message", _message),
        ("POST", "due", _due),
        ("POST", "webhook", _webhook),
        ("POST", "token", _token),
        ("POST", "account", _account),
        ("POST", "readings", _readings),
    ]
    made = [
        Route(f"/{name}", functools.partial(_answer, stage, handler), methods=[method])
        for method, name, handler in table
    ]
    return [*made, Route("/picture/{name}.jpg", _picture, methods=["GET"])]


async def _answer(stage: Backstage, handler: Handler, request: Request) -> Response:
    try:
        result = handler(stage, _body(await request.body()))
        if isinstance(result, Awaitable):
            result = await result
        return Response(answers.encode(result), media_type="application/json")
    except (UsageError, ValueError, TypeError, errors.GraphError) as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)


def _body(raw: bytes) -> dict[str, Any]:
    body = json.loads(raw) if raw.strip() else {}
    if not isinstance(body, dict):
        raise UsageError("the body must be a JSON object")
    return body


def _accounts(stage: Backstage, _body: dict[str, Any]) -> Any:
    world = stage.world
    return [
        {
            "index": account.index,
            "ig_id": account.ig_id,
            "username": account.username,
            "login": account.login.value,
            "token": token.text if (token := tokens.current(world, account)) else None,
        }
        for account in world.accounts
    ]


def _clock(stage: Backstage, _body: dict[str, Any]) -> Any:
    world = stage.world
    return {"now": precise_time(world.now()), "speed": world.clock.speed, "seconds": world.now()}


def _advance(stage: Backstage, body: dict[str, Any]) -> Any:
    world = stage.world
    seconds = float(body.get("seconds", 0))
    speed = float(body.get("speed", world.clock.speed))
    if not 0 <= seconds <= _LONGEST_ADVANCE_S or not 0 < speed <= 1e6:
        raise UsageError("seconds must be between 0 and ten years, speed above 0")
    world.commit("clock.anchored", real=real_seconds(), sim=world.now() + seconds, speed=speed)
    stage.sender.wake.set()
    return _clock(stage, {})


def _add_fault(stage: Backstage, body: dict[str, Any]) -> Any:
    account = _the_account(stage, body) if "account" in body else None
    return stage.faults.add(body, account).describe()


def _clear_faults(stage: Backstage, _body: dict[str, Any]) -> Any:
    stage.faults.clear()
    return {"success": True}


def _throttle(stage: Backstage, body: dict[str, Any]) -> Any:
    account = _the_account(stage, body) if "account" in body else None
    code = int(body["code"]) if "code" in body else None
    if code not in {None, 4, 17, 613, 80002}:
        raise UsageError("code is 4, 17, 613 or 80002")
    stage.usage.block(account, float(body.get("seconds", 60)), code)
    return {"success": True}


def _release(stage: Backstage, _body: dict[str, Any]) -> Any:
    stage.usage.release()
    return {"success": True}


def _mention(stage: Backstage, body: dict[str, Any]) -> Any:
    kind = body.get("kind", "comment")
    if kind not in {"comment", "caption"}:
        raise UsageError("kind is comment or caption")
    account, below = _the_account(stage, body), None
    if "media_id" in body:
        found = stage.world.find(str(body["media_id"]))
        if kind != "comment" or not isinstance(found, Media):
            raise UsageError("media_id names the media below which the comment stands")
        below = found
    words = _words(body, "text")
    return mentions.create(stage.world, stage.sender, account, kind=kind, text=words, media=below)


def _tag(stage: Backstage, body: dict[str, Any]) -> Any:
    return mentions.tag(stage.world, _the_account(stage, body), _words(body, "caption"))


def _comment(stage: Backstage, body: dict[str, Any]) -> Any:
    account = _the_account(stage, body)
    own = [media for media in stage.world.media_of(account) if not media.is_deleted]
    media = stage.world.find(str(body["media_id"])) if "media_id" in body else max(own, key=lambda item: item.at)
    if not isinstance(media, Media) or media.account is not account:
        raise UsageError("media_id is no media of that account")
    return mentions.comment(stage.world, stage.sender, account, media=media, text=_words(body, "text"))


def _live_comment(stage: Backstage, body: dict[str, Any]) -> Any:
    account = _the_account(stage, body)
    if stage.world.now() >= account.live_until:
        raise UsageError("the account does not broadcast: give it live_seconds first")
    return mentions.live_comment(stage.world, stage.sender, account, text=_words(body, "text"))


def _message(stage: Backstage, body: dict[str, Any]) -> Any:
    is_echo = body.get("is_echo", False) is True
    return mentions.message(
        stage.world, stage.sender, _the_account(stage, body), text=_words(body, "text"), is_echo=is_echo
    )


def _due(stage: Backstage, body: dict[str, Any]) -> Any:
    posts = body.get("posts", [body])
    if not isinstance(posts, list) or not all(isinstance(post, dict) and "at" in post for post in posts):
        raise UsageError("posts is a list of objects with account, caption and at")
    told = [
        {
            "account": _the_account(stage, post).index,
            "caption": _words(post, "caption"),
            "at": read_instant("at", str(post["at"])),
        }
        for post in posts
    ]
    stage.world.commit("dues.told", posts=told)
    return {"told": len(told)}


async def _webhook(stage: Backstage, body: dict[str, Any]) -> Any:
    url = body.get("url")
    if url is not None and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise UsageError("url must be an http:// or https:// URL, or null")
    if url is not None and body.get("verify") and not await stage.sender.verify(url):
        raise UsageError("the address did not repeat the challenge")
    stage.world.commit("webhook.aimed", url=url)
    return {"url": url}


def _token(stage: Backstage, body: dict[str, Any]) -> Any:
    subcode = int(body["subcode"]) if "subcode" in body else None
    return tokens.control(stage.world, _the_account(stage, body), str(body.get("action")), subcode)


def _account(stage: Backstage, body: dict[str, Any]) -> Any:
    world, account = stage.world, _the_account(stage, body)
    changes: dict[str, Any] = {name: body[name] for name in _SETTINGS if name in body}
    for name in ("followers", "quota_total"):
        if not isinstance(changes.get(name, 0), int | None):
            raise UsageError(f"{name} must be a whole number or null")
    if "scopes" in body:
        changes["scopes"] = sorted(map(str, body["scopes"]))
    if "without_scopes" in body:
        changes["scopes"] = sorted(account.scopes - set(map(str, body["without_scopes"])))
    if "live_seconds" in body:
        changes["live_until"] = world.now() + float(body["live_seconds"])
    world.commit("account.changed", account=account.index, changes=changes)
    return {"account": account.ig_id, "scopes": sorted(account.scopes)} | {n: getattr(account, n) for n in _SETTINGS}


@applies("account.changed")
def _changed(world: World, event: Event) -> None:
    account = world.accounts[event["account"]]
    for name, value in event["changes"].items():
        setattr(account, name, set(value) if name == "scopes" else value)


def _readings(stage: Backstage, body: dict[str, Any]) -> Any:
    check_readings(body)
    stage.world.commit("readings.chosen", readings=body)
    return stage.world.readings


def _the_account(stage: Backstage, body: dict[str, Any]) -> Account:
    account = stage.world.account(body.get("account", 0))
    if account is None:
        raise UsageError(f"there is no account {body.get('account')!r}: give an index, an Instagram id or a username")
    return account


def _words(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} must be a text")
    return value


async def _picture(request: Request) -> Response:
    """A plain coloured square stands for pictures that nobody ever took."""
    return Response(_square(request.path_params["name"]), media_type="image/jpeg")


@functools.lru_cache(maxsize=256)
def _square(name: str) -> bytes:
    import io

    from PIL import Image

    colour = (whole(60, 220, name, "r"), whole(60, 220, name, "g"), whole(60, 220, name, "b"))
    buffer = io.BytesIO()
    Image.new("RGB", (320, 320), colour).save(buffer, "JPEG")
    return buffer.getvalue()
