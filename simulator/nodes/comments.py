"""Comments and replies below media (graph-api.md §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import FACEBOOK, NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.nodes.media import MEDIA
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.world import ids
from simulator.world.clock import graph_time
from simulator.world.journal import Event
from simulator.world.records import Account, Comment, Media
from simulator.world.world import World, applies

COMMENT = NodeType("IGComment")
_DEFAULT = ("timestamp", "text")
_PAGING = "limit after before"


def add(world: World, *, media_id: str, text: str, username: str, from_id: str, parent_id: str | None = None) -> str:
    """Make a comment durable; its id."""
    node = world.new_id(ids.COMMENT)
    world.commit(
        "comment.created",
        id=node,
        media_id=media_id,
        text=text,
        username=username,
        from_id=from_id,
        parent_id=parent_id,
        at=world.now(),
    )
    return node


@applies("comment.created")
def _created(world: World, event: Event) -> None:
    names = ("id", "media_id", "text", "username", "from_id", "at", "parent_id")
    comment = Comment(**{name: event[name] for name in names})
    media = world.find(comment.media_id)
    assert isinstance(media, Media)  # noqa: S101 - our own journal
    media.comments.append(comment)
    world.nodes[comment.id] = comment


@applies("comment.changed")
def _changed(world: World, event: Event) -> None:
    comment = world.find(event["id"])
    assert isinstance(comment, Comment)  # noqa: S101 - our own journal
    for name in ("is_hidden", "is_deleted", "text"):
        if name in event:
            setattr(comment, name, event[name])


def _key(comment: Comment) -> paging.Key:
    return (comment.at, comment.id)


def _page(
    call: Call, media: Media, parent: str | None, args: Mapping[str, Any], selection: tuple[Field, ...], path: str
) -> Any:
    shown = [comment for comment in media.comments if comment.parent_id == parent and not comment.is_deleted]
    return paging.page(
        call,
        sorted(shown, key=_key, reverse=True),
        key=_key,
        render=lambda comment: COMMENT.render(call, comment, selection, _DEFAULT),
        args=args,
        path=path,
        most=50,
    )


@endpoint("media_comments", "GET", "media/comments", params=_PAGING, need=Need.COMMENTS)
def media_comments(call: Call, media: Media) -> Any:
    """Top-level comments, newest first."""
    return _page(call, media, None, call.params, call.fields(), f"{media.id}/comments")


@MEDIA.field("comments")
def _comments_in_media(call: Call, media: Media, field: Field) -> Any:
    if media.account is not None:
        call.need(Need.COMMENTS, media.account)
    found = _page(call, media, None, field.modifiers, field.sub or (), f"{media.id}/comments")
    return found if found["data"] else None


@endpoint("comment_create", "POST", "media/comments", params="message", need=Need.COMMENTS)
def comment_on_media(call: Call, media: Media) -> Any:
    if not media.is_comment_enabled:
        raise errors.invalid("Comments are disabled on this media")
    return _reply(call, media, None)


@endpoint("comment_node", "GET", "comment", need=Need.COMMENTS)
def read(call: Call, comment: Comment) -> Any:
    return COMMENT.render(call, comment, call.fields(), _DEFAULT)


@endpoint("comment_replies", "GET", "comment/replies", params=_PAGING, need=Need.COMMENTS)
def replies(call: Call, comment: Comment) -> Any:
    return _page(call, _media(call, comment), comment.id, call.params, call.fields(), f"{comment.id}/replies")


@COMMENT.field("replies")
def _replies_in_comment(call: Call, comment: Comment, field: Field) -> Any:
    path = f"{comment.id}/replies"
    found = _page(call, _media(call, comment), comment.id, field.modifiers, field.sub or (), path)
    return found if found["data"] else None


@endpoint("reply_create", "POST", "comment/replies", params="message", need=Need.COMMENTS)
def reply(call: Call, comment: Comment) -> Any:
    return _reply(call, _media(call, comment), comment.parent_id or comment.id)


def _reply(call: Call, media: Media, parent: str | None) -> Any:
    account = media.account
    assert account is not None  # noqa: S101 - routing lets nobody touch media of strangers
    text = call.params.required("message")
    made = add(
        call.world,
        media_id=media.id,
        text=text,
        username=account.username,
        from_id=account.ig_id,
        parent_id=parent,
    )
    return {"id": made}


@endpoint("comment_update", "POST", "comment", params="hide", need=Need.COMMENTS)
def hide(call: Call, comment: Comment) -> Any:
    hidden = call.params.flag("hide")
    if hidden is None:
        raise errors.missing("hide")
    call.world.commit("comment.changed", id=comment.id, is_hidden=hidden)
    return {"success": True}


@endpoint("comment_delete", "DELETE", "comment", need=Need.COMMENTS)
def delete(call: Call, comment: Comment) -> Any:
    call.world.commit("comment.changed", id=comment.id, is_deleted=True)
    return {"success": True}


def as_own(account: Account) -> dict[str, str]:
    return {"username": account.username, "from_id": account.ig_id}


def _media(call: Call, comment: Comment) -> Media:
    media = call.world.find(comment.media_id)
    assert isinstance(media, Media)  # noqa: S101 - every comment belongs to one
    return media


@COMMENT.field("media")
def _media_of_comment(call: Call, comment: Comment, field: Field) -> Any:
    return MEDIA.render(call, _media(call, comment), field.sub or ())


def _author(call: Call, comment: Comment) -> str:
    """The name of who wrote it, as it is today."""
    author = call.world.nodes.get(comment.from_id)
    return author.username if isinstance(author, Account) else comment.username


COMMENT.plain("id", lambda comment: comment.id)
COMMENT.plain("text", lambda comment: comment.text)
COMMENT.plain("timestamp", lambda comment: graph_time(comment.at))
COMMENT.field("username")(lambda call, comment, _field: _author(call, comment))
COMMENT.plain("like_count", lambda comment: comment.likes)
COMMENT.plain("hidden", lambda comment: comment.is_hidden)
COMMENT.plain("parent_id", lambda comment: comment.parent_id)
COMMENT.field("from")(lambda call, comment, _field: {"id": comment.from_id, "username": _author(call, comment)})
COMMENT.plain("legacy_instagram_comment_id", lambda comment: comment.id, FACEBOOK)


@COMMENT.field("user", FACEBOOK)
def _user(call: Call, comment: Comment, _field: Field) -> Any:
    """The author's own node, shown for comments of the account itself."""
    author = call.world.nodes.get(comment.from_id)
    return {"id": author.ig_id} if isinstance(author, Account) else None
