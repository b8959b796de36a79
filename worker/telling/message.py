"""What a delivery says: as JSON for a webhook, as text for people. The same delivery reads the same each time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models.telling.notice import Notice
from pressrun.plain import plain

_MOST_LINES = 60
_TITLES = {
    "post.published": "published",
    "post.failed": "a post failed",
    "post.expired": "a post expired",
    "post.needs_review": "a post needs review",
    "post.late": "a post is late",
    "post.incomplete": "a post lacks something",
    "comment.needs_review": "a comment needs review",
    "quota.full": "more posts than may go out",
    "account.broken": "token refused",
    "account.blocked": "held back by Instagram",
    "account.silent": "nothing published",
    "token.ends": "token ends",
    "coverage.lost": "not read any more",
    "metric.refused": "metric refused",
    "queue.silent": "work is not taken up",
    "scheduler.silent": "the scheduler is silent",
    "endpoint.parked": "an endpoint is parked",
    "test": "test",
}


def as_json(notices: Sequence[Notice], *, is_digest: bool, at: datetime) -> str:
    """The body of a webhook: `{type, timestamp, data}`, as Standard Webhooks proposes.

    A digest has the type `digest`, and its notices, each in the same form, in `data.notices`.
    """
    told = [_told(notice) for notice in notices]
    body = {"type": "digest", "timestamp": at, "data": {"notices": told}} if is_digest else told[0]
    return json.dumps(body, default=plain, ensure_ascii=False)


def as_text(notices: Sequence[Notice], *, is_digest: bool) -> tuple[str, str]:
    """Title and body for a person."""
    if not is_digest and len(notices) == 1:
        return f"Pressrun: {_heading(notices[0])}", _line(notices[0])
    lines = [f"{notice.at:%Y-%m-%d %H:%M} UTC  {_heading(notice)}: {_line(notice)}" for notice in notices]
    left = len(lines) - _MOST_LINES
    more = [f"… and {left} more: `pressrun notify log` lists all"] if left > 0 else []
    return f"Pressrun: {len(notices)} notices", "\n".join(lines[:_MOST_LINES] + more)


def _told(notice: Notice) -> dict[str, Any]:
    data: dict[str, Any] = {"id": str(notice.uid), "message": notice.message}
    if notice.account_name is not None:
        data["account"] = {"name": notice.account_name}
    if notice.post_id is not None:
        data["post"] = {"id": notice.post_id, **notice.detail}
    elif notice.detail:
        data["detail"] = notice.detail
    return {"type": notice.kind, "timestamp": notice.at, "data": data}


def _heading(notice: Notice) -> str:
    title = _TITLES.get(notice.kind, notice.kind)
    return title if notice.account_name is None else f"{notice.account_name}: {title}"


def _line(notice: Notice) -> str:
    if notice.post_id is None:
        return notice.message
    return f"post {notice.post_id} ({notice.detail.get('key')}): {notice.message}"
