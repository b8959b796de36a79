"""A post as tables and records for people have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.output import local_time, shortened

if TYPE_CHECKING:
    from operations.posts.posts import PostShown


def line_of(post: PostShown) -> dict[str, Any]:
    """The key only where somebody gave it one, the time on its own clock, of the caption the beginning."""
    from pressrun.clock import zone

    return {
        **post.columns(),
        "key": post.key if post.has_own_key else None,
        "publish_at": local_time(post.publish_at, zone(post.timezone)),
        "caption": shortened(post.caption),
    }
