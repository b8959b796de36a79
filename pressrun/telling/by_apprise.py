"""Messages through apprise: mail, Slack, Telegram, Discord and whatever else an apprise address names.

Each is handed to a process of its own (`apprise_child.py`), which is ended when it takes too long.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import unquote

from pressrun.errors import Invalid, printable
from pressrun.log import REDACTED
from pressrun.network.private import PRIVATE, is_private
from pressrun.telling.outcome import NotTold, Outcome, Told

TIMEOUT_S = 30.0
_LONGEST = 4000
_CHILD = "pressrun.telling.apprise_child"
_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "PYTHONPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "SYSTEMROOT",
)
"""Of our environment: no secret of ours, and no proxy, which would open connections in our place."""
_SHORTEST_SECRET = 4


def check_address(address: str, *, allow_private: bool) -> str:
    """The name of the service. Raises Invalid, which repeats nothing of the address."""
    if "://" not in address or any(character < " " for character in address) or len(address) > _LONGEST:
        raise _invalid("it must be an apprise address, such as mailto://…, slack://… or tgram://…, on one line")
    answer = _ask({"address": address})
    if answer is None:
        raise _invalid("apprise took too long to read it")
    if not answer["is_known"]:
        why = _without(address, answer["why"])
        raise _invalid(f"apprise cannot read it{': ' if why else ''}{why}")
    if not allow_private and answer["host"] is not None and is_private(answer["host"]):
        raise _invalid(PRIVATE)
    return str(answer["service"])


def send(address: str, *, title: str, body: str, allow_private: bool, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Tell it. Never raises for what the service does."""
    question = {"address": address, "title": title, "body": body, "allow_private": allow_private}
    answer = _ask(question, timeout_s=timeout_s)
    if answer is None:
        return NotTold(f"the service has not answered within {timeout_s:g} s")
    return Told() if answer["ok"] else NotTold(_without(address, answer["why"]) or "the service did not take it")


def _ask(question: dict[str, Any], *, timeout_s: float = TIMEOUT_S) -> dict[str, Any] | None:
    """What the child answers; None when it took too long."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", _CHILD],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            env=env,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"ok": False, "why": f"apprise ended with {done.returncode}", "service": None, "is_known": False}
    return answer


def _without(address: str, said: str) -> str:
    """What apprise said, without anything that the address holds: each of its parts may be a secret."""
    _, _, rest = address.partition("://")
    parts = {part for part in re.split(r"[/?&=:@#;,+\s]", rest) if len(part) >= _SHORTEST_SECRET}
    for part in sorted(parts | {address} | {unquote(part) for part in parts}, key=len, reverse=True):
        said = said.replace(part, REDACTED)
    return printable(said)[:200]


def _invalid(why: str) -> Invalid:
    return Invalid(why, type="endpoint.address", field="apprise")
