"""Where this machine's console is reached, and whether it may be reached from elsewhere."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from machine.runtime import Runtime
from machine.stack import url_of
from models.access import key, user
from pressrun import log
from pressrun.embedded.files import write_private
from pressrun.errors import NotPossible
from pressrun.settings import Settings

_log = log.get(__name__)


def is_on_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_somebody(here: Runtime, host: str) -> None:
    """Raises NotPossible where a console would listen beyond this machine and nobody could come in by right.

    A database that does not answer lets nobody in either: then it may listen.
    """
    if is_on_loopback(host):
        return
    try:
        with here.database.transaction() as tx:
            has_somebody = key.has_any(tx) or user.has_any(tx)
    except SQLAlchemyError as trouble:
        _log.warning("console.nobody_asked", error=str(trouble).splitlines()[0])
        return
    if not has_somebody:
        raise NotPossible(
            f"on {host} the console would be open to others, and nobody has a key or is a user yet",
            type="console.nobody",
            field="host",
        )


def remember_console(settings: Settings, url: str) -> None:
    """Write down where the console listens, for whoever asks for a link."""
    port = urlsplit(url).port or settings.console_port
    write_private(_place(settings), url_of(urlsplit(url).hostname or settings.console_host, port))


def console_url(settings: Settings, *, port: int | None = None) -> str:
    """Where a person on this machine finds the console: on that port, where it last listened, or as configured."""
    if port is None:
        try:
            known = _place(settings).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            known = ""
        if known:
            return known
    return url_of(settings.console_host, settings.console_port if port is None else port)


def _place(settings: Settings) -> Path:
    return settings.home / "console.url"
