"""Media that are handed in over the network: in pieces, each where the one before ended, up to a whole file that is
kept by its content.

An upload is a file in the making below `PRESSRUN_HOME/uploads`, whose size says how far it has come: it survives
restarts, and any console on the same home takes the next piece. Beside it stands whose it is, and in the end what it
became, for those whose last answer was lost and those who had somebody else send the bytes. What nobody has continued
for a day is thrown away. Others come and go in the folder at any moment: what was there may be gone when it is opened.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from operations.operation import Asker, Context, Effect, Scope, operation
from operations.posts.kept import kept_file, store_of
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown
from pressrun.media.probe import MediaUnreadable, Probe, probe
from pressrun.media.rules import LIMITS
from pressrun.media.store import KEPT

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


@dataclass(frozen=True)
class _Told:
    """What stands beside an upload. `sha256`: of the kept file that it became; None while it is in the making."""

    asker: str
    size_bytes: int
    sha256: str | None = None


@operation("media.begin", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def begin(ctx: Context, asker: Asker, size_bytes: int) -> Upload:
    """Begin an upload of that many bytes. Raises Invalid for a size that no media has, Conflict for too many."""
    if not 0 < size_bytes <= LARGEST_BYTES:
        raise Invalid(f"a file has 1 to {LARGEST_BYTES} bytes", type="upload.size", field="size_bytes")
    folder = _folder(ctx)
    _sweep(folder)
    told = filter(None, (_read(path) for path in folder.glob("*.json")))
    if sum(one.asker == _who(asker) and one.sha256 is None for one in told) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} uploads are under way: finish one", type="upload.too_many")
    id_ = secrets.token_urlsafe(16)
    (folder / id_).touch(mode=0o600)
    _tell(folder / id_, _Told(_who(asker), size_bytes))
    return Upload(id_, size_bytes, 0)


@operation("media.upload", effect=Effect.READS, scope=Scope.PUBLISH)
def show(ctx: Context, asker: Asker, upload: str) -> Upload:
    """How far an upload has come, and for a day after its end what it became. Raises Unknown for another's."""
    told = _told(ctx, asker, upload)
    if told.sha256 is None:
        with suppress(FileNotFoundError):
            return Upload(upload, told.size_bytes, (_folder(ctx) / upload).stat().st_size)
        told = _told(ctx, asker, upload)  # it has ended in between
    return _ended(ctx, upload, told)


@operation("media.append", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def append(ctx: Context, asker: Asker, upload: str, piece: Path, *, offset: int) -> Upload:
    """Add a piece where the upload ends; with the last one the file is checked and kept, and the upload is over.

    An empty piece at its end is told again what it became.

    Raises Unknown; Conflict for another offset; NotPossible while another piece is being added; Invalid for more than
    was announced, or for a whole that is no media (then it is thrown away). One that cannot be kept now, as where the
    disk is full, stays, and an empty piece at its end has it kept.
    """
    _told(ctx, asker, upload)
    path = _folder(ctx) / upload
    with _locked(path) as target:
        told = _told(ctx, asker, upload)
        there = told.size_bytes if target is None else target.seek(0, 2)
        if there != offset:
            said = f"{there} bytes are there: go on from there"
            raise Conflict(said, type="upload.offset", field="Upload-Offset", ids={"offset": there})
        if there + piece.stat().st_size > told.size_bytes:
            raise Invalid("this is more than was announced", type="upload.too_much", field="Upload-Offset")
        if target is None:
            return _ended(ctx, upload, told)
        with piece.open("rb") as source:
            while chunk := source.read(1024 * 1024):
                target.write(chunk)
        target.flush()
        there = target.tell()
        kept = _conclude(ctx, path, told) if there == told.size_bytes else None
        return Upload(upload, told.size_bytes, there, kept)


@operation("media.keep", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def hand_in(ctx: Context, asker: Asker, file: Path) -> KeptMedia:
    """Keep a whole file that was sent. Raises Invalid when it is no media that can be kept."""
    return _keep(ctx, file)


@operation("media.abandon", effect=Effect.DESTROYS, scope=Scope.PUBLISH)
def abandon(ctx: Context, asker: Asker, upload: str) -> None:
    """Throw away what is there of an upload; what it became stays.

    Raises Unknown; NotPossible while a piece is being added.
    """
    _told(ctx, asker, upload)
    path = _folder(ctx) / upload
    with _locked(path):
        _forget(path)


@operation("media.kept", effect=Effect.READS, scope=Scope.READ)
def look(ctx: Context, asker: Asker, sha256: str) -> KeptMedia:
    """What a kept file holds. Raises Unknown."""
    return _look(ctx, sha256)


def _look(ctx: Context, sha256: str) -> KeptMedia:
    path = kept_file(ctx.settings, sha256)
    return kept_media(path, sha256, probe(path))


def _ended(ctx: Context, upload: str, told: _Told) -> Upload:
    if told.sha256 is None:
        raise _unknown()
    return Upload(upload, told.size_bytes, told.size_bytes, _look(ctx, told.sha256))


def _conclude(ctx: Context, path: Path, told: _Told) -> KeptMedia:
    """Raises Invalid, and then nothing is left of it."""
    try:
        kept = _keep(ctx, path)
    except Invalid:
        _forget(path)
        raise
    _tell(path, replace(told, sha256=kept.sha256))
    path.unlink(missing_ok=True)
    return kept


def _keep(ctx: Context, path: Path) -> KeptMedia:
    """Raises Invalid."""
    try:
        probed = probe(path)
        kept = store_of(ctx.settings).keep(path)
    except MediaUnreadable as problem:
        raise Invalid(problem.reason, type=problem.type, field="media") from None
    return kept_media(kept.path, kept.sha256, probed)


def kept_media(path: Path, sha256: str, probed: Probe) -> KeptMedia:
    """A kept file as it is shown."""
    media_type = KEPT[path.suffix.removeprefix(".")].media_type
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


def _told(ctx: Context, asker: Asker, upload: str) -> _Told:
    told = _read(_beside(_folder(ctx) / upload)) if _ID.fullmatch(upload) else None
    if told is None or told.asker != _who(asker):
        raise _unknown()
    return told


def _read(path: Path) -> _Told | None:
    try:
        return _Told(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _tell(path: Path, told: _Told) -> None:
    """Whole or not at all: others read it meanwhile."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(json.dumps(asdict(told)))
    os.replace(new, _beside(path))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes] | None]:
    """The file, to be added to by nobody else meanwhile, in this process or another; None when it is over."""
    try:
        target = path.open("r+b")
    except FileNotFoundError:
        yield None
        return
    with target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            said = "another piece is being added"
            raise NotPossible(said, type="upload.busy", field="upload") from None
        yield target if os.fstat(target.fileno()).st_nlink else None


def _forget(path: Path) -> None:
    _beside(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    oldest = time.time() - KEPT_FOR_S
    touched: dict[str, float] = {}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            name = path.name.removesuffix(".json")
            touched[name] = max(touched.get(name, 0), path.stat().st_mtime)
    for name, at in touched.items():
        if at < oldest:
            _forget(folder / name)
