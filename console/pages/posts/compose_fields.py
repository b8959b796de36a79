"""The form of Compose as the fields of a post."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.datastructures import FormData

from operations.posts.fixing import Fix
from operations.posts.posts import PostFields, RowProblem

DRAFTED = (
    "account",
    "publish_at",
    "type",
    "caption",
    "first_comment",
    "location_id",
    "collaborators",
    "product_tags",
    "poll_options",
    "poll_extended",
    "comment_prompt",
    "cover_at",
    "cover_url",
    "share_to_feed",
    "trial",
    "max_lateness",
    "if_late",
)
"""Fields that are one text each; media and alternative texts are lists of their own."""
_UNCHANGEABLE = ("account", "type")
_LONGEST = 12_000


@dataclass(frozen=True)
class Written:
    """`fields`: column of a campaign → text; what was left empty is not among them."""

    fields: dict[str, str]

    @classmethod
    def of(cls, form: FormData) -> Written:
        fields = {}
        for name in DRAFTED:
            value = form.get(name)
            if isinstance(value, str) and value.strip():
                fields[name] = value[:_LONGEST]
        media = [one for one in form.getlist("media") if isinstance(one, str) and one.strip()]
        texts = [one.replace("|", "/") if isinstance(one, str) else "" for one in form.getlist("alt_text")]
        if media:
            fields["media"] = "|".join(media)
        if any(text.strip() for text in texts):
            fields["alt_text"] = "|".join(texts)
        tags = _tags(form)
        if tags:
            fields["user_tags"] = json.dumps(tags)
        return cls(fields)

    def in_words(self, told: Sequence[RowProblem]) -> list[RowProblem]:
        """With media named by their place in the form, where they have no name that a person gave them."""
        sources = self.fields.get("media", "").split("|")
        names = {one: f"media {number}" for number, one in enumerate(sources, 1)}
        names[self.fields.get("cover_url", "")] = "the cover"
        kept = {source: name for source, name in names.items() if source.startswith("kept:")}
        return [replace(one, message=_replaced(one.message, kept)) for one in told]

    def post_fields(self) -> PostFields:
        return PostFields(**{name: _value(name, text) for name, text in self.fields.items()})

    def whole(self) -> PostFields:
        """With an empty text for each field that was left empty: so it is taken away."""
        named = (*DRAFTED, "media", "alt_text", "user_tags", "thumb_offset_ms")
        return PostFields(**{name: _value(name, self.fields.get(name, "")) for name in named})

    def changes(self) -> PostFields:
        """For a post that is queued: its account and type stay, and so do its media unless others were put in."""
        named = [name for name in (*DRAFTED, "alt_text") if name not in _UNCHANGEABLE]
        told = {name: self.fields.get(name, "") for name in named}
        if "media" in self.fields:
            told["media"] = self.fields["media"]
        for name in ("max_lateness", "publish_at", "if_late", "cover_url"):
            if not told.get(name):
                told.pop(name, None)
        return PostFields(**{name: _value(name, text) for name, text in told.items()})


def _replaced(message: str, names: Mapping[str, str]) -> str:
    for source, name in names.items():
        message = message.replace(source, name)
    return message


def in_seconds(milliseconds: int | str) -> str:
    """As the cover's moment is written."""
    return f"{int(milliseconds) / 1000:g}s"


def shown_media(fields: Mapping[str, str], origins: Mapping[str, Fix]) -> list[dict[str, str]]:
    """Each media with its alternative text, where its picture is, and what it was made from."""
    sources = [one for one in fields.get("media", "").split("|") if one]
    texts = fields.get("alt_text", "").split("|")
    return [
        {
            "source": source,
            "alt": texts[number] if number < len(texts) else "",
            "picture": picture_of(source),
            "original": origins[source].source if source in origins else "",
            "key": origins[source].key if source in origins else "",
        }
        for number, source in enumerate(sources)
    ]


def picture_of(source: str) -> str:
    """Where a small picture of it is; empty for what is elsewhere."""
    for prefix, place in (("kept:", "kept"), ("lib:", "library")):
        if source.startswith(prefix):
            return f"/pictures/{place}/{quote(source.removeprefix(prefix), safe='')}"
    return ""


def people_lines(told: str) -> str:
    """What a draft keeps of people, as the form takes it: one a line. What is no such list stays as it is."""
    try:
        tags = json.loads(told)
        return "\n".join(
            " ".join([str(one["username"]), *(f"{one[axis]:g}" for axis in "xy" if axis in one)]) for one in tags
        )
    except (ValueError, KeyError, TypeError):
        return told


def _value(name: str, text: str) -> Any:
    if name == "product_tags":
        return (text,)  # as it is written: entries between |, or JSON, in which there may be one
    return tuple(text.split("|")) if name in ("media", "alt_text", "poll_options") else text


def _tags(form: FormData) -> list[dict[str, Any]]:
    """People tagged: one name a line, for a picture with where they stand (`name 0.5 0.4`)."""
    told = form.get("user_tags")
    found = []
    for line in told.splitlines() if isinstance(told, str) else ():
        name, *place = line.replace(",", " ").split()[:3] or [""]
        if not name.strip("@"):
            continue
        tag: dict[str, Any] = {"username": name.lstrip("@")}
        if len(place) == 2:
            with contextlib.suppress(ValueError):  # then it is judged as it stands: a name without a place
                tag |= {"x": float(place[0]), "y": float(place[1])}
        found.append(tag)
    return found
