"""What a browser is shown at an address where nothing stands; programs get the error itself."""

from __future__ import annotations

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.status import HTTP_404_NOT_FOUND

from console import problems
from console.access.rendering import page


async def missing(request: Request, error: Exception) -> Response:
    """A page for whoever followed a link or mistyped, and the problem document for everybody else."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    is_page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
    if error.status_code != HTTP_404_NOT_FOUND or not is_page:
        return await problems.from_http(request, error)
    return page(request, "missing.html", HTTP_404_NOT_FOUND)
