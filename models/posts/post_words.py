"""The words of each post, in a table of their own: what is looked for by parts of words.

A trigger of `posts` keeps them (revision 0031), since a post changes with each of its steps and its words hardly ever:
an index on the post itself would be written each time. Where Postgres lets us have the extension pg_trgm its index
serves; elsewhere all words are read, and the answer is the same.
"""

from __future__ import annotations

import re

from sqlalchemy import DDL, BigInteger, ColumnElement, ForeignKey, Index, event, literal, select
from sqlalchemy.orm import Mapped, mapped_column

from models.posts.part import Part
from models.posts.post import Post
from models.store.base import Base, table_of
from models.store.types import Str


class PostWords(Base):
    __tablename__ = "post_words"
    __table_args__ = (
        Index("ix_post_words_words", "words", postgresql_using="gin", postgresql_ops={"words": "gin_trgm_ops"}),
    )

    post_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    words: Mapped[Str]
    """Caption, first comment and key, a line for each."""


event.listen(table_of(PostWords), "before_create", DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm"))  # type: ignore[no-untyped-call]


def has_words(words: str) -> ColumnElement[bool]:
    """They stand in the caption, the first comment or the key, in small or large letters.

    Digits find the post of that number, and the one that is live as that media, too.
    """
    found = select(PostWords.post_id).where(PostWords.words.icontains(words, autoescape=True))
    number = words.strip().removeprefix("#")
    if not re.fullmatch(r"\d{1,18}", number, re.ASCII):
        return Post.id.in_(found)
    of_media = select(Part.post_id).where(Part.media_id == number)
    return Post.id.in_(found.union_all(of_media, select(literal(int(number)))))
