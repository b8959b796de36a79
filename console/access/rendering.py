"""The few pages of coming in, from the templates of `console/pages`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from console.access.asking import CSRF_FIELD, csrf_token
from console.pages.assets import THEMES, Assets

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parents[1] / "pages" / "templates"


def page(request: Request, template: str, status: int = 200, /, **told: Any) -> HTMLResponse:
    """A page; what is told is escaped. Templates know `nonce`, `csrf_field` and `csrf_token` as well."""
    theme = request.cookies.get("theme")
    known: dict[str, Any] = {
        "theme": theme if theme in THEMES else None,
        "asset": _assets(),
        "nonce": getattr(request.state, "csp_nonce", ""),
        "csrf_field": CSRF_FIELD,
        "csrf_token": csrf_token(request),
    }
    return HTMLResponse(_environment().get_template(template).render(**known, **told), status)


@cache
def _assets() -> Assets:
    return Assets()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
