"""The numbers behind what Insights draws and no view has as it is drawn, each as a table with the SQL for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operations.history.overview import Overview, quoted

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Row = Sequence[Any]


@dataclass(frozen=True)
class Table:
    """What a drawing shows, as rows."""

    columns: Row
    rows: Callable[[Overview], Iterator[Row]]

    def csv(self, found: Overview) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows(found))
        return out.getvalue()


def _hours(found: Overview) -> Iterator[Row]:
    for (day, hour), value in sorted(found.hours.items()):
        yield WEEKDAYS[day - 1], f"{hour:02}", value


def _formats(found: Overview) -> Iterator[Row]:
    for one in found.formats:
        yield one.format, one.posts, one.reach, one.views, one.interactions


def _rivals(found: Overview) -> Iterator[Row]:
    for one in found.rivals:
        yield one.name, one.followers, one.media, one.last_checked_at


def _hashtags(found: Overview) -> Iterator[Row]:
    for tag in found.hashtags:
        for place, one in enumerate(tag.top, 1):
            yield tag.name, place, one["type"], one["likes"], one["comments"], one["permalink"], tag.captured_at


TABLES: Mapping[str, Table] = {
    "online_hours": Table(("weekday", "hour", "followers_online"), _hours),
    "formats": Table(("format", "posts", "median_reach", "median_views", "median_interactions"), _formats),
    "competitors": Table(("competitor", "followers", "media", "read_at"), _rivals),
    "hashtags": Table(("hashtag", "place", "type", "likes", "comments", "permalink", "read_at"), _hashtags),
}
"""By the name that the address of its CSV has, and `Overview.sql` the SQL that finds the same."""
VIEWS: Mapping[str, str] = {
    "audience": """SELECT breakdown, category, people, timeframe, captured_at
  FROM (SELECT *, rank() OVER (PARTITION BY breakdown
                               ORDER BY timeframe = 'this_month' DESC, captured_at DESC, timeframe) AS place
          FROM {view}
         WHERE account = {account} AND metric = 'follower_demographics'
           AND breakdown IN ('age', 'gender', 'country', 'city')) a
 WHERE place = 1
 ORDER BY 1, 3 DESC, 2""",
    "media_totals": """SELECT posted_at, ig_media_id, reach, views, likes, comments, saved, shares, total_interactions
  FROM {view} m
 WHERE account = {account} AND posted_at >= {since} AND posted_at < {until}{narrowed}
 ORDER BY posted_at DESC""",
    "story_final": """SELECT posted_at, ig_media_id, reach, views, replies, tap_forward, tap_back, tap_exit,
       {end}
  FROM {view}
 WHERE account = {account} AND posted_at >= {since} AND posted_at < {until}
 ORDER BY posted_at DESC""",
}
"""View → the SQL for what is drawn of it."""
_END_THEN = "captured_at - posted_at >= interval '23 hours' AS is_final"
"""The function of then has no `is_final`: when a story was looked at last is known of now alone."""


def asked(view: str, found: Overview) -> str:
    since, until = map(_instant, found.instants)
    return VIEWS[view].format(
        view=found.view(view),
        account=quoted(found.account),
        since=since,
        until=until,
        narrowed="".join(f"\n   AND {one}" for one in found.narrowed),
        end="is_final" if found.as_of is None else _END_THEN,
    )


def _instant(at: datetime) -> str:
    """As SQL has it."""
    return f"timestamptz {quoted(at.isoformat(' '))}"
