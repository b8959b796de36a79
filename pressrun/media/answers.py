"""Whether Instagram would take the file behind a URL, judged by the beginning of the server's answer.

An image tells nearly all of itself there and is held to the rules of a file; of a video only format and size are seen.
"""

from __future__ import annotations

from pressrun.media import magic
from pressrun.media.probe import MediaUnreadable, Probe, probe_head
from pressrun.media.rules import LIMITS, Problem, Use, check, check_size
from pressrun.network.fetch import Peek, advice

_MEDIA_TYPES = {"image": ("image/jpeg",), "video": ("video/mp4", "video/quicktime")}


def check_url(found: Peek, use: Use) -> tuple[Problem, ...]:
    """Problems that Instagram would have with this answer, as far as the beginning of the file tells."""
    if found.status not in {200, 206}:
        return (
            Problem("url", f"the server answers {found.status}{advice(found.status)}", "error", "media.unreachable"),
        )
    limits = LIMITS[use]
    signature = magic.sniff(found.head)
    if signature is None or signature.format not in limits.formats:
        what = signature.format if signature else "neither an image nor a video"
        message = f"a {use} must be {' or '.join(limits.formats)}, the URL leads to {what}"
        return (Problem("format", message, "error"),)
    try:
        probed = probe_answer(found)
    except MediaUnreadable as problem:
        return (Problem("media", problem.reason, "error", problem.type),)
    problems = list(check(probed, use)) if probed is not None else _size(found, use)
    if found.content_type not in _MEDIA_TYPES[signature.kind]:
        wanted, actual = signature.media_type, found.content_type or "nothing"
        message = f"the server says Content-Type {actual}, it should say {wanted}: Instagram may refuse the file"
        problems.append(Problem("content_type", message, "warning"))
    if signature.kind == "video" and not found.accepts_ranges:
        message = "the server does not support Range requests: Instagram may fail to fetch a large video from it"
        problems.append(Problem("range", message, "warning"))
    return tuple(problems)


def probe_answer(found: Peek) -> Probe | None:
    """What the beginning tells of the file; None where that is too little. Raises MediaUnreadable."""
    return probe_head(found.head, found.content_length) if found.status in {200, 206} else None


def _size(found: Peek, use: Use) -> list[Problem]:
    return list(check_size(found.content_length, use)) if found.content_length is not None else []
