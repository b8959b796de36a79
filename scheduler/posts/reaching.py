"""Whether Instagram can get what a post is made of: refused when it is queued, not when it is due."""

from __future__ import annotations

from collections.abc import Sequence

from models.account import Login
from models.part import PartKind
from pressrun.media.routes import Ways
from pressrun.settings import Settings
from scheduler.posts.preflight import Examined
from scheduler.posts.wish import ColumnProblem


def unreachable(column: str, media: Sequence[Examined], settings: Settings, login: str) -> list[ColumnProblem]:
    """What keeps these media from an account on that login: a kept file needs a way. At most one problem."""
    ways, on_facebook = Ways.of(settings), login == Login.FACEBOOK.value
    for one in media:
        is_kept = one.sha256 is not None or "://" not in one.source
        is_video = one.kind is PartKind.VIDEO
        if is_kept and ways.choose(is_video=is_video, on_facebook=on_facebook) is None:
            return [ColumnProblem(column, ways.no_way(one.source), "media.no_way")]
    return []
