"""What Instagram takes as text: captions, comments, alt texts, collaborators, user tags (graph-api.md §2.1).

The one place that counts: what is let through here when a post is queued, `graph` lets through when it is staged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pressrun.media.rules import Problem, Use

MAX_CAPTION = 2200
MAX_COMMENT = 2200
MAX_HASHTAGS = 30
MAX_MENTIONS = 20
MAX_ALT_TEXT = 1000
MAX_COLLABORATORS = 3
MAX_USER_TAGS = 20
# The app limits captions to five since December 2025; whether the API does is not confirmed.
ADVISED_HASHTAGS = 5

_HASHTAG = re.compile(r"[#＃]\w*[^\W\d_]\w*")
_HASHTAG_RUN = re.compile(rf"(?<![\w&/])(?:{_HASHTAG.pattern})+")  # #one#two are two
_MENTION = re.compile(r"(?<![\w@./])@[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?")
_LINK = re.compile(r"(?:https?://|(?<![\w@.])www\.)\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_MENTION_OR_TAG = re.compile(rf"{_MENTION.pattern}|{_HASHTAG_RUN.pattern}")
_SHOUTED_LETTERS = 6
"""So many letters, all of them capitals: below that it may be a name or a size."""
_USERNAME = re.compile(r"[A-Za-z0-9_.]{1,30}")
_POINT_USES = (Use.FEED_IMAGE, Use.CAROUSEL_IMAGE)


def hashtags(text: str) -> list[str]:
    """The hashtags of a text as written, with repetitions."""
    return [tag for run in _HASHTAG_RUN.findall(text) for tag in _HASHTAG.findall(run)]


def mentions(text: str) -> list[str]:
    """The @mentions of a text as written, with repetitions; mail addresses are none."""
    return _MENTION.findall(text)


def is_shouted(text: str) -> bool:
    """Whether all its words are in capitals; @mentions, hashtags and links do not count."""
    letters = "".join(_WORD.findall(_MENTION_OR_TAG.sub(" ", _LINK.sub(" ", text))))
    return len(letters) >= _SHOUTED_LETTERS and letters.isupper()


def normal_form(text: str | None) -> str:
    """What is left of a text that Instagram may give back changed: without `@`, white space folded, NFC (§8).

    Two texts with one normal form are taken for the same; applying it twice changes nothing.
    """
    return " ".join(unicodedata.normalize("NFC", (text or "").replace("@", "")).split())


def check_caption(text: str) -> tuple[Problem, ...]:
    """Problems of a caption."""
    problems = _length("caption", text, MAX_CAPTION)
    tags = len(hashtags(text))
    problems += _most("caption", tags, MAX_HASHTAGS, "hashtags", "remove some")
    if ADVISED_HASHTAGS < tags <= MAX_HASHTAGS:
        message = f"{tags} hashtags: the app allows {ADVISED_HASHTAGS}, and the API may come to refuse more"
        problems.append(Problem("caption", message, "warning"))
    problems += _most("caption", len(mentions(text)), MAX_MENTIONS, "@mentions", "remove some")
    return tuple(problems)


def check_first_comment(text: str) -> tuple[Problem, ...]:
    """Problems of a first comment. Where spam begins Instagram does not say: what looks like it is warned of."""
    problems = _length("first_comment", text, MAX_COMMENT)
    tags = len(hashtags(text))
    if tags > ADVISED_HASHTAGS:
        message = f"{tags} hashtags: Instagram may refuse or hide a comment with more than {ADVISED_HASHTAGS}"
        problems.append(Problem("first_comment", message, "warning"))
    if links := _LINK.findall(text):
        what = "a link" if len(links) == 1 else f"{len(links)} links"
        message = f"holds {what}: Instagram may refuse or hide it"
        problems.append(Problem("first_comment", message, "warning"))
    if is_shouted(text):
        message = "is all in capitals: Instagram may refuse or hide it"
        problems.append(Problem("first_comment", message, "warning"))
    return tuple(problems)


def check_alt_text(text: str) -> tuple[Problem, ...]:
    """Problems of an alt text."""
    return tuple(_most("alt_text", len(text), MAX_ALT_TEXT, "characters", "shorten it"))


def check_collaborators(usernames: Sequence[str]) -> tuple[Problem, ...]:
    """Problems of the list of collaborators."""
    problems = _most("collaborators", len(usernames), MAX_COLLABORATORS, "collaborators", "remove some")
    problems += [_bad_name("collaborators", name) for name in usernames if not _is_username(name)]
    return tuple(problems)


def check_user_tags(tags: Sequence[Any], use: Use) -> tuple[Problem, ...]:
    """Problems of user tags: photos need a point for each, reels take none, stories leave the choice."""
    problems = _most("user_tags", len(tags), MAX_USER_TAGS, "user tags", "remove some")
    for number, tag in enumerate(tags, 1):
        problems += _user_tag(tag, number, use)
    return tuple(problems)


def _user_tag(tag: Any, number: int, use: Use) -> list[Problem]:
    if not isinstance(tag, Mapping):
        message = f'user tag {number} must be an object such as {{"username": "someone", "x": 0.5, "y": 0.5}}'
        return [Problem("user_tags", message, "error")]
    problems = []
    name = tag.get("username")
    if not _is_username(name):
        problems.append(_bad_name("user_tags", name))
    unknown = sorted(str(key) for key in tag if key not in {"username", "x", "y"})
    if unknown:
        message = f"user tag {number} has the unknown key {unknown[0]!r}: only username, x and y are taken"
        problems.append(Problem("user_tags", message, "error"))
    return problems + _point(tag, number, use)


def _point(tag: Mapping[str, Any], number: int, use: Use) -> list[Problem]:
    given = [axis for axis in ("x", "y") if tag.get(axis) is not None]
    if use is Use.REEL and given:
        return [Problem("user_tags", f"user tag {number}: a reel takes no x and y, remove them", "error")]
    if len(given) == 1 or (use in _POINT_USES and not given):
        return [Problem("user_tags", f"user tag {number} on a {use} needs both x and y, 0 to 1", "error")]
    return [
        Problem("user_tags", f"user tag {number}: {axis} must be a number from 0 to 1, not {tag[axis]!r}", "error")
        for axis in given
        if isinstance(tag[axis], bool) or not isinstance(tag[axis], int | float) or not 0 <= tag[axis] <= 1
    ]


def _length(field: str, text: str, limit: int) -> list[Problem]:
    """Meta does not say what a character is: what only one of the two usual counts allows is warned of."""
    problems = _most(field, len(text), limit, "characters", "shorten it")
    units = len(text) + sum(character > "\uffff" for character in text)
    if not problems and units > limit:
        message = f"{len(text)} characters, emoji counted twice {units}: Instagram may count so, and allows {limit}"
        problems.append(Problem(field, message, "warning"))
    return problems


def _most(field: str, count: int, limit: int, what: str, advice: str) -> list[Problem]:
    if count <= limit:
        return []
    return [Problem(field, f"{count} {what} are over the limit of {limit}: {advice}", "error")]


def _is_username(name: Any) -> bool:
    return isinstance(name, str) and _USERNAME.fullmatch(name) is not None


def _bad_name(field: str, name: Any) -> Problem:
    advice = "letters, digits, dots and underscores, 30 at most, without @"
    return Problem(field, f"{name!r} is not an Instagram username: {advice}", "error")
