"""The past of each account: older media with comments, and media of others that tag it. A function of the seed."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world import ids
from simulator.world.clock import DAY
from simulator.world.noise import between, whole
from simulator.world.people import stranger
from simulator.world.records import Account, Comment, Media

TAGS_PER_ACCOUNT = 2
_OLDEST_DAYS = 700  # Instagram keeps insights for two years
_TAGS_FROM = 900_000  # beyond the numbers of all media and their children
_SHAPES = (("IMAGE", "FEED"), ("VIDEO", "REELS"), ("IMAGE", "FEED"), ("CAROUSEL_ALBUM", "FEED"))
_CAPTIONS = (
    "First light over the harbor",
    "Behind the scenes, part {n}",
    "New in the shop: number {n} #handmade",
    "Slow Sunday #coffee #weekend",
    "Thank you all for {n} great weeks ♥",
)
_REMARKS = ("Love this!", "Where is that?", "So good 😍", "Saving this for later", "How much is it?", "Beautiful light")


@dataclass(frozen=True, slots=True)
class Past:
    """Oldest first; children and comments hang on their media."""

    media: list[Media]
    tags: list[Media]


def past_of(seed: int, epoch: float, account: Account, *, media_each: int) -> Past:
    """What the account had posted, and where it was tagged, before the world began at `epoch`."""
    media = [_older_media(seed, epoch, account, index, media_each) for index in range(media_each)]
    return Past(media, [_older_tag(seed, epoch, account, index) for index in range(TAGS_PER_ACCOUNT)])


def _older_media(seed: int, epoch: float, account: Account, index: int, count: int) -> Media:
    key = (seed, account.index, "media", index)
    age_days = ((count - index) * 7 - between(0, 3, *key)) * min(1.0, _OLDEST_DAYS / (7 * count))
    media_type, product_type = _SHAPES[whole(0, len(_SHAPES) - 1, *key, "shape")]
    caption = _CAPTIONS[whole(0, len(_CAPTIONS) - 1, *key, "caption")].format(n=index + 2)
    media = Media(
        id=ids.seeded_media(account.index, index * 10),
        account=account,
        username=account.username,
        media_type=media_type,
        product_type=product_type,
        caption=caption,
        at=epoch - age_days * DAY,
    )
    if media_type == "CAROUSEL_ALBUM":
        media.children = [_child(account, media, index * 10 + n) for n in range(1, 4)]
    for number in range(whole(0, 4, *key, "comments")):
        _older_comment(seed, account, media, index * 10 + number)
    return media


def _child(account: Account, parent: Media, index: int) -> Media:
    return Media(
        id=ids.seeded_media(account.index, index),
        account=account,
        username=account.username,
        media_type="IMAGE",
        product_type=parent.product_type,
        caption=None,
        at=parent.at,
        parent_id=parent.id,
    )


def _older_comment(seed: int, account: Account, media: Media, index: int) -> None:
    key = (seed, account.index, "comment", index)
    username, person = stranger(*key)
    comment = Comment(
        id=ids.seeded_comment(account.index, index),
        media_id=media.id,
        text=_REMARKS[whole(0, len(_REMARKS) - 1, *key, "text")],
        username=username,
        from_id=person,
        at=media.at + between(600, 2 * DAY, *key, "at"),
        likes=whole(0, 5, *key, "likes"),
    )
    media.comments.append(comment)


def _older_tag(seed: int, epoch: float, account: Account, index: int) -> Media:
    key = (seed, account.index, "tag", index)
    username, _ = stranger(*key)
    return Media(
        id=ids.seeded_media(account.index, _TAGS_FROM + index),
        account=None,
        username=username,
        media_type="IMAGE",
        product_type="FEED",
        caption=f"A day with @{account.username}",
        at=epoch - (TAGS_PER_ACCOUNT - index) * 5 * DAY,
    )
