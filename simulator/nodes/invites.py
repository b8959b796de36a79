"""Invitations to be named as a co-author of other people's media (graph-api.md §5.3), Facebook Login only."""

from __future__ import annotations

from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.nodes.captions import caption
from simulator.nodes.media import key, picture
from simulator.protocol import errors
from simulator.world.journal import Event
from simulator.world.records import Account, Media
from simulator.world.world import World, applies

INVITE = NodeType("ShadowIGUserCollaborationInvites")
_ALL = ("media_id", "media_owner_username", "caption", "media_url")


@endpoint(
    "collaboration_invites", "GET", "user/collaboration_invites", params="limit after before", need=Need.FACEBOOK_BASE
)
def invites(call: Call, account: Account) -> Any:
    """Those that are not answered yet."""
    found = [call.world.nodes[node] for node, answer in account.invites.items() if answer is None]
    return paging.page(
        call,
        sorted((media for media in found if isinstance(media, Media)), key=key, reverse=True),
        key=key,
        render=lambda media: INVITE.render(call, media, call.fields(), _ALL),
        args=call.params,
        path=f"{account.ig_id}/collaboration_invites",
    )


@endpoint(
    "collaboration_answer", "POST", "user/collaboration_invites", params="media_id accept", need=Need.FACEBOOK_BASE
)
def answer(call: Call, account: Account) -> Any:
    media_id, accepts = call.params.required("media_id"), call.params.flag("accept")
    if accepts is None:
        raise errors.missing("accept")
    if account.invites.get(media_id, True) is not None:
        raise errors.unsupported(media_id, "post")
    call.world.commit("invite.answered", account=account.index, media_id=media_id, accepts=accepts)
    return {"success": True}


@applies("invite.made")
@applies("invite.answered")
def _noted(world: World, event: Event) -> None:
    world.accounts[event["account"]].invites[event["media_id"]] = event["accepts"]


INVITE.plain("media_id", lambda media: media.id)
INVITE.plain("media_owner_username", lambda media: media.author)
INVITE.field("caption")(lambda call, media, _field: caption(call, media))
INVITE.field("media_url")(lambda call, media, _field: media.url or picture(call, media))
