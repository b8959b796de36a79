"""What of a post is offered to Instagram, and by which way: asked before each container of it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from models.accounts.account import Login
from models.owed import claims
from models.posts.event import Cause
from models.posts.part import Part, PartKind
from models.ways.bucket_object import WAIT_REASON, Wanted, want_object
from pressrun import clock
from pressrun.errors import PressrunError
from pressrun.media import links
from pressrun.media.bucket import LINK_LIVES, key_of
from pressrun.media.routes import GIVEN, Choice, Route, Ways
from pressrun.media.store import MediaStore
from worker.context import WorkerContext
from worker.publishing.loaded import Loaded, move
from worker.publishing.standing import Park, ask_again_at, park_post, tell

LOOK_AGAIN = timedelta(seconds=30)
"""How often a post looks whether its media have come to the bucket, if nobody wakes it."""
_ERROR_CLASS = "bucket"


@dataclass(frozen=True)
class KeptFile:
    """A kept file that Instagram is to get. `source`: what people call it."""

    sha256: str
    extension: str
    source: str
    is_video: bool


def file_of(part: Part) -> KeptFile | None:
    """The kept file of a part; None for what is an address, and for a carousel's whole."""
    if part.media_sha256 is None or part.media_extension is None:
        return None
    return KeptFile(part.media_sha256, part.media_extension, part.source or "", part.kind == PartKind.VIDEO.value)


def cover_of(loaded: Loaded) -> KeptFile | None:
    """The kept cover of a reel."""
    cover = loaded.post.params.get("cover") or {}
    return KeptFile(cover["sha256"], cover["extension"], "the cover", is_video=False) if "sha256" in cover else None


def way_of(ctx: WorkerContext, loaded: Loaded, part: Part) -> Choice | None:
    """The way of a part; None for a carousel's whole. Raises PressrunError when there is none."""
    if part.kind == PartKind.CAROUSEL.value:
        return None
    kept = file_of(part)
    return GIVEN if kept is None else way_of_file(ctx, loaded, kept)


def way_of_file(ctx: WorkerContext, loaded: Loaded, kept: KeptFile) -> Choice:
    """The way of a kept file. Raises PressrunError when there is none."""
    ways = Ways.of(ctx.settings, has_host=ctx.media_base_url is not None)
    choice = ways.choose(is_video=kept.is_video, on_facebook=loaded.account.login == Login.FACEBOOK.value)
    if choice is None:
        raise PressrunError(ways.no_way(kept.source))
    return choice


def address_of(ctx: WorkerContext, loaded: Loaded, kept: KeptFile) -> str | None:
    """Where Instagram fetches the file; None where it is uploaded. Raises PressrunError when it is gone."""
    path = MediaStore(ctx.settings.home / "media").path(kept.sha256)  # gone: say so now, not as Instagram's fetch error
    match way_of_file(ctx, loaded, kept).route:
        case Route.UPLOAD:
            return None
        case Route.S3:
            return ctx.need_bucket().address(key_of(ctx.settings, kept.sha256, path.suffix.removeprefix(".")))
        case _:
            expires_at = clock.now() + LINK_LIVES
            base = ctx.media_base_url or ""
            return links.sign(base, kept.sha256, kept.extension, expires_at=expires_at, key=ctx.media_key)


def are_there(ctx: WorkerContext, loaded: Loaded, parts: Sequence[Part]) -> bool:
    """Whether all that these parts need of a bucket is there; else it is on its way, and the post has been parked.

    Raises PressrunError when there is no way or a kept file is gone; ClaimLost.
    """
    wanted = sorted({found for part in parts for found in _objects(ctx, loaded, part)})
    if not wanted:
        return True
    bucket = ctx.need_bucket_name()
    now = clock.now()
    with ctx.database.transaction() as tx:
        loaded = loaded.renewed(claims.renew(tx, loaded.lease))
        found = [
            want_object(tx, bucket, key, {"sha256": sha256, "extension": extension}, part_id=part_id, now=now)
            for key, sha256, extension, part_id in wanted
        ]
        waits = [one for one in found if not one.is_there]
        if not waits:
            if loaded.post.error_class == _ERROR_CLASS:
                tell(tx, loaded.post.id, None, None)
            return True
        _wait(tx, ctx, loaded, waits)
    return False


def _wait(tx: Session, ctx: WorkerContext, loaded: Loaded, waits: Sequence[Wanted]) -> None:
    """Park the post; what keeps its objects is told once for each reason."""
    park = _park(ctx, loaded, waits)
    error = next((one.error for one in waits if one.error), None)
    told = f"its media are not in the bucket yet: {error}"
    if error is None or told == loaded.post.error:
        park_post(tx, loaded, park)
    else:
        tell(tx, loaded.post.id, told, _ERROR_CLASS)
        cause, tries = Cause("post.waiting", told, error_class=_ERROR_CLASS), loaded.post.tries
        move(tx, loaded, loaded.state, cause, next_action_at=park.until, wait_reason=park.reason, tries=tries)
    claims.wake_schedulers(tx)


def _objects(ctx: WorkerContext, loaded: Loaded, part: Part) -> list[tuple[str, str, str, int]]:
    """Key, hash, extension and part of each object that the part's container is to be made from."""
    found = []
    for kept in (file_of(part), cover_of(loaded) if part.parent_id is None else None):
        if kept is not None and way_of_file(ctx, loaded, kept).route is Route.S3:
            path = MediaStore(ctx.settings.home / "media").path(kept.sha256)
            key = key_of(ctx.settings, kept.sha256, path.suffix.removeprefix("."))
            found.append((key, kept.sha256, kept.extension, part.id))
    return found


def _park(ctx: WorkerContext, loaded: Loaded, waits: Sequence[Wanted]) -> Park:
    files = "one file" if len(waits) == 1 else f"{len(waits)} files"
    until = ask_again_at(loaded.post, clock.now(), wait=LOOK_AGAIN)
    return Park(until, WAIT_REASON, f"waits until {files} of it have come to the bucket {ctx.settings.s3_bucket}")
