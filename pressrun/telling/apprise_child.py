"""Apprise in a process of its own: one message, and no connection but to where it may go.

    stdin   {"address", "title", "body", "allow_private"}; without "body" the address is only looked at
    stdout  {"ok", "why", "service", "is_known"}, and "host" of an address that is only looked at

Apprise knows over a hundred services, each of which opens connections in its own way. What holds them all is a hook on
every connection that Python opens: it sees the resolved address, so neither a redirect nor a name that resolves
otherwise the second time leads into a private network. Programs and local sockets are refused alike. A hook cannot be
taken back, which is why it has a process of its own, with no environment of ours and no address in its arguments.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import sys
from typing import Any

_CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "syslog.openlog"}
_OF_THIS_MACHINE = {"dbus", "qt", "kde", "glib", "gio", "gnome", "macosx", "windows", "syslog"}
PRIVATE = "the host has a private address (PRESSRUN_ALLOW_PRIVATE_URLS=true would allow it)"

refused: list[str] = []


class _Refused(OSError):
    """A connection that must not be opened."""


def main() -> int:
    """Answer the one question on stdin."""
    asked: dict[str, Any] = json.load(sys.stdin)
    said = _Said()
    logging.getLogger("apprise").addHandler(said)
    logging.getLogger("apprise").propagate = False
    answer = _answer(asked, said)
    sys.stdout.write(json.dumps(answer))
    return 0


def _answer(asked: dict[str, Any], said: _Said) -> dict[str, Any]:
    import apprise

    asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY, secure_logging=True)
    scheme = asked["address"].partition("://")[0].lower()
    service = apprise.Apprise.instantiate(asked["address"], asset=asset)
    if service is None or scheme in _OF_THIS_MACHINE:
        why = "that service shows messages on this machine only" if scheme in _OF_THIS_MACHINE else said.last
        return {"ok": False, "why": why, "service": None, "is_known": False}
    name = str(service.service_name)
    if "body" not in asked:
        return {"ok": True, "why": "", "service": name, "is_known": True, "host": _host_of(service)}
    _guard(allow_private=asked["allow_private"])
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    ok = bool(sender.notify(body=asked["body"], title=asked["title"], body_format=apprise.NotifyFormat.TEXT))
    why = refused[-1] if refused else said.last or "the service did not take it"
    return {"ok": ok, "why": "" if ok else why, "service": name, "is_known": True}


def _host_of(service: Any) -> str | None:
    """Where it would connect to, as far as the address says it; None where that may be a token: no server of names is
    asked for one.
    """
    host = str(getattr(service, "smtp_host", None) or service.host or "")
    is_a_host = all("{host}" in form for form in service.templates) or host == "localhost" or _is_address(host)
    return host if host and is_a_host else None


def _guard(*, allow_private: bool) -> None:
    from pressrun.network.fetch import is_public

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTS:
            _refuse("the service would start a program")
        if event not in _CONNECTS or arguments[-1] is None:
            return
        address = arguments[-1]
        if not isinstance(address, tuple):
            _refuse("the service would use a socket of this machine")
        elif not allow_private:
            host = str(address[0])
            # Every library of Python resolves names itself before it connects; one that leaves it to the system would
            # hide where it goes.
            if not _is_address(host) or not is_public(host):
                _refuse(PRIVATE)

    sys.addaudithook(look)


def _refuse(why: str) -> None:
    refused.append(why)
    raise _Refused(why)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class _Said(logging.Handler):
    """The last thing that apprise had to complain of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage().splitlines()[0] if record.getMessage() else self.last


if __name__ == "__main__":
    sys.exit(main())
