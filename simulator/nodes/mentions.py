"""What an account can read of those who mention it, and how it answers (graph-api.md §5.3, §7)."""

from __future__ import annotations

from typing import Any

from simulator.calls.call import Call
from simulator.calls.node_type import FACEBOOK
from simulator.calls.permissions import Need, check
from simulator.calls.routing import endpoint
from simulator.nodes import comments
from simulator.nodes.comments import COMMENT
from simulator.nodes.media import MEDIA
from simulator.nodes.users import USER
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.world.records import Account, Comment, Login, Media


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
