"""One row of an import, judged as far as it can be read: what is wrong in one column hides nothing in the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

from models.accounts.account import Terms, unknown_account
from models.posts.post import MADE_KEY, IfLate, PostType
from pressrun import clock
from pressrun.settings import Settings
from scheduler.posts.add_ons import not_on_instagram_login
from scheduler.posts.preflight import Examiner, Preflight
from scheduler.posts.queueing import Checked, check
from scheduler.posts.reaching import unreachable
from scheduler.posts.wish import ColumnProblem, Wish, read_wish
from scheduler.slots import no_slots

_WESTERNMOST = timedelta(hours=12)
"""How much later than in UTC a wall time can be: the zone of an account that nobody knows is none that is known."""
_WAYS_OF_FIXING = ("yes", "no")


@dataclass(frozen=True)
class Judged:
    """A row, and all that is wrong with it by itself."""

    wish: Wish
    """As far as it could be read."""
    unread: frozenset[str]
    """Columns that could not be: nothing can be said of what they hold."""
    account: Terms | None
    preflight: Preflight | None
    """None: what its files are for could not be read."""
    key: str
    """By which the same row is known again: its own, one of its content, or one of its cells while that is unknown."""
    checked: Checked | None
    """None: it has a problem."""
    problems: Sequence[ColumnProblem]
    warnings: Sequence[ColumnProblem]

    def is_past(self, now: datetime) -> bool:
        """Whether its time has passed for certain."""
        latest = now if self.account is not None else now - _WESTERNMOST
        return "publish_at" not in self.unread and self.wish.publish_at < latest


def account_name(fields: Mapping[str, str]) -> str:
    return (fields.get("account") or "").strip()


def judge(
    fields: Mapping[str, str],
    account: Terms | None,
    known_names: Sequence[str],
    examiner: Examiner,
    *,
    settings: Settings,
    now: datetime,
) -> Judged:
    """Everything of a row that can be judged without the posts that there are. `account` None: there is none of its
    name, and `known_names` are those of the others.
    """
    name = account_name(fields)
    wish, problems = read_wish(fields, zone=clock.zone(account.timezone if account else "UTC"), reference=now)
    unread = frozenset(one.column for one in problems)
    if account is None and name:
        unknown = unknown_account(name, known_names)
        problems = [ColumnProblem("account", str(unknown), unknown.type), *problems]
    if account is not None:
        problems += not_on_this_login(fields, account.login)
    seen = [
        (preflight, _all_errors(one, preflight, settings, account))
        for one in meant(wish, unread)
        for preflight in (examiner.examine(one),)
    ]
    problems += [one for one in in_all([errors for _, errors in seen]) if one.column not in unread]
    preflight = seen[0][0] if len(seen) == 1 else None
    checked = check(wish, preflight) if preflight is not None and account is not None and not problems else None
    warnings = [one for one in preflight.warnings if one.column not in unread] if preflight else []
    key = checked.key if checked else _key(wish, unread, fields)
    return Judged(wish, unread, account, preflight, key, checked, problems, warnings)


def past(at: datetime) -> ColumnProblem:
    """What is wrong with a time that has passed, where the person has not said that they want it."""
    said = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return ColumnProblem("publish_at", f"{said} is in the past: correct it", "post.late")


def without_slots(wish: Wish, slotted: Collection[str]) -> list[ColumnProblem]:
    """What is wrong when a post may move to slots that its account does not have."""
    if wish.if_late is not IfLate.NEXT_SLOT or wish.account in slotted:
        return []
    missing = no_slots(wish.account)
    return [ColumnProblem("if_late", str(missing), missing.type)]


def not_on_this_login(fields: Mapping[str, str], login: str) -> list[ColumnProblem]:
    """What is given that Instagram takes of accounts on Facebook Login alone."""
    message = "Instagram takes none of an account on Instagram Login: leave it empty"
    return [ColumnProblem(name, message, "login.lacks") for name in not_on_instagram_login(fields, login)]


def meant(wish: Wish, unread: Collection[str]) -> list[Wish]:
    """What the wish may be: where its type or its fixing cannot be read, with each that there is."""
    known = replace(
        wish,
        publish_at=datetime.min.replace(tzinfo=UTC) if "publish_at" in unread else wish.publish_at,  # no address ends
        media=() if "media" in unread else wish.media,
        cover=None if "cover_url" in unread else wish.cover,
    )
    types = tuple(PostType) if "type" in unread else (wish.type,)
    fixes = _WAYS_OF_FIXING if "fix" in unread else (wish.fix,)
    return [replace(known, type=one, fix=fix) for one, fix in product(types, fixes)]


def _all_errors(wish: Wish, preflight: Preflight, settings: Settings, account: Terms | None) -> list[ColumnProblem]:
    if account is None:
        return preflight.errors
    errors = [*preflight.errors, *unreachable("media", wish.media, preflight.media, wish, settings, account.login)]
    return errors + unreachable("cover_url", (wish.cover,) if wish.cover else (), (), wish, settings, account.login)


def in_all(found: Sequence[Sequence[ColumnProblem]]) -> Iterable[ColumnProblem]:
    """What is wrong whichever was meant."""
    first, *others = found
    return [one for one in first if all(one in other for other in others)]


def _key(wish: Wish, unread: Collection[str], fields: Mapping[str, str]) -> str:
    if wish.key and "key" not in unread:
        return wish.key
    return MADE_KEY + repr(sorted((name, text) for name, text in fields.items() if text))
