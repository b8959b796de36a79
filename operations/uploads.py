"""Media that are handed in over the network: in pieces, each where the one before ended, up to a whole file that is
kept by its content.

An upload is a file in the making below `PRESSRUN_HOME/uploads`, whose size says how far it has come: it survives
restarts, and any console on the same home takes the next piece. What nobody has continued for a day is thrown away.
"""

from __future__ import annotations

import fcntl
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun.errors import Conflict, Invalid, NotPossible, PressrunError, Unknown
from pressrun.media.probe import MediaUnreadable, Probe, probe
from pressrun.media.rules import LIMITS
from pressrun.media.store import MediaStore

LARGEST_BYTES = max(limits.max_bytes for limits in LIMITS.values())
"""Of any file that Instagram takes."""
KEPT_FOR_S = 24 * 3600
MOST_OPEN = 100
"""Uploads of one asker that are under way."""
_ID = re.compile(r"[A-Za-z0-9_\-]{22}", re.ASCII)


@dataclass(frozen=True)
class KeptMedia:
    """A file that is kept. `reference` is what posts name it by."""

    reference: str
    sha256: str
    media_type: str
    size_bytes: int
    kind: str
    width: int
    height: int
    duration_s: float | None


@dataclass(frozen=True)
class Upload:
    """A file in the making: `offset` bytes of `size_bytes` are there. `media` once all are."""

    id: str
    size_bytes: int
    offset: int
    media: KeptMedia | None = None


@operation("media.begin", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def begin(ctx: Context, asker: Asker, size_bytes: int) -> Upload:
    """Begin an upload of that many bytes. Raises Invalid for a size that no media has, Conflict for too many."""
    if not 0 < size_bytes <= LARGEST_BYTES:
        raise Invalid(f"a file has 1 to {LARGEST_BYTES} bytes", type="upload.size", field="size_bytes")
    folder = _folder(ctx)
    _sweep(folder)
    mine = [one for one in folder.glob("*.json") if json.loads(one.read_text())["asker"] == _who(asker)]
    if len(mine) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} uploads are under way: finish one", type="upload.too_many")
    id_ = secrets.token_urlsafe(16)
    (folder / id_).touch(mode=0o600)
    (folder / f"{id_}.json").write_text(json.dumps({"asker": _who(asker), "size_bytes": size_bytes}))
    return Upload(id_, size_bytes, 0)


@operation("media.upload", effect=Effect.READS, scope=Scope.PUBLISH)
def show(ctx: Context, asker: Asker, upload: str) -> Upload:
    """How far an upload has come. Raises Unknown for what is over, or another's."""
    size = _size(ctx, asker, upload)
    try:
        return Upload(upload, size, (_folder(ctx) / upload).stat().st_size)
    except FileNotFoundError:
        raise _unknown() from None


@operation("media.append", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def append(ctx: Context, asker: Asker, upload: str, piece: Path, *, offset: int) -> Upload:
    """Add a piece where the upload ends; with the last one the file is checked and kept, and the upload is over.

    Raises Unknown; Conflict for another offset, or while another piece is being added; Invalid for more than was
    announced, or for a whole that is no media (then it is thrown away).
    """
    size = _size(ctx, asker, upload)
    path = _folder(ctx) / upload
    with _locked(path) as target:
        there = target.seek(0, 2)
        if there != offset:
            said = f"{there} bytes are there: go on from there"
            raise Conflict(said, type="upload.offset", field="Upload-Offset", ids={"offset": there})
        if there + piece.stat().st_size > size:
            raise Invalid("this is more than was announced", type="upload.too_much", field="Upload-Offset")
        with piece.open("rb") as source:
            while chunk := source.read(1024 * 1024):
                target.write(chunk)
        target.flush()
        there = target.tell()
        if there < size:
            return Upload(upload, size, there)
        try:
            kept = _keep(ctx, path)
        finally:
            _forget(path)
        return Upload(upload, size, there, kept)


@operation("media.keep", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def hand_in(ctx: Context, asker: Asker, file: Path) -> KeptMedia:
    """Keep a whole file that was sent. Raises Invalid when it is no media that can be kept."""
    return _keep(ctx, file)


@operation("media.abandon", effect=Effect.DESTROYS, scope=Scope.PUBLISH)
def abandon(ctx: Context, asker: Asker, upload: str) -> None:
    """Throw away what is there of an upload. Raises Unknown."""
    _size(ctx, asker, upload)
    _forget(_folder(ctx) / upload)


@operation("media.kept", effect=Effect.READS, scope=Scope.READ)
def look(ctx: Context, asker: Asker, sha256: str) -> KeptMedia:
    """What a kept file holds. Raises Unknown."""
    try:
        path = MediaStore(ctx.settings.home / "media").path(sha256)
    except PressrunError as problem:
        raise Unknown(str(problem), type="media.not_kept", field="sha256") from None
    return _kept(path, sha256, probe(path))


def _keep(ctx: Context, path: Path) -> KeptMedia:
    """Raises Invalid."""
    try:
        probed = probe(path)
        kept = MediaStore(ctx.settings.home / "media").keep(path)
    except MediaUnreadable as problem:
        raise Invalid(problem.reason, type="media.unreadable", field="media") from None
    return _kept(kept.path, kept.sha256, probed)


def _kept(path: Path, sha256: str, probed: Probe) -> KeptMedia:
    from pressrun.media.store import EXTENSIONS

    media_type = EXTENSIONS[path.suffix.removeprefix(".")].media_type
    size = path.stat().st_size
    width, height = probed.shown_size
    return KeptMedia(f"kept:{sha256}", sha256, media_type, size, probed.kind, width, height, probed.duration_s)


def _folder(ctx: Context) -> Path:
    folder = ctx.settings.home / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _unknown() -> Unknown:
    return Unknown("there is no such upload, or it is over", type="upload.unknown", field="upload")


def _who(asker: Asker) -> str:
    return f"{asker.key_id} {asker.user_id} {asker.name}"


def _size(ctx: Context, asker: Asker, upload: str) -> int:
    if not _ID.fullmatch(upload):
        raise _unknown()
    try:
        told = json.loads((_folder(ctx) / f"{upload}.json").read_text())
    except (FileNotFoundError, ValueError):
        raise _unknown() from None
    if told["asker"] != _who(asker):
        raise _unknown()
    return int(told["size_bytes"])


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, to be added to by nobody else meanwhile, in this process or another."""
    try:
        target = path.open("r+b")
    except FileNotFoundError:
        raise _unknown() from None
    with target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            said = "another piece is being added"
            raise NotPossible(said, type="upload.busy", field="upload") from None
        yield target


def _forget(path: Path) -> None:
    path.with_name(f"{path.name}.json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    oldest = time.time() - KEPT_FOR_S
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
