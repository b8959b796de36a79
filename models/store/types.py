"""Column idioms with a name. Defaults live on the server side, so that plain SQL keeps them too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

Id = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
InstantNow = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
Str = Annotated[str, mapped_column(Text)]
JsonObject = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
OptionalJson = Annotated[dict[str, Any] | None, mapped_column(JSONB(none_as_null=True))]

ONE_OF = "one_of"
"""Under which a CHECK of `one_of` notes its column and the words that it takes."""


def one_of(column: str, values: Iterable[StrEnum] | type[StrEnum], *, name: str | None = None) -> CheckConstraint:
    """CHECK that a text column holds one of the enum's values: a native enum value is awkward to take back."""
    words = tuple(value.value for value in values)
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column, info={ONE_OF: (column, words)})
