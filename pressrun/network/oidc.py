"""Asking a provider of OpenID Connect who somebody is: the authorisation code flow with PKCE.

The browser keeps one random secret in a cookie while it is away; state, nonce and PKCE's verifier follow from it:
nothing is kept here, and an answer that belongs to another browser fits nowhere.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
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


class ProviderFailed(PressrunError):
    """The provider did not say who it is."""

    kind = Kind.REFUSED
    type = "oidc.failed"


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

    def identity(self, secret: str, *, state: str, code: str, now_s: int) -> Identity:
        """Who the browser with that secret has come back as. Raises ProviderFailed."""
        if not compare_digest(state.encode(), derived(secret, "state").encode()):
            raise ProviderFailed("This answer belongs to another browser, or to an earlier try: begin again.")
        metadata = self._metadata()
        told = self._exchange(str(metadata["token_endpoint"]), secret, code)
        claims = self._claims(str(told.get("id_token", "")), str(metadata["jwks_uri"]), secret, now_s)
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(f"{self.issuer} {claims['sub']}", email if isinstance(email, str) else None)

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
