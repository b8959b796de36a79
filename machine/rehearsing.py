"""`doctor` fetches a sample by each way that is set up, as Instagram would: from outside, by its public address."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from pressrun import clock
from pressrun.errors import PressrunError
from pressrun.finding import Finding, Result
from pressrun.media import bucket_keys, links
from pressrun.media.bucket import Bucket, Place
from pressrun.media.rehearsal import Sample, Sight, rehearse
from pressrun.media.store import MediaStore
from pressrun.settings import Settings, is_loopback

_LIVES = timedelta(minutes=5)
_OBJECT = "rehearsal.jpg"
"""One name for all: what a killed rehearsal has left is replaced and removed by the next."""


def rehearse_routes(settings: Settings) -> Iterator[Finding]:
    """One finding for each way that media are offered by. Nothing is asked of anybody where none is set up."""
    if settings.public_url is not None and settings.media_route != "s3" and settings.secret_keys:
        yield _told("media host", lambda: _by_host(settings))
    if settings.s3_bucket is not None and settings.media_route != "host":
        yield _told("media bucket", lambda: _by_bucket(settings))


def _told(check: str, look: Callable[[], list[Sight]]) -> Finding:
    try:
        sights = look()
    except PressrunError as problem:
        return Finding(check, Result.FAIL, str(problem), "correct the settings of it, or what its key may do")
    if not sights:
        return Finding(check, Result.OK, "GET, HEAD and Range are answered as Instagram needs it")
    result = Result.FAIL if any(one.is_fatal for one in sights) else Result.NOTE
    return Finding(check, result, "; ".join(one.what for one in sights), "; ".join(one.advice for one in sights))


def _by_host(settings: Settings) -> list[Sight]:
    content = _picture()
    with tempfile.NamedTemporaryFile(prefix="pressrun-", suffix=".jpg") as file:
        Path(file.name).write_bytes(content)
        kept = MediaStore(settings.home / "media").keep(file.name)
    key = links.derive_key(settings.keys()[0])
    url = links.sign(settings.public_url or "", kept.sha256, kept.extension, expires_at=clock.now() + _LIVES, key=key)
    return rehearse(Sample(content, kept.media_type, url, url), allow_private=_may_be_private(settings))


def _by_bucket(settings: Settings) -> list[Sight]:
    place = Place.of(settings)
    if place is None:
        return []
    outdated = Sight("its keys are sealed under a key that is not the newest", "seal them: pressrun media seal", False)
    return [*_from_bucket(settings, place), *([outdated] if bucket_keys.is_outdated(settings) else [])]


def _from_bucket(settings: Settings, place: Place) -> list[Sight]:
    content, bucket, key = _picture(), Bucket(place), f"{place.prefix}{_OBJECT}"
    try:
        with tempfile.NamedTemporaryFile(prefix="pressrun-", suffix=".jpg") as file:
            Path(file.name).write_bytes(content)
            bucket.remove(key)
            try:
                bucket.put(Path(file.name), key, "image/jpeg", between=lambda: None)
                urls = (bucket.address(key, lives=_LIVES), bucket.address(key, lives=_LIVES, head=True))
                return rehearse(Sample(content, "image/jpeg", *urls), allow_private=_may_be_private(settings))
            finally:
                bucket.remove(key)
    finally:
        bucket.close()


def _may_be_private(settings: Settings) -> bool:
    """A simulator on this machine reaches what Instagram would not."""
    return settings.allow_private_urls or is_loopback(settings.graph_url)


def _picture() -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((320, 320)).save(made, "JPEG", quality=80)
    return made.getvalue()
