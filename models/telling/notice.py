"""Notices: what people are to be told, each a row written in the transaction of what it tells of.

    told → heard by nobody yet → dealt out to the endpoints that want it (`models/telling/delivery.py`)

A notice is owed work as long as it has not been dealt out; where no endpoint wants its kind when it is written, nobody
is owed anything, and the row stays as a record. That a post was published stands in `post_events` anyway: such a notice
is written only where somebody wants it (`docs/decisions/0021-being-told.md`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of
from pressrun.log import redact
from pressrun.plain import plain


class NoticeKind(StrEnum):
    """What can be told. The names are a contract with receivers: never rename one."""

    POST_PUBLISHED = "post.published"
    POST_FAILED = "post.failed"
    POST_EXPIRED = "post.expired"
    POST_NEEDS_REVIEW = "post.needs_review"
    POST_LATE = "post.late"
    POST_INCOMPLETE = "post.incomplete"
    """It is live, and lacks something that nobody is about to bring: its first comment, its address, its numbers."""
    COMMENT_NEEDS_REVIEW = "comment.needs_review"
    """Only a person can tell whether a first comment or a reply stands."""
    QUOTA_FULL = "quota.full"
    ACCOUNT_BROKEN = "account.broken"
    ACCOUNT_BLOCKED = "account.blocked"
    ACCOUNT_SILENT = "account.silent"
    """Nothing was published for days, though something was planned."""
    TOKEN_ENDS = "token.ends"  # noqa: S105 - a name
    COVERAGE_LOST = "coverage.lost"
    """Nothing of a kind could be read of an account for days."""
    METRIC_REFUSED = "metric.refused"
    """Instagram answers a metric no more."""
    QUEUE_SILENT = "queue.silent"
    SCHEDULER_SILENT = "scheduler.silent"
    ENDPOINT_PARKED = "endpoint.parked"
    TEST = "test"
    """A person asked for it; it goes to one endpoint whatever its rules say."""


OF_STATE: Mapping[str, NoticeKind] = {
    "published": NoticeKind.POST_PUBLISHED,
    "failed": NoticeKind.POST_FAILED,
    "expired": NoticeKind.POST_EXPIRED,
    "needs_review": NoticeKind.POST_NEEDS_REVIEW,
}
"""State of a post → what is told when it comes to it."""


class Notice(Base):
    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("uid"),
        UniqueConstraint("key"),
        one_of("kind", NoticeKind),
        Index("ix_notices_at", "at"),
        Index("ix_notices_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_notices_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    uid: Mapped[UUID] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    """What receivers know it by."""
    kind: Mapped[Str]
    key: Mapped[Str | None]
    """What it must be told once only; null where the transaction of what it tells of is what makes it so."""
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    account_name: Mapped[Str | None]
    """As it was called then: what is sent again reads the same."""
    post_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("posts.id"))
    message: Mapped[Str]
    detail: Mapped[JsonObject]
    at: Mapped[InstantNow]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)


@dataclass(frozen=True)
class News:
    """Something to be told. `message` is redacted when it is stored."""

    kind: NoticeKind
    message: str
    account_id: int | None = None
    key: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


# The most particular rule counts: of account and kind, of the account, of the kind, of all; without one it is told.
WANTED: Final = """
    EXISTS (SELECT FROM endpoints e
             WHERE e.state <> 'removed'
               AND coalesce((SELECT r.how FROM notice_rules r
                              WHERE r.endpoint_id = e.id AND coalesce(r.account_id, {account_id}) = {account_id}
                                AND coalesce(r.kind, {kind}) = {kind}
                              ORDER BY (r.account_id IS NOT NULL) DESC, (r.kind IS NOT NULL) DESC LIMIT 1),
                            'at_once') <> 'never')
"""
"""Whether any endpoint wants a notice of that account and kind; both are SQL. Of an empty table it costs one look."""

DETAIL: Final = """jsonb_strip_nulls(jsonb_build_object(
    'key', p.key, 'type', p.type, 'publish_at', p.publish_at, 'media_id', {media_id}, 'error_class', {error_class},
    'code', {code}, 'subcode', {subcode}))"""
"""What a notice of a post `p` says of it, beside its message."""

_TELL = text(f"""
    INSERT INTO notices (kind, key, account_id, account_name, message, detail, next_action_at)
    SELECT CAST(:kind AS text), :key, n.account_id, (SELECT name FROM accounts WHERE id = n.account_id), :message,
           CAST(:detail AS jsonb),
           CASE WHEN {WANTED.format(account_id="coalesce(n.account_id, 0)", kind="CAST(:kind AS text)")} THEN now() END
      FROM (SELECT CAST(:account_id AS bigint) AS account_id) n
    ON CONFLICT (key) DO NOTHING
    RETURNING id
""")  # noqa: S608 - constants

_SAID = DETAIL.format(
    media_id="p.media_id",
    error_class="CAST(:error_class AS text)",
    code="CAST(:code AS text)",
    subcode="CAST(:subcode AS text)",
)
_TELL_OF_POST = text(f"""
    INSERT INTO notices (kind, key, account_id, account_name, post_id, message, detail, next_action_at)
    SELECT CAST(:kind AS text), :key, n.account_id, n.name, n.id, :message, n.detail,
           CASE WHEN n.is_wanted THEN now() END
      FROM (SELECT p.account_id, a.name, p.id, {_SAID} AS detail,
                   {WANTED.format(account_id="p.account_id", kind="CAST(:kind AS text)")} AS is_wanted
              FROM posts p JOIN accounts a ON a.id = p.account_id
             WHERE p.id = :post_id) n
     WHERE n.is_wanted OR CAST(:kind AS text) <> 'post.published'
    ON CONFLICT (key) DO NOTHING
""")  # noqa: S608 - constants


def tell(tx: Session, news: News) -> bool:
    """Write down what is to be told, with what it tells of; False if its key was told before."""
    values = {
        "kind": news.kind.value,
        "key": news.key,
        "account_id": news.account_id,
        "message": redact(news.message),
        "detail": json.dumps(dict(news.detail), default=plain),
    }
    return tx.execute(_TELL, values).first() is not None


def tell_of_post(
    tx: Session,
    post_id: int,
    kind: NoticeKind,
    message: str,
    *,
    key: str | None = None,
    error_class: str | None = None,
    code: str | None = None,
    subcode: str | None = None,
) -> None:
    """The same of a post, with what it is. That one was published is written only where an endpoint wants it."""
    values = {"kind": kind.value, "key": key, "post_id": post_id, "message": redact(message)}
    tx.execute(_TELL_OF_POST, values | {"error_class": error_class, "code": code, "subcode": subcode})
