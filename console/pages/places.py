"""The places of the console, in the order of its navigation; later ones (approval, series, reports) join them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`is_apart`: it begins a group."""

    key: str
    name: str
    path: str
    is_apart: bool = False


PLACES = (
    Place("today", "Today", "/"),
    Place("calendar", "Calendar", "/calendar"),
    Place("posts", "Posts", "/posts"),
    Place("compose", "Compose", "/compose"),
    Place("import", "Import", "/import"),
    Place("library", "Library", "/library"),
    Place("insights", "Insights", "/insights", is_apart=True),
    Place("inbox", "Inbox", "/inbox"),
    Place("accounts", "Accounts", "/accounts", is_apart=True),
    Place("notices", "Notices", "/notices"),
    Place("system", "System", "/system"),
)
