"""Editing a queued post: what it says now, with some fields changed, checked again like a new wish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from models.accounts.account import get_account, terms_of
from models.library.item import LibraryItem, hold_items
from models.posts.need import need_by
from models.posts.part import Part, PartKind, parts_of
from models.posts.post import Post, get_post
from models.store.session import Database
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.media.store import MediaStore
from pressrun.settings import Settings
from pressrun.versions import Seen
from scheduler import library
from scheduler.posts.add_ons import written
from scheduler.posts.changing import edit, require_version
from scheduler.posts.cover import with_one_cover
from scheduler.posts.doubts import OF_TIME, doubts_of_edit
from scheduler.posts.examined import Examined
from scheduler.posts.fixing import commission, waiting
from scheduler.posts.importing import ImportReport, RowProblem
from scheduler.posts.judging import in_all, meant, not_on_this_login, past, without_slots
from scheduler.posts.preflight import Examiner, Preflight
from scheduler.posts.queueing import Checked, check
from scheduler.posts.reaching import unreachable
from scheduler.posts.wish import COLUMNS, ColumnProblem, Wish, read_wish
from scheduler.slots import accounts_with_slots

FIXED = ("account", "type", "key")
"""Not editable: cancel the post and queue another."""


def edit_post(
    database: Database,
    settings: Settings,
    post_id: int,
    changes: Mapping[str, str],
    *,
    base: Path | None,
    late: bool = False,
    version: Seen = None,
) -> ImportReport:
    """Change fields of a post; an empty value takes a field away. Problems: nothing was changed.

    Media are looked at between reading and writing, in no transaction; the version ties the two together.

    Args:
        version: the one that the changes were made for; None for whichever it is now.

    Raises:
        Conflict: somebody has changed the post since that version, or while the changes were checked.
        Invalid: a field that does not exist or cannot be edited; nothing to change.
        NotPossible: it may have been sent.
    """
    changes = _editable(changes)
    now = clock.now()
    with database.transaction() as tx:
        seen = _see(tx, post_id, changes)
    require_version(seen.post, version)
    report = ImportReport()
    checked = _check(report, settings, seen, changes, base=base, late=late, now=now)
    if checked is None:
        return report
    with database.transaction() as tx:
        report.warnings += [RowProblem.of(1, one) for one in _doubts(tx, seen, checked, changes)]
        if report.problems:
            return report
        asked = _asked(tx, seen, checked, changes, now=now)
        edit(tx, seen.post, replace(checked, preflight=asked), settings, now=now, new=changes)
    report.fixing = waiting(asked)
    report.added.append(post_id)
    return report


def _asked(tx: Session, seen: _Seen, checked: Checked, changes: Mapping[str, str], *, now: datetime) -> Preflight:
    """With what has to be made right asked for, in time for the post as it is to be; before its row is locked."""
    hold_items(tx, sorted(seen.items))
    at = checked.wish.publish_at
    moved = {seen.post.id: at} if "publish_at" in changes else None  # of other media the cover may stay, and vice versa
    [asked] = commission(tx, [(checked.preflight, seen.post.account_id, at)], now=now, moved=moved)
    return asked


def swap_posts(
    database: Database, settings: Settings, pair: tuple[int, int], *, versions: tuple[Seen, Seen]
) -> ImportReport:
    """Give two posts each other's time, both or neither. Raises what `edit_post` raises, and Invalid for one post."""
    if pair[0] == pair[1]:
        raise Invalid("a post cannot change places with itself: name another", type="post.same", field="other")
    now = clock.now()
    with database.transaction() as tx:
        seen = [_see(tx, post_id, {}) for post_id in pair]
    for one, version in zip(seen, versions, strict=True):
        require_version(one.post, version)
    report = ImportReport()
    times = [{"publish_at": one.post.publish_at.isoformat()} for one in reversed(seen)]
    checked = [
        _check(report, settings, one, at, base=None, late=True, now=now) for one, at in zip(seen, times, strict=True)
    ]
    if report.problems or None in checked:
        return report
    with database.transaction() as tx:
        # In the order of their numbers: two people who swap the same two shall not wait for each other.
        pairs = sorted(zip(seen, checked, strict=True), key=lambda given: given[0].post.id)
        need_by(tx, {one.post.id: what.wish.publish_at for one, what in pairs if what is not None})
        for one, what in pairs:
            if what is not None:
                edit(tx, one.post, what, settings, now=now, new=("publish_at",))
                report.added.append(one.post.id)
    return report


@dataclass(frozen=True)
class _Seen:
    """The post as it was read: what the changes are laid upon."""

    post: Post
    parts: list[Part]
    account: str
    login: str
    items: Mapping[str, LibraryItem]
    slotted: set[str]


def _see(tx: Session, post_id: int, changes: Mapping[str, str]) -> _Seen:
    post = get_post(tx, post_id)
    account = get_account(tx, post.account_id)
    parts, items = parts_of(tx, post_id), library.referred_to(tx, [changes])
    return _Seen(post, parts, account.name, account.login, items, accounts_with_slots(tx))


def _check(
    report: ImportReport,
    settings: Settings,
    seen: _Seen,
    changes: Mapping[str, str],
    *,
    base: Path | None,
    late: bool,
    now: datetime,
) -> Checked | None:
    """What the post would be, with all that is wrong about it in the report; None where some of it cannot be read."""
    fields = _fields(seen.post, seen.parts, seen.account) | dict(changes)
    wish, problems = read_wish(fields, zone=clock.zone(seen.post.timezone), reference=now)
    unread = frozenset(one.column for one in problems)
    problems += not_on_this_login(changes, seen.login)
    if "publish_at" in changes.keys() - unread and wish.publish_at < now and not late:
        problems.append(past(wish.publish_at))
    preflights = [(one, _preflight(settings, one, seen, changes, base)) for one in meant(wish, unread)]
    found = [_errors(one, preflight, settings, seen.login, changes) for one, preflight in preflights]
    if "if_late" not in unread:
        problems += without_slots(wish, seen.slotted)
    # What could not be read was told once, and says nothing of what stands in its column.
    problems += [one for one in in_all(found) if one.column not in unread]
    report.problems += [RowProblem.of(1, one) for one in problems]
    preflight = preflights[0][1]
    if len(preflights) == 1:
        report.warnings += [RowProblem.of(1, one) for one in preflight.warnings if one.column not in unread]
    return None if unread else check(wish, preflight)


def _errors(
    wish: Wish, preflight: Preflight, settings: Settings, login: str, changes: Mapping[str, str]
) -> list[ColumnProblem]:
    """What is wrong with the media, and with the way in which Instagram is to come by what is new of them."""
    errors = list(preflight.errors)
    if "media" in changes:
        errors += unreachable("media", wish.media, preflight.media, wish, settings, login)
    if "cover_url" in changes and wish.cover is not None:
        errors += unreachable("cover_url", (wish.cover,), (), wish, settings, login)
    return errors


def _doubts(tx: Session, seen: _Seen, checked: Checked, changes: Mapping[str, str]) -> list[ColumnProblem]:
    """As when it was queued; where nothing but its time is changed, of its time."""
    terms = terms_of(tx, [seen.account]).get(seen.account)
    found = doubts_of_edit(tx, seen.post.id, checked, terms) if terms is not None else []
    is_moved = set(changes) == {"publish_at"}
    return [one for one in found if one.type in OF_TIME] if is_moved else found


def _editable(changes: Mapping[str, str]) -> Mapping[str, str]:
    """What is changed, with what goes with it. Raises Invalid."""
    if not changes:
        raise Invalid("nothing to change: name at least one field", type="post.nothing_to_change")
    for name in changes:
        if name not in COLUMNS:
            raise Invalid(f"a post has no field {name!r}", type="post.field", field=name)
        if name in FIXED:
            told = f"{name} of a queued post cannot be edited: cancel the post and queue another"
            raise Invalid(told, type="post.field", field=name)
    return with_one_cover(changes)


def _preflight(settings: Settings, wish: Wish, seen: _Seen, changes: Mapping[str, str], base: Path | None) -> Preflight:
    examiner = Examiner(settings, MediaStore(settings.home / "media"), base=base, library=seen.items)
    kept_media = None if "media" in changes else _media(seen.parts)
    kept_cover = None if "cover_url" in changes else _cover(seen.post, wish)
    return examiner.examine(wish, kept_media=kept_media, kept_cover=kept_cover)


def _media(parts: list[Part]) -> tuple[Examined, ...]:
    return tuple(
        Examined(part.source or "", PartKind(part.kind), part.media_sha256, part.media_extension, part.probe)
        for part in parts
        if part.kind != PartKind.CAROUSEL.value
    )


def _cover(post: Post, wish: Wish) -> Examined | None:
    """The cover that the post has, as it was examined then."""
    cover = post.params.get("cover")
    if cover is None:
        return None
    return Examined(wish.cover or "", PartKind.IMAGE, cover.get("sha256"), cover.get("extension"), {})


def _fields(post: Post, parts: list[Part], account: str) -> dict[str, str]:
    """The post as the row that would have asked for it."""
    items = [part for part in parts if part.kind != PartKind.CAROUSEL.value]
    params = post.params
    given = {
        "account": account,
        "publish_at": post.publish_at.isoformat(),
        "type": post.type,
        "media": "|".join(part.source or "" for part in items),
        "caption": post.caption,
        "alt_text": "|".join(part.alt_text or "" for part in items).rstrip("|"),
        "first_comment": post.first_comment,
        "location_id": params.get("location_id"),
        "user_tags": json.dumps(params["user_tags"]) if params.get("user_tags") else None,
        "collaborators": "|".join(params.get("collaborators", ())),
        "product_tags": written(params.get("product_tags")),
        "poll_options": "|".join(params.get("poll_options", ())),
        "poll_extended": params.get("poll_extended"),
        "comment_prompt": params.get("comment_prompt"),
        "cover_url": params["cover"].get("url", "the kept cover") if params.get("cover") else None,
        "thumb_offset_ms": params.get("thumb_offset_ms"),
        "share_to_feed": params.get("share_to_feed"),
        "trial": params.get("trial"),
        "max_lateness": f"{post.max_lateness_s}s",
        "if_late": post.if_late,
        "fix": params.get("fix"),
        "key": post.key,
    }
    return {name: "" if value is None else str(value) for name, value in given.items()}
