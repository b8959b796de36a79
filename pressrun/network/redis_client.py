"""How the broker is reached: what its address means for Celery and for a plain client, the same for both.

`rediss://` believes the certificates that every other connection believes (`pressrun/network/trust.py`), or what
`ssl_ca_certs` and `ssl_ca_path` name. Not to look at them (`ssl_cert_reqs=none`) must be said.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pressrun.embedded.servers import redis_py_url
from pressrun.log import conceal, redact
from pressrun.network.addresses import secrets_of

if TYPE_CHECKING:
    import redis


def celery_url(url: str) -> str:
    """The address without the options of TLS: Celery takes them apart from it, see `tls_options`."""
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    return urlunsplit(parts._replace(query=""))


def tls_options(url: str) -> dict[str, Any] | None:
    """How the server's certificate is checked, in the words of the Redis client; None for a connection without TLS.

    Raises UsageError when the certificates that SSL_CERT_FILE names cannot be used.
    """
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return None
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    options["ssl_cert_reqs"] = str(options.get("ssl_cert_reqs", "required")).lower().removeprefix("cert_")
    options["ssl_check_hostname"] = str(options.get("ssl_check_hostname", "true")).lower() == "true"
    if not options.keys() & {"ssl_ca_certs", "ssl_ca_path"}:
        from pressrun.network import trust  # it loads a client for HTTP, which few need

        options["ssl_ca_certs"], options["ssl_ca_path"] = trust.locations()
    return options


def is_unverified(url: str) -> bool:
    """Whether somebody between us and the broker could read and change what is said."""
    options = tls_options(url)
    return options is not None and (options["ssl_cert_reqs"] == "none" or not options["ssl_check_hostname"])


def connect(url: str, *, timeout_s: float) -> redis.Redis:
    """A client of the broker, for asking it questions. It connects with the first one."""
    import redis

    conceal(*secrets_of(url))
    return redis.Redis.from_url(
        redis_py_url(celery_url(url)),
        socket_connect_timeout=timeout_s,
        socket_timeout=timeout_s,
        **(tls_options(url) or {}),
    )


def told(client: redis.Redis, section: str) -> dict[str, Any]:
    """What it tells of itself; nothing where its user may not ask (`-@dangerous`), which no worker needs to.

    Raises redis.RedisError when it does not answer.
    """
    import redis

    try:
        found = client.info(section)
    except redis.ResponseError:
        return {}
    assert isinstance(found, dict)  # noqa: S101 - the client is not an asynchronous one
    return found


def refusal_of_hints(client: redis.Redis) -> str | None:
    """Why it takes no hints, tried with a list such as a queue is; None when it does.

    Raises redis.RedisError when it does not answer.
    """
    import redis

    tried = f"pressrun:tried:{secrets.token_hex(8)}"
    try:
        client.lpush(tried, "hint")
        client.rpop(tried)
    except redis.ResponseError as problem:
        return redact(str(problem).splitlines()[0])
    return None
