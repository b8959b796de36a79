"""Structured logs on stderr, with every secret cut out before a line is written.

Event names are fixed strings (`publish.settled`), values are fields. `redact()` is the same filter that is applied to
every error text before it is stored in a row.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date, timedelta
from typing import Any, Literal

import structlog

REDACTED = "[redacted]"

_SECRET_KEYS = re.compile(r"(token|secret|authorization|password|appsecret_proof|api_key|signature)", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"""
    (?P<param>\b(?:access_token|input_token|client_secret|fb_exchange_token|appsecret_proof|hub\.verify_token)=)[^&\s"']+
    | (?P<code>\bcode=)[^&\s"']{20,}  # a login code; `code=190` is an error number
    | (?P<json>["'](?:access_token|client_secret|appsecret_proof)["']\s*:\s*["'])[^"']+
    | (?P<bearer>\b(?:Bearer|OAuth)\s+)(?!access\s)[A-Za-z0-9._|\-]{6,}  # Meta says "Invalid OAuth access token"
    | \bEAA[A-Za-z0-9]{8,}
    | \bIG(?:QV|AA|Q|A)[A-Za-z0-9_\-]{12,}
    | \bSIM-TOKEN-[A-Za-z0-9\-]+
    | (?P<dsn>://[^:/@\s]*:)[^/\s]+(?=@)
    """,
    re.VERBOSE,
)


# One of these stands in everything that the pattern finds. Looking for them costs a hundredth of what the pattern does,
# and whole answers of Instagram are looked through.
_MARKS = ("token", "secret", "proof", "code=", "Bearer", "OAuth", "EAA", "IGA", "IGQ", "SIM-TOKEN-")


def redact(text: str) -> str:
    """`text` without tokens, secrets, proofs and passwords."""
    if not any(mark in text for mark in _MARKS) and not ("@" in text and "://" in text):
        return text
    return _SECRET_TEXT.sub(_keep_prefix, text)


def configure(*, level: str = "INFO", form: Literal["console", "json"] = "console") -> None:
    """Set up logging for this process: structlog and the standard library end in the same redacted lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=28)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # httpx logs full URLs at INFO; a query may hold what must not be written.
    for noisy in ("httpx", "httpcore", "uvicorn.access", "PIL", "libav"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: secrets out of every field, by key and by shape."""
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own, such as the log record; never written
            event[key] = _redact_value(key, value)
    return event


def _redact_value(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | date | timedelta):
        return value
    if value and _SECRET_KEYS.search(key):
        return REDACTED
    if isinstance(value, Mapping):
        return {k: _redact_value(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value(key, v) for v in value]
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "replace"))
    if isinstance(value, BaseException):
        return redact(f"{type(value).__name__}: {value}")
    return redact(str(value))


def _keep_prefix(match: re.Match[str]) -> str:
    prefix = next((part for part in match.groups() if part), "")
    return prefix + REDACTED
