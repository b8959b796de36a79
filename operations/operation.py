"""What an operation is: its name, what it does to the world, and what its asker must be allowed.

    @operation("post.cancel", effect=Effect.CHANGES, scope=Scope.PUBLISH)
    def cancel(ctx: Context, asker: Asker, post: str, why: str | None = None) -> PostShown: ...

An operation is a plain function with typed input and output and named errors. It holds no rule: it opens one
transaction, calls one rule of `scheduler` or one reading of `models`, and answers. The decorator registers it, so that
the table "operation × face" is made from the code, and asks whether the asker may before the function runs: rights and
the audit have this one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import wraps
from inspect import Signature, signature
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from models.access.audit import Asking
from models.access.bound import Bound
from models.access.wording import fit_to_keep
from models.store.rehearsal import rehearsed
from models.store.session import Database
from operations.refusals import told_as, where
from pressrun import log
from pressrun.errors import Kind, PressrunError
from pressrun.settings import Settings
from pressrun.vault import Vault

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_log = log.get(__name__)


class Effect(StrEnum):
    """What an operation does to the world."""

    READS = "reads"
    CHANGES = "changes"
    DESTROYS = "destroys"
    """What it takes away cannot be brought back."""
    PUBLISHES = "publishes"
    """Others may see what comes of it on Instagram."""


class Scope(StrEnum):
    """What an asker may be allowed."""

    READ = "read"
    PUBLISH = "publish"
    ADMIN = "admin"
    DELIVER = "deliver"
    """Hand in what Instagram tells."""
    SELF = "self"
    """Look after one's own way in: password, second factor, sessions. Whoever is signed in has it."""
    ENTER = "enter"
    """Ask who somebody is before they are anybody: the door, and nobody else."""


@dataclass(frozen=True)
class Context:
    """What operations work with; each face is handed one."""

    database: Database
    settings: Settings

    def vault(self) -> Vault:
        """Raises Invalid when there is no key."""
        return Vault(self.settings.keys())

    @contextmanager
    def rehearsal(self) -> Iterator[Context]:
        """A context in which all that is done is answered truly, and taken back at the end of the block."""
        with rehearsed(self.database) as database:
            yield replace(self, database=database)


class Face(StrEnum):
    """Where somebody asks."""

    CLI = "cli"
    API = "api"
    MCP = "mcp"
    PAGE = "page"
    INSTAGRAM = "instagram"


@dataclass(frozen=True)
class Asker:
    """Who asks, what they may, and where they ask."""

    name: str
    scopes: frozenset[Scope]
    face: Face = Face.CLI
    accounts: frozenset[int] | None = None
    """Numbers of the accounts that they see; of others they learn nothing, not even that they are there. None: all."""
    key_id: int | None = None
    """The key that they showed."""
    user_id: int | None = None
    session_id: int | None = None
    """The session that their cookie stands for."""


OWNER = Asker("owner", frozenset(Scope))
"""Whoever can run commands on the machine."""


class NotAllowed(PressrunError):
    """The asker may not do this."""

    kind = Kind.NOT_ALLOWED
    type = "not_allowed"


@dataclass(frozen=True)
class Operation:
    """One thing a person can want, as the registry knows it."""

    name: str
    effect: Effect
    scope: Scope
    summary: str
    """The first line of the function's docstring."""
    function: Callable[..., object]
    whole: bool = False
    """It is about the whole installation: nobody who is limited to accounts may ask for it."""


OPERATIONS: dict[str, Operation] = {}
"""All operations whose modules have been imported, by name."""


def operation(
    name: str, *, effect: Effect, scope: Scope, whole: bool = False
) -> Callable[
    [Callable[Concatenate[Context, Asker, Given], Answer]], Callable[Concatenate[Context, Asker, Given], Answer]
]:
    """Register a function under that name. Calling it raises NotAllowed unless the asker has the right, and what
    `operations/refusals.py` makes of refusals of the database.

    The function is handed a context whose transactions see the asker's accounts only, and write down what they change
    (`models/access/bound.py`).

    Args:
        whole: it is about the whole installation: nobody who is limited to accounts may ask for it.
    """

    def register(
        function: Callable[Concatenate[Context, Asker, Given], Answer],
    ) -> Callable[Concatenate[Context, Asker, Given], Answer]:
        if name in OPERATIONS:
            raise AssertionError(f"two operations are called {name}")
        parameters = signature(function)

        @wraps(function)
        def ask(ctx: Context, asker: Asker, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
            require(asker, OPERATIONS[name])
            asking = _asking(asker, name, effect, parameters, args, kwargs) if _is_audited(effect, scope) else None
            try:
                return function(_bound(ctx, asker, asking), asker, *args, **kwargs)
            except DBAPIError as trouble:
                if (told := told_as(trouble)) is None:
                    raise
                _log.warning("operation.refused_by_database", operation=name, type=told.type, where=where(trouble))
                raise told from None

        summary = (function.__doc__ or "").strip().splitlines()[0] if function.__doc__ else ""
        OPERATIONS[name] = Operation(name, effect, scope, summary, ask, whole)
        return ask

    return register


def require(asker: Asker, wanted: Operation) -> None:
    """Raises NotAllowed unless the asker may."""
    if wanted.scope not in asker.scopes:
        raise NotAllowed(f"{asker.name} may not do this: {wanted.name} needs the right to {wanted.scope}")
    if wanted.whole and asker.accounts is not None:
        raise NotAllowed(f"{asker.name} may not do this: {wanted.name} is for those who see all accounts")


def _is_audited(effect: Effect, scope: Scope) -> bool:
    return effect is not Effect.READS and scope is not Scope.DELIVER  # what Instagram tells is kept in the inbox


def _bound(ctx: Context, asker: Asker, asking: Asking | None) -> Context:
    if asker.accounts is None and asking is None:
        return ctx
    return replace(ctx, database=ctx.database.bound(Bound(asker.accounts, asking)))


def _asking(
    asker: Asker, name: str, effect: Effect, parameters: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Asking:
    given = parameters.bind_partial(None, None, *args, **kwargs).arguments
    asked = {key: value for key, value in list(given.items())[2:] if value is not None}
    return Asking(
        asker=asker.name,
        face=asker.face.value,
        operation=name,
        effect=effect.value,
        asked=fit_to_keep(asked),
        key_id=asker.key_id,
        user_id=asker.user_id,
        session_id=asker.session_id,
    )
