"""What no test may do: speak to another machine, or let a token be seen."""

from __future__ import annotations

import errno
import ipaddress
import re
import sys
from typing import Any

from tests.factories.rows import KEY

left: list[str] = []
"""Where sockets were to go beyond this machine, since it was last cleared."""

_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_TOKENS = re.compile(
    r"SIM-TOKEN-[A-Za-z0-9]"
    r"|\bEAA[A-Za-z0-9]{8,}"
    r"|\bIG(?:QV|AA)[A-Za-z0-9_\-]{8,}"
    r"|\bhunter2\b|\bits-password\b|\bSIM-APP-SECRET\b"
    rf"|{re.escape(KEY)}"
)
"""The simulator's tokens and secret, those that tests make up, and the key under which rows are sealed."""
_OF_FOREIGN_CLIENTS = re.compile(r"^\w+ +(?:urllib3|requests|oauthlib|requests_oauthlib)\b.*\n?", re.MULTILINE)
"""What pytest keeps of the logs of clients that we compare ourselves with: nothing of ours loads them."""


class LeftTheMachine(OSError):
    """A test was about to speak to another machine."""


def keep_sockets_here() -> None:
    """From now on sockets of this process reach loopback and Unix sockets only. It cannot be undone."""
    sys.addaudithook(_watch)


def tokens_in(text: str) -> list[str]:
    """The lines of captured text that show a token."""
    return [line for line in _OF_FOREIGN_CLIENTS.sub("", text).splitlines() if _TOKENS.search(line)]


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS:
        return
    address = arguments[-1]
    if isinstance(address, tuple) and not _is_here(str(address[0])):
        left.append(str(address[0]))
        raise LeftTheMachine(errno.ENETUNREACH, f"tests speak to no other machine, not even to {address[0]}")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in {"localhost", ""}
