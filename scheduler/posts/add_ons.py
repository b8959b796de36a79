"""Tags and caption add-ons as people write them, and which login takes them (graph-api.md §1.3, §2.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pressrun.errors import Invalid

FACEBOOK_ONLY = ("product_tags", "poll_options", "poll_extended", "comment_prompt")
"""Columns that Instagram takes of accounts on Facebook Login alone."""
_FORM = 'write 4029274203846188@0.5,0.5, or JSON such as {"product_id": "4029274203846188", "x": 0.5, "y": 0.5}'
_NUMBER = r"(\d*\.?\d+)"
_TAG = re.compile(rf"(\d{{1,30}})(?:\s*@\s*{_NUMBER}\s*[,;:]\s*{_NUMBER})?", re.ASCII)


def product_tags(text: str) -> tuple[dict[str, Any], ...]:
    """A JSON list of objects, or entries between pipes, each of them a product's id with its point, or an object."""
    if text.startswith("["):
        return tuple(_object(one) for one in _json(text, list))
    return tuple(_tag(part.strip()) for part in text.split("|"))


def user_tags(text: str) -> tuple[dict[str, Any], ...]:
    """A JSON list of objects."""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, list) or not all(isinstance(tag, dict) for tag in parsed):
        raise Invalid('must be a JSON list such as [{"username": "someone", "x": 0.5, "y": 0.5}]')
    return tuple(parsed)


def poll_options(text: str) -> tuple[str, ...]:
    """The texts between pipes."""
    options = tuple(part.strip() for part in text.split("|"))
    if not all(options):
        raise Invalid("an option between two | is empty")
    return options


def written(tags: list[dict[str, Any]] | None) -> str | None:
    """Product tags as a row would say them."""
    return json.dumps(tags) if tags else None


def not_on_instagram_login(fields: Mapping[str, str], login: str) -> list[str]:
    """Columns that are given and that this login does not take."""
    return [] if login == "facebook" else [name for name in FACEBOOK_ONLY if fields.get(name, "").strip()]


def _tag(part: str) -> dict[str, Any]:
    if part.startswith("{"):
        return _object(_json(part, dict))
    found = _TAG.fullmatch(part)
    if found is None:
        raise Invalid(f"{part!r} is no product tag: {_FORM}")
    if found[2] is None:
        return {"product_id": found[1]}
    return {"product_id": found[1], "x": float(found[2]), "y": float(found[3])}


def _object(one: Any) -> dict[str, Any]:
    """Ids are texts: as a JSON number one may be longer than other programs can hold."""
    if not isinstance(one, dict):
        raise Invalid(f"{one!r} is no product tag: {_FORM}")
    product_id = one.get("product_id")
    is_number = isinstance(product_id, int) and not isinstance(product_id, bool)
    return one | {"product_id": str(product_id)} if is_number else one


def _json(text: str, kind: type) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise Invalid(f"this is no product tag: {_FORM}")
    return found
