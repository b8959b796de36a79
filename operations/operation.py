"""What an operation is: its name, what it does to the world, and what its asker must be allowed.

    @operation("post.cancel", effect=Effect.CHANGES, scope=Scope.PUBLISH)
    def cancel(ctx: Context, asker: Asker, post: str, why: str | None = None) -> PostShown: ...

An operation is a plain function with typed input and output and named errors. It holds no rule: it opens one
transaction, calls one rule of `scheduler` or one reading of `models`, and answers. The decorator registers it, so that
the table "operation × face" is made from the code, and asks whether the asker may before the function runs: rights and
the audit have this one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from models.session import Database
from pressrun.errors import Kind, PressrunError
from pressrun.settings import Settings
from pressrun.vault import Vault

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


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


@dataclass(frozen=True)
class Context:
    """What operations work with; each face is handed one."""

    database: Database
    settings: Settings

    def vault(self) -> Vault:
        """Raises Invalid when there is no key."""
        return Vault(self.settings.keys())


@dataclass(frozen=True)
class Asker:
    """Who asks, and what they may."""

    name: str
    scopes: frozenset[Scope]


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


OPERATIONS: dict[str, Operation] = {}
"""All operations whose modules have been imported, by name."""


def operation(
    name: str, *, effect: Effect, scope: Scope
) -> Callable[
    [Callable[Concatenate[Context, Asker, Given], Answer]], Callable[Concatenate[Context, Asker, Given], Answer]
]:
    """Register a function under that name. Calling it raises NotAllowed unless the asker has the scope."""

    def register(
        function: Callable[Concatenate[Context, Asker, Given], Answer],
    ) -> Callable[Concatenate[Context, Asker, Given], Answer]:
        if name in OPERATIONS:
            raise AssertionError(f"two operations are called {name}")

        @wraps(function)
        def ask(ctx: Context, asker: Asker, /, *args: Given.args, **kwargs: Given.kwargs) -> Answer:
            if scope not in asker.scopes:
                raise NotAllowed(f"{asker.name} may not do this: {name} needs the right to {scope}")
            return function(ctx, asker, *args, **kwargs)

        summary = (function.__doc__ or "").strip().splitlines()[0] if function.__doc__ else ""
        OPERATIONS[name] = Operation(name, effect, scope, summary, ask)
        return ask

    return register
