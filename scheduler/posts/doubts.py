"""What a person may not have meant: told as warnings when a post is queued, and never in its way.

near-duplicates   of what the account posts within 90 days, on the same surface
crowding          two posts of an account less than an hour apart, stories aside
alt text          an image without any
the grid          a picture of which the 3:4 tile of the profile hides more than a quarter
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.account import Terms
from models.part import Part, PartKind
from models.post import Post, PostType
from models.states import PostState
from pressrun import fetch
from pressrun.media.grid import hidden_part
from pressrun.media.likeness import are_alike
from scheduler.posts.examined import Examined
from scheduler.posts.queueing import Checked
from scheduler.posts.wish import ColumnProblem, Wish

SEEN_FOR = timedelta(days=90)
CROWDED = timedelta(hours=1)
MOST_HIDDEN = 0.25
_NEVER_OUT = tuple(state.value for state in (PostState.CANCELED, PostState.FAILED, PostState.EXPIRED))

Doubt = tuple[int, ColumnProblem]
"""A line, and what is doubted in it."""


def doubts(tx: Session, new: Sequence[tuple[int, Checked]], accounts: Mapping[str, Terms]) -> list[Doubt]:
    """What is doubted about these posts, in the order of their lines; each is held against those before it too."""
    found = []
    for name in sorted({one.wish.account for _, one in new}):
        mine = [(line, one) for line, one in new if one.wish.account == name]
        past = _Past.of(tx, accounts[name], [one.wish.publish_at for _, one in mine])
        for line, one in mine:
            problems = [*past.crowded(one.wish), *past.repeated(one), *_plain(one)]
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
class _Past:
    """What one account has posted around the time in question, or is going to."""

    account: str
    times: list[tuple[datetime, str]] = field(default_factory=list)
    pictures: list[_Picture] = field(default_factory=list)

    @classmethod
    def of(cls, tx: Session, account: Terms, times: Sequence[datetime]) -> _Past:
        query = (
            select(Post.id, Post.type, Post.publish_at, Part.media_sha256, Part.source, Part.probe)
            .join(Part, Part.post_id == Post.id)
            .where(
                Post.account_id == account.id,
                Post.publish_at.between(min(times) - SEEN_FOR, max(times) + SEEN_FOR),
                Post.state.not_in(_NEVER_OUT),
                Part.dropped_at.is_(None),
            )
            .order_by(Post.publish_at, Post.id, Part.position)
        )
        past, seen = cls(account.name), set()
        for row in tx.execute(query):
            is_story, whose = row.type == PostType.STORY.value, f"post {row.id}"
            if not is_story and row.id not in seen:
                past.times.append((row.publish_at, whose))
                seen.add(row.id)
            if looks := row.probe.get("likeness"):
                source = _named(row.source or "")
                past.pictures.append(_Picture(row.publish_at, is_story, looks, row.media_sha256 or "", source, whose))
        return past

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
            message = f"another post of {self.account} goes out within an hour of it{post}: they share their readers"
            yield ColumnProblem("publish_at", message)

    def repeated(self, one: Checked) -> Iterator[ColumnProblem]:
        for mine in _pictures(one, ""):
            near = [other for other in self.pictures if _is_repeated(mine, other)]
            if near:
                other = min(near, key=lambda picture: (picture.sha256 != mine.sha256, abs(picture.at - mine.at)))
                what = "is the same picture as" if other.sha256 == mine.sha256 else "looks like"
                message = f"{mine.source} {what} {other.source} of {other.whose}, due {other.at:%Y-%m-%d %H:%M} UTC"
                yield ColumnProblem("media", message)


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


def _plain(one: Checked) -> Iterator[ColumnProblem]:
    wish, media = one.wish, one.preflight.media
    if wish.type in (PostType.IMAGE, PostType.CAROUSEL):
        texts = [*wish.alt_texts, *[""] * len(media)]
        if any(item.kind is PartKind.IMAGE and not text for item, text in zip(media, texts, strict=False)):
            yield ColumnProblem("alt_text", "an image has no alt text: people who cannot see it are told nothing of it")
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
            yield ColumnProblem("media", f"{_named(item.source)}: {message}")


def _named(source: str) -> str:
    return fetch.shown(source) if "://" in source else source
