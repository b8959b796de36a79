"""The IG Media node: its fields, its children, what can be changed of it (graph-api.md §5.2, §5.3)."""

from __future__ import annotations

from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import FACEBOOK, NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.nodes.captions import caption
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.world.clock import graph_time
from simulator.world.journal import Event
from simulator.world.metrics import media_value
from simulator.world.noise import whole
from simulator.world.records import Media
from simulator.world.world import World, applies

MEDIA = NodeType("IGMedia")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def key(media: Media) -> paging.Key:
    return (media.at, media.id)


@endpoint("media_node", "GET", "media")
def read(call: Call, media: Media) -> Any:
    return MEDIA.render(call, media, call.fields())


@endpoint("media_children", "GET", "media/children", params="limit after before")
def children(call: Call, media: Media) -> Any:
    return {"data": [MEDIA.render(call, child, call.fields()) for child in media.children]}


@MEDIA.field("children")
def _children_in_media(call: Call, media: Media, field: Field) -> Any:
    if not media.children:
        return None
    return {"data": [MEDIA.render(call, child, field.sub or ()) for child in media.children]}


@endpoint("media_collaborators", "GET", "media/collaborators", need=Need.FACEBOOK_BASE)
def collaborators(call: Call, media: Media) -> Any:
    return _collaborators(call, media)


@MEDIA.field("collaborators", FACEBOOK)
def _collaborators_in_media(call: Call, media: Media, _field: Field) -> Any:
    return _collaborators(call, media) if media.params.get("collaborators") else None


def _collaborators(call: Call, media: Media) -> Any:
    """Whether those who have not answered are listed, and with which word, is not documented: one may choose."""
    shows_all = call.world.reading("collaborators", "status") == "status"
    words = {None: "Pending", True: "Accepted", False: "Declined"}
    rows = []
    for at, name in enumerate(media.params.get("collaborators", ())):
        answer = media.answers.get(name)
        if shows_all or answer:
            status = {"invite_status": words[answer]} if shows_all else {}
            rows.append({"username": name, **status, "id": f"1784146{at:010d}"})
    return {"data": rows}


@endpoint("media_update", "POST", "media", params="comment_enabled", need=Need.COMMENTS)
def update(call: Call, media: Media) -> Any:
    enabled = call.params.flag("comment_enabled")
    if enabled is None:
        raise errors.missing("comment_enabled")
    call.world.commit("media.changed", id=media.id, is_comment_enabled=enabled)
    return {"success": True}


@endpoint("media_delete", "DELETE", "media", need=Need.DELETE_MEDIA)
def delete(call: Call, media: Media) -> Any:
    if media.parent_id is not None:
        raise errors.GraphError(-1, "The media type cannot be deleted", subcode=2207073)
    call.world.commit("media.changed", id=media.id, is_deleted=True)
    return {"success": True, "deleted_id": media.id}


@applies("media.changed")
def _changed(world: World, event: Event) -> None:
    media = world.find(event["id"])
    assert isinstance(media, Media)  # noqa: S101 - our own journal
    for name in ("is_comment_enabled", "is_deleted", "is_reported", "answers"):
        if name in event:
            setattr(media, name, event[name])


def shortcode(node: str) -> str:
    """Eleven letters that stand for the id in links."""
    number, letters = int(node), ""
    for _ in range(11):
        number, at = divmod(number, 64)
        letters = _ALPHABET[at] + letters
    return letters


def permalink(media: Media) -> str:
    if media.is_story:
        return f"https://www.instagram.com/stories/{media.author}/{media.id}"
    place = "reel" if media.product_type == "REELS" else "p"
    return f"https://www.instagram.com/{place}/{shortcode(media.id)}/"


def picture(call: Call, media: Media) -> str:
    return f"{call.base_url}/_sim/picture/{media.id}.jpg"


def _count(metric: str) -> Any:
    return lambda call, media, _field: int(media_value(call.world, media, metric, call.world.now()))


def _count_of_parent(metric: str) -> Any:
    """Counts that carousel children do not have."""
    return lambda call, media, _field: (
        None if media.parent_id else int(media_value(call.world, media, metric, call.world.now()))
    )


@MEDIA.field("media_url")
def _media_url(call: Call, media: Media, _field: Field) -> str:
    return media.url or picture(call, media)


@MEDIA.field("thumbnail_url")
def _thumbnail(call: Call, media: Media, _field: Field) -> str | None:
    if media.media_type != "VIDEO":
        return None
    return media.params.get("cover_url") or picture(call, media)


@MEDIA.field("owner")
def _owner(_call: Call, media: Media, _field: Field) -> Any:
    return {"id": media.account.ig_id} if media.account else None


@MEDIA.field("current_live_viewer_count")
def _viewers(call: Call, media: Media, _field: Field) -> int | None:
    return whole(3, 400, call.world.seed, media.id) if media.product_type == "LIVE" else None


MEDIA.plain("id", lambda media: media.id)
MEDIA.plain("media_type", lambda media: media.media_type)
MEDIA.plain("media_product_type", lambda media: media.product_type)
MEDIA.field("caption")(lambda call, media, _field: caption(call, media))
MEDIA.plain("timestamp", lambda media: graph_time(media.at))
MEDIA.plain("username", lambda media: media.author)
MEDIA.plain("shortcode", lambda media: shortcode(media.id))
MEDIA.plain("permalink", lambda media: None if media.parent_id else permalink(media))
MEDIA.plain("alt_text", lambda media: media.params.get("alt_text"))
MEDIA.plain("is_comment_enabled", lambda media: media.is_comment_enabled)
MEDIA.plain(
    "is_shared_to_feed", lambda media: media.params.get("share_to_feed") if media.media_type == "VIDEO" else None
)
MEDIA.plain("is_ai_generated", lambda media: bool(media.params.get("is_ai_generated")))
MEDIA.plain("media_audio_type", lambda media: "ORIGINAL_SOUND" if media.media_type == "VIDEO" else None)
MEDIA.plain("ig_id", lambda media: media.id, FACEBOOK)
MEDIA.plain("legacy_instagram_media_id", lambda media: media.id, FACEBOOK)
MEDIA.plain("boost_eligibility_info", lambda _media: {"eligible_to_boost": True}, FACEBOOK)
for _name in ("has_poll", "has_slider"):
    MEDIA.plain(_name, lambda _media: False, FACEBOOK)
# Fields of Meta's SDK that our media have no value for.
for _name in [
    "boost_ads_list",
    "audio_id",
    "video_title",
    "view_count",
    "live_status",
    "live_reactions",
    "ingest_state",
    "ingest_key",
    "ingest_url",
    "ingest_is_ready_to_start",
    "ingest_first_video_received_time",
    "ingest_last_heartbeat_time",
    "ingest_video_height",
    "ingest_video_width",
]:
    MEDIA.plain(_name, lambda _media: None, FACEBOOK)
MEDIA.plain(
    "copyright_check_information",
    lambda media: {"status": {"status": "completed", "matches_found": False}} if media.media_type == "VIDEO" else None,
    FACEBOOK,
)
MEDIA.field("like_count")(_count("likes"))
MEDIA.field("comments_count")(_count("comments"))
for _name, _metric in (
    ("reposts_count", "reposts"),
    ("saved_count", "saved"),
    ("shares_count", "shares"),
    ("total_like_count", "total_likes"),
    ("total_comments_count", "total_comments"),
    ("total_views_count", "total_views"),
):
    MEDIA.field(_name, FACEBOOK)(_count_of_parent(_metric))
