"""Consent: the address of the page on which a person gives it, and the answer that comes back (graph-api.md §1.4).

On the ground floor because who asks for consent and who takes the answer never import `graph`. Nothing is called here.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from pressrun.errors import Invalid, NotPossible, printable

CALLBACK_PATH: Final = "/connect/callback"
"""Where our own addresses take the answer."""

_DIALOGS = {"facebook": "https://www.facebook.com", "instagram": "https://www.instagram.com"}
_STATE = re.compile(r"([0-9]{1,18})\.([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})", re.ASCII)
_SCOPE = re.compile(r"[a-z0-9_]{1,100}", re.ASCII)
_LONGEST = 16 * 1024
_LONGEST_WORD = 200
_FOREIGN = "this answer belongs to no consent that was asked for here: connect the account once more"


@dataclass(frozen=True)
class Said:
    """What a consent page leads back with. Without a code it was refused, for whatever reason is told."""

    state: str
    code: str | None = field(default=None, repr=False)
    why: str = ""


def page_address(
    login: str,
    *,
    app_id: str,
    redirect_url: str,
    state: str,
    scopes: Sequence[str],
    version: str,
    graph_url: str | None,
    config_id: str | None = None,
) -> str:
    """The consent page. With a `config_id` (Login for Business) the app's dashboard says which permissions."""
    path = f"/{version}/dialog/oauth" if login == "facebook" else "/oauth/authorize"
    asked = {"client_id": app_id, "redirect_uri": redirect_url, "response_type": "code", "state": state}
    asked |= {"config_id": config_id} if config_id else {"scope": ",".join(scopes)}
    return f"{graph_url or _DIALOGS[login]}{path}?{urlencode(asked)}"


def check_scopes(scopes: Sequence[str]) -> None:
    """Raises Invalid for what no permission is called."""
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise Invalid(f"{printable(scope[:_LONGEST_WORD])!r} is no name of a permission", field="scope")


def seal_state(number: int, *, expires_at: datetime, secret_key: str) -> str:
    """The `state` of one consent: signed, and good until then. That it is used once is up to whoever keeps its row."""
    told = f"{number}.{int(expires_at.timestamp())}.{_text(os.urandom(16))}"
    return f"{told}.{_mac(told, secret_key)}"


def open_state(state: str, *, now: datetime, secret_keys: Sequence[str]) -> int:
    """The number that was sealed. Raises Invalid for one that is not ours, NotPossible for one that is over."""
    match = _STATE.fullmatch(state)
    if match is None:
        raise foreign()
    told = state.rpartition(".")[0]
    if not any(hmac.compare_digest(_mac(told, key), match[4]) for key in secret_keys):
        raise foreign()
    if now >= datetime.fromtimestamp(int(match[2]), UTC):
        raise NotPossible(
            "this consent took too long, its answer counts no more: connect the account once more",
            type="consent.expired",
        )
    return int(match[1])


def foreign() -> Invalid:
    """The error of a state that is not ours."""
    return Invalid(_FOREIGN, type="consent.foreign")


def digest(state: str) -> str:
    """What is kept of a state."""
    return hashlib.sha256(state.encode()).hexdigest()


def read_answer(said: str) -> Said:
    """What stands in the address that the browser ended on, or in its query. Raises Invalid when nothing does."""
    # Instagram Login adds `#_` to every redirect; browsers keep it to themselves, people paste it.
    bare = said.strip().strip("<>\"'").partition("#")[0]
    if len(bare) > _LONGEST or any(character.isspace() for character in bare):
        raise _unreadable()
    try:
        query = parse_qs(urlsplit(bare).query if "?" in bare else bare, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise _unreadable() from None
    told = {name: values[-1] for name, values in query.items()}
    if not told.get("state"):
        raise foreign() if told.keys() & {"code", "error"} else _unreadable()
    code = told.get("code", "").removesuffix("#_")
    words = [told[name] for name in ("error_description", "error_message", "error_reason", "error") if told.get(name)]
    return Said(told["state"], code or None, printable(words[0][:_LONGEST_WORD]).rstrip(".") if words else "")


def _unreadable() -> Invalid:
    return Invalid(
        "this holds no answer of a consent page: copy all of the address that the browser ended on, from its http on",
        type="consent.unreadable",
    )


def _mac(told: str, secret_key: str) -> str:
    key = hmac.new(secret_key.encode(), b"pressrun consent state v1", hashlib.sha256).digest()
    return _text(hmac.new(key, told.encode(), hashlib.sha256).digest())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
