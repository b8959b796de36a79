"""Comments on the account's own media, with their replies: what webhooks dropped, and what became of the others.

The media harvest has counted them already, so only media whose count has changed since their comments were last read
cost a call; young ones are looked at daily all the same, since one may go while another comes. A list is read as far as
there can be anything new, and from time to time to its end: then what it did not show is gone. Otherwise a comment that
should have stood in it is gone if Instagram says that there is none of its id. A list that is longer than a run goes on
in the next one, at Instagram's cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.answers.errors import GraphError
from graph.answers.paging import Page
from graph.conversation.comments import Comment as GraphComment
from models.harvests.media_state import Told, keep_states
from models.history.comment import Comment, SeenComment, record_gone, see_comments
from pressrun import clock
from worker.harvests.answers.parse import seen_comment, seen_comments
from worker.harvests.answers.refusals import is_gone, is_not_permitted, is_refusal
from worker.harvests.harvester import Harvester, Store
from worker.harvests.kinds.known import Commented, commented_media

MOST_MEDIA = 200
"""Media of one run, the newest first; the rest waits for the next one."""
MOST_PAGES = 200
"""Pages of one list in one run."""
MOST_ASKED_FOR = 5
"""Missed comments of one list that are asked for by their ids."""
PERMISSION = "comments"
_NOT_UNDER_WAY: Told = {
    "comments_begun_at": None,
    "comments_begun_count": None,
    "comments_after": None,
    "comments_lack": False,
}


@dataclass
class Reading:
    """The reading of one media's list, which an earlier run may have begun."""

    media: Commented
    begun_at: datetime
    count: int | None
    """How many comments there were when it began: those that have come since make it due again."""
    wants_all: bool
    lacks: bool
    has_shown: bool
    """Something stood in the list: one that is empty although there are comments proves nothing."""
    found_new: int = 0
    ids: set[str] = field(default_factory=set)
    oldest: datetime | None = None
    """When the lowest comment was written that it has come to."""

    @classmethod
    def of(cls, media: Commented, now: datetime) -> Reading:
        is_new = media.begun_at is None
        return cls(
            media=media,
            begun_at=media.begun_at or now,
            count=media.count if is_new else media.begun_count,
            wants_all=media.wants_all(now),
            lacks=media.lacks and not is_new,
            has_shown=not is_new,
        )

    def note(self, items: Sequence[GraphComment], new: int) -> None:
        self.found_new += new
        self.has_shown = self.has_shown or bool(items)
        self.ids.update(one.id for one in items)
        times = [one.timestamp for one in items if one.timestamp is not None]
        self.oldest = min([*times, *([self.oldest] if self.oldest else [])], default=None)

    def is_enough(self) -> bool:
        """Whether all that were added since the last reading are found; a reply may stand below an old comment."""
        if self.wants_all or self.media.read_at is None or self.count is None or self.media.count_then is None:
            return False
        return self.found_new >= self.count - self.media.count_then

    def goes_on(self, after: str | None) -> Told:
        return {
            "comments_begun_at": self.begun_at,
            "comments_begun_count": self.count,
            "comments_after": after,
            "comments_lack": self.lacks,
        }

    def is_proof(self) -> bool:
        """Whether what the list has not shown, now that it is at its end, is not there."""
        return not self.lacks and (self.has_shown or self.count == 0)


def read(harvester: Harvester) -> Iterator[Store]:
    if harvester.memory.holds(PERMISSION):
        harvester.leave_out(PERMISSION)
        return
    with harvester.transaction() as tx:
        due = commented_media(tx, harvester.account.id, now=clock.now(), limit=MOST_MEDIA)
    for media in due:
        try:
            yield from _read_media(harvester, media)
        except GraphError as error:
            if is_not_permitted(error):
                harvester.note(PERMISSION, error)
                harvester.memory.add(PERMISSION, error)
                return
            if not is_gone(error):
                raise
            if media.begun_at is not None:
                yield _store(harvester, media, (), _NOT_UNDER_WAY, clock.now())


def _read_media(harvester: Harvester, media: Commented) -> Iterator[Store]:
    """Page by page, each stored with the cursor behind it; what has gone is known with the last one."""
    reading = Reading.of(media, clock.now())
    walk = harvester.walk(f"comments of {media.ig_id}", media.after)
    for _ in range(MOST_PAGES):
        after, read_at = walk.after, clock.now()
        page = harvester.ask_apart(f"comments of {media.ig_id}", partial(_page, harvester, media, after))
        if page is None:
            return  # it goes on here the next time
        walk.take(page)
        if page.is_cut or (page.is_refused and after is not None):
            seen = seen_comments(page.items, ig_media_id=media.ig_id)
            yield _store(harvester, media, seen, _NOT_UNDER_WAY, read_at)
            return  # from its beginning the next time: how it goes on nobody has said
        seen = _with_replies(harvester, reading, page)
        reading.lacks = reading.lacks or page.is_refused or not walk.is_whole
        new = _count_new(harvester, seen, media.read_at)
        reading.note(page.items, new)
        if walk.is_over or (not new and reading.is_enough()):
            is_proof = walk.is_over and reading.is_proof()
            yield _finish(harvester, reading, seen, read_at, is_proof=is_proof)
            if not is_proof:
                yield from _ask_for_missed(harvester, reading)
            return
        yield _store(harvester, media, seen, reading.goes_on(walk.after), read_at)


@dataclass(frozen=True)
class _CommentPage(Page[GraphComment]):
    is_refused: bool = False


def _page(harvester: Harvester, media: Commented, after: str | None) -> _CommentPage:
    """A page; one that Instagram refuses counts as empty, since asking again would change nothing."""
    try:
        page = harvester.client.comments.page(media.ig_id, after)
    except GraphError as error:
        if not is_refusal(error):
            raise
        harvester.note(f"comments of {media.ig_id}", error)
        return _CommentPage((), None, has_next=False, is_refused=True)
    return _CommentPage(**vars(page))


def _with_replies(harvester: Harvester, reading: Reading, page: Page[GraphComment]) -> list[SeenComment]:
    seen = seen_comments(page.items, ig_media_id=reading.media.ig_id)
    for comment in page.items:
        if comment.has_more_replies:
            more, is_whole = _all_replies(harvester, reading.media, comment)
            seen += more
            reading.lacks = reading.lacks or not is_whole
        elif not comment.has_whole_replies:
            reading.lacks = True
    return seen


def _all_replies(harvester: Harvester, media: Commented, comment: GraphComment) -> tuple[list[SeenComment], bool]:
    """The replies, and whether they are all."""
    seen: list[SeenComment] = []
    walk = harvester.walk(what := f"replies of {comment.id}")

    def ask(after: str | None) -> Page[GraphComment] | None:
        return harvester.ask_apart(what, partial(harvester.client.comments.replies, comment.id, after))

    for page in walk.pages(ask, most=MOST_PAGES):
        seen += [seen_comment(one, ig_media_id=media.ig_id, parent_ig_id=comment.id) for one in page.items]
    if walk.is_whole and not walk.is_over:
        harvester.note_longer(what, MOST_PAGES)
    return seen, walk.is_whole and walk.is_over


def _count_new(harvester: Harvester, seen: Sequence[SeenComment], read_at: datetime | None) -> int:
    """How many of these the last reading of the media did not know, whoever brought them since."""
    ids = {one.ig_id for one in seen}
    if read_at is None or not ids:
        return len(ids)
    with harvester.transaction() as tx:
        known = tx.scalars(
            select(Comment.ig_id).where(
                Comment.account_id == harvester.account.id, Comment.ig_id.in_(ids), Comment.first_seen_at <= read_at
            )
        )
        return len(ids - set(known))


def _ask_for_missed(harvester: Harvester, reading: Reading) -> Iterator[Store]:
    """Of comments that stood between those that were shown, whether they exist."""
    media = reading.media
    if reading.oldest is None:
        return
    missed = (
        select(Comment.ig_id)
        .where(
            Comment.account_id == harvester.account.id,
            Comment.ig_media_id == media.ig_id,
            Comment.parent_ig_id.is_(None),
            Comment.gone_at.is_(None),
            Comment.commented_at > reading.oldest,
            Comment.last_seen_at < reading.begun_at,
            Comment.ig_id.not_in(reading.ids),
        )
        .order_by(Comment.commented_at.desc())
        .limit(MOST_ASKED_FOR)
    )
    with harvester.transaction() as tx:
        wanted = tx.scalars(missed).all()
    for ig_id in wanted:
        read_at = clock.now()
        try:
            found = harvester.ask_apart(
                f"comment {ig_id}", partial(harvester.client.comments.get, ig_id), can_wait=True
            )
        except GraphError as error:
            if not is_gone(error):
                raise
            yield _store_gone(harvester, media, ig_id, read_at)
        else:
            if found is not None:
                yield _store(harvester, media, [seen_comment(found, ig_media_id=media.ig_id)], {}, read_at)


def _store_gone(harvester: Harvester, media: Commented, ig_id: str, read_at: datetime) -> Store:
    account_id = harvester.account.id
    return lambda tx, _run_id: record_gone(tx, account_id, media.ig_id, unseen_since=read_at, now=read_at, ig_id=ig_id)


def _finish(
    harvester: Harvester, reading: Reading, seen: Sequence[SeenComment], read_at: datetime, *, is_proof: bool
) -> Store:
    told: Told = {**_NOT_UNDER_WAY, "comments_read_at": read_at, "comments_count": reading.count}
    if is_proof:
        told["comments_whole_at"] = read_at
    return _store(harvester, reading.media, seen, told, read_at, unseen_since=reading.begun_at if is_proof else None)


def _store(
    harvester: Harvester,
    media: Commented,
    seen: Sequence[SeenComment],
    told: Told,
    read_at: datetime,
    *,
    unseen_since: datetime | None = None,
) -> Store:
    """`read_at`: when the page was asked for that showed them."""

    def store(tx: Session, _run_id: int) -> int:
        account_id = harvester.account.id
        rows = see_comments(tx, account_id, seen, now=read_at, are_shown=True)
        if unseen_since is not None:
            rows += record_gone(tx, account_id, media.ig_id, unseen_since=unseen_since, now=read_at)
        keep_states(tx, {media.id: told})
        return rows

    return store
