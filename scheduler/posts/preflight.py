"""Everything that can be refused now rather than at the due time: files, addresses, captions, tags.

Local files are read, checked against what Instagram takes, and kept in the media store, so that what goes out is what
was checked. An address is looked at as Instagram would fetch it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from models.library.item import PREFIX, LibraryItem
from models.posts.part import PartKind
from models.posts.post import PostType
from pressrun.errors import PressrunError
from pressrun.media import answers, expiry, rules
from pressrun.media.fixing.outlook import offered
from pressrun.media.fixing.recipe import shape_of_all
from pressrun.media.fixing.wanted import Fixing, read_fixing
from pressrun.media.magic import Kind, sniff
from pressrun.media.probe import MediaUnreadable, Probe, probe
from pressrun.media.rules import Problem, Use
from pressrun.media.store import BY_CONTENT, Kept, MediaStore
from pressrun.network import fetch
from pressrun.settings import Settings
from scheduler.posts.examined import Examined, Look, examined_file, fixing_look, known_of
from scheduler.posts.texts import check_frame, check_texts
from scheduler.posts.wish import ColumnProblem, Wish

T = TypeVar("T")

_OURS = (BY_CONTENT, PREFIX)

_VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi")


@dataclass(frozen=True)
class Preflight:
    """What was found; `errors` empty: the post can be queued."""

    media: tuple[Examined, ...]
    cover: Examined | None
    errors: list[ColumnProblem] = field(default_factory=list)
    warnings: list[ColumnProblem] = field(default_factory=list)


class Examiner:
    """Examines media, each file or address once however many posts use it.

    Args:
        base: the folder that paths are relative to; None: whoever asks is on another machine, and names no file here.
        library: the items that may be referred to, by name.
    """

    def __init__(
        self,
        settings: Settings,
        store: MediaStore,
        *,
        base: Path | None,
        library: Mapping[str, LibraryItem] | None = None,
    ) -> None:
        self._settings, self._store, self._base = settings, store, base
        self._library = library or {}
        self._seen: dict[tuple[str, Use | PostType, Fixing | None, float | None], Look] = {}
        self._peeks: dict[str, fetch.Peek | PressrunError] = {}
        self._downloads: dict[str, tuple[Probe, Kept] | PressrunError] = {}

    def examine(
        self, wish: Wish, *, kept_media: tuple[Examined, ...] | None = None, kept_cover: Examined | None = None
    ) -> Preflight:
        """Check everything of a wish that can be checked without Instagram.

        `kept_media` and `kept_cover` were examined when the post was queued and have not changed since.
        """
        found: list[Problem] = []
        media = self._media(wish, found) if kept_media is None else kept_media
        cover = kept_cover or self._cover(wish, found)
        found += _ends("media", wish, media) + _ends("cover_url", wish, [cover] if cover else [])
        found += check_texts(wish, media) + check_frame(wish, media)
        return Preflight(
            media,
            cover,
            errors=[_told_of(one) for one in found if one.severity == "error"],
            warnings=[_told_of(one) for one in found if one.severity == "warning"],
        )

    def _media(self, wish: Wish, found: list[Problem]) -> tuple[Examined, ...]:
        media: list[Examined] = []
        probes: list[Probe] = []
        fixing = read_fixing(wish.fix or self._settings.fix)
        shape = self._shape(wish, fixing)
        for source in wish.media:
            examined, probed, problems = self._look(source, wish.type, fixing, shape)
            found += [_at("media", problem, source) for problem in problems]
            media += [examined] if examined else []
            probes += [probed] if probed else []
        if len(probes) == len(wish.media):
            together = rules.check_together(wish.type.value, probes)
            # Of shapes that differ people are warned; here they are brought to one.
            found += [one for one in together if shape is None or one.severity == "error"]
        else:
            found += _count(wish)
        return tuple(media)

    def _cover(self, wish: Wish, found: list[Problem]) -> Examined | None:
        if wish.cover is None:
            return None
        examined, _, problems = self._look(
            wish.cover, Use.REEL_COVER, read_fixing(wish.fix or self._settings.fix), None
        )
        found += [_at("cover_url", problem, wish.cover) for problem in problems]
        return examined

    def _look(self, source: str, use: Use | PostType, fixing: Fixing | None, shape: float | None) -> Look:
        key = (source, use, fixing, shape)
        if key not in self._seen:
            try:
                self._seen[key] = self._looked_at(source, use, fixing, shape)
            except PressrunError as problem:
                self._seen[key] = (None, None, [Problem("media", str(problem), "error", problem.type)])
        return self._seen[key]

    def _looked_at(self, source: str, use: Use | PostType, fixing: Fixing | None, shape: float | None) -> Look:
        if fixing is not None:  # what is made right must be kept: it is another file than the one behind an address
            path, probed = self._file(source)
            return fixing_look(source, path, probed, fixing.recipe(_purpose(use, probed.kind), shape), self._store)
        if "://" in source:
            look = self._keep_address if self._settings.keep_media == "all" else self._look_at_address
            return look(source, use)
        return self._look_at_file(source, use)

    def _shape(self, wish: Wish, fixing: Fixing | None) -> float | None:
        """The shape of the first item of a carousel, where all are to be brought to it."""
        if fixing is None or fixing.way is None or wish.type is not PostType.CAROUSEL:
            return None
        try:
            _, probed = self._file(wish.media[0])
        except PressrunError:
            return None  # told of when it is looked at
        has_video = any(urlsplit(one).path.lower().endswith(_VIDEO_ENDINGS) for one in wish.media)
        return shape_of_all(probed.ratio, has_video=has_video)

    def _file(self, source: str) -> tuple[Path, Probe]:
        """A file of which the whole is here: named by its path, uploaded, of the library, or fetched."""
        if "://" in source:
            probed, kept = self._downloaded(source)
            return kept.path, probed
        path = self._path(source)
        return path, _probe_kept(path) if source.startswith(_OURS) else probe(path)

    def _path(self, source: str) -> Path:
        if source.startswith(BY_CONTENT):
            return self._store.path(source.removeprefix(BY_CONTENT))
        if source.startswith(PREFIX):
            item = self._library.get(source.removeprefix(PREFIX))
            if item is None:
                said = f"the library has nothing under the name {source.removeprefix(PREFIX)!r}"
                raise PressrunError(said, type="library.unknown")
            return self._store.path(item.sha256)
        if self._base is None:
            said = f"{source}: give an address, or {BY_CONTENT} and the SHA-256 of a file that was uploaded"
            raise PressrunError(said, type="media.not_here")
        try:
            return self._base / Path(source).expanduser()
        except RuntimeError:
            raise PressrunError(f"{source}: nobody here has a home of that name", type="media.unreadable") from None

    def _look_at_file(self, source: str, use: Use | PostType) -> Look:
        path, probed = self._file(source)
        purpose = _purpose(use, probed.kind)
        problems = offered(rules.check(probed, purpose), probed, purpose)
        is_refused = any(p.severity == "error" for p in problems)
        if source.startswith(BY_CONTENT):
            kept: Kept | None = Kept(source.removeprefix(BY_CONTENT), path, probed.size_bytes, probed.format)
        else:  # of the library: marks it as wanted just now
            kept = None if is_refused and not source.startswith(PREFIX) else self._store.keep(path)
        return examined_file(source, probed, kept), probed, problems

    def _look_at_address(self, source: str, use: Use | PostType) -> Look:
        if source not in self._peeks:
            self._peeks[source] = _told(lambda: fetch.peek(source, allow_private=self._settings.allow_private_urls))
        peek = _or_raise(self._peeks[source])
        kind = _kind_of(peek, source)
        problems = list(answers.check_url(peek, _purpose(use, kind)))
        is_readable = all(problem.field != "media" for problem in problems)
        probed = answers.probe_answer(peek) if is_readable else None
        problems = offered(problems, probed, _purpose(use, kind))
        known = known_of(probed) | {"size_bytes": peek.content_length, "content_type": peek.content_type}
        details = {name: value for name, value in known.items() if value is not None}
        return Examined(source, PartKind(kind), None, None, details), probed, problems

    def _keep_address(self, source: str, use: Use | PostType) -> Look:
        """The file behind the address, whole, and judged as a file: what was checked is what goes out."""
        probed, kept = self._downloaded(source)
        purpose = _purpose(use, probed.kind)
        return examined_file(source, probed, kept), probed, offered(rules.check(probed, purpose), probed, purpose)

    def _downloaded(self, source: str) -> tuple[Probe, Kept]:
        if source not in self._downloads:
            self._downloads[source] = _told(lambda: self._download(source))
        return _or_raise(self._downloads[source])

    def _download(self, source: str) -> tuple[Probe, Kept]:
        with tempfile.NamedTemporaryFile(prefix="pressrun-") as file:
            most = max(limits.max_bytes for limits in rules.LIMITS.values())
            fetch.download(source, file, allow_private=self._settings.allow_private_urls, most_bytes=most)
            file.flush()
            try:
                return probe(file.name), self._store.keep(file.name)
            except MediaUnreadable as problem:
                raise MediaUnreadable(fetch.shown(source), problem.reason) from None


@lru_cache(maxsize=2048)
def _probe_kept(path: Path) -> Probe:
    """A kept file never changes: what it holds is read once, though a hundred posts are to have it."""
    return probe(path)


def _told(look: Callable[[], T]) -> T | PressrunError:
    """The answer, or why there is none: both are remembered, and an address is asked once."""
    try:
        return look()
    except PressrunError as problem:
        return problem


def _or_raise(answer: T | PressrunError) -> T:
    if isinstance(answer, PressrunError):
        raise answer
    return answer


def _purpose(use: Use | PostType, kind: Kind) -> Use:
    return use if isinstance(use, Use) else rules.use_for(use.value, kind)


def _ends(column: str, wish: Wish, media: Sequence[Examined]) -> list[Problem]:
    """Addresses that are to be fetched when the post is due, and will have ended by then."""
    found = []
    for one in media:
        ends_at = expiry.ends_at(one.source) if one.sha256 is None and "://" in one.source else None
        if ends_at is None or ends_at >= wish.publish_at:
            continue
        message = (
            f"{fetch.shown(one.source)}: the address ends at {_utc(ends_at)}, needed until {_utc(wish.publish_at)}: "
            "sign it for longer, or have the file kept when the post is queued"
        )
        found.append(Problem(column, message, "error", "media.ends"))
    return found


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _kind_of(peek: fetch.Peek, source: str) -> Kind:
    signature = sniff(peek.head)
    if signature is not None:
        return signature.kind
    return "video" if urlsplit(source).path.lower().endswith(_VIDEO_ENDINGS) else "image"


def _count(wish: Wish) -> list[Problem]:
    """The number of files alone, when not every one of them could be read."""
    least, most = {PostType.CAROUSEL: (2, 10), PostType.STORY: (1, 100)}.get(wish.type, (1, 1))
    if least <= len(wish.media) <= most:
        return []
    wanted = f"{least} to {most} files" if least != most else "exactly one file"
    message = f"a post of type {wish.type} takes {wanted}, here are {len(wish.media)}"
    return [Problem("media", message, "error", "media.count")]


def _at(column: str, problem: Problem, source: str) -> Problem:
    name = fetch.shown(source) if "://" in source else source  # the query of an address may hold a key
    message = problem.message if name in problem.message else f"{name}: {problem.message}"
    return Problem(column, message, problem.severity, problem.type, problem.can_be_fixed)


def _told_of(problem: Problem) -> ColumnProblem:
    type_ = problem.fault or ColumnProblem.type
    return ColumnProblem(problem.field, problem.message, type_, problem.can_be_fixed)
