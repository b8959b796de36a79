"""One call to the Graph API, from parameters to parsed JSON: address, authorization, hooks, retries of reads, errors.

Only a GET is ever repeated, within the same deadline. A POST or DELETE goes out once, whatever comes back.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from graph import second_token
from graph.answers.errors import ErrorClass, GraphError, NotOnThisLogin, classify, unanswered, unreadable
from graph.wire import usage
from graph.wire.body import parsed
from graph.wire.credentials import Credentials, Login, host_of
from graph.wire.dates import date_of
from graph.wire.endpoints import Endpoint
from graph.wire.transport import Answer, Outgoing, Transport, Unanswered
from graph.wire.usage import Usage
from graph.wire.versions import parse_version
from pressrun import clock, log
from pressrun.clock import Deadline
from pressrun.errors import Invalid

Json = Any
"""What json.loads gives: known to no one until a parser has looked at it."""

INSTAGRAM_OAUTH_URL: Final = "https://api.instagram.com"
UPLOAD_URL: Final = "https://rupload.facebook.com"

_GET_ATTEMPTS = 3
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 2.0
_VERSION_HEADER = "facebook-api-version"
_LONGEST_VERSION = 20
_SEGMENT = re.compile(r"[A-Za-z0-9_\-]+", re.ASCII)
_TOKEN = re.compile(r"[!-~]+", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_jitter = random.SystemRandom()
_log = log.get("graph")


@dataclass(frozen=True)
class CallRecord:
    """One request that was made (a read that was repeated makes several), for metrics and the throttle gate."""

    endpoint: Endpoint
    http_status: int | None
    error: GraphError | None
    usage: Usage
    asked_at: datetime
    """When it was sent: nothing in the answer is known to be younger."""
    duration_s: float
    fbtrace_id: str | None
    api_version: str | None = None
    """Which version answered, as it said itself: an expired one is served as the next usable (graph-api.md §1.1)."""
    answered_at: datetime | None = None
    """What the clock of whoever answered showed, cut to the second (the HTTP header Date)."""
    asked: Mapping[str, Any] | None = field(default=None, repr=False)
    """Of a read that was answered: its `path` and `params`, without token and proof."""
    body: bytes | None = field(default=None, repr=False)
    """The answer as it came. Warning: addresses of further pages hold the token (graph-api.md §4.4)."""


@dataclass(frozen=True)
class Call:
    """What is to be asked. `path` segments are ids or edge names; `url` replaces host, version and path.

    `token` None means the account's own, "" none at all; without `with_proof` no appsecret_proof goes with it.
    `secrets` must not survive in any error text.
    """

    endpoint: Endpoint
    method: str
    path: tuple[str, ...] = ()
    params: Mapping[str, object] = field(default_factory=dict, repr=False)
    url: str | None = None
    token: str | None = field(default=None, repr=False)
    scheme: str = "Bearer"
    with_proof: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | Iterable[bytes] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    deadline_s: float | None = None


class Caller:
    """Makes calls for one account. Thread-safe as far as its hooks are."""

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        *,
        version: str,
        graph_url: str | None,
        app_secret: str | None,
        app_id: str | None,
        call_deadline_s: float,
        before_call: Callable[[Endpoint], None] | None,
        after_call: Callable[[CallRecord], None] | None,
    ) -> None:
        if any(token and not _TOKEN.fullmatch(token) for token in credentials.tokens):
            message = "the account's token holds spaces, line breaks or other characters that no token has"
            raise Invalid(message, type="token.malformed", field="token")
        self.login, self.version = credentials.login, parse_version(version)
        self.app_id, self.app_secret = app_id, app_secret
        self._credentials, self._transport = credentials, transport
        self._override = graph_url.rstrip("/") if graph_url else None
        self._call_deadline_s = call_deadline_s
        self._before_call, self._after_call = before_call, after_call

    @property
    def ig_id(self) -> str:
        return self._credentials.ig_id

    @property
    def token(self) -> str:
        return self._credentials.token

    def host(self, standard: str) -> str:
        """The given host, unless one address replaces all hosts."""
        return self._override or standard

    @property
    def graph_host(self) -> str:
        return host_of(self.login, self._override)

    def require(self, login: Login, what: str) -> None:
        """Raises NotOnThisLogin unless the account is on that flavour."""
        if self.login is not login:
            raise NotOnThisLogin(what, self.login)

    def get(self, endpoint: Endpoint, *path: str, **params: object) -> Json:
        return self.run(Call(endpoint, "GET", path, params))

    def post(self, endpoint: Endpoint, *path: str, **params: object) -> Json:
        return self.run(Call(endpoint, "POST", path, params))

    def delete(self, endpoint: Endpoint, *path: str, **params: object) -> Json:
        return self.run(Call(endpoint, "DELETE", path, params))

    def run(self, call: Call) -> Json:
        """The parsed answer of a success.

        Raises:
            GraphError: everything else that can come back, or nothing.
            Invalid: an id in the path cannot be one; nothing was called.
        """
        try:
            return self._run(call, self.token if call.token is None else call.token)
        except GraphError as refusal:
            other = self._credentials.other_token
            if other is None or call.token is not None or not second_token.may_help(call.endpoint, refusal):
                raise
            return self._ask_otherwise(call, other, refusal)

    def _ask_otherwise(self, call: Call, token: str, refusal: GraphError) -> Json:
        """The same read with the other token. If that one is refused too, it was the first that counted."""
        try:
            answer = self._run(call, token)
        except GraphError as error:
            _log.info("graph.refused_to_both", endpoint=call.endpoint, code=error.code, subcode=error.subcode)
            raise refusal from None
        _log.info("graph.read_otherwise", endpoint=call.endpoint, code=refusal.code, subcode=refusal.subcode)
        return answer

    def _run(self, call: Call, token: str) -> Json:
        outgoing = self._outgoing(call, token)
        deadline = Deadline.after(self._call_deadline_s if call.deadline_s is None else call.deadline_s)
        attempts = _GET_ATTEMPTS if call.method == "GET" else 1
        for attempt in range(1, attempts + 1):
            answer, error = self._attempt(call, outgoing, deadline)
            if error is None:
                return answer
            pause_s = _jitter.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1)))
            if attempt == attempts or not _may_pass(error) or deadline.remaining_s() <= pause_s:
                raise error
            self._transport.pause(pause_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, call: Call, outgoing: Outgoing, deadline: Deadline) -> tuple[Json, GraphError | None]:
        if self._before_call is not None:
            self._before_call(call.endpoint)
        asked_at, started, answer, value = clock.now(), time.monotonic(), None, None
        secrets = (*call.secrets, *self._credentials.tokens, self.app_secret or "")
        try:
            answer = self._transport.send(outgoing, deadline)
            value, error = _read(call.endpoint, answer, secrets)
        except Unanswered as nothing:
            error = unanswered(call.endpoint, nothing.reason, never_left=nothing.never_left)
        self._report(call, answer, error, asked_at, time.monotonic() - started)
        return value, error

    def _report(
        self, call: Call, answer: Answer | None, error: GraphError | None, asked_at: datetime, duration_s: float
    ) -> None:
        if self._after_call is None:
            return
        status, headers = (answer.status, answer.headers) if answer else (None, {})
        fbtrace_id = error.fbtrace_id if error else None
        version = headers.get(_VERSION_HEADER, "")[:_LONGEST_VERSION] or None
        used, answered_at = usage.parse(headers), date_of(headers)
        record = CallRecord(call.endpoint, status, error, used, asked_at, duration_s, fbtrace_id, version, answered_at)
        if answer is not None and error is None and _is_plain_read(call):
            asked = {"path": "/".join(call.path), "params": encode(call.params)}
            record = replace(record, asked=asked, body=answer.body)
        try:
            self._after_call(record)
        except Exception:
            # The hook keeps books; losing what it says must never lose the answer of a publish that went out.
            _log.exception("graph.after_call_failed", endpoint=call.endpoint)

    def _outgoing(self, call: Call, token: str) -> Outgoing:
        url = call.url or "/".join((self.graph_host, str(self.version), *map(checked_id, call.path)))
        if not call.path and call.url is None:
            url += "/"
        headers = dict(call.headers)
        if token:
            headers["Authorization"] = f"{call.scheme} {token}"
        params = encode(call.params)
        if token and call.with_proof:
            params |= self._proof(token)
        outgoing = Outgoing(call.method, url, params=params, headers=headers, content=call.content)
        return replace(outgoing, params={}, form=params) if call.method == "POST" and call.content is None else outgoing

    def _proof(self, token: str) -> dict[str, str]:
        # Not on Instagram Login: nobody has confirmed that graph.instagram.com accepts it, and known clients switch
        # it off there (graph-api.md §1.4); a proof that is refused would fail every call.
        if self.app_secret is None or self.login is not Login.FACEBOOK:
            return {}
        return {"appsecret_proof": hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()}


def encode(params: Mapping[str, object]) -> dict[str, str]:
    """Parameters as Instagram takes them: None is left out, lists and objects are JSON, instants unix seconds.

    Raises Invalid for what cannot be sent.
    """
    encoded = {name: _encode(value) for name, value in params.items() if value is not None}
    for name, text in encoded.items():
        if _SURROGATE.search(text):
            message = f"{name} holds half a surrogate pair, which is no character"
            raise Invalid(message, type="text.broken", field=name)
    return encoded


def checked_id(text: str) -> str:
    """A path segment that cannot lead elsewhere. Raises Invalid."""
    if not _SEGMENT.fullmatch(text):
        raise Invalid(f"{log.redact(text)!r} is not an Instagram id", type="id.invalid")
    return text


def _encode(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Invalid(f"{value} has no time zone", type="time.without_zone")
        return str(int(value.timestamp()))
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def _read(endpoint: Endpoint, answer: Answer, secrets: tuple[str, ...]) -> tuple[Json, GraphError | None]:
    if not 200 <= answer.status < 300:
        return None, classify(endpoint, answer.status, answer.body, answer.headers, secrets=secrets)
    try:
        value = parsed(answer.body)
    except (ValueError, RecursionError):
        what = "an HTML page" if answer.body.lstrip()[:1] == b"<" else "no JSON" if answer.body else "an empty body"
        return None, unreadable(endpoint, what, http_status=answer.status)
    # A 200 can still be a failure (graph-api.md §3.1).
    if isinstance(value, dict) and (value.get("error") or "debug_info" in value or value.get("success") is False):
        return None, classify(endpoint, answer.status, answer.body, answer.headers, secrets=secrets)
    return value, None


def _is_plain_read(call: Call) -> bool:
    """A read with the account's own token, whose parameters hold no secret."""
    return call.method == "GET" and call.url is None and call.token is None and not call.secrets


def _may_pass(error: GraphError) -> bool:
    """Whether asking again at once has a chance: not for 100/33, which lasts minutes, nor for anything definite."""
    if error.error_class is not ErrorClass.TRANSIENT:
        return False
    status = error.http_status
    return status is None or not 400 <= status < 500 or error.is_transient or error.code in {1, 2, -1, -2}
