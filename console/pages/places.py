"""The places of the console, in the order of its navigation; later ones (approval, series, reports) join them."""

from __future__ import annotations

from dataclasses import dataclass

from operations.operation import Asker, Scope


@dataclass(frozen=True)
class Place:
    """`is_apart`: it begins a group. `scope`: without it one is refused there. `is_whole`: it is about all accounts."""

    key: str
    name: str
    path: str
    is_apart: bool = False
    scope: Scope = Scope.READ
    is_whole: bool = False

    def is_for(self, asker: Asker) -> bool:
        """Whether they are let in there: nobody is shown a door that is locked."""
        return self.scope in asker.scopes and (asker.accounts is None or not self.is_whole)


PLACES = (
    Place("today", "Today", "/"),
    Place("calendar", "Calendar", "/calendar"),
    Place("posts", "Posts", "/posts"),
    Place("compose", "Compose", "/compose", scope=Scope.PUBLISH),
    Place("import", "Import", "/import", scope=Scope.PUBLISH),
    Place("library", "Library", "/library"),
    Place("insights", "Insights", "/insights", is_apart=True),
    Place("inbox", "Inbox", "/inbox"),
    Place("accounts", "Accounts", "/accounts", is_apart=True),
    Place("notices", "Notices", "/notices", is_whole=True),
    Place("system", "System", "/system", scope=Scope.ADMIN, is_whole=True),
)
