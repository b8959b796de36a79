"""When a presigned address ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.media.expiry import ends_at

HOST = "https://media.example/a.jpg"
AT = datetime(2027, 5, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20270501T073000Z&X-Amz-Expires=3600&X-Amz-Signature=ab",
        "x-amz-date=20270501T073000Z&x-amz-expires=3600",
        "X-Goog-Date=20270501T073000Z&X-Goog-Expires=3600",
        f"AWSAccessKeyId=AK&Expires={int(AT.timestamp())}&Signature=ab",
        f"Expires={int(AT.timestamp())}&Key-Pair-Id=K",
        "sv=2023-01-03&st=2027-04-01T00%3A00%3A00Z&se=2027-05-01T08%3A30%3A00Z&sr=b&sp=r&sig=ab",
        f"Expires={int(AT.timestamp()) + 60}&X-Amz-Date=20270501T073000Z&X-Amz-Expires=3600",
    ],
)
def test_the_end_is_read(query: str) -> None:
    assert ends_at(f"{HOST}?{query}") == AT


@pytest.mark.parametrize(
    "query",
    [
        "",
        "expires=never",
        "Expires=30",
        "X-Amz-Expires=3600",
        "X-Amz-Date=20271301T073000Z&X-Amz-Expires=3600",
        "se=2027-05-01T08:30:00Z",
        "se=soon&sig=ab",
        "size=large&se=de",
    ],
)
def test_what_says_nothing_has_no_end(query: str) -> None:
    assert ends_at(f"{HOST}?{query}") is None


@given(st.text(), st.text())
def test_any_query_is_borne(stamp: str, seconds: str) -> None:
    ends_at(f"{HOST}?X-Amz-Date={stamp}&X-Amz-Expires={seconds}&Expires={seconds}&se={stamp}&sig=1")
