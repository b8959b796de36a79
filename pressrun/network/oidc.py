"""Asking a provider of OpenID Connect who somebody is: the authorisation code flow with PKCE.

The browser keeps one random secret in a cookie while it is away; state, nonce and PKCE's verifier follow from it:
nothing is kept here, and an answer that belongs to another browser fits nowhere.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pressrun.errors import Kind, PressrunError
from pressrun.network import fetch

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
"""Never one with a shared secret, and never none."""
_TIMEOUT_S = 10.0
_MOST_BYTES = 1024**2
_LEEWAY_S = 60
_LONGEST_SAID = 200
_AGAIN = "begin again, and allow it there, or sign in another way"
_LATER = "try again in a moment, or sign in another way"
_AMISS = "whoever runs this has to look at how Pressrun is registered there"
_ADVICE = {
    "access_denied": _AGAIN,
    "login_required": _AGAIN,
    "consent_required": _AGAIN,
    "interaction_required": _AGAIN,
    "account_selection_required": _AGAIN,
    "server_error": _LATER,
    "temporarily_unavailable": _LATER,
}
"""By the errors of RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6 that whoever signs in can do something about."""


class ProviderFailed(PressrunError):
    """The provider did not say who it is."""

    kind = Kind.REFUSED
    type = "oidc.failed"


@dataclass(frozen=True)
class Answer:
    """With what the provider sends the browser back. `error`: its word for why there is no code."""

    state: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    error: str = ""
    description: str = field(default="", repr=False)


@dataclass(frozen=True)
class Provider:
    """Where people are asked, and who we are to it."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str

    def address(self, secret: str) -> str:
        """Where the browser that keeps this secret is sent. Raises ProviderFailed."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email profile",
            "state": derived(secret, "state"),
            "nonce": derived(secret, "nonce"),
            "code_challenge": _base64(sha256(derived(secret, "verifier").encode()).digest()),
            "code_challenge_method": "S256",
        }
        place = str(self._metadata()["authorization_endpoint"])
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def identity(self, secret: str, answer: Answer, *, now_s: int) -> Identity:
        """Who the browser with that secret has come back as. Raises ProviderFailed."""
        self._require_code(secret, answer)
        metadata = self._metadata()
        told = self._exchange(str(metadata["token_endpoint"]), secret, answer.code)
        claims = self._claims(str(told.get("id_token", "")), str(metadata["jwks_uri"]), secret, now_s)
        email = claims.get("email") if _is_true(claims.get("email_verified")) else None
        return Identity(f"{self.issuer} {claims['sub']}", email if isinstance(email, str) else None)

    def _require_code(self, secret: str, answer: Answer) -> None:
        # What follows from no secret anybody can tell, and would have somebody else's browser come in as themselves.
        if not secret or not compare_digest(answer.state.encode(), derived(secret, "state").encode()):
            raise ProviderFailed("This answer belongs to another browser, or to an earlier try: begin again.")
        if answer.error:
            said = (
                f"{_plain(answer.error)}: {_plain(answer.description)}" if answer.description else _plain(answer.error)
            )
            advice = _ADVICE.get(answer.error, _AMISS)
            raise ProviderFailed(f"{self.issuer} signs nobody in and says “{said}”; {advice}.")
        if not answer.code:
            raise ProviderFailed(f"{self.issuer} sends you back with neither a code nor a reason: begin again.")

    def _metadata(self) -> dict[str, Any]:
        found = _get(f"{self.issuer}/.well-known/openid-configuration")
        needed = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
        if str(found.get("issuer", "")).rstrip("/") != self.issuer or not needed <= found.keys():
            raise ProviderFailed(f"{self.issuer} describes another provider, or none")
        return found

    def _exchange(self, place: str, secret: str, code: str) -> dict[str, Any]:
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": derived(secret, "verifier"),
        }
        basic = b64encode(f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}".encode()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
        try:
            answer = fetch.post(place, urlencode(asked).encode(), headers, allow_private=True, timeout_s=_TIMEOUT_S)
        except fetch.UrlNotFetchable as trouble:
            raise ProviderFailed(str(trouble)) from None
        if answer.status != 200:
            raise ProviderFailed(f"{self.issuer} does not take the code: it answers {answer.status}")
        return _object(answer.head)

    def _claims(self, token: str, keys: str, secret: str, now_s: int) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        options = {"iss": {"essential": True}, "aud": {"essential": True, "value": self.client_id}}
        params = {"nonce": derived(secret, "nonce"), "client_id": self.client_id}
        try:
            decoded = jwt.decode(token, _known(_get(keys)["keys"]), algorithms=ALGORITHMS)
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(now=now_s, leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as problem:
            raise ProviderFailed(f"the token of {self.issuer} proves nothing: {type(problem).__name__}") from None
        except Exception as problem:
            if type(problem).__module__.startswith("authlib"):
                raise ProviderFailed(f"the token of {self.issuer} is not for us: {type(problem).__name__}") from None
            raise
        if str(claims["iss"]).rstrip("/") != self.issuer:
            raise ProviderFailed(f"the token is not of {self.issuer}")
        if not claims["sub"]:
            raise ProviderFailed(f"the token of {self.issuer} names nobody")
        return dict(claims)


@dataclass(frozen=True)
class Identity:
    """Who somebody is to a provider. `email`: if the provider has verified it."""

    subject: str
    email: str | None


def derived(secret: str, what: str) -> str:
    """What follows from the browser's secret, for one purpose."""
    return _base64(sha256(f"oidc {what} {secret}".encode()).digest())


def _is_true(said: object) -> bool:
    """As providers mean it: some write their truths as text."""
    return said is True or (isinstance(said, str) and said.strip().lower() == "true")


def _plain(said: str) -> str:
    """What the provider says in the address that it sends the browser to, on one line and no longer than a sentence."""
    shown = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return (shown if len(shown) <= _LONGEST_SAID else f"{shown[: _LONGEST_SAID - 1]}…").rstrip(".")


def _known(keys: list[Any]) -> KeySet:
    """Those that can be read: one of a kind that is not known here may stand beside the others (RFC 7517 §5)."""
    from joserfc import jwk
    from joserfc.errors import JoseError

    readable = []
    for key in keys:
        with suppress(JoseError, ValueError, KeyError, TypeError):
            readable.append(jwk.import_key(key))
    return jwk.KeySet(readable)


def _get(url: str) -> dict[str, Any]:
    into = io.BytesIO()
    try:
        fetch.download(url, into, allow_private=True, most_bytes=_MOST_BYTES, timeout_s=_TIMEOUT_S)
    except fetch.UrlNotFetchable as trouble:
        raise ProviderFailed(str(trouble)) from None
    return _object(into.getvalue())


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderFailed("the provider's answer is not JSON")
    return found


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
