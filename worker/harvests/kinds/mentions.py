"""What a mention says, read from Instagram: the one thing about it that no notification tells.

Facebook Login only; on the other flavour the client raises NotOnThisLogin before any call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.answers.errors import GraphError
from graph.answers.fields import MENTIONED_COMMENT
from graph.client import GraphClient
from worker.harvests.answers.notices import MentionNotice
from worker.harvests.answers.refusals import is_refusal


@dataclass(frozen=True)
class MentionFacts:
    """Who, what, where to see it, when. None is what Instagram did not say."""

    username: str | None
    text: str | None
    media_url: str | None
    mentioned_at: datetime | None
    extra: dict[str, Any] = field(default_factory=dict)


def read_facts(client: GraphClient, notice: MentionNotice) -> MentionFacts:
    """The mention that a notice names. Raises GraphError, NotOnThisLogin, and what vetoes a call."""
    return _of_comment(client, notice.comment_id) if notice.comment_id else _of_caption(client, notice.media_id)


def _of_comment(client: GraphClient, comment_id: str) -> MentionFacts:
    try:
        # Who wrote it is not among the documented fields of this read, yet a field of every comment.
        found = client.mentions.mentioned_comment(comment_id, fields=(*MENTIONED_COMMENT, "username"))
    except GraphError as error:
        if not is_refusal(error):
            raise
        found = client.mentions.mentioned_comment(comment_id)
    media = found.extra.get("media")
    media_url = media.get("media_url") if isinstance(media, Mapping) else None
    extra = _said(like_count=found.like_count)
    return MentionFacts(found.username, found.text, media_url, found.timestamp, extra)


def _of_caption(client: GraphClient, media_id: str) -> MentionFacts:
    found = client.mentions.mentioned_media(media_id)
    extra = _said(
        media_type=found.media_type,
        permalink=found.permalink,
        like_count=found.like_count,
        comments_count=found.comments_count,
    )
    return MentionFacts(found.username, found.caption, found.media_url, found.timestamp, extra)


def _said(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
