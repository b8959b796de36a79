"""The library: what may be put there under which name, how rows refer to it, and when a file of the store goes.

A file of the media store stays while an item of the library or a post that may still go out needs it. One whose item
was removed goes with the next upkeep; the others go when they are older than the retention of files, if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from models.library.item import (
    PREFIX,
    LibraryItem,
    NewItem,
    Placed,
    add_item,
    find_item,
    forget_item,
    items_named,
    let_go,
    needed_files,
    tag_item,
)
from models.store.session import Database
from pressrun import log
from pressrun.errors import Conflict, Invalid, Unknown
from pressrun.media.probe import probe
from pressrun.media.store import BY_CONTENT, MediaNotKept, MediaStore
from scheduler.posts.wish import MEDIA_COLUMNS

JUST_KEPT = timedelta(hours=1)
"""A file that was kept less long ago may belong to a post that is just being queued."""
DROPPED_AT_ONCE = 500
"""Posts fall due meanwhile."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_MOST_OF_A_NAME = 1000

_log = log.get(__name__)


def parse_name(text: str, *, field: str = "name") -> str:
    """A name, or a tag. Raises Invalid."""
    bare = text.strip().removeprefix(PREFIX)
    if not _NAME.fullmatch(bare):
        raise Invalid(
            f"{text!r} is no {field}: use up to 100 ASCII letters, digits and . _ -, a letter or digit first",
            type=f"library.{field}",
            field=field,
        )
    return bare


def name_of(path: Path) -> str:
    """The name that a file gets unless somebody gives it one."""
    return _UNFIT.sub("-", path.stem).strip("-._")[:90] or "media"


def new_item(store: MediaStore, path: Path, name: str) -> NewItem:
    """Look at a file and keep it. Raises MediaUnreadable or MediaStoreFailed."""
    found = probe(path)
    kept = store.keep(path)
    known = {key: value for key, value in asdict(found).items() if value is not None}
    return NewItem(name, kept.sha256, kept.extension, found.kind, path.name, kept.size_bytes, known)


def kept_item(store: MediaStore, reference: str, name: str) -> NewItem:
    """A file that is kept already (`kept:` and its SHA-256), under that name. Raises Unknown."""
    try:
        path = store.path(reference.strip().removeprefix(BY_CONTENT))
    except MediaNotKept as problem:
        raise Unknown(str(problem), type="media.not_kept", field="media") from None
    return replace(new_item(store, path, name), source=f"{name}{path.suffix}")  # kept anew: it is not about to go


def place(tx: Session, new: NewItem, *, is_named: bool, tags: Sequence[str]) -> Placed:
    """Put it into the library with these tags. A name that was only derived makes way for one that is there.

    Raises Conflict when the name was given, and is that of other media.
    """
    for number in range(1, _MOST_OF_A_NAME):
        name = new.name if number == 1 else f"{new.name}-{number}"
        try:
            placed = add_item(tx, NewItem(**vars(new) | {"name": name}))
        except Conflict:
            if is_named:
                raise
            continue
        tag_item(tx, placed.item.id, add=tags, take=())
        return placed
    raise Conflict(f"the library has other media under the name {new.name}", type="library.name_taken", field="name")


def retag(tx: Session, name: str, *, add: Sequence[str], take: Sequence[str]) -> LibraryItem:
    """Change the tags of an item. Raises Unknown."""
    item = find_item(tx, name)
    tag_item(tx, item.id, add=add, take=take)
    return item


def names_in(rows: Iterable[Mapping[str, str]]) -> set[str]:
    """The names of all items that these rows of a campaign refer to."""
    sources = (part.strip() for row in rows for column in MEDIA_COLUMNS for part in row.get(column, "").split("|"))
    return {source.removeprefix(PREFIX) for source in sources if source.startswith(PREFIX)}


def referred_to(tx: Session, rows: Iterable[Mapping[str, str]]) -> dict[str, LibraryItem]:
    """The items that these rows refer to, by name; those that are not there are left out."""
    return items_named(tx, names_in(rows))


def drop_files(database: Database, store: MediaStore, *, now: datetime, keep: timedelta | None) -> int:
    """Take files out of the store that nothing needs any more; returns how many.

    Args:
        keep: how long others than those of removed items are kept; None: for ever.
    """
    with database.transaction() as tx:
        removed = {item.id: item.sha256 for item in let_go(tx)}
    if not removed and keep is None:
        return 0
    said, just_kept, old = set(removed.values()), set(), []
    for path in store.files():
        age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if age < JUST_KEPT:
            just_kept.add(path.stem)
        elif path.stem in said or (keep is not None and age >= keep):
            old.append(path)
    with database.transaction() as tx:
        needed = needed_files(tx, [path.stem for path in old])
    gone = [path for path in old if path.stem not in needed][:DROPPED_AT_ONCE]
    for path in gone:
        path.unlink(missing_ok=True)
    settled = {path.stem for path in gone} | needed | (said - just_kept - {path.stem for path in old})
    with database.transaction() as tx:
        for item_id in (id_ for id_, sha256 in removed.items() if sha256 in settled):
            forget_item(tx, item_id)
    if gone:
        _log.info("library.files_dropped", count=len(gone))
    return len(gone)
