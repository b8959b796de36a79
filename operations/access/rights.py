"""What roles and keys allow, as scopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from models.access.user import Role
from operations.operation import Scope
from pressrun.errors import Invalid

OF_ROLE: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.SELF, Scope.READ}),
    Role.AUTHOR: frozenset({Scope.SELF, Scope.READ, Scope.PUBLISH}),
    Role.ADMIN: frozenset({Scope.SELF, Scope.READ, Scope.PUBLISH, Scope.ADMIN}),
}
GIVEN = (Scope.READ, Scope.PUBLISH, Scope.ADMIN)
"""What a key may be given: the other scopes are Pressrun's own."""


def scopes_of(said: Iterable[str]) -> frozenset[Scope]:
    """Scopes as a person names them. Raises Invalid."""
    wanted = set()
    for one in said:
        if one not in set(GIVEN):
            raise Invalid(f"unknown scope {one!r}; known: {', '.join(GIVEN)}", type="key.scope", field="scope")
        wanted.add(Scope(one))
    if not wanted:
        raise Invalid(f"name what it may do: {', '.join(GIVEN)}", type="key.scope", field="scope")
    return frozenset(wanted)


def role_of(said: str) -> Role:
    """Raises Invalid."""
    try:
        return Role(said)
    except ValueError:
        raise Invalid(f"unknown role {said!r}; known: {', '.join(Role)}", type="user.role", field="role") from None
