"""The bare page that somebody without an account here is shown: a headline, what is to be said, and nothing loaded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from typing import Final

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;overflow-wrap:anywhere}"
)
_ALLOWED = f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Pressrun</title><style>{style}</style></head>
<body><main><h1>{title}</h1><p>{said}</p>{more}</main></body>
</html>
"""

HEADERS: Final[Mapping[str, str]] = {
    # Its style is allowed by what it says, not because it stands in the page.
    "Content-Security-Policy": f"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src {_ALLOWED}",
    "Cache-Control": "no-store",
    # The address holds a code: it is told to nobody.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def bare_page(title: str, said: str, *, more: str = "") -> str:
    """The whole document, to be sent with `HEADERS`. Args: more: markup below what is said."""
    return _PAGE.format(title=escape(title), style=_STYLE, said=escape(said), more=more)
