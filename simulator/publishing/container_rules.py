"""Parameters of POST /{ig}/media (graph-api.md §2.1): what each kind of container takes, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulator.calls.call import Call
from simulator.nodes.shopping import is_taggable
from simulator.protocol import errors
from simulator.protocol.params import Params
from simulator.world.followers import followers
from simulator.world.records import Account, Kind, Login

PARAMS = (
    "media_type image_url video_url caption alt_text user_tags location_id collaborators product_tags children "
    "is_carousel_item cover_url thumb_offset share_to_feed audio_name audio_configuration trial_params "
    "is_ai_generated is_paid_partnership branded_content_sponsor_ids upload_type poll_attachment "
    "is_poll_duration_extended is_comment_prompt_used cross_post_to_threads show_ig_link title"
)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNDOCUMENTED = "cross_post_to_threads show_ig_link title"
_LABELS = f"is_ai_generated is_paid_partnership branded_content_sponsor_ids {_UNDOCUMENTED}"
_ADD_ONS = "poll_attachment is_poll_duration_extended is_comment_prompt_used"
_TAKES: Mapping[Kind, frozenset[str]] = {
    Kind.IMAGE: _names(
        f"image_url caption alt_text user_tags location_id collaborators product_tags {_ADD_ONS} {_LABELS}"
    ),
    Kind.REEL: _names(
        "video_url caption user_tags location_id collaborators product_tags cover_url thumb_offset share_to_feed "
        f"audio_name audio_configuration trial_params upload_type {_ADD_ONS} {_LABELS}"
    ),
    Kind.STORY_IMAGE: _names(f"image_url user_tags {_LABELS}"),
    Kind.STORY_VIDEO: _names(f"video_url user_tags upload_type {_LABELS}"),
    Kind.CAROUSEL: _names(
        f"caption location_id collaborators product_tags children share_to_feed {_ADD_ONS} {_LABELS}"
    ),
    Kind.CHILD_IMAGE: _names("image_url alt_text user_tags product_tags is_ai_generated"),
    Kind.CHILD_VIDEO: _names("video_url user_tags product_tags thumb_offset is_ai_generated upload_type"),
}
_FACEBOOK_ONLY = _names(
    "product_tags audio_configuration is_paid_partnership branded_content_sponsor_ids upload_type "
    f"{_ADD_ONS} {_UNDOCUMENTED}"
)
_STRUCTURE = frozenset({"media_type", "is_carousel_item"})
LEAST_FOLLOWERS_FOR_TRIALS = 1_000
_HASHTAG = re.compile(r"#\w*[^\W\d_]\w*")  # digits alone make none
_AT_NAME = re.compile(r"(?<![\w.])@[\w.]+")


def kind_of(params: Params) -> Kind:
    """What the container is to become. Raises GraphError 100 or 100/2207023."""
    media_type = params.text("media_type")
    is_child = params.flag("is_carousel_item") is True
    if media_type == "REELS":
        if is_child:
            raise errors.invalid("Reels cannot be carousel items")
        return Kind.REEL
    if media_type == "STORIES":
        has_image, has_video = "image_url" in params, "video_url" in params or "upload_type" in params
        if has_image == has_video:
            raise errors.invalid("Exactly one of image_url and video_url is required for a story")
        return Kind.STORY_IMAGE if has_image else Kind.STORY_VIDEO
    if media_type == "CAROUSEL" and not is_child:
        return Kind.CAROUSEL
    if media_type == "VIDEO" and is_child:
        return Kind.CHILD_VIDEO
    if media_type in {None, "", "IMAGE"}:
        return Kind.CHILD_IMAGE if is_child else Kind.IMAGE
    raise errors.unknown_media_type()


def read(call: Call, account: Account, kind: Kind) -> dict[str, Any]:
    """The parameters that this kind takes, checked and typed. Others are ignored and reported."""
    params = call.params
    taken: dict[str, Any] = {}
    for name in params.keys() & set(PARAMS.split()) - _STRUCTURE:
        if name not in _TAKES[kind]:
            call.world.note("ignored_params", f"{kind}: {name}")
        elif name in _FACEBOOK_ONLY and account.login is Login.INSTAGRAM:
            raise errors.invalid(f"Param {name} is not available on Instagram Login")
        else:
            value = _READERS.get(name, _text)(call, name, kind, account)
            if value is not None:
                taken[name] = value
    _check_source(taken, kind)
    if "poll_attachment" in taken and not taken.get("caption"):
        raise errors.invalid("A poll needs a caption")
    return taken


def _check_source(taken: dict[str, Any], kind: Kind) -> None:
    if kind is Kind.CAROUSEL:
        if "children" not in taken:
            raise errors.missing("children")
    elif not kind.is_video:
        if not taken.get("image_url"):
            raise errors.missing("image_url")
    elif "upload_type" in taken:
        if taken["upload_type"] != "resumable" or "video_url" in taken:
            raise errors.invalid("upload_type must be resumable, without video_url")
    elif not taken.get("video_url"):
        raise errors.missing("video_url")


def _text(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    return call.params.text(name)


def _flag(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    return call.params.flag(name)


def _caption(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    caption = call.params.text(name) or ""
    is_utf16 = call.world.reading("caption_unit", "code_points") == "utf16"
    if (len(caption.encode("utf-16-le", "surrogatepass")) // 2 if is_utf16 else len(caption)) > 2200:
        raise errors.caption_too_long()
    if len(_AT_NAME.findall(caption)) > 20:
        raise errors.too_many_tags()
    if len(_HASHTAG.findall(caption)) > 30:
        raise errors.invalid("The caption has more than 30 hashtags")
    return caption


def _alt_text(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    text = call.params.text(name) or ""
    if len(text) > 1000:
        raise errors.invalid("alt_text has more than 1000 characters")
    return text


def _user_tags(call: Call, name: str, kind: Kind, _account: Account) -> Any:
    tags = call.params.mappings(name)
    if len(tags) > 20:
        raise errors.too_many_tags()
    for tag in tags:
        username = tag.get("username")
        if not isinstance(username, str) or not username:
            raise errors.invalid("user_tags needs a username in each entry")
        if username.startswith(("private_", "unavailable_")):
            raise errors.tagged_user_unavailable(username)
        if kind in {Kind.IMAGE, Kind.CHILD_IMAGE} and not _is_position(tag):
            raise errors.invalid("user_tags needs x and y between 0 and 1 on images")
    return tags


def _product_tags(call: Call, name: str, kind: Kind, _account: Account) -> Any:
    tags = call.params.mappings(name)
    if len(tags) > 5:
        raise errors.invalid("At most 5 product tags")
    for tag in tags:
        has_position = "x" in tag or "y" in tag
        if kind.is_video and has_position:
            raise errors.product_position_on_video()
        if kind in {Kind.IMAGE, Kind.CHILD_IMAGE} and not _is_position(tag):
            raise errors.product_position_missing()
        if not is_taggable(_account, str(tag.get("product_id"))):
            raise errors.product_invalid()
    return tags


def _is_position(tag: Mapping[str, Any]) -> bool:
    try:
        return all(0 <= float(tag[axis]) <= 1 for axis in ("x", "y"))
    except (KeyError, TypeError, ValueError):
        return False


def _location(call: Call, name: str, _kind: Kind, account: Account) -> Any:
    """Any Page id will do, except the account's own kind of Page, which has no place on the map."""
    location = call.params.text(name) or ""
    if not re.fullmatch(r"[1-9]\d{0,19}", location, re.ASCII) or location.startswith("101500000000"):
        raise errors.invalid_location()
    return location


def _collaborators(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    names = call.params.listing(name)
    if len(names) > 3:
        raise errors.invalid("At most 3 collaborators")
    return names


def _children(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    children = call.params.listing(name)
    if not 2 <= len(children) <= 10:
        raise errors.carousel_size()
    return children


def _thumb_offset(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    offset = call.params.integer(name, low=-(10**15), high=10**15)
    if offset is not None and offset < 0:
        raise errors.thumb_offset()
    return offset


def _audio(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    audio = call.params.mapping(name) or {}
    for volume in ("audio_volume", "video_volume"):
        value = audio.get(volume, 100)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            raise errors.invalid(f"{volume} must be between 0 and 100")
    return audio


def _trial(call: Call, name: str, _kind: Kind, account: Account) -> Any:
    trial = call.params.mapping(name) or {}
    if trial.get("graduation_strategy") not in {"MANUAL", "SS_PERFORMANCE"}:
        raise errors.invalid("graduation_strategy must be MANUAL or SS_PERFORMANCE")
    if not account.may_run_trials or followers(call.world, account, call.world.now()) < LEAST_FOLLOWERS_FOR_TRIALS:
        raise errors.no_trials()
    return trial


def _ai_label(call: Call, name: str, kind: Kind, _account: Account) -> Any:
    if kind.is_child:
        raise errors.ai_label_on_child()
    return call.params.flag(name)


def _sponsors(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    sponsors = call.params.listing(name)
    if len(sponsors) > 2 or not all(sponsor.isdigit() for sponsor in sponsors):
        raise errors.invalid_sponsor()
    return sponsors


def _poll(call: Call, name: str, _kind: Kind, _account: Account) -> Any:
    """Two to four options. How the JSON names them is not known: a list will do, and keys that begin with "option"."""
    poll = call.params.json(name)
    if isinstance(poll, dict):
        poll = poll.get("options", [text for key, text in poll.items() if key.startswith("option")])
    if not isinstance(poll, list) or not all(isinstance(text, str) and text.strip() for text in poll):
        raise errors.invalid(f"Param {name} must be JSON with the options of a poll")
    if not 2 <= len(poll) <= 4:
        raise errors.invalid("A poll has 2 to 4 options")
    return poll


_READERS = {
    "caption": _caption,
    "alt_text": _alt_text,
    "user_tags": _user_tags,
    "product_tags": _product_tags,
    "location_id": _location,
    "collaborators": _collaborators,
    "children": _children,
    "thumb_offset": _thumb_offset,
    "share_to_feed": _flag,
    "audio_configuration": _audio,
    "trial_params": _trial,
    "is_ai_generated": _ai_label,
    "is_paid_partnership": _flag,
    "poll_attachment": _poll,
    "is_poll_duration_extended": _flag,
    "is_comment_prompt_used": _flag,
    "cross_post_to_threads": _flag,
    "show_ig_link": _flag,
    "branded_content_sponsor_ids": _sponsors,
}
