"""The files that are kept by their content, as operations find them."""

from __future__ import annotations

from pathlib import Path

from pressrun.errors import Unknown
from pressrun.media.store import MediaNotKept, MediaStore
from pressrun.settings import Settings


def store_of(settings: Settings) -> MediaStore:
    return MediaStore(settings.home / "media")


def kept_file(settings: Settings, sha256: str, *, field: str = "sha256") -> Path:
    """Where the file with this content is. Raises Unknown, of that field."""
    try:
        return store_of(settings).path(sha256)
    except MediaNotKept as problem:
        raise Unknown(str(problem), type=problem.type, field=field) from None
