"""What a person needs while they write a post: how its texts count, and when the account's slots are free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from models.accounts.account import find_account
from models.reading.posts import cards
from models.reading.posts.cards import Card
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock
from pressrun.media import captions
from scheduler.posts.moving import FreeSlot, free_slots

__all__ = ["Card", "Counted", "FreeSlot", "Surroundings", "counted"]

_AHEAD = timedelta(days=21)
_AROUND = timedelta(days=60)
_MOST = 500
_SHOWN_SLOTS = 6


@dataclass(frozen=True)
class Counted:
    """Of a text: characters, with emoji counted twice as Instagram may, hashtags, mentions; and the most of each."""

    characters: int
    units: int
    hashtags: int
    mentions: int
    most_characters: int = captions.MAX_CAPTION
    most_hashtags: int = captions.MAX_HASHTAGS
    most_mentions: int = captions.MAX_MENTIONS


@dataclass(frozen=True)
class Surroundings:
    """Of an account: its zone, its next free slots, and its profile as it will be, latest first."""

    account: str
    timezone: str
    free: list[FreeSlot]
    grid: list[Card]


def counted(text: str) -> Counted:
    """As the rules count it."""
    folded = text.replace("\r\n", "\n")
    units = len(folded) + sum(character > "\uffff" for character in folded)
    return Counted(len(folded), units, len(captions.hashtags(folded)), len(captions.mentions(folded)))


@operation("post.surroundings", effect=Effect.READS, scope=Scope.READ)
def surroundings(ctx: Context, asker: Asker, account: str) -> Surroundings:
    """What stands around a post that is being written for an account. Raises Unknown."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        found = find_account(tx, account)
        free = free_slots(tx, found.id, since=now, until=now + _AHEAD)
        near = cards.between(tx, found.id, since=now - _AROUND, until=now + _AROUND, limit=_MOST)
    gone = ("canceled", "failed", "expired", "draft")
    grid = [one for one in reversed(near) if one.type != "story" and one.state not in gone]
    return Surroundings(found.name, found.timezone, free[:_SHOWN_SLOTS], grid)
