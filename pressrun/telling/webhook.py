"""Signed webhooks by the Standard Webhooks specification: one POST, which the receiver verifies with the secret.

While a secret is being replaced both sign: the receiver may know either. The timestamp is that of the try, not of the
notice: receivers refuse what is older than five minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from pressrun.errors import Invalid
from pressrun.network import fetch
from pressrun.network.fetch import UrlNotFetchable
from pressrun.network.private import PRIVATE, is_private
from pressrun.telling.outcome import NotTold, Outcome, Told

TIMEOUT_S = 15.0
"""As the specification proposes: 15 to 30 s."""
_LONGEST = 2000


def check_url(url: str, *, allow_private: bool) -> str:
    """Where it points to, fit for every eye: scheme, host and port. Raises Invalid, which repeats nothing of it."""
    if not url.isascii() or any(character <= " " or character == "\x7f" for character in url) or len(url) > _LONGEST:
        raise _invalid("it must be a URL of plain ASCII without spaces, of 2000 characters at most")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _invalid("it is not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _invalid("it must be an http:// or https:// URL")
    if "@" in parts.netloc:
        raise _invalid("a URL with a user name or password cannot be used: the signature says who sends it")
    if not allow_private and is_private(parts.hostname):
        raise _invalid(PRIVATE)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}"


def send(
    url: str,
    *,
    message_id: str,
    body: str,
    secrets: Sequence[str],
    now: datetime,
    allow_private: bool,
    timeout_s: float = TIMEOUT_S,
) -> Outcome:
    """POST the body, signed with each of the secrets. Never raises for what the other side does."""
    from standardwebhooks import Webhook

    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, now, body) for secret in secrets),
    }
    try:
        answer = fetch.post(url, body.encode(), headers, allow_private=allow_private, timeout_s=timeout_s)
    except UrlNotFetchable as problem:
        return NotTold(problem.reason)
    if 200 <= answer.status < 300:
        return Told()
    if answer.status == 410:
        return NotTold("the receiver answers 410: it wants nothing more", is_final=True)
    redirect = ", a redirect, which is not followed: give the address it leads to" if 300 <= answer.status < 400 else ""
    return NotTold(f"the receiver answers {answer.status}{redirect}", retry_after_s=answer.retry_after_s)


def _invalid(why: str) -> Invalid:
    return Invalid(why, type="endpoint.address", field="webhook")
