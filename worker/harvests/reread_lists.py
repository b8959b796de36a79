"""What kept answers tell besides insights: tags, comments, and others' media. Each stores what it tells by itself."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from graph.accounts.media import read_media
from graph.accounts.users import read_profile
from graph.answers.paging import nested_page, read_page
from graph.answers.reading import Node
from graph.conversation.comments import read_comment
from graph.wire.endpoints import Endpoint
from models.harvests.watch import Watch, WatchKind
from models.history.comment import Comment, see_comments
from models.history.competitor import store_competitor
from models.history.hashtag import store_top
from models.history.public_media import store_public_media
from models.history.tag import see_tags
from worker.harvests.answers.parse import competitor_counts, public_media, seen_comment, seen_comments, seen_tag
from worker.harvests.kept import Kept, Told


def tags(told: Told, kept: Kept) -> None:
    items = read_page(kept.answer, Endpoint.TAGS, read_media, cursor_only=True).items
    seen = [seen_tag(item) for item in items]
    told.stores.append(lambda tx: see_tags(tx, kept.account_id, seen, now=kept.captured_at))


def comments(told: Told, kept: Kept) -> None:
    items = read_page(kept.answer, Endpoint.COMMENTS, read_comment).items
    seen = seen_comments(items, ig_media_id=kept.object_id)
    told.stores.append(lambda tx: see_comments(tx, kept.account_id, seen, now=kept.captured_at, are_shown=True))


def replies(told: Told, kept: Kept) -> None:
    """Those that did not come along with their comment, which says on which media they stand."""
    items = read_page(kept.answer, Endpoint.REPLIES, read_comment).items

    def store(tx: Session) -> int:
        parent = Comment.account_id == kept.account_id, Comment.ig_id == kept.object_id
        media_id = tx.scalar(select(Comment.ig_media_id).where(*parent))
        if media_id is None:
            return 0
        seen = [seen_comment(one, ig_media_id=media_id, parent_ig_id=kept.object_id) for one in items]
        return see_comments(tx, kept.account_id, seen, now=kept.captured_at, are_shown=True)

    told.stores.append(store)


def comment(told: Told, kept: Kept) -> None:
    """One that was asked for by its id."""
    found = read_comment(Node(kept.answer, Endpoint.COMMENT))
    if found.media_id is None:
        return
    seen = [seen_comment(found, ig_media_id=found.media_id)]
    told.stores.append(lambda tx: see_comments(tx, kept.account_id, seen, now=kept.captured_at, are_shown=True))


def competitor(told: Told, kept: Kept) -> None:
    account = Node(kept.answer, Endpoint.BUSINESS_DISCOVERY).node("business_discovery")
    if account is None:
        return
    profile = read_profile(account)
    counts, seen = (
        competitor_counts(profile),
        [public_media(item) for item in nested_page(account, "media", read_media).items],
    )

    def store(tx: Session) -> int:
        watch = _watch(tx, kept, WatchKind.COMPETITOR, profile.id)
        if watch is None:
            return 0
        rows = store_competitor(tx, watch.id, counts, captured_at=kept.captured_at, run_id=kept.run_id)
        return rows + store_public_media(tx, watch.id, seen, captured_at=kept.captured_at, run_id=kept.run_id)

    told.stores.append(store)


def hashtag_recent(told: Told, kept: Kept) -> None:
    _hashtag(told, kept, Endpoint.HASHTAG_RECENT)


def hashtag_top(told: Told, kept: Kept) -> None:
    _hashtag(told, kept, Endpoint.HASHTAG_TOP)


def _hashtag(told: Told, kept: Kept, endpoint: Endpoint) -> None:
    page = read_page(kept.answer, endpoint, read_media)
    seen = [public_media(item) for item in page.items]
    has_order = endpoint is Endpoint.HASHTAG_TOP and not page.dropped
    order = list(dict.fromkeys(one.ig_id for one in seen)) if has_order else []

    def store(tx: Session) -> int:
        watch = _watch(tx, kept, WatchKind.HASHTAG, kept.object_id)
        if watch is None:
            return 0
        rows = store_top(tx, watch.id, order, captured_at=kept.captured_at, run_id=kept.run_id)
        return rows + store_public_media(tx, watch.id, seen, captured_at=kept.captured_at, run_id=kept.run_id)

    told.stores.append(store)


def _watch(tx: Session, kept: Kept, kind: WatchKind, ig_id: str) -> Watch | None:
    query = select(Watch).where(Watch.account_id == kept.account_id, Watch.kind == kind.value, Watch.ig_id == ig_id)
    return tx.scalars(query.order_by(Watch.id).limit(1)).first()
