"""What is wrong with the texts of a post, and with what stands beside them."""

from __future__ import annotations

from collections.abc import Sequence

from models.posts.part import PartKind
from pressrun.media import add_ons, captions, rules
from pressrun.media.rules import Problem
from scheduler.posts.examined import Examined
from scheduler.posts.wish import Wish


def check_texts(wish: Wish, media: Sequence[Examined]) -> list[Problem]:
    found = [_named(problem, "caption") for problem in captions.check_caption(wish.caption)]
    found += captions.check_first_comment(wish.first_comment or "")
    for text in wish.alt_texts:
        found += [_named(problem, "alt_text") for problem in captions.check_alt_text(text)]
    found += [_named(problem, "collaborators") for problem in captions.check_collaborators(wish.collaborators)]
    if media:
        # Tags of a carousel go to its first item.
        purpose = rules.use_for(wish.type.value, "video" if media[0].kind is PartKind.VIDEO else "image")
        found += [_named(problem, "user_tags") for problem in captions.check_user_tags(wish.user_tags, purpose)]
        found += add_ons.check_product_tags(wish.product_tags, purpose)
    found += add_ons.check_poll(wish.poll_options, extended=wish.poll_extended, caption=wish.caption)
    found += add_ons.check_comment_prompt(wish.comment_prompt, caption=wish.caption)
    for text, one in zip(wish.alt_texts, media, strict=False):
        if text and one.kind is PartKind.VIDEO:
            found.append(Problem("alt_text", f"{one.source} is a video: Instagram takes alt text for images", "error"))
    return found


def check_frame(wish: Wish, media: Sequence[Examined]) -> list[Problem]:
    """The frame that a reel is to have as its cover, where the length of the video is known."""
    lasts_s = media[0].probe.get("duration_s") if media else None
    if wish.frame_ms is None or lasts_s is None or wish.frame_ms <= lasts_s * 1000:
        return []
    column = "thumb_offset_ms" if wish.cover_at is None else "cover_at"
    message = f"{wish.frame_ms / 1000:g} s is beyond the end: the video lasts {lasts_s:.1f} s"
    return [Problem(column, message, "error", "media.cover_at")]


def _named(problem: Problem, column: str) -> Problem:
    return Problem(column, problem.message, problem.severity)
