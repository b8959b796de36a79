"""One call as the endpoints see it, and who makes it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from simulator.backstage import Backstage
from simulator.calls import permissions
from simulator.calls.permissions import Need
from simulator.faults.rules import Rule
from simulator.protocol import errors
from simulator.protocol.answers import Answer
from simulator.protocol.fields import Field, parse_fields
from simulator.protocol.params import Params
from simulator.world import people
from simulator.world.records import (
    Account,
    Business,
    Comment,
    Container,
    FacebookUser,
    Login,
    Media,
    Page,
    Token,
    TokenKind,
)
from simulator.world.world import World

Perform = Callable[["Call", dict[str, str]], Awaitable[Answer]]


@dataclass(slots=True)
class Call:
    """A request to the Graph API after its token was read."""

    world: World
    stage: Backstage
    method: str
    path: tuple[str, ...]
    params: Params
    arrived: float
    """Simulator time at which the request came in."""
    base_url: str
    version: str
    perform: Perform
    """Carries out a call inside this one, as batches do."""
    token: Token | None = None
    is_me: bool = False
    rule: Rule | None = None
    """The fault that applies to this call."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answer."""
    request_headers: dict[str, str] = field(default_factory=dict)

    @property
    def caller(self) -> Token:
        if self.token is None:
            raise errors.bad_token("An access token is required to request this resource.")
        return self.token

    @property
    def login(self) -> Login:
        return Login.INSTAGRAM if self.caller.kind is TokenKind.INSTAGRAM else Login.FACEBOOK

    def fields(self, default: str = "") -> tuple[Field, ...]:
        return parse_fields(self.params.text("fields") or default)

    def need(self, need: Need, account: Account) -> None:
        permissions.check(need, account)

    def may_touch(self, account: Account | None) -> bool:
        """Whether the token speaks for this account."""
        if account is None:
            return False
        if self.caller.account is None:
            return account.login is Login.FACEBOOK
        return self.caller.account is account


def owner(world: World, node: object) -> Account | None:
    """The account a node belongs to; None for what belongs to strangers or to everybody."""
    if isinstance(node, Account):
        return node
    if isinstance(node, Comment):
        return owner(world, world.find(node.media_id))
    if isinstance(node, Container | Media | Page | Business | FacebookUser):
        return node.account
    return None


def bearer(headers: dict[str, str], params: Params) -> str | None:
    """The token text: the header wins over the parameter."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "oauth"} and token:
        return token.strip()
    return params.text("access_token")


def authenticate(world: World, text: str | None, proof: str | None) -> Token:
    """The token's record. Raises GraphError 190, or 100 for a wrong proof."""
    if text is None:
        raise errors.bad_token("An access token is required to request this resource.")
    token = world.tokens.get(text)
    if token is None:
        raise errors.bad_token()
    if token.refused is not None:
        raise errors.dead_token(token.refused)
    if token.expires_at is not None and world.now() >= token.expires_at:
        raise errors.dead_token(463)
    if token.kind is not TokenKind.INSTAGRAM and world.now() >= people.data_access_end(token):
        _refuse_lapsed(world)
    _, secret = world.config.app(Login.INSTAGRAM if token.kind is TokenKind.INSTAGRAM else Login.FACEBOOK)
    if proof is not None and (token.is_foreign or not is_proof(secret, text, proof)):
        raise errors.bad_proof()
    return token


def _refuse_lapsed(world: World) -> None:
    # What a read is answered then is not documented (graph-api.md §1.4): one may choose.
    reading = world.reading("lapsed_data_access", "permission")
    if reading == "permission":
        raise errors.no_permission()
    if reading == "token":
        raise errors.bad_token()


def is_proof(secret: str, token: str, proof: str) -> bool:
    expected = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), proof.encode(errors="surrogatepass"))
