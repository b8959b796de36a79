"""`/openapi.json`, and `/docs`: the document as a page to try things on. Its scripts come out of an installed wheel.

Both are open: they tell nothing of this installation, and generators of clients come without a key.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from console.api.document import PREFIX, document_of

router = APIRouter(include_in_schema=False)

_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pressrun API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{PREFIX}/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="{PREFIX}/docs/swagger-ui-bundle.js"></script>
<script src="{PREFIX}/docs/begin.js"></script>
</body>
</html>
"""
_BEGIN = f"""
SwaggerUIBundle({{
  url: "{PREFIX}/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  tryItOutEnabled: true,
}});
"""


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """OpenAPI 3.1."""
    body = await run_in_threadpool(_document, request.app)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})


@router.get("/docs")
async def page() -> Response:
    """The document to be read and tried."""
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _CSP})


@router.get("/docs/{name}")
def file(name: str) -> Response:
    """What the page is made of."""
    if name == "begin.js":
        return Response(_BEGIN, media_type="text/javascript")
    if name not in _FILES:
        return Response(status_code=404)
    return Response(_of_the_wheel(name), media_type=_FILES[name], headers={"Cache-Control": "max-age=86400"})


@cache
def _of_the_wheel(name: str) -> bytes:
    return files("fastapi_offline").joinpath("static", name).read_bytes()


def _document(app: FastAPI) -> bytes:
    known: Any = getattr(app.state, "document", None)
    if known is None:
        known = json.dumps(document_of(app), separators=(",", ":")).encode()
        app.state.document = known
    body: bytes = known
    return body
