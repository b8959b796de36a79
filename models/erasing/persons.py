"""Persons: those who comment on the accounts' media, mention or tag them. Where something of them stands, and its end.

`PLACES`, `inbox_events` and `raw_answers` (`models/erasing/scrubbing.py`) hold what persons said and what names them; a
table that does not is told in `NOTHING_OF_THEM`. Rows stay, so that counts do, with Instagram's id of the comment or
media as a mark by which they are not taken up again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.erasing import erasure
from models.erasing.erasure import ErasureKind, Wish, subject_of
from models.erasing.identity import ERASED, Person, identify
from models.erasing.scrubbing import scrub_answers, scrub_inbox
from pressrun.errors import NotPossible, Unknown


@dataclass(frozen=True)
class Place:
    """A table whose rows `t` are a person's, or name one in what others said."""

    table: str
    is_theirs: str = "false"
    """Condition, with `:names` (in lower case) and `:ids`."""
    blank: str = ""
    """What is set on rows of theirs, with `:erased` and `:now`."""
    words: tuple[str, ...] = ()
    """Columns in which others, or our own errors, may say `@name`."""
    words_in_json: tuple[str, ...] = ()
    is_guarded: bool = False
    """It is append-only: the ids of its rows stand in the record, which lets them through."""


_NUMBERS = (
    "(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(t.extra)"
    " WHERE jsonb_typeof(value) IN ('number', 'boolean'))"
)
_THEIRS = (
    "(lower({t}.username) = ANY(:names) OR {t}.extra ->> 'from_id' = ANY(:ids)"
    " OR {t}.extra ->> 'self_ig_scoped_id' = ANY(:ids))"
)
_TO_THEM = (
    "({t}.mention_id IN (SELECT m.id FROM mentions m WHERE " + _THEIRS.format(t="m") + ")"  # noqa: S608 - constants
    " OR {t}.to_comment_id IN (SELECT c.id FROM comments c WHERE " + _THEIRS.format(t="c") + "))"
)

# What follows from others before them: a reply is known by the mention or comment that it answers.
PLACES = (
    Place(
        "attempts",
        f"t.reply_id IN (SELECT r.id FROM replies r WHERE {_TO_THEM.format(t='r')})",  # noqa: S608
        "words = ''",
    ),
    # Comments below ours that say the same as one that was lost are named by who wrote them.
    Place(
        "attempts",
        "EXISTS (SELECT FROM jsonb_each_text(t.reading -> 'perhaps') n WHERE lower(n.value) = ANY(:names))",
        "reading = NULL",  # it is begun anew
        words=("message",),
    ),
    Place("posts", words=("error",), words_in_json=("missing",)),
    Place("post_events", words=("message",), is_guarded=True),
    Place("notices", words=("message",)),
    # Invitations name who sent them. The answer was for one look.
    Place(
        "inquiries",
        "EXISTS (SELECT FROM jsonb_array_elements(t.answer) e WHERE lower(e ->> 'owner_username') = ANY(:names))",
        "answer = '[]'",
        words=("error",),
        words_in_json=("answer",),
    ),
    Place("audit", words_in_json=("asked", "before", "after"), is_guarded=True),
    Place("replies", _TO_THEM.format(t="t"), "text = :erased", words=("text", "error")),
    Place(
        "mentions",
        _THEIRS.format(t="t"),
        f"username = NULL, text = NULL, media_url = NULL, extra = {_NUMBERS}, erased_at = :now",
        words=("text",),
    ),
    Place(
        "comment_versions",
        f"t.comment_id IN (SELECT c.id FROM comments c WHERE {_THEIRS.format(t='c')})",  # noqa: S608
        "text = NULL",
        words=("text",),
        is_guarded=True,
    ),
    Place(
        "comments",
        _THEIRS.format(t="t"),
        f"username = NULL, text = NULL, extra = {_NUMBERS}, erased_at = :now",
        words=("text",),
    ),
    Place(
        "tags",
        "lower(t.username) = ANY(:names)",
        f"username = NULL, caption = NULL, permalink = NULL, extra = {_NUMBERS}, erased_at = :now",
        words=("caption",),
    ),
)
"""The one list of where a person's data stand in columns. A table that is added to it is found, counted and blanked."""

_OURS = "what the account's own people wrote or set up"
_COUNTS = "numbers, and no person's"
_WORK = "what is owed, and how it went: ids and errors"
NOTHING_OF_THEM: Mapping[str, str] = {
    "accounts": _OURS,
    "account_names": _OURS,
    "blocks": _WORK,
    "connections": _OURS,
    "tokens": _WORK,
    "bucket_objects": _WORK,
    "bucket_uses": _WORK,
    "uploads": _WORK,
    "library_items": _OURS,
    "library_tags": _OURS,
    "containers": _WORK,
    "conversions": _WORK,
    "quota_entries": _COUNTS,
    "parts": _OURS,
    "post_words": _OURS,
    "slots": _OURS,
    "watches": "competitors that people chose to watch: ending the watch ends it",
    "media": _OURS,
    "media_snapshots": _COUNTS,
    "media_latest": _COUNTS,
    "media_states": _WORK,
    "covered_days": _COUNTS,
    "harvest_gaps": _WORK,
    "account_zones": _OURS,
    "public_media": "public media of competitors and hashtags, without who posted them",
    "public_media_snapshots": _COUNTS,
    "public_media_latest": _COUNTS,
    "competitor_observations": _COUNTS,
    "competitor_latest": _COUNTS,
    "hashtag_tops": "ids of media",
    "hashtag_searches": _OURS,
    "account_observations": _COUNTS,
    "account_latest": _COUNTS,
    "audience_snapshots": _COUNTS,
    "audience_latest": _COUNTS,
    "harvest_runs": _WORK,
    "backfills": _WORK,
    "harvests": _WORK,
    "gates": _WORK,
    "deliveries": _WORK,
    "delivery_notices": _WORK,
    "endpoints": _OURS,
    "notice_rules": _OURS,
    "coverage_news": _WORK,
    "drafts": _OURS,
    "campaigns": "numbers of posts, and what was wrong with rows",
    "given_answers": "what was answered, for a day",
    "dropped_months": _COUNTS,
    "subscriptions": _WORK,
    "follow_ups": _WORK,
    "poll_tallies": _COUNTS,
    "data_deletions": "the id under which the app knows whoever connected an account, and what went",
    "seen_invariants": "names of invariants",
    "api_keys": _OURS,
    "users": _OURS,
    "grants": _OURS,
    "links": _OURS,
    "sessions": _OURS,
    "erasures": "a salted digest of the name",
}


@dataclass(frozen=True)
class PersonFound:
    """A person, and what stands of them: rows by table that would be blanked, or were."""

    names: tuple[str, ...]
    ids: tuple[str, ...]
    rows: Mapping[str, int]
    also_called: tuple[str, ...] = ()
    """Other names under which the same ids have written: what stands under them without an id is not found."""
    left: Mapping[str, int] = field(default_factory=dict)
    """What names them and stays: what the accounts themselves published, and competitors that are watched."""
    warnings: tuple[str, ...] = ()


def find_person(tx: Session, said: str) -> PersonFound:
    """Where something of that person stands: a user name, or an id of Instagram's. Nothing is changed.

    Raises Invalid; Unknown when there is nothing; Conflict when the name has been that of several; NotPossible for an
    account that is connected.
    """
    person = identify(tx, said)
    rows = Counter({"inbox_events": scrub_inbox(tx, person), "raw_answers": scrub_answers(tx, person)})
    for place in PLACES:
        rows[place.table] += _count(tx, place, person)
    return _found(tx, person, rows)


def erase_person(tx: Session, said: str, wish: Wish) -> PersonFound:
    """Blank it all, and write down that it was done. Raises what `find_person` raises.

    Raises:
        NotPossible: a reply to them is being sent or uncertain.
    """
    person = identify(tx, said)
    _require_settled(tx, person)
    guarded = {place.table: ids for place in PLACES if place.is_guarded and (ids := _ids(tx, place, person))}
    subject = subject_of(person.said)
    written = erasure.record(tx, ErasureKind.PERSON_ERASED, wish, subject=subject, rows=guarded)
    rows = Counter(
        {
            "inbox_events": scrub_inbox(tx, person, now=wish.now),
            "raw_answers": scrub_answers(tx, person, now=wish.now),
        }
    )
    for place in PLACES:
        rows[place.table] += _blank(tx, place, person, wish)
    found = _found(tx, person, rows)
    erasure.conclude(tx, written, found.rows)
    return found


def _found(tx: Session, person: Person, rows: Mapping[str, int]) -> PersonFound:
    counted = {table: count for table, count in rows.items() if count}
    if not counted:
        raise Unknown(f"nothing of {person.said} stands here", type="person.unknown", field="person")
    left = {what: int(tx.execute(text(query), person.told).scalar_one()) for what, query in _LEFT.items()}
    left = {what: count for what, count in left.items() if count}
    return PersonFound(person.names, person.ids, counted, person.also_called, left, person.warnings)


def _condition(place: Place) -> str:
    return f"({' OR '.join((place.is_theirs, *_named(place).values()))})"


def _named(place: Place) -> dict[str, str]:
    """Column → condition that others name the person in it."""
    return {one: f"CAST(t.{one} AS text) ~* :pattern" for one in (*place.words, *place.words_in_json)}


def _count(tx: Session, place: Place, person: Person) -> int:
    query = f"SELECT count(*) FROM {place.table} t WHERE {_condition(place)}"  # noqa: S608 - constants
    return int(tx.execute(text(query), person.told).scalar_one())


def _ids(tx: Session, place: Place, person: Person) -> list[int]:
    query = f"SELECT id FROM {place.table} t WHERE {_condition(place)} ORDER BY id"  # noqa: S608
    return [int(one) for one in tx.scalars(text(query), person.told)]


def _blank(tx: Session, place: Place, person: Person, wish: Wish) -> int:
    """Rows of theirs, and where others name them the name; returns how many rows that were."""
    ids = _ids(tx, place, person)
    told = person.told | {"erased": ERASED, "now": wish.now, "rows": ids}
    if ids and place.blank:
        query = f"UPDATE {place.table} t SET {place.blank} WHERE t.id = ANY(:rows) AND {place.is_theirs}"  # noqa: S608
        tx.execute(text(query), told)
    for column, is_named in _named(place).items() if ids else ():
        cut = f"regexp_replace(CAST({column} AS text), :pattern, '@' || :erased, 'gi')"
        value = f"CAST({cut} AS jsonb)" if column in place.words_in_json else cut
        query = f"UPDATE {place.table} t SET {column} = {value} WHERE t.id = ANY(:rows) AND {is_named}"  # noqa: S608
        tx.execute(text(query), told)
    return len(ids)


def _require_settled(tx: Session, person: Person) -> None:
    place = next(place for place in PLACES if place.table == "replies")
    query = f"""
        SELECT CASE WHEN mention_id IS NULL THEN 'comment' ELSE 'mention' END, coalesce(mention_id, to_comment_id)
          FROM replies t
         WHERE {_condition(place)} AND t.state IN ('queued', 'sending', 'unknown', 'needs_review') ORDER BY 1, 2 LIMIT 1
    """  # noqa: S608
    found = tx.execute(text(query), person.told).first()
    if found is not None:
        raise NotPossible(
            f"a reply to {found[0]} {found[1]} is under way: wait for what becomes of it, or say whether it stands",
            type="person.busy",
            ids={found[0]: found[1]},
        )


_LEFT: Mapping[str, str] = {
    "own posts": """
        SELECT count(*) FROM posts
         WHERE concat_ws(' ', caption, first_comment) ~* :pattern
            OR EXISTS (SELECT FROM unnest(CAST(:names AS text[])) n
                        WHERE strpos(lower(params::text), '"' || n || '"') > 0)
    """,
    "own media": "SELECT count(*) FROM media WHERE caption ~* :pattern",
    "watched competitors": "SELECT count(*) FROM watches WHERE kind = 'competitor' AND name = ANY(:names)",
}
