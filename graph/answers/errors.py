"""Every answer that is not a success becomes one GraphError: classified, redacted, with advice that a person can use.

`definite` is the word the exactly-once promise rests on: only an answer that proves "nothing happened" carries it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from graph.answers.envelope import Code, Envelope, read_envelope, read_upload_verdict
from graph.answers.error_table import NO_SOUND_TRACK, SOUND_SUBCODE, ErrorClass, Facts, Row, Scope, lookup
from graph.wire import usage
from graph.wire.endpoints import Endpoint
from pressrun import clock
from pressrun.errors import PressrunError
from pressrun.log import redact

__all__ = [
    "ErrorClass",
    "GraphError",
    "NotOnThisLogin",
    "classify",
    "classify_container_status",
    "unanswered",
    "unreadable",
]

_TEXT_LIMIT = 600
_STATUS_SUBCODE = re.compile(r"\b2207\d{3}\b")
_NEVER_PROOF = frozenset({1, 2, -1, -2})


class GraphError(PressrunError):
    """A call to Instagram failed, or its outcome is unknown.

    `definite`: this answer proves that the request had no effect. `is_transient` is Instagram's own flag; decisions
    use `error_class`. `retry_after_s` is the least sensible wait in seconds, None when nobody knows. `extra` holds what
    the envelope says besides, such as `error_data`; it is part of no message.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        error_class: ErrorClass,
        message: str,
        advice: str,
        code: Code | None = None,
        subcode: int | None = None,
        http_status: int | None = None,
        fbtrace_id: str | None = None,
        is_transient: bool = False,
        retry_after_s: float | None = None,
        definite: bool = False,
        user_title: str | None = None,
        user_message: str | None = None,
        throttle_scope: Scope | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.endpoint, self.error_class = endpoint, error_class
        self.message, self.advice = _clean(message) or "no message", advice
        self.code, self.subcode, self.http_status, self.fbtrace_id = code, subcode, http_status, fbtrace_id
        self.is_transient, self.retry_after_s, self.definite = is_transient, retry_after_s, definite
        self.user_title, self.user_message = _clean(user_title), _clean(user_message)
        self.throttle_scope = throttle_scope
        self.extra = dict(extra or {})
        super().__init__(f"{self.told}. {advice}")

    @property
    def told(self) -> str:
        """What was refused and how, without the advice: for whoever knows better what to do."""
        marks = {
            "HTTP": self.http_status,
            "code": self.code,
            "subcode": self.subcode,
            "fbtrace_id": self.fbtrace_id,
        }
        details = ", ".join(f"{name} {value}" for name, value in marks.items() if value is not None)
        message = self.message.rstrip(".")
        return f"{self.endpoint}: {message}{f' ({details})' if details else ''}"


class NotOnThisLogin(PressrunError):
    """What was asked for does not exist on the account's login flavour (graph-api.md §1.3); nothing was called."""

    def __init__(self, what: str, login: str) -> None:
        self.what, self.login = what, login
        other = "Facebook" if login == "instagram" else "Instagram"
        super().__init__(f"{what} is not available on {login.capitalize()} Login; it needs {other} Login")


def classify(
    endpoint: Endpoint,
    http_status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[str] = (),
) -> GraphError:
    """The error that a failed answer stands for. Never raises, whatever the bytes.

    `headers` with lower-case names; `secrets` are literal strings that must not survive in any text.
    """
    envelope = read_envelope(body, secrets)
    retry_after_s = _retry_after(headers)
    if envelope is None:
        return _without_envelope(endpoint, http_status, body, retry_after_s, secrets)
    facts = _facts(envelope, endpoint, http_status)
    row = lookup(facts) or _unknown_row(facts)
    regain_s = usage.parse(headers).regain_access_s if row.error_class is ErrorClass.THROTTLED else None
    waits = [wait for wait in (row.wait_s, retry_after_s, regain_s) if wait]
    return GraphError(
        endpoint=endpoint,
        error_class=row.error_class,
        message=envelope.message,
        advice=row.advice,
        code=facts.code,
        subcode=facts.subcode,
        http_status=http_status,
        fbtrace_id=envelope.fbtrace_id,
        is_transient=facts.is_transient,
        retry_after_s=max(waits, default=None),
        definite=_is_definite(facts, row),
        user_title=envelope.user_title,
        user_message=envelope.user_message,
        throttle_scope=row.scope,
        extra=envelope.extra,
    )


def classify_container_status(status_text: str, *, has_audio: bool = False) -> GraphError:
    """The error in the `status` text of a container in ERROR (graph-api.md §2.4): it holds a subcode at best.

    Never definite: it speaks of the container, not of a request. `has_audio`: it was to get a sound of the library.
    """
    found = _STATUS_SUBCODE.search(status_text)
    facts = Facts(Endpoint.CONTAINER, subcode=int(found[0]) if found else None, texts=status_text)
    row = lookup(facts) if found else None
    if has_audio and facts.subcode == SOUND_SUBCODE:
        row = NO_SOUND_TRACK
    return GraphError(
        endpoint=Endpoint.CONTAINER,
        error_class=row.error_class if row else ErrorClass.TRANSIENT,
        message=status_text,
        advice=row.advice if row else "Instagram failed to process the media without saying why; try a new container.",
        subcode=facts.subcode,
        retry_after_s=row.wait_s if row else None,
        throttle_scope=row.scope if row else None,
    )


def unanswered(endpoint: Endpoint, reason: str, *, never_left: bool) -> GraphError:
    """No (whole) answer came. `never_left`: not a byte of the request was written, so it cannot have had an effect;
    this is the one network failure that is definite, for media_publish too."""
    advice = (
        "Instagram was not reached; check network, DNS and firewall."
        if never_left
        else "Whether Instagram acted on it is unknown until it is read back."
    )
    return GraphError(
        endpoint=endpoint, error_class=ErrorClass.TRANSIENT, message=reason, advice=advice, definite=never_left
    )


def unreadable(endpoint: Endpoint, why: str, *, http_status: int | None = 200) -> GraphError:
    """Instagram answered with success, but not in the shape that the contract gives."""
    return GraphError(
        endpoint=endpoint,
        error_class=ErrorClass.TRANSIENT,
        message=f"unreadable answer: {why}",
        advice="Instagram's answer does not have the expected form; if it lasts, its API has changed.",
        http_status=http_status,
    )


def _facts(envelope: Envelope, endpoint: Endpoint, http_status: int) -> Facts:
    texts = (str(envelope.code), envelope.kind, envelope.message, envelope.user_title, envelope.user_message)
    return Facts(
        endpoint, http_status, envelope.code, envelope.subcode, envelope.is_transient, " ".join(filter(None, texts))
    )


def _without_envelope(
    endpoint: Endpoint, http_status: int, body: bytes, retry_after_s: float | None, secrets: Sequence[str]
) -> GraphError:
    verdict = read_upload_verdict(body, secrets)
    if verdict is not None:
        retriable, message = verdict
        return GraphError(
            endpoint=endpoint,
            error_class=ErrorClass.TRANSIENT if retriable else ErrorClass.INVALID_MEDIA,
            message=message,
            advice="Instagram did not take the upload; "
            + ("resume it at the offset it reports." if retriable else "re-encode the file as H.264/AAC MP4."),
            http_status=http_status,
        )
    throttled = http_status == 429
    return GraphError(
        endpoint=endpoint,
        error_class=ErrorClass.THROTTLED if throttled else ErrorClass.TRANSIENT,
        message=_describe(http_status, body),
        advice="Too many calls; the account waits."
        if throttled
        else "Not an answer of the Graph API; a proxy or an outage in between is likely.",
        http_status=http_status,
        retry_after_s=retry_after_s,
        throttle_scope="account" if throttled else None,
    )


def _is_definite(facts: Facts, row: Row) -> bool:
    if facts.http_status is None or not 400 <= facts.http_status < 500:
        return False
    if facts.endpoint is Endpoint.MEDIA_PUBLISH:
        # Posts have gone live behind a 4xx (postiz-app #1681), so only the marked rows prove otherwise.
        return row.proves_unpublished and row.fits_code(facts)
    suspect = facts.is_transient or facts.code in _NEVER_PROOF or facts.subcode == 2207051
    return facts.code is not None and not suspect


def _unknown_row(facts: Facts) -> Row:
    if facts.code is not None and facts.http_status is not None and 400 <= facts.http_status < 500:
        return Row(ErrorClass.INVALID_REQUEST, "Instagram refused the call with a code that Pressrun does not know.")
    return Row(ErrorClass.TRANSIENT, "Instagram answered with an error that Pressrun does not know.")


def _describe(http_status: int, body: bytes) -> str:
    if not body:
        return f"HTTP {http_status} with an empty body"
    if body.lstrip()[:1] == b"<":
        return f"HTTP {http_status} with an HTML page"
    if body.lstrip()[:1] == b"{" and b'"success"' in body:
        return f"HTTP {http_status} without success"
    return f"HTTP {http_status} with a body that is no Graph answer"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (_aware(at) - clock.now()).total_seconds())


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _clean(text: str | None) -> str | None:
    if text is None:
        return None
    flat = " ".join(redact(text).split())
    # A lone surrogate, legal in JSON, cannot be written to a log or a row.
    return flat[:_TEXT_LIMIT].encode("utf-8", "replace").decode()
