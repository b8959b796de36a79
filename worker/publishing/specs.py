"""From a part of a post to the parameters of its container (graph-api.md §2.1)."""

from __future__ import annotations

from graph.publishing.containers import ProductTag
from graph.publishing.publishing import ContainerKind, ContainerSpec, UserTag
from models.posts.part import Part, PartKind
from models.posts.post import Post, PostType
from pressrun.errors import PressrunError
from worker.context import WorkerContext
from worker.publishing.loaded import Loaded
from worker.ways import offering


def container_spec(ctx: WorkerContext, loaded: Loaded, part: Part) -> ContainerSpec:
    """What to ask Instagram for. Raises PressrunError when a kept file is gone or cannot be offered."""
    post, params = loaded.post, loaded.post.params
    kind = _kind(post, part)
    is_whole = part.parent_id is None
    media_url = None if kind is ContainerKind.CAROUSEL else _part_url(ctx, loaded, part)
    return ContainerSpec(
        kind=kind,
        media_url=media_url,
        caption=post.caption or None if is_whole and post.type != PostType.STORY.value else None,
        alt_text=part.alt_text,
        user_tags=_user_tags(loaded, part),
        location_id=params.get("location_id") if is_whole else None,
        collaborators=tuple(params.get("collaborators", ())) if is_whole else (),
        product_tags=_product_tags(loaded, part),
        poll_options=tuple(params.get("poll_options", ())) if is_whole else (),
        is_poll_duration_extended=params.get("poll_extended") if is_whole else None,
        is_comment_prompt_used=params.get("comment_prompt") if is_whole else None,
        children=tuple(_child_id(loaded, child) for child in loaded.children(part)),
        cover_url=_cover_url(ctx, loaded),
        thumb_offset_ms=params.get("thumb_offset_ms"),
        share_to_feed=params.get("share_to_feed"),
        trial_graduation_strategy=params.get("trial"),
        resumable=media_url is None and kind is not ContainerKind.CAROUSEL,
    )


def _kind(post: Post, part: Part) -> ContainerKind:
    if part.kind == PartKind.CAROUSEL.value:
        return ContainerKind.CAROUSEL
    is_video = part.kind == PartKind.VIDEO.value
    if part.parent_id is not None:
        return ContainerKind.CAROUSEL_VIDEO if is_video else ContainerKind.CAROUSEL_IMAGE
    if post.type == PostType.STORY.value:
        return ContainerKind.STORY_VIDEO if is_video else ContainerKind.STORY_IMAGE
    return ContainerKind.REEL if is_video else ContainerKind.IMAGE


def _is_tagged(loaded: Loaded, part: Part) -> bool:
    """Tags belong to the first media item; the items of a carousel carry them, its whole does not."""
    items = [one for one in loaded.parts if one.kind != PartKind.CAROUSEL.value]
    return bool(items) and part.id == items[0].id


def _product_tags(loaded: Loaded, part: Part) -> tuple[ProductTag, ...]:
    if not _is_tagged(loaded, part):
        return ()
    return tuple(
        ProductTag(product_id=str(tag["product_id"]), x=tag.get("x"), y=tag.get("y"))
        for tag in loaded.post.params.get("product_tags", ())
    )


def _user_tags(loaded: Loaded, part: Part) -> tuple[UserTag, ...]:
    if not _is_tagged(loaded, part):
        return ()
    return tuple(
        UserTag(username=tag["username"], x=tag.get("x"), y=tag.get("y"))
        for tag in loaded.post.params.get("user_tags", ())
    )


def _child_id(loaded: Loaded, child: Part) -> str:
    ig_id = loaded.containers[child.id].ig_id
    if ig_id is None:
        raise PressrunError(f"{loaded.subject(child)}has no container yet")
    return ig_id


def _part_url(ctx: WorkerContext, loaded: Loaded, part: Part) -> str | None:
    """None for what is uploaded."""
    kept = offering.file_of(part)
    return part.source or "" if kept is None else offering.address_of(ctx, loaded, kept)


def _cover_url(ctx: WorkerContext, loaded: Loaded) -> str | None:
    kept = offering.cover_of(loaded)
    if kept is not None:
        return offering.address_of(ctx, loaded, kept)
    cover = loaded.post.params.get("cover")
    return str(cover["url"]) if cover else None
