"""Bodies of requests. A post has the names of the campaign file's columns; `media` and the like are lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from operations.posts.posts import PostFields
from pressrun.written import no_text, odd_character

Lines = Annotated[list[str], Field(max_length=100)]
PostType = Literal["image", "carousel", "reel", "story"]
IfLate = Literal["publish", "expire", "next_slot"]
Trial = Literal["MANUAL", "SS_PERFORMANCE"]

_MEDIA = "Addresses; `kept:` and the SHA-256 of a file that was uploaded; `lib:` and a name of the library."
_LISTS = ("media", "alt_text", "collaborators", "poll_options")


class Body(BaseModel):
    """Nothing that is not named, and no character that no text may have."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _require_text(cls, value: Any) -> Any:
        odd = _odd_character(value)
        if odd is not None:
            raise ValueError(no_text(odd))
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _require_number(cls, value: Any, about: ValidationInfo) -> Any:
        """True is no number, though Python counts it as one."""
        if isinstance(value, bool):
            meant = cls.model_fields[about.field_name or ""].annotation
            kinds = {meant, *get_args(meant)}
            if kinds & {int, float} and bool not in kinds:
                raise ValueError("Input should be a number")
        return value


def _odd_character(value: Any) -> str | None:
    if isinstance(value, str):
        return odd_character(value)
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        return next((odd for odd in map(_odd_character, value) if odd), None)
    return None


def example(**told: Any) -> ConfigDict:
    """What the document shows of a body; a test sends each."""
    return ConfigDict(json_schema_extra={"examples": [told]})


class UserTag(Body):
    """A person on a picture. `x` and `y`: from 0 to 1, from the upper left corner."""

    username: str
    x: float | None = None
    y: float | None = None


class ProductTag(Body):
    """A product of a catalog. Pictures need `x` and `y`, from 0 to 1, from the upper left corner; videos take none."""

    product_id: Annotated[str, Field(pattern=r"^[0-9]{1,30}$")]
    x: float | None = None
    y: float | None = None


class PostContent(Body):
    """What of a post can be changed. Null, or an empty text, takes a field away."""

    model_config = example(caption="Fresh bread until one o'clock")

    publish_at: Annotated[
        str | None,
        Field(description="`2026-12-24T18:30` in the account's zone, with `Z` or an offset an instant; or `+90s`."),
    ] = None
    media: Annotated[Lines | None, Field(description=_MEDIA)] = None
    caption: str | None = None
    alt_text: Annotated[Lines | None, Field(description="One for each media, in order.")] = None
    first_comment: str | None = None
    location_id: Annotated[str | None, Field(description="Id of a Page with an address.")] = None
    user_tags: Annotated[list[UserTag] | None, Field(max_length=100)] = None
    collaborators: Lines | None = None
    product_tags: Annotated[list[ProductTag] | None, Field(max_length=100)] = None
    poll_options: Annotated[Lines | None, Field(description="Answers of a poll in the caption, 2 to 4.")] = None
    poll_extended: Annotated[bool | None, Field(description="The poll is open for longer.")] = None
    comment_prompt: Annotated[bool | None, Field(description="The caption asks for comments.")] = None
    cover_url: Annotated[str | None, Field(description="Cover of a reel, like an entry of `media`.")] = None
    cover_at: Annotated[
        str | None, Field(max_length=30, description="Cover of a reel: the frame that is shown then, `2.5s`.")
    ] = None
    thumb_offset_ms: Annotated[int | None, Field(ge=0, le=900_000)] = None
    share_to_feed: bool | None = None
    trial: Trial | None = None
    max_lateness: Annotated[str | None, Field(description="How late it may go out: `90s`, `15m`, `2h`.")] = None
    if_late: IfLate | None = None
    fix: Annotated[
        str | None, Field(max_length=50, description="How files become what Instagram takes: `yes`, `no`, `pad`, …")
    ] = None

    @field_validator(*_LISTS)
    @classmethod
    def _no_bars(cls, value: list[str] | None) -> list[str] | None:
        if any("|" in one for one in value or ()):
            raise ValueError("an entry cannot have a | in it: it separates entries in campaigns")
        return value

    def said(self) -> PostFields:
        """The fields that were named, as texts."""
        given = {name: _text(name, getattr(self, name)) for name in self.model_fields_set}
        return PostFields(**given)


class Draft(PostContent):
    """A post that is still being written: nothing is required."""

    model_config = example(account="harbour-bakery", caption="Something with bread, and")

    account: str | None = None
    type: PostType | None = None
    key: Annotated[str | None, Field(max_length=200)] = None


class Drafted(TypedDict, total=False):
    """What of a draft was said, with the names and types of a post. What cannot be read as that is the text itself."""

    account: str
    publish_at: str
    type: str
    media: list[str]
    caption: str
    alt_text: list[str]
    first_comment: str
    location_id: str
    user_tags: list[UserTag] | str
    collaborators: list[str]
    product_tags: list[ProductTag] | str
    poll_options: list[str]
    poll_extended: bool | str
    comment_prompt: bool | str
    cover_url: str
    cover_at: str
    thumb_offset_ms: int | str
    share_to_feed: bool | str
    trial: str
    max_lateness: str
    if_late: str
    fix: str
    key: str


def drafted(fields: Mapping[str, str]) -> Drafted:
    """Texts of columns as a post has them."""
    return cast(Drafted, {name: _READ.get(name, str)(text) for name, text in fields.items()})  # by those very names


class NewPost(PostContent):
    """A post to be queued."""

    model_config = example(
        account="harbour-bakery",
        publish_at="2030-12-24T18:30",
        type="image",
        media=["https://media.example.com/bread.jpg"],
        caption="Fresh bread until noon",
        key="christmas",
    )

    account: Annotated[str, Field(description="Name or Instagram id of the account.", min_length=1)]
    publish_at: Annotated[
        str,
        Field(
            description="`2026-12-24T18:30` in the account's zone, with `Z` or an offset an instant; or `+90s`.",
            min_length=1,
        ),
    ]
    type: PostType
    media: Annotated[
        list[str],
        Field(
            description=_MEDIA,
            min_length=1,
            max_length=100,
        ),
    ]
    key: Annotated[
        str | None, Field(max_length=200, description="The same key with the same content adds nothing.")
    ] = None


def _text(name: str, value: Any) -> Any:
    if name in {"media", "alt_text", "poll_options"}:
        return tuple(value or ())
    if name == "product_tags":
        return (_objects(value),) if value else ()
    if value is None:
        return ""
    if name == "collaborators":
        return "|".join(value)
    if name == "user_tags":
        return _objects(value) if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _entries(text: str) -> list[str]:
    return text.split("|")


def _flag(text: str) -> bool | str:
    return {"true": True, "yes": True, "false": False, "no": False}.get(text.strip().lower(), text)


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _tags(kind: TypeAdapter[Any], text: str) -> Any:
    try:
        return kind.validate_json(text)
    except ValidationError:
        return text


_READ: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_LISTS, _entries),
    **dict.fromkeys(("poll_extended", "comment_prompt", "share_to_feed"), _flag),
    "thumb_offset_ms": _number,
    "collaborators": lambda text: [one for one in re.split(r"[|,\s]+", text) if one],
    "user_tags": partial(_tags, TypeAdapter(list[UserTag])),
    "product_tags": partial(_tags, TypeAdapter(list[ProductTag])),
}


def _objects(value: list[Body]) -> str:
    return json.dumps([one.model_dump(exclude_none=True) for one in value])
