"""`/_sim/mention`, `comment`, `tag`, …: what people who are not under test do to an account, and its webhooks."""

from __future__ import annotations

from typing import Any

from pressrun.errors import Invalid, NotPossible
from simulator.backstage import Backstage
from simulator.control.bodies import text, the_account
from simulator.nodes import comments
from simulator.world import ids
from simulator.world.journal import Event
from simulator.world.people import stranger
from simulator.world.records import Account, Comment, Login, Media, Mention
from simulator.world.world import World, applies


def mention(stage: Backstage, body: dict[str, Any]) -> Any:
    """Somebody mentions the account in a caption or a comment; the ids of what came into being."""
    kind = body.get("kind", "comment")
    if kind not in {"comment", "caption"}:
        raise Invalid("kind is comment or caption", field="kind")
    account = the_account(stage, body)
    below = stage.world.find(str(body["media_id"])) if "media_id" in body else None
    if "media_id" in body and (kind != "comment" or not isinstance(below, Media)):
        raise Invalid("media_id names the media below which the comment stands", field="media_id")
    said = _naming(account, text(body, "text"))
    who = stranger(stage.world.seed, "mention", stage.world.count)
    media_id = below.id if isinstance(below, Media) else ""
    if not media_id:
        caption = said if kind == "caption" else "A quiet day"
        media_id = _foreign_media(stage.world, account, who[0], caption, is_tag=False)
    if kind == "caption":
        _record(stage, account, media_id, None)
        stage.sender.notify(account, "mentions", {"media_id": media_id})
        return {"media_id": media_id}
    made = _mention_in_comment(stage, account, media_id, said)
    return {"media_id": media_id, "comment_id": made, "author": who[0], "author_id": who[1]}


def _naming(account: Account, said: str | None) -> str:
    said = said or f"Look at this, @{account.username}"
    return said if f"@{account.username}" in said else f"{said} @{account.username}"


def _mention_in_comment(stage: Backstage, account: Account, media_id: str, said: str) -> str:
    world = stage.world
    who = stranger(world.seed, "commenter", world.count)
    made = comments.add(world, media_id=media_id, text=said, username=who[0], from_id=who[1])
    _record(stage, account, media_id, made)
    if account.login is Login.INSTAGRAM:
        # Instagram Login has no field of its own for this: it arrives among the comments (graph-api.md §7).
        stage.sender.notify(account, "comments", _comment_value(world, made, said, who, media_id))
    else:
        stage.sender.notify(account, "mentions", {"comment_id": made, "media_id": media_id})
    return made


def _record(stage: Backstage, account: Account, media_id: str, comment_id: str | None) -> None:
    at = stage.world.now()
    stage.world.commit("mention.created", account=account.index, media_id=media_id, comment_id=comment_id, at=at)


def tag(stage: Backstage, body: dict[str, Any]) -> Any:
    """Somebody tags the account in a photo. Nothing announces it."""
    world = stage.world
    account, caption = the_account(stage, body), text(body, "caption")
    username, _ = stranger(world.seed, "tag", world.count)
    return {"media_id": _foreign_media(world, account, username, caption or "Together", is_tag=True)}


def comment(stage: Backstage, body: dict[str, Any]) -> Any:
    """A stranger comments on the account's media."""
    world, account = stage.world, the_account(stage, body)
    own = [media for media in world.media_of(account) if not media.is_deleted]
    media = world.find(str(body["media_id"])) if "media_id" in body else max(own, key=lambda item: item.at)
    if not isinstance(media, Media) or media.account is not account:
        raise Invalid("media_id is no media of that account", field="media_id")
    who, said = stranger(world.seed, "comment", world.count), text(body, "text") or "Wonderful 😍"
    made = comments.add(world, media_id=media.id, text=said, username=who[0], from_id=who[1])
    stage.sender.notify(account, "comments", _comment_value(world, made, said, who, media.id, media.product_type))
    return {"media_id": media.id, "comment_id": made}


def edit_comment(stage: Backstage, body: dict[str, Any]) -> Any:
    """Whoever wrote a comment writes it anew; nothing announces it."""
    account, said = the_account(stage, body), text(body, "text")
    found = stage.world.find(str(body.get("comment_id")))
    media = stage.world.find(found.media_id) if isinstance(found, Comment) else None
    if not isinstance(media, Media) or media.account is not account:
        raise Invalid("comment_id names no comment on a media of that account", field="comment_id")
    if not said:
        raise Invalid("text is what it says from now on", field="text")
    stage.world.commit("comment.changed", id=str(body["comment_id"]), text=said)
    return {"comment_id": str(body["comment_id"])}


def invite(stage: Backstage, body: dict[str, Any]) -> Any:
    """Somebody invites the account to be a co-author of a media. Nothing announces that."""
    world, account = stage.world, the_account(stage, body)
    if account.login is not Login.FACEBOOK:
        raise NotPossible("Instagram Login has no invitations", type="account.wrong_login", field="account")
    username, _ = stranger(world.seed, "invite", world.count)
    media_id = _foreign_media(world, account, username, text(body, "caption") or "With you", is_tag=False)
    world.commit("invite.made", account=account.index, media_id=media_id, accepts=None)
    return {"media_id": media_id}


def answer_invite(stage: Backstage, body: dict[str, Any]) -> Any:
    """One whom the account has invited to be a co-author accepts or declines. Nothing announces that."""
    world, media = stage.world, stage.world.find(str(body.get("media_id")))
    username, accepts = text(body, "username"), body.get("accepts", True)
    if not isinstance(media, Media) or username not in media.params.get("collaborators", ()):
        raise Invalid("username must be one that media_id names as collaborator", field="username")
    if not isinstance(accepts, bool):
        raise Invalid("accepts is true or false", field="accepts")
    world.commit("media.changed", id=media.id, answers=media.answers | {username: accepts})
    return {"success": True}


def live_comment(stage: Backstage, body: dict[str, Any]) -> Any:
    """A stranger comments on the broadcast under way; only the notification tells of it."""
    world, account = stage.world, the_account(stage, body)
    if world.now() >= account.live_until:
        raise NotPossible("the account does not broadcast: give it live_seconds first", type="account.not_live")
    who, said = stranger(world.seed, "live", world.count), text(body, "text") or "Hello 👋"
    made, media_id = world.new_id(ids.COMMENT), ids.broadcast(account.index)
    stage.sender.notify(account, "live_comments", _comment_value(world, made, said, who, media_id, "LIVE"))
    return {"media_id": media_id, "comment_id": made}


def message(stage: Backstage, body: dict[str, Any]) -> Any:
    """A stranger writes to the account; as an echo, the account writes to the stranger."""
    world, account = stage.world, the_account(stage, body)
    is_echo = body.get("is_echo", False) is True
    _, person = stranger(world.seed, "message", world.count)
    parties = (account.ig_id, person) if is_echo else (person, account.ig_id)
    said: dict[str, Any] = {"mid": f"mid.{world.new_id(ids.COMMENT)}", "text": text(body, "text") or "Hi 👋"}
    if is_echo:
        said["is_echo"] = True
    told = {"sender": {"id": parties[0]}, "recipient": {"id": parties[1]}, "timestamp": int(world.now() * 1000)}
    stage.sender.notify_message(account, told | {"message": said})
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
