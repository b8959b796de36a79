"""Everything that can be refused now rather than at the due time: files, addresses, captions, tags.

Local files are read, checked against what Instagram takes, and kept in the media store, so that what goes out is what
was checked. An address is looked at as Instagram would fetch it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from models.part import PartKind
from models.post import PostType
from pressrun import fetch
from pressrun.errors import PressrunError
from pressrun.media import captions, rules
from pressrun.media.magic import Kind, sniff
from pressrun.media.probe import Probe, probe
from pressrun.media.rules import Problem, Use
from pressrun.media.store import MediaStore
from pressrun.settings import Settings
from scheduler.posts.wish import ColumnProblem, Wish

_VIDEO_ENDINGS = (".mp4", ".mov", ".m4v")


@dataclass(frozen=True)
class Examined:
    """One media as it was found: a kept file (`sha256`) or an address."""

    source: str
    kind: PartKind
    sha256: str | None
    extension: str | None
    probe: dict[str, Any]


@dataclass(frozen=True)
class Preflight:
    """What was found; `errors` empty: the post can be queued."""

    media: tuple[Examined, ...]
    cover: Examined | None
    errors: list[ColumnProblem] = field(default_factory=list)
    warnings: list[ColumnProblem] = field(default_factory=list)


class Examiner:
    """Examines media, each file or address once however many posts use it."""

    def __init__(self, settings: Settings, store: MediaStore, *, base: Path) -> None:
        self._settings, self._store, self._base = settings, store, base
        self._seen: dict[tuple[str, Use | PostType], tuple[Examined | None, Probe | None, list[Problem]]] = {}

    def examine(
        self, wish: Wish, *, kept_media: tuple[Examined, ...] | None = None, kept_cover: Examined | None = None
    ) -> Preflight:
        """Check everything of a wish that can be checked without Instagram.

        `kept_media` and `kept_cover` were examined when the post was queued and have not changed since.
        """
        found: list[Problem] = []
        media = self._media(wish, found) if kept_media is None else kept_media
        cover = kept_cover or self._cover(wish, found)
        found += _texts(wish, media)
        return Preflight(
            media,
            cover,
            errors=[ColumnProblem(p.field, p.message) for p in found if p.severity == "error"],
            warnings=[ColumnProblem(p.field, p.message) for p in found if p.severity == "warning"],
        )

    def _media(self, wish: Wish, found: list[Problem]) -> tuple[Examined, ...]:
        media: list[Examined] = []
        probes: list[Probe] = []
        for source in wish.media:
            examined, probed, problems = self._look(source, wish.type)
            found += [_at("media", problem, source) for problem in problems]
            media += [examined] if examined else []
            probes += [probed] if probed else []
        if len(probes) == len(wish.media):
            found += rules.check_together(wish.type.value, probes)
        else:
            found += _count(wish)
        return tuple(media)

    def _cover(self, wish: Wish, found: list[Problem]) -> Examined | None:
        if wish.cover is None:
            return None
        examined, _, problems = self._look(wish.cover, Use.REEL_COVER)
        found += [_at("cover_url", problem, wish.cover) for problem in problems]
        return examined

    def _look(self, source: str, use: Use | PostType) -> tuple[Examined | None, Probe | None, list[Problem]]:
        if (source, use) not in self._seen:
            look = self._look_at_address if "://" in source else self._look_at_file
            try:
                self._seen[source, use] = look(source, use)
            except PressrunError as problem:
                self._seen[source, use] = (None, None, [Problem("media", str(problem), "error")])
        return self._seen[source, use]

    def _look_at_file(self, source: str, use: Use | PostType) -> tuple[Examined, Probe, list[Problem]]:
        try:
            path = self._base / Path(source).expanduser()
        except RuntimeError:
            raise PressrunError(f"{source}: nobody here has a home of that name") from None
        probed = probe(path)
        purpose = use if isinstance(use, Use) else rules.use_for(use.value, probed.kind)
        problems = list(rules.check(probed, purpose))
        kept = None if any(p.severity == "error" for p in problems) else self._store.keep(path)
        examined = Examined(
            source,
            PartKind(probed.kind),
            kept.sha256 if kept else None,
            kept.extension if kept else None,
            {name: value for name, value in asdict(probed).items() if value is not None},
        )
        return examined, probed, problems

    def _look_at_address(self, source: str, use: Use | PostType) -> tuple[Examined, None, list[Problem]]:
        peek = fetch.peek(source, allow_private=self._settings.allow_private_urls)
        kind = _kind_of(peek, source)
        purpose = use if isinstance(use, Use) else rules.use_for(use.value, kind)
        details = {"content_type": peek.content_type, "size_bytes": peek.content_length}
        known = {name: value for name, value in details.items() if value is not None}
        return Examined(source, PartKind(kind), None, None, known), None, list(fetch.check_url(peek, purpose))


def _kind_of(peek: fetch.Peek, source: str) -> Kind:
    signature = sniff(peek.head)
    if signature is not None:
        return signature.kind
    return "video" if urlsplit(source).path.lower().endswith(_VIDEO_ENDINGS) else "image"


def _texts(wish: Wish, media: Sequence[Examined]) -> list[Problem]:
    found = [_named(problem, "caption") for problem in captions.check_caption(wish.caption)]
    for text in wish.alt_texts:
        found += [_named(problem, "alt_text") for problem in captions.check_alt_text(text)]
    found += [_named(problem, "collaborators") for problem in captions.check_collaborators(wish.collaborators)]
    if wish.user_tags and media:
        purpose = rules.use_for(
            wish.type.value, "video" if media[0].kind is PartKind.VIDEO else "image"
        )  # tags of a carousel go to its first item
        found += [_named(problem, "user_tags") for problem in captions.check_user_tags(wish.user_tags, purpose)]
    for text, one in zip(wish.alt_texts, media, strict=False):
        if text and one.kind is PartKind.VIDEO:
            found.append(Problem("alt_text", f"{one.source} is a video: Instagram takes alt text for images", "error"))
    return found


def _count(wish: Wish) -> list[Problem]:
    """The number of files alone, when not every one of them could be read."""
    least, most = {PostType.CAROUSEL: (2, 10), PostType.STORY: (1, 100)}.get(wish.type, (1, 1))
    if least <= len(wish.media) <= most:
        return []
    wanted = f"{least} to {most} files" if least != most else "exactly one file"
    message = f"a post of type {wish.type} takes {wanted}, here are {len(wish.media)}"
    return [Problem("media", message, "error")]


def _at(column: str, problem: Problem, source: str) -> Problem:
    message = problem.message if source in problem.message else f"{source}: {problem.message}"
    return Problem(column, message, problem.severity)


def _named(problem: Problem, column: str) -> Problem:
    return Problem(column, problem.message, problem.severity)
