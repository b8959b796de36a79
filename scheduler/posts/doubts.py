"""What a person may not have meant: told as warnings when a post is queued or edited, and never in its way.

near-duplicates   of what the account posts within 90 days, on the same surface
the clock         a wall time that its zone skips, or has twice, that night
crowding          two posts of an account less than an hour apart, stories aside
alt text          an image without any
the grid          a picture of which the 3:4 tile of the profile hides more than a quarter
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.accounts.account import Terms
from models.posts.part import Part, PartKind
from models.posts.post import Known, Post, PostType
from models.posts.states import PostState
from models.store.driver import rows_of
from models.store.seeing import SEEN_BY_DRIVER, seen_accounts
from pressrun import clock
from pressrun.media.grid import hidden_part
from pressrun.media.likeness import ALIKE, are_alike
from pressrun.network import fetch
from scheduler.posts import lateness, pace
from scheduler.posts.examined import Examined
from scheduler.posts.queueing import Checked
from scheduler.posts.wish import ColumnProblem, Wish

SEEN_FOR = timedelta(days=90)
CROWDED = timedelta(hours=1)
MOST_HIDDEN = 0.25
_NEVER_OUT = tuple(state.value for state in (PostState.CANCELED, PostState.FAILED, PostState.EXPIRED))
# Made once: to put a statement together costs more than to send it.
_AROUND = (
    select(
        Post.id,
        Post.type,
        Post.publish_at,
        Post.state,
        Part.media_sha256,
        Part.source,
        Part.parent_id,
        Part.probe["likeness"].astext,
    )
    .join(Part, Part.post_id == Post.id)
    .where(
        Post.account_id == bindparam("account"),
        Post.id != bindparam("besides"),
        Post.publish_at.between(bindparam("since"), bindparam("until")),
        Post.state.not_in(_NEVER_OUT),
        Part.dropped_at.is_(None),
    )
    .order_by(Post.publish_at, Post.id, Part.position)
)

# For one post the server leaves out what `crowded` and `repeated` would pass over, in their order.
_NEAR: LiteralString = f"""
    WITH around AS MATERIALIZED (
        SELECT p.id, p.publish_at, p.state, p.type = %(story)s AS is_story, a.position, a.parent_id,
               coalesce(a.source, '') AS source, coalesce(a.media_sha256, '') AS sha256, a.probe ->> 'likeness' AS looks
          FROM posts p JOIN parts a ON a.post_id = p.id
         WHERE p.account_id = %(account)s AND p.id <> %(besides)s AND p.publish_at BETWEEN %(since)s AND %(until)s
           AND p.state <> ALL (%(never_out)s) AND a.dropped_at IS NULL
    ), close AS (
        SELECT DISTINCT publish_at, id FROM around WHERE NOT is_story AND publish_at >= %(close_since)s
         ORDER BY publish_at, id LIMIT 50
    ), closest AS (
        SELECT id, publish_at FROM close
         ORDER BY abs(extract(epoch FROM publish_at - %(at)s)), id::text COLLATE "C" LIMIT 1
    ), alike AS (
        SELECT DISTINCT ON (mine.number) a.*
          FROM unnest(CAST(%(looks)s AS text[]), CAST(%(digests)s AS text[])) WITH ORDINALITY
                   AS mine(looks, sha256, number)
          JOIN around a ON a.looks <> '' AND a.is_story = %(is_story)s AND a.publish_at >= %(seen_since)s
                       AND CASE WHEN a.sha256 = mine.sha256 THEN true
                           ELSE bit_count(('x' || lpad(a.looks, 32, '0'))::bit(128)
                                          # ('x' || lpad(mine.looks, 32, '0'))::bit(128)) <= %(alike)s END
         ORDER BY mine.number, a.sha256 <> mine.sha256, abs(extract(epoch FROM a.publish_at - %(at)s)),
                  a.publish_at, a.id, a.position
    )
    SELECT 'places', %(at)s::timestamptz, count(*), 0, false, '', '', '' FROM around
     WHERE parent_id IS NULL AND state = ANY (%(counted)s) AND publish_at > %(begins)s AND publish_at <= %(at)s
     UNION ALL
    SELECT 'close', publish_at, id, 0, false, '', '', '' FROM closest
     UNION ALL
    SELECT 'alike', publish_at, id, position, is_story, sha256, source, looks FROM alike
     UNION ALL
    SELECT 'known', publish_at, id, 0, false, content_digest, '', '' FROM posts
     WHERE key = %(key)s AND {SEEN_BY_DRIVER.format(column="account_id")}
"""  # noqa: S608 - constants

Doubt = tuple[int, ColumnProblem]
"""A line, and what is doubted in it."""


OF_TIME = ("post.crowded", "media.repeated")
"""Types of what another time alone gives reason for."""


def doubts_of_edit(tx: Session, post_id: int, edited: Checked, account: Terms) -> list[ColumnProblem]:
    """What is doubted about a post as it is to be; itself, as it was, is no neighbour."""
    past, _ = Past.near(tx, account, edited, besides=post_id)
    return [*past.crowded(edited.wish), *past.repeated(edited), *_plain(edited, account)]


def pasts(tx: Session, new: Sequence[tuple[int, Checked]], accounts: Mapping[str, Terms]) -> dict[str, Past]:
    """What stands around these posts, by the name of their account."""
    times: dict[str, list[datetime]] = {}
    for _, one in new:
        times.setdefault(one.wish.account, []).append(one.wish.publish_at)
    return {name: Past.of(tx, accounts[name], times[name]) for name in sorted(times)}


def doubts(new: Sequence[tuple[int, Checked]], known: Mapping[str, Past]) -> list[Doubt]:
    """What is doubted about these posts, in the order of their lines; each is held against those before it too."""
    found = []
    for name, past in known.items():
        mine = [(line, one) for line, one in new if one.wish.account == name]
        for line, one in mine:
            problems = [*past.crowded(one.wish), *past.repeated(one), *_plain(one, past.account)]
            found += [(line, problem) for problem in problems]
            past.add(one, f"the one in line {line}")
    return sorted(found, key=lambda doubt: doubt[0])


@dataclass(frozen=True)
class _Picture:
    """An image that is posted, as it looks; `whose` says of which post."""

    at: datetime
    is_story: bool
    looks: str
    sha256: str
    source: str
    whose: str


@dataclass
class Past:
    """What one account has posted around the time in question, or is going to."""

    account: Terms
    times: list[tuple[datetime, str]] = field(default_factory=list)
    pictures: list[_Picture] = field(default_factory=list)
    places: list[datetime] = field(default_factory=list)
    """When places of the publishing window are taken, or were (`pace.planned`)."""

    @classmethod
    def of(cls, tx: Session, account: Terms, times: Sequence[datetime], *, besides: int = 0) -> Past:
        window = {
            "account": account.id,
            "besides": besides,
            "since": min(times) - max(SEEN_FOR, pace.window_of(account)[1]),
            "until": max(times) + SEEN_FOR,
        }
        past, seen = cls(account), set()
        for number, type_, at, state, sha256, source, parent, looks in tx.execute(_AROUND, window):
            is_story, whose = type_ == PostType.STORY.value, f"post {number}"
            if parent is None and state in pace.COUNTED:
                past.places.append(at)
            if not is_story and number not in seen:
                past.times.append((at, whose))
                seen.add(number)
            if looks:
                past.pictures.append(_Picture(at, is_story, looks, sha256 or "", _named(source or ""), whose))
        return past

    @classmethod
    def near(cls, tx: Session, account: Terms, one: Checked, *, besides: int = 0) -> tuple[Past, Known | None]:
        """All that one post can be doubted for, however much its account posts; and the post that has its key."""
        at, mine = one.wish.publish_at, _pictures(one, "")
        window = {
            "account": account.id,
            "besides": besides,
            "since": at - max(SEEN_FOR, pace.window_of(account)[1]),
            "until": at + SEEN_FOR,
            "never_out": list(_NEVER_OUT),
            "story": PostType.STORY.value,
            "is_story": one.wish.type is PostType.STORY,
            "at": at,
            "begins": at - pace.window_of(account)[1],
            "counted": sorted(pace.COUNTED),
            "close_since": at - CROWDED,
            "seen_since": at - SEEN_FOR,
            "looks": [picture.looks for picture in mine],
            "digests": [picture.sha256 for picture in mine],
            "alike": ALIKE,
            "key": one.key,
            "seen": seen_accounts(tx),
        }
        past = cls(account)
        known = None
        for what, at_, number, _, is_story, sha256, source, looks in sorted(rows_of(tx, _NEAR, window)):
            if what == "known":
                known = Known(number, sha256)
            elif what == "places":
                past.places = [at] * number  # of the window that ends there; where in it, nobody asks
            elif what == "close":
                past.times.append((at_, f"post {number}"))
            else:
                past.pictures.append(_Picture(at_, is_story, looks, sha256, _named(source), f"post {number}"))
        return past, known

    def add(self, one: Checked, whose: str) -> None:
        is_story = one.wish.type is PostType.STORY
        if not is_story:
            insort(self.times, (one.wish.publish_at, whose))
        self.pictures += _pictures(one, whose)

    def crowded(self, wish: Wish) -> Iterator[ColumnProblem]:
        if wish.type is PostType.STORY:
            return
        first = bisect_left(self.times, (wish.publish_at - CROWDED, ""))
        near = [(abs(at - wish.publish_at), whose) for at, whose in self.times[first : first + 50]]
        gap, whose = min(near, default=(CROWDED, ""))
        if gap < CROWDED:
            post = f" ({whose})" if whose.startswith("post ") else ""  # of a file's rows one line tells all
            message = (
                f"another post of {self.account.name} goes out within an hour of it{post}: they share their readers"
            )
            yield ColumnProblem("publish_at", message, "post.crowded")

    def repeated(self, one: Checked) -> Iterator[ColumnProblem]:
        for mine in _pictures(one, ""):
            near = [other for other in self.pictures if _is_repeated(mine, other)]
            if near:
                other = min(near, key=lambda picture: (picture.sha256 != mine.sha256, abs(picture.at - mine.at)))
                what = "is the same picture as" if other.sha256 == mine.sha256 else "looks like"
                message = f"{mine.source} {what} {other.source} of {other.whose}, due {other.at:%Y-%m-%d %H:%M} UTC"
                yield ColumnProblem("media", message, "media.repeated")


def _is_repeated(mine: _Picture, other: _Picture) -> bool:
    is_near = mine.is_story is other.is_story and abs(other.at - mine.at) <= SEEN_FOR
    return is_near and (mine.sha256 == other.sha256 or are_alike(mine.looks, other.looks))


def _pictures(one: Checked, whose: str) -> list[_Picture]:
    is_story, at = one.wish.type is PostType.STORY, one.wish.publish_at
    return [
        _Picture(at, is_story, media.probe["likeness"], media.sha256 or "", _named(media.source), whose)
        for media in one.preflight.media
        if "likeness" in media.probe
    ]


def _plain(one: Checked, account: Terms) -> Iterator[ColumnProblem]:
    wish, media = one.wish, one.preflight.media
    if odd := clock.doubt(wish.publish_at_text, clock.zone(wish.timezone)):
        yield ColumnProblem("publish_at", odd)
    if never := lateness.doubt(wish, account):
        yield never
    if wish.type in (PostType.IMAGE, PostType.CAROUSEL):
        texts = [*wish.alt_texts, *[""] * len(media)]
        if any(item.kind is PartKind.IMAGE and not text for item, text in zip(media, texts, strict=False)):
            message = "an image has no alt text: people who cannot see it are told nothing of it"
            yield ColumnProblem("alt_text", message, "alt_text.missing")
    if wish.type is not PostType.STORY:
        yield from _hidden(media[:1] if one.preflight.cover is None else [one.preflight.cover])


def _hidden(shown: Iterable[Examined]) -> Iterator[ColumnProblem]:
    for item in shown:
        width, height = item.probe.get("width"), item.probe.get("height")
        if not width or not height:
            continue
        if (item.probe.get("orientation") or 1) >= 5:
            width, height = height, width
        hidden = hidden_part(width, height)
        if hidden > MOST_HIDDEN + 0.005:
            message = f"the profile's grid shows the middle of it at 3:4, without {hidden:.0%} of the picture"
            yield ColumnProblem("media", f"{_named(item.source)}: {message}", "media.hidden")


def _named(source: str) -> str:
    return fetch.shown(source) if "://" in source else source
