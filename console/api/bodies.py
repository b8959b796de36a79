"""Bodies of requests. A post has the names of the campaign file's columns; `media` and the like are lists."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from operations.posts import PostFields

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
        if _has_nul(value):
            raise ValueError("there is a character in it that is no text: U+0000")
        return value


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(one) for name, one in value.items())
    return isinstance(value, list) and any(_has_nul(one) for one in value)


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


def _objects(value: list[Body]) -> str:
    return json.dumps([one.model_dump(exclude_none=True) for one in value])
