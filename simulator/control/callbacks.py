"""`/_sim/notify`, `deauthorize`, `data_deletion`: what Meta itself sends to an app, on request."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from pressrun.errors import Invalid, NotPossible
from simulator.backstage import Backstage
from simulator.control.bodies import text, the_account
from simulator.login import tokens
from simulator.outbound import Unreachable
from simulator.webhooks import signed_request
from simulator.world.records import Account, FacebookUser, Login


def notify(stage: Backstage, body: dict[str, Any]) -> Any:
    """A notification with whatever changes are given, in one body; `encoding` gzip compresses it."""
    account, encoding = the_account(stage, body), text(body, "encoding")
    changes = body.get("changes", [{name: body[name] for name in ("field", "value") if name in body}])
    if not isinstance(changes, list):
        raise Invalid("changes is a list", field="changes")
    if encoding not in {None, "gzip"}:
        raise Invalid("encoding is gzip or nothing", field="encoding")
    stage.sender.notify_changes(account, changes, encoding=encoding)
    return {"changes": len(changes)}


async def deauthorize(stage: Backstage, body: dict[str, Any]) -> Any:
    """The person removes the app: its tokens are dead (190/458), and the callback is told."""
    account, url = the_account(stage, body), _url(body)
    tokens.control(stage.world, account, "revoke", None)
    status, raw = await _call_back(stage, account, url)
    return {"status": status, "answer": _json(raw)}


async def data_deletion(stage: Backstage, body: dict[str, Any]) -> Any:
    """The person asks for their data to be deleted; the answer must name an address and a code."""
    status, raw = await _call_back(stage, the_account(stage, body), _url(body))
    answer = _json(raw)
    url, code = (answer.get("url"), answer.get("confirmation_code")) if isinstance(answer, dict) else (None, None)
    is_right = isinstance(url, str) and isinstance(code, str) and code.isascii() and code.isalnum()
    if status != HTTPStatus.OK or not is_right:
        said = f"the answer must be 200 with url and an alphanumeric confirmation_code, not {status} with {raw[:200]!r}"
        raise NotPossible(said, type="callback.wrong_answer", field="url")
    return {"status": status, "answer": answer}


def _url(body: dict[str, Any]) -> str:
    url = text(body, "url")
    if url is None or not url.startswith(("http://", "https://")):
        raise Invalid("url must be an http:// or https:// URL", field="url")
    return url


async def _call_back(stage: Backstage, account: Account, url: str) -> tuple[int, bytes]:
    user = FacebookUser(account).id if account.login is Login.FACEBOOK else account.app_scoped_id
    payload = {"algorithm": "HMAC-SHA256", "issued_at": int(stage.world.now()), "user_id": user}
    _, secret = stage.world.config.app(account.login)
    try:
        return await signed_request.post(stage.outbound, url, signed_request.signed_request(payload, secret))
    except Unreachable:
        raise NotPossible("the callback did not answer", type="callback.unreachable", field="url") from None


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
