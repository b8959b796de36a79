"""Items of the library: a kept file under a name, one for each content.

    there → removed (its file goes with the next upkeep, unless a post needs it) → no row

The file lies in the media store under its hash, as that of any post does: an item says that it stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Index, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.access.bound import SEEN, seen_accounts
from models.posts.part import PartKind
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of
from pressrun.errors import Conflict, Unknown

PREFIX = "lib:"
"""How a row's media refers to an item."""


class LibraryItem(Base):
    __tablename__ = "library_items"
    __table_args__ = (
        one_of("kind", (PartKind.IMAGE, PartKind.VIDEO)),
        Index("uq_library_items_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
        Index("uq_library_items_sha256", "sha256", unique=True, postgresql_where=text("removed_at IS NULL")),
        Index("ix_library_items_removed_at", "removed_at", postgresql_where=text("removed_at IS NOT NULL")),
    )

    id: Mapped[Id]
    name: Mapped[Str]
    sha256: Mapped[Str]
    extension: Mapped[Str]
    kind: Mapped[Str]
    source: Mapped[Str]
    """Name of the file that it was."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    probe: Mapped[JsonObject]
    """What the file was found to be."""
    added_at: Mapped[InstantNow]
    removed_at: Mapped[Instant | None]


class LibraryTag(Base):
    __tablename__ = "library_tags"

    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("library_items.id"), primary_key=True)
    tag: Mapped[Str] = mapped_column(primary_key=True)


class ItemNeeded(Conflict):
    """A post that has not gone out yet is to be made from it."""

    type = "library.needed"

    def __init__(self, name: str, posts: list[int]) -> None:
        """Args: posts: those that whoever asks may see."""
        named = ", ".join(str(post) for post in posts[:5]) + (f" and {len(posts) - 5} more" if len(posts) > 5 else "")
        by = f"by post {named}; cancel or edit what needs it first" if posts else "for another account"
        super().__init__(f"{name} cannot be removed: it is needed {by}", ids={"post": posts[0]} if posts else {})


@dataclass(frozen=True)
class NewItem:
    """A kept file, and the name that it is to have."""

    name: str
    sha256: str
    extension: str
    kind: str
    source: str
    size_bytes: int
    probe: Mapping[str, Any]


class Placed(NamedTuple):
    """The item of a content, and whether it was made for it just now."""

    item: LibraryItem
    is_new: bool


_ADD = text("""
    INSERT INTO library_items (name, sha256, extension, kind, source, size_bytes, probe)
    VALUES (:name, :sha256, :extension, :kind, :source, :size_bytes, CAST(:probe AS jsonb))
    ON CONFLICT DO NOTHING
    RETURNING id
""")
_NEEDING = text(f"""
    SELECT p.id, {SEEN.format(column="p.account_id")} AS is_seen FROM posts p
     WHERE p.state IN ('draft', 'scheduled', 'staging', 'staged', 'publishing', 'uncertain', 'needs_review')
       AND (p.params -> 'cover' ->> 'sha256' = :sha256
            OR EXISTS (SELECT FROM conversions c WHERE c.id = p.cover_conversion_id AND c.source_sha256 = :sha256)
            OR EXISTS (SELECT FROM parts t LEFT JOIN conversions c ON c.id = t.conversion_id
                        WHERE t.post_id = p.id AND t.dropped_at IS NULL
                          AND (t.media_sha256 = :sha256 OR c.source_sha256 = :sha256)))
     ORDER BY p.id
""")  # noqa: S608 - constants


# A post that failed or expired may be queued again as it is. What was made right is not made twice: its row tells where
# the file is.
_NEEDED = text("""
    SELECT sha256 FROM library_items WHERE removed_at IS NULL AND sha256 = ANY(:sha256s)
     UNION
    SELECT t.media_sha256 FROM parts t JOIN posts p ON p.id = t.post_id
     WHERE t.media_sha256 = ANY(:sha256s) AND t.dropped_at IS NULL AND p.state NOT IN ('published', 'canceled')
     UNION
    SELECT p.params -> 'cover' ->> 'sha256' FROM posts p
     WHERE p.params -> 'cover' ->> 'sha256' = ANY(:sha256s) AND p.state NOT IN ('published', 'canceled')
     UNION
    SELECT source_sha256 FROM conversions WHERE source_sha256 = ANY(:sha256s)
     UNION
    SELECT result_sha256 FROM conversions WHERE result_sha256 = ANY(:sha256s)
     UNION
    SELECT one FROM unnest(CAST(:sha256s AS text[])) one
     WHERE EXISTS (SELECT FROM drafts d
                    WHERE strpos(concat(d.fields ->> 'media', ' ', d.fields ->> 'cover_url'), one) > 0)
""")


def add_item(tx: Session, new: NewItem) -> Placed:
    """Put a kept file into the library; one content is one item, under the name that it has. Raises Conflict."""
    import json

    told = {**vars(new), "probe": json.dumps(dict(new.probe))}
    made = tx.execute(_ADD, told).scalar()
    if made is not None:
        return Placed(tx.get_one(LibraryItem, made), is_new=True)
    same = tx.scalar(_there().where(LibraryItem.sha256 == new.sha256))
    if same is not None:
        return Placed(same, is_new=False)
    raise Conflict(
        f"the library has other media under the name {new.name}: give it another name",
        type="library.name_taken",
        field="name",
    )


def find_item(tx: Session, name: str) -> LibraryItem:
    """The item of that name, with or without `lib:` before it. Raises Unknown."""
    bare = name.removeprefix(PREFIX)
    found: LibraryItem | None = tx.scalar(_there().where(LibraryItem.name == bare))
    if found is None:
        raise Unknown(f"the library has nothing under the name {bare!r}", type="library.unknown", field="name")
    return found


def items_named(tx: Session, names: Collection[str]) -> dict[str, LibraryItem]:
    """The items of these names, by name; those that are not there are left out."""
    return {item.name: item for item in tx.scalars(_there().where(LibraryItem.name.in_(names)))} if names else {}


def items(tx: Session, *, tag: str | None = None, words: Collection[str] = ()) -> list[LibraryItem]:
    """All items by name; or those with that tag, and of whose name or tags each word is a part."""
    query = _there().order_by(LibraryItem.name)
    for word in words:
        tagged = select(LibraryTag.item_id).where(LibraryTag.tag.icontains(word, autoescape=True))
        query = query.where(or_(LibraryItem.name.icontains(word, autoescape=True), LibraryItem.id.in_(tagged)))
    if tag is not None:
        query = query.where(LibraryItem.id.in_(select(LibraryTag.item_id).where(LibraryTag.tag == tag)))
    return list(tx.scalars(query))


def remove_item(tx: Session, item: LibraryItem, *, now: datetime) -> None:
    """Take an item out of the library; its file goes with the next upkeep. Raises ItemNeeded."""
    # Whoever queues a post with it holds this row until that is committed: it is seen here, or finds no item.
    tx.execute(text("SELECT 1 FROM library_items WHERE id = :id FOR UPDATE"), {"id": item.id})
    needing = _needing(tx, item.sha256)
    if needing:
        raise ItemNeeded(item.name, [post for post, is_seen in needing if is_seen])
    tx.execute(text("UPDATE library_items SET removed_at = :now WHERE id = :id"), {"id": item.id, "now": now})


def hold_items(tx: Session, names: Collection[str]) -> set[str]:
    """Keep these items from being removed until the transaction ends; returns those that are still there."""
    query = "SELECT name FROM library_items WHERE removed_at IS NULL AND name = ANY(:names) ORDER BY id FOR SHARE"
    return set(tx.scalars(text(query), {"names": list(names)})) if names else set()


def posts_needing(tx: Session, sha256: str) -> list[int]:
    """Posts that have not gone out and are made from that content, of those that whoever asks may see."""
    return [post for post, is_seen in _needing(tx, sha256) if is_seen]


def needed_files(tx: Session, sha256s: Collection[str]) -> set[str]:
    """Which of these kept files an item or a post that may still go out needs."""
    return set(tx.scalars(_NEEDED, {"sha256s": list(sha256s)}))


def tags_of(tx: Session, item_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The tags of each of these items, in order."""
    query = select(LibraryTag).where(LibraryTag.item_id.in_(list(item_ids))).order_by(LibraryTag.tag)
    found: dict[int, tuple[str, ...]] = {}
    for row in tx.scalars(query):
        found[row.item_id] = (*found.get(row.item_id, ()), row.tag)
    return found


def tag_item(tx: Session, item_id: int, *, add: Collection[str], take: Collection[str]) -> None:
    """Give an item tags and take others from it; what it has or lacks already is no error."""
    for tag in add:
        put = "INSERT INTO library_tags (item_id, tag) VALUES (:id, :tag) ON CONFLICT DO NOTHING"
        tx.execute(text(put), {"id": item_id, "tag": tag})
    tx.execute(
        text("DELETE FROM library_tags WHERE item_id = :id AND tag = ANY(:tags)"), {"id": item_id, "tags": list(take)}
    )


def let_go(tx: Session) -> list[LibraryItem]:
    """Removed items whose files are still to go."""
    return list(tx.scalars(select(LibraryItem).where(LibraryItem.removed_at.is_not(None)).order_by(LibraryItem.id)))


def forget_item(tx: Session, item_id: int) -> None:
    """The file of a removed item is gone, or stays for others."""
    tx.execute(text("DELETE FROM library_tags WHERE item_id = :id"), {"id": item_id})
    tx.execute(text("DELETE FROM library_items WHERE id = :id AND removed_at IS NOT NULL"), {"id": item_id})


def _needing(tx: Session, sha256: str) -> list[tuple[int, bool]]:
    rows = tx.execute(_NEEDING, {"sha256": sha256, "seen": seen_accounts(tx)})
    return [(row.id, row.is_seen) for row in rows]


def _there() -> Any:
    return select(LibraryItem).where(LibraryItem.removed_at.is_(None))
