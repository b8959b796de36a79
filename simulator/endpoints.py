"""Importing a module registers its endpoints, fields and event handlers; this is the list of those modules."""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    "users",
    "containers",
    "publishing",
    "media",
    "comments",
    "insights_account",
    "insights_media",
    "mentions",
    "tokens",
    "sender",
    "uploads",
    "shopping",
    "hashtags",
    "discovery",
    "pages",
    "oauth",
    "batch",
    "audio",
)


def load() -> None:
    for name in _MODULES:
        import_module(f"simulator.{name}")
