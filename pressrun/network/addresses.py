"""Addresses of servers, with passwords in them: how they must be written, and what in them is secret.

Postgres' library, Celery and the Redis client each read a URL in their own way. What is accepted here they read alike;
what they would not is refused with words that repeat nothing of the address.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

TLS_OPTIONS = ("cert_reqs", "check_hostname", "ca_certs", "ca_path", "certfile", "keyfile", "password")
"""What may follow `rediss://…?ssl_`."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODE = "percent-encode the password and the user (`@` is %40, `/` is %2F, `#` is %23, `%` is %25)"


def check_database_url(url: str) -> str:
    """The URL. Raises ValueError."""
    hosts = _check_credentials(url)
    for host in hosts.split(","):
        _check_port(host)
    return url


def check_redis_url(url: str) -> str:
    """The URL of one server. Raises ValueError."""
    hosts = _check_credentials(url)
    if "," in hosts or ";" in url:
        raise ValueError("it names several servers: one is needed, no list, cluster or Sentinel")
    _check_port(hosts)
    if url.startswith(("redis://", "rediss://")):
        for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
            _check_option(name, value, is_tls=url.startswith("rediss://"))
    return url


def secrets_of(url: str | None) -> list[str]:
    """The passwords in a URL, wherever they stand in it."""
    if not url:
        return []
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    _, _, password = credentials.partition(":")
    named = [value for name, value in parse_qsl(parts.query) if "password" in name]
    return [secret for secret in (unquote(password), *named) if secret]


def place_of(url: str) -> str:
    """Where it points to, without credentials and options: fit for every eye."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path = rest[len(authority) :].partition("?")[0]
    return f"{scheme}://{authority.rpartition('@')[2]}{path}"


def _check_credentials(url: str) -> str:
    """What stands after them: host and port, or several."""
    _, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    credentials, at, hosts = authority.rpartition("@")
    path, _, query = rest[len(authority) :].partition("?")
    # The end of the credentials stands where none can be: a character of the password was taken for their end.
    is_misplaced = "@" in path or any("@" in option.partition("=")[0] for option in query.split("&"))
    is_cut_short = is_misplaced or (not at and "@" in rest and _port(authority) is None)
    is_plain = credentials.isascii() and credentials.isprintable() and not re.search(r"[\s\[\]@]", credentials)
    if "#" in rest or is_cut_short or not is_plain or _BROKEN_ESCAPE.search(credentials):
        raise ValueError(f"it cannot be read: {_ENCODE}")
    return hosts


def _check_port(host: str) -> None:
    if _port(host) is None:
        raise ValueError("its port is not a number from 0 to 65535")


def _port(host: str) -> int | None:
    """The port of `host:port`; 0 without one, None when it is no port."""
    _, colon, port = host.rpartition("]")[2].rpartition(":")
    if not colon or not port:
        return 0
    return int(port) if re.fullmatch(r"[0-9]{1,5}", port) and int(port) <= 65535 else None


def _check_option(name: str, value: str, *, is_tls: bool) -> None:
    allowed = [f"ssl_{option}" for option in TLS_OPTIONS] if is_tls else []
    if name not in allowed:
        known = f"known are {', '.join(allowed)}" if is_tls else "redis:// takes none"
        raise ValueError(f"it has an option that is not known; {known}")
    choices = {"ssl_cert_reqs": ("none", "optional", "required"), "ssl_check_hostname": ("true", "false")}
    if name in choices and value.lower().removeprefix("cert_") not in choices[name]:
        raise ValueError(f"{name} must be one of {', '.join(choices[name])}")
