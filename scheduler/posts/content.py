"""What an edit writes into a post and its parts. The caller holds the post's row lock."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.posts.part import parts_of
from models.posts.post import Post
from scheduler.posts.queueing import Checked, params_of


def set_content(tx: Session, post: Post, checked: Checked, *, has_new_cover: bool) -> None:
    """The wish in place of what the post said."""
    wish, params, cover = checked.wish, params_of(checked), checked.preflight.cover
    if has_new_cover:
        post.cover_conversion_id = cover.conversion_id if cover else None
    elif "cover" in post.params:  # it may have been made right since it was seen
        params["cover"] = post.params["cover"]
    post.content_digest = checked.digest
    post.publish_at, post.timezone = wish.publish_at, wish.timezone
    post.caption, post.params, post.first_comment = wish.caption, params, wish.first_comment
    if wish.max_lateness is not None:
        post.max_lateness_s = int(wish.max_lateness.total_seconds())
    if wish.if_late is not None:
        post.if_late = wish.if_late.value
    tx.flush()


def set_alt_texts(tx: Session, post_id: int, alt_texts: tuple[str, ...]) -> None:
    """One for each media, in order."""
    items = [part for part in parts_of(tx, post_id) if part.source is not None]
    for number, part in enumerate(items):
        part.alt_text = alt_texts[number] if number < len(alt_texts) and alt_texts[number] else None
