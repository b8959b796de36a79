"""Accepting posts: from a checked wish to rows, once per idempotency key. What CLI and console call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.accounts.account import Terms
from models.owed.claims import SOON, wake_schedulers
from models.posts.event import Cause
from models.posts.part import Part, PartKind, add_part_rows
from models.posts.post import MADE_KEY, IfLate, Known, Post, PostType
from models.posts.queued import Written, write_post
from pressrun import clock
from pressrun.errors import Conflict
from pressrun.settings import Settings
from scheduler.posts.examined import Examined
from scheduler.posts.fixing import waiting
from scheduler.posts.preflight import Preflight
from scheduler.posts.wish import Wish


class KeyTaken(Conflict):
    """The idempotency key belongs to a post with other content."""

    type = "post.key_taken"

    def __init__(self, key: str, post_id: int) -> None:
        self.key, self.post_id = key, post_id
        super().__init__(
            f"key {key!r} is taken by post {post_id}, whose content differs: use another key, or leave that post",
            field="key",
            ids={"post": post_id},
        )


@dataclass(frozen=True)
class Checked:
    """A wish that may be queued, with its key and the digest of its content."""

    wish: Wish
    preflight: Preflight
    key: str
    digest: str


@dataclass(frozen=True)
class Due:
    """An instant, and the zone in which the person thinks of it."""

    at: datetime
    timezone: str

    def __str__(self) -> str:
        local = self.at.astimezone(clock.zone(self.timezone))
        return f"{local:%Y-%m-%d %H:%M:%S} {self.timezone}"


def check(wish: Wish, preflight: Preflight) -> Checked:
    """Give the wish its key: its own, or one derived from all that it says, so that the same wish is the same post."""
    digest = _digest(wish, preflight)
    return Checked(wish, preflight, wish.key or f"{MADE_KEY}{digest[:24]}", digest)


def find_same(checked: Checked, known: Known | None) -> bool:
    """Whether the post under this key says the same. Raises KeyTaken when it says something else."""
    if known is None:
        return False
    if known.content_digest != checked.digest:
        raise KeyTaken(checked.key, known.id)
    return True


def queue_post(
    tx: Session, checked: Checked, account: Terms, settings: Settings, *, now: datetime, late: bool
) -> Written:
    """Write the post, its parts and its first event; wakes the schedulers when it is due soon."""
    wish = checked.wish
    fallback = account.max_lateness_s if account.max_lateness_s is not None else settings.max_lateness.total_seconds()
    is_late = late and wish.publish_at < now
    if_late = wish.if_late or (IfLate.PUBLISH if is_late else IfLate(account.if_late or IfLate.EXPIRE))
    due_at = due_for_staging(wish.publish_at, settings)
    values = {
        "key": checked.key,
        "content_digest": checked.digest,
        "account_id": account.id,
        "type": wish.type.value,
        "publish_at": wish.publish_at,
        "timezone": wish.timezone,
        "caption": wish.caption,
        "params": params_of(checked),
        "cover_conversion_id": checked.preflight.cover.conversion_id if checked.preflight.cover else None,
        "first_comment": wish.first_comment,
        "max_lateness_s": int(wish.max_lateness.total_seconds() if wish.max_lateness is not None else fallback),
        "if_late": if_late.value,
        "next_action_at": due_at,
    }
    files = waiting(checked.preflight)
    more = f"; {files} of its files {'is' if files == 1 else 'are'} being made right" if files else ""
    cause = Cause("post.queued", f"queued for {wish.publish_at.isoformat()}{more}", detail={"zone": wish.timezone})
    written = write_post(tx, values, _part_rows(wish, checked.preflight), cause)
    if due_at <= now + SOON:
        wake_schedulers(tx)
    return written


def add_parts(tx: Session, post: Post, wish: Wish, preflight: Preflight) -> list[Part]:
    """Write the parts of a post that is there."""
    rows = [{**row, "post_id": post.id} for row in _part_rows(wish, preflight)]
    if wish.type is not PostType.CAROUSEL:
        return add_part_rows(tx, rows)
    whole = add_part_rows(tx, rows[:1])
    return whole + add_part_rows(tx, [{**row, "parent_id": whole[0].id} for row in rows[1:]])


def _part_rows(wish: Wish, preflight: Preflight) -> list[dict[str, Any]]:
    """The tree of what needs a container: see docs/decisions/0005. The whole of a carousel goes before its items."""
    alt_texts = dict(enumerate(wish.alt_texts))
    whole: list[dict[str, Any]] = []
    if wish.type is PostType.CAROUSEL:
        whole = [{"position": 0, "kind": PartKind.CAROUSEL.value, "probe": {}}]
    return whole + [
        {
            "position": number + len(whole),
            "kind": one.kind.value,
            "source": one.source,
            "media_sha256": one.sha256,
            "media_extension": one.extension,
            "conversion_id": one.conversion_id,
            "alt_text": alt_texts.get(number) or None,
            "probe": one.probe,
        }
        for number, one in enumerate(preflight.media)
    ]


def due_for_staging(publish_at: datetime, settings: Settings) -> datetime:
    """When the first step of a post is owed. Never in the past: it would look forgotten, and go before all others."""
    now = clock.now()
    return publish_at - settings.stage_ahead if publish_at - now > settings.stage_ahead else now


def params_of(checked: Checked) -> dict[str, Any]:
    """What a post keeps of its wish beside the columns of its own."""
    return _params(checked.wish, checked.preflight)


def _params(wish: Wish, preflight: Preflight) -> dict[str, Any]:
    given: dict[str, Any] = {
        "location_id": wish.location_id,
        "user_tags": list(wish.user_tags) or None,
        "collaborators": list(wish.collaborators) or None,
        "product_tags": list(wish.product_tags) or None,
        "poll_options": list(wish.poll_options) or None,
        "poll_extended": wish.poll_extended,
        "comment_prompt": wish.comment_prompt,
        "thumb_offset_ms": wish.frame_ms,
        "share_to_feed": wish.share_to_feed,
        "trial": wish.trial,
        "fix": wish.fix,
        "cover": _cover(preflight.cover),
    }
    return {name: value for name, value in given.items() if value is not None}


def _cover(cover: Examined | None) -> dict[str, str] | None:
    if cover is None:
        return None
    if cover.sha256 is None or cover.extension is None:
        return {"url": cover.source}
    return {"sha256": cover.sha256, "extension": cover.extension}


def _content(one: Examined) -> str:
    known = one.sha256 or one.source
    return f"{known} {one.recipe.key}" if one.recipe is not None else known


def _digest(wish: Wish, preflight: Preflight) -> str:
    # The time as written: `+20s` in a file that is imported twice is the same wish, though not the same instant.
    said = {
        "account": wish.account,
        "publish_at": wish.publish_at_text if wish.publish_at_text.startswith("+") else wish.publish_at.isoformat(),
        "type": wish.type.value,
        "media": [_content(one) for one in preflight.media],
        "caption": wish.caption,
        "alt_texts": list(wish.alt_texts),
        "first_comment": wish.first_comment,
        "params": _params(wish, preflight),
        "max_lateness_s": wish.max_lateness.total_seconds() if wish.max_lateness is not None else None,
        "if_late": wish.if_late.value if wish.if_late else None,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
