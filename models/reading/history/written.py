"""Queries of the overview that whoever reads the history may run, too, and how they are written out for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from textwrap import dedent, indent

from models.reading.history.hashtags import HASHTAGS

FORMAT = "coalesce(CASE WHEN m.media_type = 'CAROUSEL_ALBUM' THEN 'CAROUSEL' ELSE m.media_product_type END, 'unknown')"
"""Of a media `m`: what it is to people."""
FORMATS = f"""
    SELECT {FORMAT} AS format,
           count(*) AS posts, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.reach) AS reach,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY l.views) AS views,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY l.total_interactions) AS interactions
      FROM media m LEFT JOIN {{totals}} l ON l.media_id = m.id
     WHERE m.account_id = :account_id AND m.posted_at >= :since AND m.posted_at < :until{{seen}}
     GROUP BY 1 ORDER BY 3 DESC NULLS LAST, 1
"""  # noqa: S608 - a constant
# The day that ended then, as `account_daily` names it, and like there once: by what was told last (revision 0035).
HOURS = """
    SELECT extract(isodow FROM day)::int AS weekday, substr(breakdown, 6)::int AS hour,
           round(avg(value), 1)::float8 AS online
      FROM (SELECT DISTINCT ON (day, breakdown)
                   (period_end AT TIME ZONE 'UTC' - interval '10 hours 30 minutes')::date AS day, breakdown, value
              FROM account_latest
             WHERE account_id = :account_id AND metric = 'online_followers' AND breakdown LIKE 'hour=%'
               AND period_end > :since AND period_end <= :until
             ORDER BY day, breakdown, last_checked_at DESC, period_end DESC) told
     GROUP BY 1, 2
"""
RIVALS = """
    SELECT w.name, max(l.value) FILTER (WHERE l.metric = 'followers_count')::float8 AS followers,
           max(l.value) FILTER (WHERE l.metric = 'media_count')::float8 AS media, w.last_checked_at,
           (SELECT array_agg(o.value::float8 ORDER BY o.captured_at) FROM competitor_observations o
             WHERE o.watch_id = w.id AND o.metric = 'followers_count' AND o.captured_at >= :since) AS reached
      FROM watches w LEFT JOIN competitor_latest l ON l.watch_id = w.id
     WHERE w.account_id = :account_id AND w.kind = 'competitor' AND w.ended_at IS NULL
     GROUP BY w.id ORDER BY 2 DESC NULLS LAST, 1
"""


@dataclass(frozen=True)
class _Table:
    """`columns` of what the query finds, one row below the other as `order` says."""

    columns: str
    query: str
    order: str

    def __str__(self) -> str:
        return f"{self.columns}\n  FROM (\n{indent(dedent(self.query).strip(), '    ')}\n  ) {self.order}"


_TABLES = {
    "online_hours": _Table(
        "SELECT to_char(date '2024-01-01' + o.weekday - 1, 'Dy') AS weekday, to_char(o.hour, 'FM00') AS hour,\n"
        "       o.online AS followers_online",
        HOURS,
        "o\n ORDER BY o.weekday, o.hour",
    ),
    "formats": _Table(
        "SELECT f.format, f.posts, f.reach AS median_reach, f.views AS median_views,\n"
        "       f.interactions AS median_interactions",
        FORMATS,
        "f\n ORDER BY f.reach DESC NULLS LAST, f.format",
    ),
    "competitors": _Table(
        "SELECT c.name AS competitor, c.followers, c.media, c.last_checked_at AS read_at",
        RIVALS,
        "c\n ORDER BY c.followers DESC NULLS LAST, c.name",
    ),
    "hashtags": _Table(
        "SELECT h.name AS hashtag, t.place, t.one ->> 'type' AS type, (t.one ->> 'likes')::bigint AS likes,\n"
        "       (t.one ->> 'comments')::bigint AS comments, t.one ->> 'permalink' AS permalink,\n"
        "       h.captured_at AS read_at",
        HASHTAGS,
        "h CROSS JOIN LATERAL jsonb_array_elements(h.top) WITH ORDINALITY AS t(one, place)\n ORDER BY h.name, t.place",
    ),
}
_DAY_NUMBERS = (
    *("reach", "views", "accounts_engaged", "total_interactions", "likes", "comments", "saves", "shares"),
    *("profile_links_taps", "follower_count"),
)
_SPANS = """WITH told AS (
    SELECT account, day, {numbers}
      FROM :daily
     WHERE account IN (:accounts) AND day >= date :earlier - 1 AND day < date :until
), days AS (
    SELECT s.place, s.account, d.day, d.day >= date :since AS is_in, v.reach, v.views, v.total_interactions,
           num_nonnulls({known}) > 0 AS has_numbers,
           g.followers
      FROM unnest(ARRAY[:accounts]) WITH ORDINALITY AS s(account, place)
     CROSS JOIN generate_series(date :earlier - 1, date :until - 1, interval '1 day') AS t(at)
     CROSS JOIN LATERAL (SELECT t.at::date AS day) d
      LEFT JOIN told v ON v.account = s.account AND v.day = d.day
      LEFT JOIN :growth g ON g.account = s.account AND g.day = d.day
), counted AS (
    SELECT place, min(day) AS since, max(day) AS day,
           (array_agg(followers ORDER BY day))[1] AS at_first, (array_agg(followers ORDER BY day DESC))[1] AS at_last
      FROM days WHERE followers IS NOT NULL AND day >= date :since - 1
     GROUP BY place HAVING max(day) >= date :since
), posted AS (
    SELECT s.place, count(m.media_id) FILTER (WHERE m.posted_at >= :begins) AS now,
           count(m.media_id) FILTER (WHERE m.posted_at < :begins) AS before,
           {listed} >= :begins AS is_listed
      FROM unnest(ARRAY[:accounts]) WITH ORDINALITY AS s(account, place)
      LEFT JOIN :totals m ON m.account = s.account AND m.media_product_type IS DISTINCT FROM 'STORY'
                         AND m.posted_at >= :begins_earlier AND m.posted_at < :ends
     GROUP BY s.place, s.account
)
SELECT d.account, c.at_last AS followers, c.day AS followers_on,
       CASE WHEN c.since < c.day THEN c.at_last - c.at_first END AS followers_change,
       CASE WHEN c.since < c.day THEN c.since END AS change_since,
       sum(followers) FILTER (WHERE d.day = date :since - 1)
           - sum(followers) FILTER (WHERE d.day = date :earlier - 1) AS change_before,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY reach) FILTER (WHERE is_in) AS median_reach,
       CASE WHEN count(reach) FILTER (WHERE is_before) = date :until - date :since
            THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY reach) FILTER (WHERE is_before) END AS median_reach_before,
       sum(views) FILTER (WHERE is_in) AS views,
       CASE WHEN count(views) FILTER (WHERE is_before) = date :until - date :since
            THEN sum(views) FILTER (WHERE is_before) END AS views_before,
       sum(total_interactions) FILTER (WHERE is_in) AS interactions,
       CASE WHEN count(total_interactions) FILTER (WHERE is_before) = date :until - date :since
            THEN sum(total_interactions) FILTER (WHERE is_before) END AS interactions_before,
       CASE WHEN p.now > 0 OR p.is_listed THEN p.now END AS posts,
       CASE WHEN p.is_listed THEN p.before END AS posts_before,
       count(*) FILTER (WHERE is_in AND NOT has_numbers) AS days_without_numbers
  FROM days d
 CROSS JOIN LATERAL (SELECT NOT is_in AND d.day >= date :earlier AS is_before) b
  JOIN posted p USING (place)
  LEFT JOIN counted c USING (place)
 GROUP BY place, d.account, c.at_last, c.at_first, c.day, c.since, p.now, p.before, p.is_listed
 ORDER BY place"""
# A run reads the list as soon as it has begun, and goes on where it stood when it had to wait. Where retention has
# dropped the runs, their end is all that is known.
_LISTED = """coalesce((SELECT r.started_at FROM harvest_runs r
                     WHERE r.harvest_id = h.id AND r.covers
                       AND r.status IN ('done', 'partial') AND r.backfill_id IS NULL{then}
                     ORDER BY r.slot_at DESC LIMIT 1), {known})"""
_THEN = " AND r.slot_at <= :as_of AND r.finished_at <= :as_of"
_KNOWN_THEN = "CASE WHEN h.covered_at <= :as_of THEN h.covered_at END"
_BY_DAY = """SELECT d.at::date AS day, :columns
  FROM generate_series(date :since, date :until - 1, interval '1 day') AS d(at)
  LEFT JOIN :source v ON v.day = d.at::date AND v.account IN (:accounts)
 GROUP BY 1
 ORDER BY 1"""
_PLACE = re.compile(r"(?<!:):([a-z_]+)")


def quoted(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def totals(as_of: datetime | None) -> str:
    """The newest numbers of media, or those that were known then."""
    if as_of is None:
        return "media_latest"
    return f"(SELECT * FROM {known('media_totals', as_of)} WHERE account_id = :account_id)"  # noqa: S608 - a constant


def seen(as_of: datetime | None) -> str:
    """Condition that a media `m` was known then."""
    return "" if as_of is None else " AND m.first_seen_at <= CAST(:as_of AS timestamptz)"


def known(view: str, as_of: datetime | None) -> str:
    """A view as it is, or as it was known then."""
    return view if as_of is None else f"{view}_as_of(CAST(:as_of AS timestamptz))"


def written_out(account: str, *, since: datetime, until: datetime, as_of: datetime | None) -> dict[str, str]:
    """Table → the SQL that finds its rows, with everything in it that is asked for."""
    values = {"account_id": f"(SELECT id FROM accounts WHERE name = {quoted(account)})"}  # noqa: S608 - quoted
    times = {"since": since, "until": until} | ({} if as_of is None else {"as_of": as_of})
    values |= {name: _instant(at) for name, at in times.items()}
    source, was_seen = totals(as_of), seen(as_of)
    return {
        name: _filled(str(one).replace("{totals}", source).replace("{seen}", was_seen), values)
        for name, one in _TABLES.items()
    }


@dataclass(frozen=True)
class Bounds:
    """Instagram's days from `since_on` to before `until_on`, and the instants at which they and the span before begin.

    `as_of`: when it was known so; None: now.
    """

    since_on: date
    until_on: date
    before: datetime
    since: datetime
    until: datetime
    as_of: datetime | None


def accounts_in_span(accounts: Sequence[str], bounds: Bounds) -> str:
    """The SQL that finds what accounts come to in a span, a row for each."""
    listed = listed_at("(SELECT a.id FROM accounts a WHERE a.name = s.account)", bounds.as_of)
    query = _SPANS.replace("{listed}", listed).replace("{numbers}", ", ".join(_DAY_NUMBERS))
    known_ones = ", ".join(f"v.{name}" for name in _DAY_NUMBERS)
    return _filled(query.replace("{known}", known_ones), _of_accounts(accounts, bounds))


def listed_at(of: str, as_of: datetime | None) -> str:
    """When the list of media of the account whose number `of` says was read last, as far as it had to be."""
    then, last = ("", "h.covered_at") if as_of is None else (_THEN, _KNOWN_THEN)
    told = _LISTED.format(then=then, known=last)
    return f"(SELECT {told} FROM harvests h WHERE h.account_id = {of} AND h.kind = 'media')"  # noqa: S608 - ours


def accounts_by_day(accounts: Sequence[str], metric: str, bounds: Bounds) -> str:
    """The SQL that finds one number of accounts day by day, a column for each account."""
    values = _of_accounts(accounts, bounds)
    values["source"] = values["growth" if metric == "followers" else "daily"]
    each = (f"max(v.{metric}) FILTER (WHERE v.account = {quoted(one)}) AS {_named(one)}" for one in accounts)
    values["columns"] = ",\n       ".join(each)
    return _filled(_BY_DAY, values)


def _of_accounts(accounts: Sequence[str], bounds: Bounds) -> dict[str, str]:
    then = "" if bounds.as_of is None else f"_as_of({_instant(bounds.as_of)})"
    views = {"daily": "account_daily", "growth": "follower_growth", "totals": "media_totals"}
    earlier = bounds.since_on - (bounds.until_on - bounds.since_on)
    days = {"since": bounds.since_on, "until": bounds.until_on, "earlier": earlier}
    times = {"begins_earlier": bounds.before, "begins": bounds.since, "ends": bounds.until}
    times |= {} if bounds.as_of is None else {"as_of": bounds.as_of}
    return {
        "accounts": ", ".join(map(quoted, accounts)),
        **{name: f"{view}{then}" for name, view in views.items()},
        **{name: quoted(day.isoformat()) for name, day in days.items()},
        **{name: _instant(at) for name, at in times.items()},
    }


def _instant(at: datetime) -> str:
    return f"timestamptz {quoted(at.isoformat(' '))}"


def _named(column: str) -> str:
    """A name of a column as SQL has it."""
    return '"' + column.replace('"', '""') + '"'


def _filled(query: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], query)
