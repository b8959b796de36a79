"""Small pictures of what posts hold, made from the files that are kept: what lists and previews show."""

from __future__ import annotations

from dataclasses import dataclass

from models.posts.part import parts_of
from models.posts.post import find_post
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.kept import kept_file
from pressrun.errors import NotPossible, PressrunError, Unknown
from pressrun.media.thumbnails import thumbnail

__all__ = ["Picture"]

WIDTHS = (80, 160, 480, 720)


@dataclass(frozen=True)
class Picture:
    """A WebP. `tag` changes with the content it was made from."""

    body: bytes
    tag: str


@operation("post.picture", effect=Effect.READS, scope=Scope.READ)
def picture(ctx: Context, asker: Asker, post: str, *, number: int = 1, width: int = 80) -> Picture:
    """The media of that number (from 1) of a post, no wider than asked for. Raises Unknown, NotPossible."""
    with ctx.database.transaction() as tx:
        items = [part for part in parts_of(tx, find_post(tx, post).id) if part.kind != "carousel"]
    if not 1 <= number <= len(items) or items[number - 1].media_sha256 is None:
        raise NotPossible("no file of that media is kept", type="picture.not_kept", field="number")
    return _drawn(ctx, items[number - 1].media_sha256 or "", width)


@operation("media.picture", effect=Effect.READS, scope=Scope.READ)
def kept(ctx: Context, asker: Asker, sha256: str, *, width: int = 80, at_ms: int = 0) -> Picture:
    """A kept file by its content, no wider than asked for. Raises Unknown when it is not kept.

    Args:
        at_ms: of a video, the frame that it shows then.
    """
    return _drawn(ctx, sha256, width, at_ms)


def _drawn(ctx: Context, sha256: str, width: int, at_ms: int = 0) -> Picture:
    fitting = next((one for one in WIDTHS if one >= width), WIDTHS[-1])
    path = kept_file(ctx.settings, sha256)
    try:
        return Picture(thumbnail(path, fitting, at_ms / 1000), f"{sha256[:24]}-{fitting}-{at_ms}")
    except PressrunError:
        said = "of that file no picture can be made"
        raise Unknown(said, type="picture.unknown", field="sha256") from None
