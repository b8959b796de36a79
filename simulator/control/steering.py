"""`/_sim/clock`, `faults`, `throttle`, `webhook`, …: the simulator itself, steered while it runs."""

from __future__ import annotations

from typing import Any

from pressrun.errors import Invalid, NotPossible
from simulator.backstage import Backstage
from simulator.config import check_readings
from simulator.control.bodies import text, the_account
from simulator.login import tokens
from simulator.protocol.params import read_instant
from simulator.world.clock import precise_time, real_seconds
from simulator.world.records import Login

_LONGEST_ADVANCE_S = 10 * 365 * 86_400


def clock(stage: Backstage, _body: dict[str, Any]) -> Any:
    world = stage.world
    return {"now": precise_time(world.now()), "speed": world.clock.speed, "seconds": world.now()}


def advance(stage: Backstage, body: dict[str, Any]) -> Any:
    world = stage.world
    seconds = float(body.get("seconds", 0))
    speed = float(body.get("speed", world.clock.speed))
    if not 0 <= seconds <= _LONGEST_ADVANCE_S or not 0 < speed <= 1e6:
        raise Invalid("seconds must be between 0 and ten years, speed above 0", field="seconds")
    world.commit("clock.anchored", real=real_seconds(), sim=world.now() + seconds, speed=speed)
    stage.sender.wake.set()
    return clock(stage, {})


def faults(stage: Backstage, _body: dict[str, Any]) -> Any:
    return {"faults": [rule.describe() for rule in stage.faults.rules]}


def add_fault(stage: Backstage, body: dict[str, Any]) -> Any:
    account = the_account(stage, body) if "account" in body else None
    return stage.faults.add(body, account).describe()


def clear_faults(stage: Backstage, _body: dict[str, Any]) -> Any:
    stage.faults.clear()
    return {"success": True}


def throttle(stage: Backstage, body: dict[str, Any]) -> Any:
    account = the_account(stage, body) if "account" in body else None
    code = int(body["code"]) if "code" in body else None
    if code not in {None, 4, 17, 613, 80002}:
        raise Invalid("code is 4, 17, 613 or 80002", field="code")
    stage.usage.block(account, float(body.get("seconds", 60)), code)
    return {"success": True}


def release(stage: Backstage, _body: dict[str, Any]) -> Any:
    stage.usage.release()
    return {"success": True}


def due(stage: Backstage, body: dict[str, Any]) -> Any:
    posts = body.get("posts", [body])
    if not isinstance(posts, list) or not all(isinstance(post, dict) and "at" in post for post in posts):
        raise Invalid("posts is a list of objects with account, caption and at", field="posts")
    told = [
        {
            "account": the_account(stage, post).index,
            "caption": text(post, "caption"),
            "at": read_instant("at", str(post["at"])),
        }
        for post in posts
    ]
    stage.world.commit("dues.told", posts=told)
    return {"told": len(told)}


async def webhook(stage: Backstage, body: dict[str, Any]) -> Any:
    url = body.get("url")
    if url is not None and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise Invalid("url must be an http:// or https:// URL, or null", field="url")
    if url is not None and body.get("verify") and not await stage.sender.verify(url):
        raise NotPossible("the address did not repeat the challenge", type="webhook.unproven", field="url")
    stage.world.commit("webhook.aimed", url=url)
    return {"url": url}


def token(stage: Backstage, body: dict[str, Any]) -> Any:
    subcode = int(body["subcode"]) if "subcode" in body else None
    return tokens.control(stage.world, the_account(stage, body), str(body.get("action")), subcode)


def readings(stage: Backstage, body: dict[str, Any]) -> Any:
    check_readings(body)
    stage.world.commit("readings.chosen", readings=body)
    return stage.world.readings


def consenting(stage: Backstage, body: dict[str, Any]) -> Any:
    """Who is at the browser when a consent page of that login is opened."""
    login = Login(text(body, "login") or "")
    chosen = body.get("account")
    who = None if chosen is None else "ALL" if str(chosen).upper() == "ALL" else str(the_account(stage, body).index)
    stage.world.commit("consent.chosen", login=login.value, who=who)
    return stage.world.consenting
