"""Links that work once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from models.access import key as keys
from models.access import user as users
from models.access.link import LASTS, Purpose, make_link
from operations.operation import Asker, Context, Effect, Face, NotAllowed, Scope, operation
from pressrun import clock

OWNERS_PATH, INVITATIONS_PATH = "/link/", "/invitation/"


@dataclass(frozen=True)
class LinkMade:
    """`path` is what follows the console's address. It works once, until `expires_at`."""

    path: str = field(repr=False)
    expires_at: datetime


@operation("console.link", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def link(ctx: Context, asker: Asker) -> LinkMade:
    """A link that signs the owner of this machine in. Raises NotAllowed for whoever asks from elsewhere."""
    if asker.face is not Face.CLI:
        raise NotAllowed("a link for the owner is made on the machine itself, at the command line")
    now = clock.now()
    with ctx.database.transaction() as tx:
        secret = make_link(tx, Purpose.OWNER, created_by=asker.name, now=now)
    return LinkMade(f"{OWNERS_PATH}{secret}", now + LASTS[Purpose.OWNER])


@operation("console.has_somebody", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def has_somebody(ctx: Context, asker: Asker) -> bool:
    """Whether anybody can come in over the network: a key was given, or there is a user."""
    with ctx.database.transaction() as tx:
        return keys.has_any(tx) or users.has_any(tx)
