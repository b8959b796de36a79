"""Rows as tests need them: plain functions, real rows, every default overridable."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.accounts.account import Account, Login, token_context
from models.asked.follow_up import FollowUp
from models.asked.inquiry import Inquiry
from models.connecting.connection import Connection, ask
from models.connecting.joining import NewAccount
from models.harvests.backfill import Backfill
from models.harvests.harvest import Harvest
from models.history.comment import Comment
from models.history.mention import Mention
from models.hooks.deletion import Deletion
from models.hooks.inbox import InboxEvent
from models.hooks.subscription import Subscription
from models.posts.conversion import Conversion
from models.posts.part import Part, parts_of
from models.posts.post import Post
from models.publishing.attempt import Attempt
from models.publishing.container import Container
from models.publishing.reply import Reply
from models.telling.delivery import Delivery, DeliveryNotice
from models.telling.endpoint import Endpoint, Way, add_endpoint
from models.telling.notice import Notice
from models.tokens.token import Token
from models.ways.bucket_object import BucketObject
from models.ways.upload import Upload
from pressrun import clock
from pressrun.vault import Vault, generate_key

KEY = generate_key()
_numbers = itertools.count(1)


def make_account(tx: Session, **over: Any) -> Account:
    """An active account on Facebook Login; `token` is sealed under `KEY`."""
    number = next(_numbers)
    token = over.pop("token", f"SIM-TOKEN-{number}")
    values: dict[str, Any] = {
        "ig_id": str(17_841_499_000_000_000 + number),
        "login": "facebook",
        "name": f"account-{number}",
        "username": f"account_{number}",
        "state": "active",
        "token_sealed": "",
    }
    account = Account(**values | over)
    tx.add(account)
    tx.flush()
    account.token_sealed = Vault([KEY]).seal(token, context=token_context(account.id))
    tx.flush()
    return account


def make_post(tx: Session, account: Account, **over: Any) -> Post:
    """A scheduled image post due now, with its one part; `parts=0` makes none."""
    number = next(_numbers)
    parts = over.pop("parts", 1)
    now: datetime = over.pop("now", clock.now())
    publish_at = over.get("publish_at", now)
    values: dict[str, Any] = {
        "key": f"key-{number}",
        "content_digest": f"digest-{number}",
        "account_id": account.id,
        "type": "image",
        "state": "scheduled",
        "publish_at": publish_at,
        "timezone": "UTC",
        "caption": f"caption {number}",
        "params": {},
        "max_lateness_s": 900,
        "if_late": "expire",
        "next_action_at": now - timedelta(milliseconds=1),
    }
    post = Post(**values | over)
    tx.add(post)
    tx.flush()
    for position in range(parts):
        tx.add(Part(post_id=post.id, position=position, kind="image", source=f"photo-{position}.jpg", probe={}))
    tx.flush()
    return post


def make_container(tx: Session, part: Part, account: Account, **over: Any) -> Container:
    """A live container that is ready to be published."""
    values: dict[str, Any] = {
        "part_id": part.id,
        "account_id": account.id,
        "ig_id": f"1800{next(_numbers)}",
        "status_code": "FINISHED",
        "created_at": clock.now(),
    }
    container = Container(**values | over)
    tx.add(container)
    tx.flush()
    return container


def make_object(tx: Session, **over: Any) -> BucketObject:
    """An object that is to be put into a bucket, due now."""
    sha256 = f"{next(_numbers):064x}"
    values: dict[str, Any] = {
        "bucket": "media",
        "key": f"pressrun/{sha256}.jpg",
        "sha256": sha256,
        "extension": "jpg",
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    made = BucketObject(**values | over)
    tx.add(made)
    tx.flush()
    return made


def make_upload(tx: Session, account: Account, **over: Any) -> Upload:
    """An upload to a container of a staging reel, due now."""
    if "container_id" not in over:
        waits = clock.now() + timedelta(minutes=1)
        post = make_post(tx, account, type="reel", state="staging", next_action_at=waits)
        container = make_container(tx, first_part(tx, post), account, status_code="IN_PROGRESS", route="upload")
        over["container_id"] = container.id
    values: dict[str, Any] = {
        "account_id": account.id,
        "url": "https://rupload.facebook.com/ig-api-upload/v25.0/1",
        "sha256": f"{next(_numbers):064x}",
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    made = Upload(**values | over)
    tx.add(made)
    tx.flush()
    return made


def make_harvest(tx: Session, account: Account, **over: Any) -> Harvest:
    """An hourly profile harvest whose slot is due now."""
    now = clock.now() - timedelta(milliseconds=1)
    values: dict[str, Any] = {
        "account_id": account.id,
        "kind": "profile",
        "cron": "0 * * * *",
        "slot_at": now,
        "next_action_at": now,
    }
    harvest = Harvest(**values | over)
    tx.add(harvest)
    tx.flush()
    return harvest


def make_conversion(tx: Session, account: Account, **over: Any) -> Conversion:
    """A file that waits to be made right, due now."""
    values: dict[str, Any] = {
        "asked_by": account.id,
        "source_sha256": f"{next(_numbers):064x}",
        "recipe_key": "recipe",
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    conversion = Conversion(**values | over)
    tx.add(conversion)
    tx.flush()
    return conversion


def make_inbox_event(tx: Session, **over: Any) -> InboxEvent:
    """A webhook change that waits to be handled, due now."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "digest": f"digest-{number}",
        "object": "instagram",
        "entry_id": f"entry-{number}",
        "field": "comments",
        "value": {"id": str(number)},
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    event = InboxEvent(**values | over)
    tx.add(event)
    tx.flush()
    return event


def make_mention(tx: Session, account: Account, **over: Any) -> Mention:
    """A comment of somebody that names the account, read."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "account_id": account.id,
        "ig_media_id": f"1790{number}",
        "ig_comment_id": f"1789{number}",
        "state": "read",
        "username": "ana",
        "text": f"look at @{account.username}",
        "announced_at": clock.now(),
    }
    mention = Mention(**values | over)
    tx.add(mention)
    tx.flush()
    return mention


def make_comment(tx: Session, account: Account, **over: Any) -> Comment:
    """A comment of somebody below a media of the account."""
    now = clock.now()
    values: dict[str, Any] = {
        "account_id": account.id,
        "ig_id": f"1788{next(_numbers)}",
        "ig_media_id": "1791",
        "text": "How much is it?",
        "first_seen_at": now,
        "last_seen_at": now,
    }
    comment = Comment(**values | over)
    tx.add(comment)
    tx.flush()
    return comment


def make_reply(tx: Session, to: Mention | Comment, **over: Any) -> Reply:
    """A reply that waits to be sent, due now; in a later state, with the attempt that led there."""
    values: dict[str, Any] = {
        "account_id": to.account_id,
        "mention_id" if isinstance(to, Mention) else "to_comment_id": to.id,
        "number": 1,
        "text": "thank you",
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    reply = Reply(**values | over)
    tx.add(reply)
    tx.flush()
    outcome = {"sending": "intent", "unknown": "unknown", "needs_review": "needs_review", "sent": "succeeded"}
    if reply.state in outcome:
        tx.add(
            Attempt(
                reply_id=reply.id,
                action="reply",
                state=outcome[reply.state],
                claim=0,
                intent_at=reply.intent_at or clock.now(),
                result_id=reply.comment_id,
            )
        )
        tx.flush()
    return reply


def make_backfill(tx: Session, account: Account, **over: Any) -> Backfill:
    """A backfill of a month of account insights, due now."""
    now = clock.now() - timedelta(milliseconds=1)
    values: dict[str, Any] = {
        "account_id": account.id,
        "kind": "account",
        "since": now - timedelta(days=30),
        "next_action_at": now,
    }
    backfill = Backfill(**values | over)
    tx.add(backfill)
    tx.flush()
    return backfill


def make_connection(tx: Session, **over: Any) -> Connection:
    """A connection that a worker is to ask about, due now; `token` is sealed under `KEY`."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "login": Login.FACEBOOK,
        "ig_id": str(17_841_498_000_000_000 + number),
        "name": f"new-{number}",
        "token": f"SIM-TOKEN-{number}",
    }
    return ask(tx, NewAccount(**values | over), Vault([KEY]), now=clock.now())


def make_token(tx: Session, account: Account, **over: Any) -> Token:
    """The care of an account's own token, due now; the account has its token already."""
    values: dict[str, Any] = {
        "account_id": account.id,
        "which": "account",
        "stored_at": clock.now(),
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    token = Token(**values | over)
    tx.add(token)
    tx.flush()
    return token


def make_subscription(tx: Session, account: Account, **over: Any) -> Subscription:
    """One that is to be looked at now."""
    now = clock.now() - timedelta(milliseconds=1)
    subscription = Subscription(**{"account_id": account.id, "next_action_at": now} | over)
    tx.add(subscription)
    tx.flush()
    return subscription


def make_deletion(tx: Session, **over: Any) -> Deletion:
    """One that was asked for just now."""
    number = next(_numbers)
    now = clock.now() - timedelta(milliseconds=1)
    values = {"code": f"code{number}", "digest": f"digest-{number}", "user_id": str(number), "next_action_at": now}
    deletion = Deletion(**values | over)
    tx.add(deletion)
    tx.flush()
    return deletion


def make_inquiry(tx: Session, account: Account, **over: Any) -> Inquiry:
    """Somebody wants to know which catalogs there are."""
    now = clock.now() - timedelta(milliseconds=1)
    inquiry = Inquiry(**{"account_id": account.id, "kind": "catalogs", "next_action_at": now} | over)
    tx.add(inquiry)
    tx.flush()
    return inquiry


def make_follow_up(tx: Session, post: Post, **over: Any) -> FollowUp:
    """The collaborators of a post, to be looked at now."""
    now = clock.now() - timedelta(milliseconds=1)
    values: dict[str, Any] = {
        "account_id": post.account_id,
        "post_id": post.id,
        "media_id": post.media_id or "1799",
        "kind": "collaborators",
        "published_at": now,
        "next_action_at": now,
    }
    follow_up = FollowUp(**values | over)
    tx.add(follow_up)
    tx.flush()
    return follow_up


def make_endpoint(tx: Session, **over: Any) -> Endpoint:
    """A webhook that hears everything at once; address and secret are sealed under `KEY`."""
    name, address = over.pop("name", f"endpoint-{next(_numbers)}"), over.pop("address", "http://127.0.0.1:9/hook")
    endpoint, _ = add_endpoint(tx, name, Way.WEBHOOK, "http://127.0.0.1:9", address, Vault([KEY]))
    for column, value in over.items():
        setattr(endpoint, column, value)
    tx.flush()
    return endpoint


def make_notice(tx: Session, **over: Any) -> Notice:
    """A notice that waits to be dealt out, due now."""
    values: dict[str, Any] = {
        "kind": "queue.silent",
        "message": f"notice {next(_numbers)}",
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    notice = Notice(**values | over)
    tx.add(notice)
    tx.flush()
    return notice


def make_delivery(tx: Session, endpoint: Endpoint, **over: Any) -> Delivery:
    """A delivery of one notice, due now."""
    values: dict[str, Any] = {
        "endpoint_id": endpoint.id,
        "next_action_at": clock.now() - timedelta(milliseconds=1),
    }
    delivery = Delivery(**values | over)
    tx.add(delivery)
    tx.flush()
    tx.add(DeliveryNotice(delivery_id=delivery.id, notice_id=make_notice(tx, next_action_at=None).id))
    tx.flush()
    return delivery


def first_part(tx: Session, post: Post) -> Part:
    """The part that goes out first."""
    return parts_of(tx, post.id)[0]


def make_attempt(tx: Session, post: Post, **over: Any) -> Attempt:
    """A publish attempt of the post's first part that is about to be made."""
    values: dict[str, Any] = {
        "post_id": post.id,
        "part_id": first_part(tx, post).id if "part_id" not in over else None,
        "action": "publish",
        "state": "intent",
        "claim": post.claim or 0,
        "intent_at": clock.now(),
    }
    attempt = Attempt(**values | over)
    tx.add(attempt)
    tx.flush()
    return attempt
