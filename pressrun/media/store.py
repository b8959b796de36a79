"""Local media, kept by content: the file a post was checked with is the file that is published (design.md §5).

A file lives at `<root>/<first two digits>/<sha256>.<extension>` and never changes, so an upload or a download that is
under way never sees half of one.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pressrun.errors import PressrunError
from pressrun.media import magic
from pressrun.media.probe import MediaUnreadable, open_media

EXTENSIONS = {signature.extension: signature for signature in (magic.JPEG, magic.PNG, magic.MP4, magic.MOV)}
"""What is offered to Instagram."""
KEPT = {signature.extension: signature for signature in magic.ALL}
"""What is kept: also the originals of what was made right."""

BY_CONTENT = "kept:"
"""Begins the name of a file that the media store has already: what was uploaded, by its SHA-256."""

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHUNK = 1024 * 1024


class MediaNotKept(PressrunError):
    """The file is not in the media store."""

    type = "media.not_kept"

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"no kept media file has the content {sha256[:12]}…: add the file again")


class MediaStoreFailed(PressrunError):
    """The media store cannot take the file."""

    type = "media.no_room"

    def __init__(self, root: Path, problem: OSError) -> None:
        super().__init__(f"the media folder {root} cannot take the file: {problem.strerror or problem}")


@dataclass(frozen=True)
class Kept:
    """A file in the store."""

    sha256: str
    path: Path
    size_bytes: int
    media_type: str

    @property
    def extension(self) -> str:
        return self.path.suffix.removeprefix(".")


class MediaStore:
    """Keeps files below `root`, which is made on first use. Safe for several threads and processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, path: Path | str) -> Kept:
        """Copy the file into the store, once per content. Raises MediaUnreadable or MediaStoreFailed.

        Either the whole file is there afterwards, flushed to disk, or nothing is.
        """
        with open_media(path) as source:
            signature = magic.sniff(source.read(magic.HEAD_BYTES))
            if signature is None:
                raise MediaUnreadable(path, "this is not an image or a video: it cannot be kept")
            source.seek(0)
            try:
                return self._take(source, signature)
            except OSError as problem:
                raise MediaStoreFailed(self.root, problem) from problem

    def adopt(self, path: Path) -> Kept:
        """Move a file that lies on the same disk into the store. Raises MediaUnreadable or MediaStoreFailed.

        A kill in the midst of it leaves the file where it was, or kept.
        """
        with open_media(path) as source:
            signature = magic.sniff(source.read(magic.HEAD_BYTES))
            if signature is None:
                raise MediaUnreadable(path, "this is not an image or a video: it cannot be kept")
            try:
                os.fsync(source.fileno())
                sha256, size = _hash(path), os.fstat(source.fileno()).st_size
                place = self._settle(path, sha256, signature.extension)
            except OSError as problem:
                raise MediaStoreFailed(self.root, problem) from problem
        path.unlink(missing_ok=True)
        return Kept(sha256, place, size, signature.media_type)

    def path(self, sha256: str) -> Path:
        """Where the kept file with this content is. Raises MediaNotKept."""
        if _SHA256.fullmatch(sha256):
            for extension in KEPT:
                candidate = self._place(sha256, extension)
                if candidate.is_file():
                    return candidate
        raise MediaNotKept(sha256)

    def files(self) -> Iterator[Path]:
        """All kept files. The time of each is when it was kept last."""
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            yield from (path for path in sorted(folder.iterdir()) if _SHA256.fullmatch(path.stem))

    def _place(self, sha256: str, extension: str) -> Path:
        return self.root / sha256[:2] / f"{sha256}.{extension}"

    def _take(self, source: BinaryIO, signature: magic.Signature) -> Kept:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=self.root)
        try:
            with open(handle, "wb") as copy:
                sha256, size = _copy(source, copy)
            place = self._settle(Path(name), sha256, signature.extension)
        finally:
            Path(name).unlink(missing_ok=True)
        return Kept(sha256, place, size, signature.media_type)

    def _settle(self, incoming: Path, sha256: str, extension: str) -> Path:
        place = self._place(sha256, extension)
        if place.exists() and _hash(place) == sha256:
            with suppress(OSError):  # it may be another user's
                os.utime(place)  # kept again just now: whoever clears up sees that somebody wants it
            return place
        place.parent.mkdir(exist_ok=True)
        incoming.chmod(0o644)  # the console that serves it may run as another user than the command that kept it
        incoming.replace(place)  # the last of several at once wins with the same bytes; a damaged file is mended
        _flush_folder(place.parent)
        return place


def _copy(source: BinaryIO, copy: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        copy.write(chunk)
    copy.flush()
    os.fsync(copy.fileno())
    return digest.hexdigest(), size


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
