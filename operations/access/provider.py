"""Signing in by a provider of OpenID Connect: whoever was invited here, and is known there."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.access import key as keys
from models.access.link import end_links
from models.access.user import User, UserState, named
from operations.access.entering import Entered, Refused, Visitor, enter
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.errors import NotPossible
from pressrun.network.oidc import Answer, Identity, Provider
from pressrun.settings import Settings

__all__ = ["Answer", "Away", "come_back", "leave"]


@dataclass(frozen=True)
class Away:
    """Where the browser goes, and what it keeps meanwhile."""

    address: str
    secret: str = field(repr=False)


@operation("access.leave_for_provider", effect=Effect.READS, scope=Scope.ENTER)
def leave(ctx: Context, asker: Asker, redirect_uri: str) -> Away:
    """Have a browser ask the provider. Raises NotPossible where none is configured, ProviderFailed."""
    secret = keys.new_secret()
    return Away(_provider(ctx.settings, redirect_uri).address(secret), secret)


@operation("access.return_from_provider", effect=Effect.CHANGES, scope=Scope.ENTER)
def come_back(
    ctx: Context, asker: Asker, secret: str, answer: Answer, *, redirect_uri: str, visitor: Visitor
) -> Entered:
    """Sign in whoever the provider says it is. The first time they are known by their verified address of mail.

    Their second factor is the provider's business. Raises NotPossible, ProviderFailed, Refused for who is no user.
    """
    now = clock.now()
    provider = _provider(ctx.settings, redirect_uri)
    identity = provider.identity(secret, answer, now_s=int(now.timestamp()))
    with ctx.database.transaction() as tx:
        user = _user(tx, identity)
        if user is None or user.state == UserState.DISABLED.value:
            raise Refused("You are known there, and are no user here: ask whoever runs this to invite you.")
        if user.state == UserState.INVITED.value:
            end_links(tx, user.id, now=now)
        user.oidc_subject, user.state, user.updated_at = identity.subject, UserState.ACTIVE.value, now
        return Entered(user.name, enter(tx, user, "oidc", visitor))


def _user(tx: Session, identity: Identity) -> User | None:
    known = tx.scalar(select(User).where(User.oidc_subject == identity.subject).with_for_update())
    if known is not None or identity.email is None:
        return known
    invited = named(tx, identity.email, lock=True)
    # Somebody else who was given the same address later is somebody else.
    return invited if invited is not None and invited.oidc_subject is None else None


def _provider(settings: Settings, redirect_uri: str) -> Provider:
    issuer, client_id, secret = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret
    if issuer is None or client_id is None or secret is None:
        raise NotPossible("no provider of OpenID Connect is configured", type="oidc.none", field="oidc_issuer")
    return Provider(issuer, client_id, secret.get_secret_value(), redirect_uri)
