"""Whether Instagram can get what a post is made of: refused when it is queued, not when it is due."""

from __future__ import annotations

from collections.abc import Sequence

from models.accounts.account import Login
from models.posts.part import PartKind
from models.posts.post import PostType
from pressrun.media.routes import Ways
from pressrun.settings import Settings
from scheduler.posts.examined import Examined
from scheduler.posts.wish import ColumnProblem, Wish


def unreachable(
    column: str, sources: Sequence[str], media: Sequence[Examined], wish: Wish, settings: Settings, login: str
) -> list[ColumnProblem]:
    """What keeps these sources from an account on that login: what is kept needs a way. At most one problem.

    `media`: those of them that could be read.
    """
    ways, on_facebook = Ways.of(settings), login == Login.FACEBOOK.value
    kinds = {one.source: one.kind for one in media}
    expected = PartKind.VIDEO if wish.type is PostType.REEL and column == "media" else PartKind.IMAGE
    for source in sources:
        is_kept = "://" not in source or settings.keep_media == "all"
        is_video = kinds.get(source, expected) is PartKind.VIDEO
        if is_kept and ways.choose(is_video=is_video, on_facebook=on_facebook) is None:
            return [ColumnProblem(column, ways.no_way(source), "media.no_way")]
    return []
