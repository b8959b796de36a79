"""Others naming or tagging an account, and what it can read and answer then (graph-api.md §5.3, §7)."""

from __future__ import annotations

from typing import Any

from simulator import comments, errors, ids
from simulator.calls import Call
from simulator.comments import COMMENT
from simulator.fields import Field
from simulator.journal import Event
from simulator.media import MEDIA
from simulator.nodes import FACEBOOK
from simulator.people import stranger
from simulator.permissions import Need, check
from simulator.records import Account, Comment, Login, Media, Mention
from simulator.routing import endpoint
from simulator.sender import Sender
from simulator.users import USER
from simulator.world import World, applies


def create(
    world: World, sender: Sender, account: Account, *, kind: str, text: str | None, media: Media | None = None
) -> dict[str, str]:
    """Somebody mentions the account in a caption or a comment; the ids of what came into being.

    `media`: the comment stands below this one, which may be the account's own, and not below a stranger's.
    """
    words = text or f"Look at this, @{account.username}"
    if f"@{account.username}" not in words:
        words = f"{words} @{account.username}"
    username, person = stranger(world.seed, "mention", world.count)
    media_id = media.id if media is not None else ""
    if not media_id:
        caption = words if kind == "caption" else "A quiet day"
        media_id = _foreign_media(world, account, username, caption, is_tag=False)
    if kind == "caption":
        world.commit("mention.created", account=account.index, media_id=media_id, comment_id=None, at=world.now())
        sender.notify(account, "mentions", {"media_id": media_id})
        return {"media_id": media_id}
    commenter, commenter_id = stranger(world.seed, "commenter", world.count)
    comment_id = comments.add(world, media_id=media_id, text=words, username=commenter, from_id=commenter_id)
    world.commit("mention.created", account=account.index, media_id=media_id, comment_id=comment_id, at=world.now())
    if account.login is Login.INSTAGRAM:
        # Instagram Login has no field of its own for this: it arrives among the comments (graph-api.md §7).
        value = _comment_value(world, comment_id, words, (commenter, commenter_id), media_id)
        sender.notify(account, "comments", value)
    else:
        sender.notify(account, "mentions", {"comment_id": comment_id, "media_id": media_id})
    return {"media_id": media_id, "comment_id": comment_id, "author": username, "author_id": person}


def tag(world: World, account: Account, caption: str | None) -> dict[str, str]:
    """Somebody tags the account in a photo. Nothing announces it."""
    username, _ = stranger(world.seed, "tag", world.count)
    return {"media_id": _foreign_media(world, account, username, caption or "Together", is_tag=True)}


def comment(world: World, sender: Sender, account: Account, *, media: Media, text: str | None) -> dict[str, str]:
    """A stranger comments on the account's media."""
    who = stranger(world.seed, "comment", world.count)
    words = text or "Wonderful 😍"
    made = comments.add(world, media_id=media.id, text=words, username=who[0], from_id=who[1])
    sender.notify(account, "comments", _comment_value(world, made, words, who, media.id, media.product_type))
    return {"media_id": media.id, "comment_id": made}


def live_comment(world: World, sender: Sender, account: Account, *, text: str | None) -> dict[str, str]:
    """A stranger comments on the broadcast under way; only the notification tells of it."""
    who = stranger(world.seed, "live", world.count)
    made, media_id = world.new_id(ids.COMMENT), ids.broadcast(account.index)
    sender.notify(account, "live_comments", _comment_value(world, made, text or "Hello 👋", who, media_id, "LIVE"))
    return {"media_id": media_id, "comment_id": made}


def message(world: World, sender: Sender, account: Account, *, text: str | None, is_echo: bool) -> dict[str, str]:
    """A stranger writes to the account; as an echo, the account writes to the stranger."""
    _, person = stranger(world.seed, "message", world.count)
    parties = (account.ig_id, person) if is_echo else (person, account.ig_id)
    said: dict[str, Any] = {"mid": f"mid.{world.new_id(ids.COMMENT)}", "text": text or "Hi 👋"}
    if is_echo:
        said["is_echo"] = True
    sender.notify_message(
        account,
        {
            "sender": {"id": parties[0]},
            "recipient": {"id": parties[1]},
            "timestamp": int(world.now() * 1000),
            "message": said,
        },
    )
    return {"mid": said["mid"]}


def _comment_value(
    world: World, made: str, text: str, who: tuple[str, str], media_id: str, product_type: str = "FEED"
) -> dict[str, Any]:
    return {
        world.reading("comment_webhook_id", "id"): made,
        "text": text,
        "from": {"id": who[1], "username": who[0]},
        "media": {"id": media_id, "media_product_type": product_type},
    }


def _foreign_media(world: World, account: Account, username: str, caption: str, *, is_tag: bool) -> str:
    node = world.new_id(ids.FOREIGN_MEDIA)
    world.commit(
        "foreign.created",
        id=node,
        account=account.index,
        username=username,
        caption=caption,
        at=world.now(),
        is_tag=is_tag,
    )
    return node


@applies("foreign.created")
def _foreign_created(world: World, event: Event) -> None:
    media = Media(event["id"], None, event["username"], "IMAGE", "FEED", event["caption"], event["at"])
    world.nodes[media.id] = media
    if event["is_tag"]:
        world.accounts[event["account"]].tags.append(media)


@applies("mention.created")
def _mention_created(world: World, event: Event) -> None:
    account = world.accounts[event["account"]]
    world.mentions.append(Mention(account, event["media_id"], event["comment_id"], event["at"]))
    world.mentioned.add((account.index, event["media_id"], event["comment_id"]))


@USER.field("mentioned_media", FACEBOOK)
def _mentioned_media(call: Call, account: Account, field: Field) -> Any:
    """Caption mentions only."""
    check(Need.MENTIONED, account)
    media_id = field.modifiers.get("media_id")
    if not media_id:
        raise errors.missing("media_id")
    media = call.world.find(media_id)
    if not isinstance(media, Media) or (account.index, media_id, None) not in call.world.mentioned:
        raise errors.unsupported(media_id)
    return MEDIA.render(call, media, field.sub or ())


@USER.field("mentioned_comment", FACEBOOK)
def _mentioned_comment(call: Call, account: Account, field: Field) -> Any:
    check(Need.MENTIONED, account)
    comment_id = field.modifiers.get("comment_id")
    if not comment_id:
        raise errors.missing("comment_id")
    found = call.world.find(comment_id)
    if not isinstance(found, Comment) or (account.index, found.media_id, found.id) not in call.world.mentioned:
        raise errors.unsupported(comment_id)
    media = call.world.find(found.media_id)
    if isinstance(media, Media) and not media.is_comment_enabled:
        raise errors.invalid("Comments are disabled on the media")
    return COMMENT.render(call, found, field.sub or (), ("timestamp", "text"))


@endpoint("mention_create", "POST", "user/mentions", params="media_id message comment_id", need=Need.COMMENTS)
def answer(call: Call, account: Account) -> Any:
    """Reply to a mention: below the comment, or on the media. Not idempotent."""
    if call.params.text("comment_id") and account.login is Login.FACEBOOK and "pages_show_list" not in account.scopes:
        raise errors.no_permission()
    media_id, text = call.params.required("media_id"), call.params.required("message")
    comment_id = call.params.text("comment_id") or None
    if (account.index, media_id, comment_id) not in call.world.mentioned:
        raise errors.unsupported(comment_id or media_id, "post")
    made = comments.add(call.world, media_id=media_id, text=text, parent_id=comment_id, **comments.as_own(account))
    return {"id": made}
