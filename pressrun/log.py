"""Structured logs on stderr, with every secret cut out before a line is written.

Event names are fixed strings (`publish.settled`), values are fields. `redact()` is the same filter that is applied to
every error text before it is stored in a row. A secret is known by its shape, and by its value once `conceal()` was
told of it.
"""

from __future__ import annotations

import html
import json
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import date, timedelta
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote, quote_plus

# It would load rich, four megabytes in every process, for tracebacks that are never drawn so (`format_exc_info`).
_rich = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog
finally:
    del sys.modules["rich"]
    if _rich is not None:
        sys.modules["rich"] = _rich

bind, bound = structlog.contextvars.bind_contextvars, structlog.contextvars.bound_contextvars
"""Fields of all lines of this request or task, from now on; and within a block."""

REDACTED = "[redacted]"

_SECRET_KEYS = re.compile(r"(token|secret|authorization|password|appsecret_proof|api_key|signature)", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"""
    (?P<param>\b(?:access_token|input_token|client_secret|fb_exchange_token|appsecret_proof|hub\.verify_token)=)[^&\s"']+
    | (?P<signed>\bX-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']+
    | (?P<code>\bcode=)[^&\s"']{20,}  # a login code; `code=190` is an error number
    | (?P<json>["'](?:access_token|client_secret|appsecret_proof)["']\s*:\s*["'])[^"']+
    | (?P<bearer>\b(?:Bearer|OAuth)\s+)(?!access\s)[A-Za-z0-9._|\-]{6,}  # Meta says "Invalid OAuth access token"
    | \bEAA[A-Za-z0-9]{8,}
    | \bIG(?:QV|AA|Q|A)[A-Za-z0-9_\-]{12,}
    | \bpr_[A-Za-z0-9_\-]{43}\b  # a key of the API
    | \bSIM-TOKEN-[A-Za-z0-9\-]+
    | (?P<dsn>://[^:/@\s]*:)[^/\s]+(?=@)
    """,
    re.VERBOSE,
)


_SHORTEST = 4
_MOST_PASSING = 32
_COMMON = frozenset({"pressrun", "postgres", "redis", "default", "secret", "password", "token"})
_concealed: dict[str, tuple[str, ...]] = {}
_passing: dict[str, tuple[str, ...]] = {}
_lock = threading.Lock()

# One of these stands in everything that the pattern finds. Looking for them costs a hundredth of what the pattern does,
# and whole answers of Instagram are looked through.
_MARKS = ("token", "secret", "proof", "code=", "Bearer", "OAuth", "EAA", "IGA", "IGQ", "SIM-TOKEN-", "X-Amz-", "pr_")


def conceal(*secrets: str, passing: bool = False) -> None:
    """Never let these values be written, in whatever form they stand.

    A value of less than four characters, or a word that stands in every second line, is known by its shape only.

    Args:
        passing: they are many and change, as tokens do: only those that were last in use are remembered.
    """
    known = _passing if passing else _concealed
    with _lock:
        for secret in secrets:
            if len(secret) >= _SHORTEST and secret.lower() not in _COMMON:
                known[secret] = known.pop(secret, ()) or _forms(secret)
        while len(_passing) > _MOST_PASSING:
            del _passing[next(iter(_passing))]


def forget() -> None:
    """Know no secret by its value any more."""
    with _lock:
        _concealed.clear()
        _passing.clear()


def redact(text: str) -> str:
    """`text` without tokens, secrets, proofs and passwords."""
    for forms in [*_concealed.values(), *_passing.values()]:
        for form in forms:
            if form in text:
                text = text.replace(form, REDACTED)
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
    # httpx logs full URLs at INFO, botocore what it signs; both may hold what must not be written.
    for noisy in ("httpx", "httpcore", "uvicorn.access", "PIL", "libav", "boto3", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def catch_crashes() -> None:
    """Let what ends this process or one of its threads unforeseen be told in the log, where secrets are cut out."""

    def of_process(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        logging.getLogger(__name__).critical("crashed", exc_info=(kind, value, trace))

    def of_thread(crash: threading.ExceptHookArgs) -> None:
        if crash.exc_type is not SystemExit and crash.exc_value is not None:
            of_process(crash.exc_type, crash.exc_value, crash.exc_traceback)

    sys.excepthook = of_process
    threading.excepthook = of_thread


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


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it is, percent-encoded as addresses hold it, and escaped as `repr`, JSON and libpq show it."""
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), form) for form in encoded}
    backslashed = secret.replace("\\", "\\\\")
    escaped = {backslashed, backslashed.replace("'", "\\'"), repr(secret)[1:-1], json.dumps(secret)[1:-1]}
    return tuple(sorted({secret, html.escape(secret)} | encoded | lower | escaped, key=len, reverse=True))


def _keep_prefix(match: re.Match[str]) -> str:
    prefix = next((part for part in match.groups() if part), "")
    return prefix + REDACTED
