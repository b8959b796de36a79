"""Errors as RFC 9457 problem documents. The text is ours: nothing of a request or an exception is repeated in it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from operations.posts.posts import RowProblem


def message_of(row: RowProblem) -> str:
    """What is wrong with a row, and what can be said instead."""
    return f"{row.message}; `fix` yes makes it right" if row.can_be_fixed else row.message


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> Response:
    """One problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let the framework's own errors (unknown path, wrong method, a bug) take the same form."""
    app.add_exception_handler(HTTPException, from_http)
    app.add_exception_handler(Exception, _from_bug)


async def from_http(_request: Request, error: Exception) -> Response:
    """What the framework refused, as a program is told."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
    return problem(error.status_code, error.detail, headers=dict(error.headers or {}))


async def _from_bug(_request: Request, _error: Exception) -> Response:
    return problem(500, "This is a fault of Pressrun; its log says more.")
