"""What one call for several harvests told each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from graph.accounts.media import Media
from graph.accounts.users import Profile
from graph.answers.paging import Page


@dataclass(frozen=True)
class Given:
    """The answer to a harvest's first call: the profile, or the first page of its list with the insights it holds."""

    profile: Profile
    page: Page[Media] | None
    metrics: tuple[str, ...]
    read_at: datetime
    """When it was asked for."""
