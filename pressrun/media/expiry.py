"""When a presigned URL ends, as far as its query says so: S3, Google Cloud Storage, CloudFront, Azure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

_STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_EPOCH = re.compile(r"\d{9,11}", re.ASCII)
"""What is shorter or longer is another thing that happens to be called so."""


def ends_at(url: str) -> datetime | None:
    """The instant from which the URL is refused; None for one that does not say so. The earliest counts."""
    try:
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query, max_num_fields=1000)}
    except ValueError:
        return None
    found = (_since_date(query, "x-amz-"), _since_date(query, "x-goog-"), _epoch(query), _azure(query))
    return min((at for at in found if at is not None), default=None)


def _since_date(query: Mapping[str, str], prefix: str) -> datetime | None:
    stamp, lasts = query.get(f"{prefix}date", ""), query.get(f"{prefix}expires", "")
    if not (_STAMP.fullmatch(stamp) and _SECONDS.fullmatch(lasts)):
        return None
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) + timedelta(seconds=int(lasts))
    except (ValueError, OverflowError):
        return None


def _epoch(query: Mapping[str, str]) -> datetime | None:
    seconds = query.get("expires", "")
    return datetime.fromtimestamp(int(seconds), UTC) if _EPOCH.fullmatch(seconds) else None


def _azure(query: Mapping[str, str]) -> datetime | None:
    if "sig" not in query or "se" not in query:
        return None
    try:
        at = datetime.fromisoformat(query["se"])
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
