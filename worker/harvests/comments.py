"""Comments on the account's own media, with their replies: what the webhooks dropped is found here.

The media harvest has counted them already, so only media whose count has changed since their comments were last read
cost a call; young ones are looked at daily all the same, since one may go while another comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.comments import Comment as GraphComment
from graph.errors import GraphError
from graph.paging import Page
from models.comment import Comment, SeenComment, see_comments
from pressrun import clock
from worker.harvests.harvester import Harvester, Store
from worker.harvests.known import Commented, commented_media, mark_comments_read
from worker.harvests.parse import seen_comment, seen_comments
from worker.harvests.refusals import is_gone, is_not_permitted, is_refusal

MOST_MEDIA = 200
"""Media of one run, the newest first; the rest waits for the next one."""
_MOST_PAGES = 200
PERMISSION = "comments"


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


def _read_media(harvester: Harvester, media: Commented) -> Iterator[Store]:
    """Page by page, as far as there can be anything new; the mark comes with the last one."""
    what = f"comments of {media.ig_id}"
    after: str | None = None
    found_new = 0
    for _ in range(_MOST_PAGES):
        page = harvester.ask_apart(what, partial(_page, harvester, media, after))
        if page is None:
            return  # without the mark it is due again
        seen = seen_comments(page.items, ig_media_id=media.ig_id)
        for comment in page.items:
            if comment.has_more_replies:
                seen += _all_replies(harvester, media, comment)
        new = _count_new(harvester, seen, media.read_at)
        found_new += new
        is_end = not page.has_next or page.after == after or (not new and _is_enough(media, found_new))
        yield _store(harvester, seen, media if is_end and not page.is_cut else None)
        if is_end:
            return
        after = page.after


def _page(harvester: Harvester, media: Commented, after: str | None) -> Page[GraphComment]:
    """A page; one that Instagram refuses counts as empty, since asking again would change nothing."""
    try:
        return harvester.client.comments.page(media.ig_id, after)
    except GraphError as error:
        if not is_refusal(error):
            raise
        harvester.note(f"comments of {media.ig_id}", error)
        return Page((), None, has_next=False)


def _is_enough(media: Commented, found_new: int) -> bool:
    """Whether all that were added since the last complete read are found; a reply may stand below an old comment."""
    if media.read_at is None or media.count is None or media.count_then is None:
        return False
    return found_new >= media.count - media.count_then


def _all_replies(harvester: Harvester, media: Commented, comment: GraphComment) -> list[SeenComment]:
    seen: list[SeenComment] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        call = partial(harvester.client.comments.replies, comment.id, after)
        page = harvester.ask_apart(f"replies of {comment.id}", call)
        if page is None:
            break
        seen += [seen_comment(one, ig_media_id=media.ig_id, parent_ig_id=comment.id) for one in page.items]
        if not page.has_next or page.after == after:
            break
        after = page.after
    return seen


def _count_new(harvester: Harvester, seen: Sequence[SeenComment], read_at: datetime | None) -> int:
    """How many of these the last complete read of the media did not know, whoever brought them since."""
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


def _store(harvester: Harvester, seen: Sequence[SeenComment], done: Commented | None) -> Store:
    read_at = clock.now()

    def store(tx: Session, _run_id: int) -> int:
        rows = see_comments(tx, harvester.account.id, seen, now=read_at)
        if done is not None:
            mark_comments_read(tx, done, at=read_at)
        return rows

    return store
