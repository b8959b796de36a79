"""How the text of a setting becomes what it means. Each raises ValueError with what is wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator

from pressrun.clock import parse_duration
from pressrun.errors import Invalid
from pressrun.media.fixing.wanted import read_fixing
from pressrun.network.addresses import check_database_url, check_redis_url


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value)
    except Invalid as problem:
        raise ValueError(str(problem)) from None  # so that the report names the setting


_MONTHS = re.compile(r"(\d{1,4})\s*(months?|years?)", re.ASCII)


def months(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "forever":
        return None
    match = _MONTHS.fullmatch(value.strip().lower())
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{value!r} is no time to keep a history: write it as 24months, 2years or forever")
    return int(match[1]) * (12 if match[2].startswith("year") else 1)


_RATE = re.compile(r"[1-9]\d{0,8}/(second|minute|hour|day)", re.ASCII)


def rate(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "none":
        return None
    if not _RATE.fullmatch(value.strip().lower()):
        raise ValueError(f"{value!r} is no rate: write it as 100/second, 6000/minute or none")
    return value.strip().lower()


def comma_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def fixing(value: str) -> str:
    try:
        read_fixing(value)
    except Invalid as problem:
        raise ValueError(str(problem)) from None  # so that the report names the setting
    return value


def _http_url(value: str | None) -> str | None:
    if value is None:
        return None
    if not value.startswith(("http://", "https://")) or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be an http:// or https:// URL of plain ASCII")
    parts = urlsplit(value)
    if not parts.hostname:
        raise ValueError("must be a URL with a host name")
    if parts.username is not None or "?" in value or "#" in value:
        raise ValueError("must have no user name, no ? and no #: paths are added behind it, and others see it")
    if not _has_port_of_a_machine(parts):
        raise ValueError("must have a port from 0 to 65535, if any")
    return value.rstrip("/")


def _has_port_of_a_machine(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port >= 0
    except ValueError:
        return False


def _redirect_url(value: str | None) -> str | None:
    if value is not None:
        if "#" in value or "?" in value:
            raise ValueError("must have no ? and no #: what comes back is added behind it")
        _http_url(value)
    return value  # byte for byte as the app's dashboard lists it, a slash at its end included


_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)


def _origins(values: list[str]) -> list[str]:
    for one in values:
        if one != "*" and not _ORIGIN.fullmatch(one):
            raise ValueError(f"{one!r} is no origin as browsers say it: write https://desk.example.com, without a path")
    return values


_AS_WRITTEN = "write 10.0.0.5, 10.1.0.0/16 or fd00::/64, separated by commas, or none"


def _proxies(value: object) -> object:
    return [] if isinstance(value, str) and value.strip().lower() == "none" else comma_list(value)


def _networks(values: list[str]) -> list[str]:
    for one in values:
        try:
            network = ipaddress.ip_network(one)
        except ValueError as problem:
            why = " (its last bits are of a machine)" if "host bits" in str(problem) else ""
            raise ValueError(f"{one!r} is no address or network{why}: {_AS_WRITTEN}") from None
        if network.prefixlen == 0:
            raise ValueError(f"{one!r} is everybody, who could then name any address as theirs: {_AS_WRITTEN}")
    return values


_PREFIX = re.compile(r"[A-Za-z0-9._/-]*", re.ASCII)


def _key_prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise ValueError("must be made of ASCII letters, digits and . _ / -")
    bare = value.strip("/")
    return f"{bare}/" if bare else ""


def _server_url(rule: Callable[[str], str], *schemes: str) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(schemes):
            raise ValueError(f"must begin with {' or '.join(schemes)}")
        return rule(value)

    return AfterValidator(check)


def _as_socket_url(value: object) -> object:
    # redis-py's form of a socket's address; Celery knows only the other one.
    return value.replace("unix://", "redis+socket://", 1) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
HttpUrl = Annotated[str | None, AfterValidator(_http_url)]
RedirectUrl = Annotated[str | None, AfterValidator(_redirect_url)]
Origins = Annotated[list[str], BeforeValidator(comma_list), AfterValidator(_origins)]
Networks = Annotated[list[str], BeforeValidator(_proxies), AfterValidator(_networks)]
KeyPrefix = Annotated[str, AfterValidator(_key_prefix)]
PostgresUrl = Annotated[
    str | None, _server_url(check_database_url, "postgresql://", "postgres://", "postgresql+psycopg://")
]
RedisUrl = Annotated[
    str | None,
    BeforeValidator(_as_socket_url),
    _server_url(check_redis_url, "redis://", "rediss://", "redis+socket://", "unix://"),
]
