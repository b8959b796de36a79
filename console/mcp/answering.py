"""From the call of a tool to what is answered: whether they may, the answer, cut to size, with texts as content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.mcp.cutting import fit_change, fit_list, fit_page
from console.mcp.marking import marked, unmarked
from console.mcp.tool import BaseUrl, Tool
from operations.operation import Asker, Context
from operations.outages import Outages
from pressrun.written import require_text


def answer(tool: Tool, ctx: Context, asker: Asker, arguments: Mapping[str, Any], base: BaseUrl) -> dict[str, Any]:
    """What the tool answers this asker. For a thread: it asks the database.

    Raises NotAllowed, Invalid for arguments that do not fit, and what the operation raises.
    """
    tool.require(asker)
    given: dict[str, Any] = unmarked(dict(arguments))
    _require_text(given)
    with Outages():
        return _marked(_fitting(tool, ctx, asker, given, base))


def _fitting(tool: Tool, ctx: Context, asker: Asker, given: dict[str, Any], base: BaseUrl) -> dict[str, Any]:
    def ask(arguments: dict[str, Any]) -> dict[str, Any]:
        return tool.call(ctx, asker, arguments, base)

    if tool.reads and tool.is_paged:
        return fit_page(ask, given)
    if tool.reads and tool.holds_list:
        cursor = given.pop("cursor", None)
        return fit_list(tool.name, ask(given), None if cursor is None else str(cursor))
    return fit_change(ask(given))


def _marked(told: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = marked(told)
    return answer


def _require_text(given: Any) -> None:
    """Raises Invalid for what no text may hold, at any depth."""
    if isinstance(given, str):
        require_text(given, type="request.invalid")
    for one in [*given, *given.values()] if isinstance(given, dict) else given if isinstance(given, list) else ():
        _require_text(one)
