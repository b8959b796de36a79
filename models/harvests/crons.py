"""Which harvests an account has, and when each is due: five cron fields in the account's zone."""

from __future__ import annotations

from models.harvests.harvest import HarvestKind
from models.harvests.watch import WatchKind

DEFAULT_CRONS: dict[HarvestKind, str] = {
    HarvestKind.PROFILE: "0 * * * *",
    HarvestKind.ACCOUNT: "0 5 * * *",  # early morning: the day before is closed, and on the table when people come in
    HarvestKind.AUDIENCE: "30 5 * * *",
    HarvestKind.MEDIA: "0 * * * *",
    HarvestKind.STORIES: "*/15 * * * *",  # a story is readable for a day only: what is missed is gone
    HarvestKind.TAGS: "0 */2 * * *",
    HarvestKind.ONLINE_FOLLOWERS: "0 6 * * *",
    HarvestKind.COMMENTS: "30 */2 * * *",
    HarvestKind.COMPETITORS: "0 */6 * * *",
    HarvestKind.HASHTAGS: "30 */6 * * *",  # what is recent is so for 24 hours
}

WATCHES_OF: dict[HarvestKind, WatchKind] = {
    HarvestKind.COMPETITORS: WatchKind.COMPETITOR,
    HarvestKind.HASHTAGS: WatchKind.HASHTAG,
}
"""Kinds that an account has only while it watches something."""
STANDING_CRONS = {kind: cron for kind, cron in DEFAULT_CRONS.items() if kind not in WATCHES_OF}
"""Those that every account has."""
