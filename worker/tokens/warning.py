"""What people are told of tokens while there is time: each end once, from two weeks before it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.telling.notice import News, NoticeKind, tell
from models.telling.silence import is_anybody_told
from models.tokens.care import others_of
from models.tokens.token import Token, TokenOf
from worker.tokens.times import WARN_AHEAD

_SAME_END = timedelta(days=1)
"""Ends that differ by less are one, told with another number of seconds."""
_UNKNOWN_FOR = timedelta(days=3)
"""How long renewing may fail of a token whose end nobody knows, before people are told."""


def tell_ends(tx: Session, account: Account, token: Token, *, now: datetime) -> None:
    """Tell what is due. The caller holds the account's row lock, and has kept what the last look brought."""
    if account.token_refused is not None:
        return  # told, and worse
    if not is_anybody_told(tx):
        return  # whoever is to be told from tomorrow on hears of it then
    _tell_end(tx, account, token, now)
    _tell_data_end(tx, account, token, now)


def tell_refused(tx: Session, account: Account, token: Token) -> None:
    """Instagram refuses the second token, without which the account goes on."""
    said = f"Instagram refuses the person's token of {account.name}, which goes on without: {token.refused}"
    tell(tx, News(NoticeKind.TOKEN_ENDS, said, account.id, detail=_detail(token, "refused", None)))


def _tell_end(tx: Session, account: Account, token: Token, now: datetime) -> None:
    end = token.expires_at
    if end is None:
        _tell_unknown_end(tx, account, token, now)
        return
    if not _is_due(end, token.told_end, now):
        return
    if token.renew_at is not None and token.failing_since is None:
        return  # Pressrun renews it by itself, and nothing stands against it
    why = f"renewing it has failed since {token.failing_since:%Y-%m-%d}: {token.error} " if token.renew_at else ""
    said = f"The {_name(token)} of {account.name} ends on {end:%Y-%m-%d %H:%M} UTC. {why}Connect the account before"
    token.told_end = end
    tell(tx, News(NoticeKind.TOKEN_ENDS, said, account.id, detail=_detail(token, "token", end)))


def _tell_unknown_end(tx: Session, account: Account, token: Token, now: datetime) -> None:
    """It may end any day, and what would tell when, its renewal, has failed for long."""
    since = token.failing_since
    is_owed = token.renew_at is not None and not token.never_ends and token.told_end is None
    if not is_owed or since is None or since > now - _UNKNOWN_FOR:
        return
    said = (
        f"When the {_name(token)} of {account.name} ends is not known, and renewing it has failed since "
        f"{since:%Y-%m-%d}: {token.error} Connect the account with another one"
    )
    token.told_end = now
    tell(tx, News(NoticeKind.TOKEN_ENDS, said, account.id, detail=_detail(token, "token", None)))


def _tell_data_end(tx: Session, account: Account, token: Token, now: datetime) -> None:
    end = token.data_access_expires_at
    if end is None or not _is_due(end, token.told_data_end, now):
        return
    token.told_data_end = end
    # The consent is the person's, and both tokens are given on it.
    if any(one.told_data_end is not None and _is_same(one.told_data_end, end) for one in others_of(tx, token)):
        return
    said = (
        f"Facebook lets Pressrun see {account.name} until {end:%Y-%m-%d %H:%M} UTC: its person has to log in again. "
        "Connect the account before"
    )
    tell(tx, News(NoticeKind.TOKEN_ENDS, said, account.id, detail=_detail(token, "data_access", end)))


def _is_due(end: datetime, told: datetime | None, now: datetime) -> bool:
    return now < end <= now + WARN_AHEAD and (told is None or not _is_same(told, end))


def _is_same(one: datetime, other: datetime) -> bool:
    return abs(one - other) < _SAME_END


def _name(token: Token) -> str:
    return "token" if token.which == TokenOf.ACCOUNT.value else "person's token"


def _detail(token: Token, what: str, end: datetime | None) -> dict[str, object]:
    return {"token": token.which, "what": what, "ends_at": end}
