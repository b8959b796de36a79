"""Answers about others, as recorded (graph-api.md §5.3) → rows of the history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graph.accounts.media import Media, read_media
from graph.accounts.users import read_profile
from graph.answers.paging import read_page
from graph.answers.reading import Node
from graph.conversation.comments import read_comment
from graph.wire.endpoints import Endpoint
from worker.harvests.answers.parse import competitor_counts, public_media, seen_comments

GOLDEN = sorted((Path(__file__).parent / "golden_public").glob("*.json"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_an_answer_becomes_these_rows(file: Path) -> None:
    sample = json.loads(file.read_text())

    assert _READERS[sample["what"]](sample["answer"]) == sample["expected"]


def _competitor(answer: Any) -> dict[str, Any]:
    account = Node(answer, Endpoint.BUSINESS_DISCOVERY).node("business_discovery")
    assert account is not None
    page = read_page(account.raw("media"), Endpoint.BUSINESS_DISCOVERY, read_media, cursor_only=True)
    return {"counts": competitor_counts(read_profile(account)), "media": _rows(page.items)}


def _hashtag(answer: Any) -> dict[str, Any]:
    return {"media": _rows(read_page(answer, Endpoint.HASHTAG_TOP, read_media).items)}


def _rows(items: tuple[Media, ...]) -> list[list[Any]]:
    return [
        [
            one.ig_id,
            one.media_type,
            one.caption,
            one.posted_at.isoformat() if one.posted_at else None,
            one.like_count,
            one.comments_count,
            one.view_count,
        ]
        for one in map(public_media, items)
    ]


def _comments(answer: Any) -> dict[str, Any]:
    items = read_page(answer, Endpoint.COMMENTS, read_comment).items
    seen = seen_comments(items, ig_media_id="1")
    assert {one.ig_media_id for one in seen} == {"1"}
    return {
        "comments": [
            [
                one.ig_id,
                one.parent_ig_id,
                one.username,
                one.text,
                one.commented_at.isoformat() if one.commented_at else None,
                one.is_hidden,
                dict(one.extra),
            ]
            for one in seen
        ],
        "more_replies": [one.id for one in items if one.has_more_replies],
    }


_READERS = {"competitor": _competitor, "hashtag": _hashtag, "comments": _comments}
