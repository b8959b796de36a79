"""From objects to JSON: which fields a kind of node has, for which login, and how a selection is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.calls.call import Call
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.world.records import Login

Getter = Callable[[Call, Any, Field], Any]
BOTH: frozenset[Login] = frozenset(Login)
FACEBOOK: frozenset[Login] = frozenset({Login.FACEBOOK})


@dataclass(slots=True)
class NodeType:
    """`name` is what error messages call it."""

    name: str
    getters: dict[Login, dict[str, Getter]] = field(default_factory=lambda: {login: {} for login in Login})

    def field(self, name: str, logins: frozenset[Login] = BOTH) -> Callable[[Getter], Getter]:
        """Register how a field is read. What a getter returns as None is left out, as Instagram does."""

        def register(getter: Getter) -> Getter:
            for login in logins:
                self.getters[login][name] = getter
            return getter

        return register

    def plain(self, name: str, read: Callable[[Any], Any], logins: frozenset[Login] = BOTH) -> None:
        """A field that depends on the object alone."""
        self.field(name, logins)(lambda _call, node, _field: read(node))

    def render(self, call: Call, node: Any, selection: tuple[Field, ...], default: tuple[str, ...] = ()) -> Any:
        """The selected fields; `id` is always among them. Raises GraphError 100 for a field that does not exist."""
        getters = self.getters[call.login]
        shown: dict[str, Any] = {}
        if not selection:
            for name in default:
                value = getters[name](call, node, _BARE)
                if value is not None:
                    shown[name] = value
        for wanted in selection:
            getter = getters.get(wanted.name)
            if getter is None:
                call.world.note("unknown_fields", f"{self.name}.{wanted.name[:60]}")
                raise errors.no_field(wanted.name, self.name)
            value = getter(call, node, wanted)
            if value is not None:
                shown[wanted.name] = value
        if "id" not in shown and "id" in getters:
            shown["id"] = getters["id"](call, node, _BARE)
        return shown


_BARE = Field("", {}, None)
