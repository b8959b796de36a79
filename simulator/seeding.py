"""The past of each account: older media with comments, and media of others that tag it. A function of the seed."""

from __future__ import annotations

from simulator import ids
from simulator.clock import DAY
from simulator.noise import between, whole
from simulator.people import stranger
from simulator.records import Account, Comment, Media
from simulator.world import World

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


def furnish(world: World, account: Account) -> None:
    """Add the account's past. Media that a replayed journal has already added stay after it in time."""
    older = []
    for index in range(world.config.media_each):
        older.append(_older_media(world, account, index))
    account.media[:0] = older
    account.tags[:0] = [_older_tag(world, account, index) for index in range(TAGS_PER_ACCOUNT)]


def _older_media(world: World, account: Account, index: int) -> Media:
    key = (world.seed, account.index, "media", index)
    count = world.config.media_each
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
        at=world.epoch - age_days * DAY,
    )
    if media_type == "CAROUSEL_ALBUM":
        media.children = [_child(account, media, index * 10 + n) for n in range(1, 4)]
    world.nodes[media.id] = media
    world.nodes.update({child.id: child for child in media.children})
    for number in range(whole(0, 4, *key, "comments")):
        _older_comment(world, account, media, index * 10 + number)
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


def _older_comment(world: World, account: Account, media: Media, index: int) -> None:
    key = (world.seed, account.index, "comment", index)
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
    world.nodes[comment.id] = comment


def _older_tag(world: World, account: Account, index: int) -> Media:
    key = (world.seed, account.index, "tag", index)
    username, _ = stranger(*key)
    media = Media(
        id=ids.seeded_media(account.index, _TAGS_FROM + index),
        account=None,
        username=username,
        media_type="IMAGE",
        product_type="FEED",
        caption=f"A day with @{account.username}",
        at=world.epoch - (TAGS_PER_ACCOUNT - index) * 5 * DAY,
    )
    world.nodes[media.id] = media
    return media
