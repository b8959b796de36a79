"""The root of every error that Pressrun raises on purpose.

An error says what is wrong and what to do in words that fit every face: no flag, no path of a route, never a token.
What a face needs beyond the words it takes from the error: its `kind` (which exit code, which status), its `type`
(stable, for programs: `post.unknown`), the `field` that is wrong, by the name of the column of a campaign file or of
the parameter of an operation, and the `ids` it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of failure it is: the one thing by which faces and callers tell errors apart."""

    INVALID = "invalid"
    """A value that cannot be: the caller has to say it otherwise."""
    UNKNOWN = "unknown"
    """There is no such thing."""
    CONFLICT = "conflict"
    """It is taken, or something else is under way."""
    NOT_POSSIBLE = "not_possible"
    """Not in the state that the thing is in now."""
    UNREACHABLE = "unreachable"
    """A server or file that is needed does not answer."""
    REFUSED = "refused"
    """Instagram said no."""
    NOT_ALLOWED = "not_allowed"
    """The asker has not the right to it."""
    FAILED = "failed"
    """None of these: it went wrong."""


class PressrunError(Exception):
    """Something planned for went wrong; the message is fit for a person."""

    kind: ClassVar[Kind] = Kind.FAILED
    type: str = "failed"

    def __init__(
        self,
        message: str | None = None,
        *,
        type: str | None = None,
        field: str | None = None,
        ids: Mapping[str, int | str] | None = None,
    ) -> None:
        super().__init__(message or (self.__class__.__doc__ or "").strip())
        if type is not None:
            self.type = type
        self.field = field
        self.ids = dict(ids or {})


class UsageError(PressrunError):
    """What the caller said cannot be done as it stands. Never raised itself: one of its kinds below is."""


class Invalid(UsageError):
    """The caller's input is wrong: a flag, a file, a setting or a value."""

    kind = Kind.INVALID
    type = "invalid"


class Unknown(UsageError):
    """There is no such thing."""

    kind = Kind.UNKNOWN
    type = "unknown"


class Conflict(UsageError):
    """It is taken, or something else is under way."""

    kind = Kind.CONFLICT
    type = "conflict"


class NotPossible(UsageError):
    """It cannot be done in the state that the thing is in."""

    kind = Kind.NOT_POSSIBLE
    type = "not_possible"


class ServerUnreachable(PressrunError):
    """A server that Pressrun needs does not answer."""

    kind = Kind.UNREACHABLE
    type = "server.unreachable"


class RefusedByInstagram(PressrunError):
    """Instagram said no."""

    kind = Kind.REFUSED
    type = "instagram.refused"


def of_kind(kind: str, message: str, *, type: str, field: str | None = None) -> PressrunError:
    """An error that was written down, as it was raised."""
    raised = (Invalid, Unknown, Conflict, NotPossible, ServerUnreachable, RefusedByInstagram)
    found: Callable[..., PressrunError] = next((one for one in raised if one.kind == kind), PressrunError)
    return found(message, type=type, field=field)


def printable(text: str) -> str:
    """`text` from outside as part of one line: line breaks, controls and broken characters become `?`."""
    return "".join(character if character.isprintable() else "?" for character in text)
