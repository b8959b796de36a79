"""A thousand stories while the workers are down now and then for up to two hours: hardly one ends unread.

Schedule, offsets and the ladder of stories are the real ones, on a clock of the test's own: a month in some seconds.
What an outage covers from beginning to end nobody can read any more; its last numbers come by webhook, which Meta sends
again for 36 hours, through the real inbox.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from models.harvests.crons import DEFAULT_CRONS
from models.harvests.harvest import HarvestKind
from models.store.session import Database
from scheduler.harvests.crontab import Crontab
from scheduler.harvests.planning import offset_of
from tests.integration.harvest.conftest import Field, settings_for
from worker.harvests.kinds.ladder import STORY_LIFE, story_is_due

ACCOUNTS, STORIES = 20, 1_000
MONTH = timedelta(days=30)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)  # a month with a change of the clocks
OUTAGE_EVERY = timedelta(days=2)
LONGEST_OUTAGE = timedelta(hours=2)
LAST_HOUR = STORY_LIFE - timedelta(hours=1)
RUN = timedelta(seconds=30)
QUARTER = timedelta(minutes=15)
CRON = DEFAULT_CRONS[HarvestKind.STORIES]
ZONE = ZoneInfo("Europe/Berlin")


@dataclass
class Story:
    account: int
    posted_at: datetime
    readings: list[datetime] = field(default_factory=list)

    @property
    def ends_at(self) -> datetime:
        return self.posted_at + STORY_LIFE

    @property
    def has_last(self) -> bool:
        return any(at >= self.posted_at + LAST_HOUR for at in self.readings)


def outages(dice: random.Random) -> list[tuple[datetime, datetime]]:
    found, at = [], BEGIN
    while (at := at + dice.expovariate(1) * OUTAGE_EVERY) < BEGIN + MONTH + 2 * STORY_LIFE:
        end = at + dice.random() * LONGEST_OUTAGE
        found.append((at, end))
        at = end
    return found


def slots_of_all() -> list[datetime]:
    """The cron's own occurrences, every quarter of an hour; each account has them later by its offset."""
    count = int((MONTH + 2 * STORY_LIFE) / QUARTER)
    found = [BEGIN + number * QUARTER for number in range(count)]
    for at in found[:: count // 20]:
        assert Crontab(CRON).next(ZONE, at) == at + QUARTER
    return found


def read_stories(
    account: int, stories: list[Story], down: list[tuple[datetime, datetime]], slots: list[datetime]
) -> None:
    """What the harvests of one account read. Slots that an outage covers are run as one when it is over."""
    offset, done_at = offset_of(CRON, account, "stories"), BEGIN
    for slot in (at + offset for at in slots):
        if slot <= done_at:
            continue  # a run since then stands for it
        now = next((end for begin, end in down if begin <= slot < end), slot)
        for story in stories:
            checked = story.readings[-1] if story.readings else None
            if story.posted_at <= now < story.ends_at and story_is_due(story.posted_at, checked, now=now):
                story.readings.append(now)
        done_at = now + RUN


def test_nearly_every_story_has_its_last_numbers(database: Database) -> None:
    dice, slots = random.Random(20261124), slots_of_all()
    stories: list[Story] = []
    covered: list[Story] = []
    for account in range(1, ACCOUNTS + 1):
        ours = [Story(account, BEGIN + dice.random() * MONTH) for _ in range(STORIES // ACCOUNTS)]
        down = outages(dice)
        read_stories(account, ours, down, slots)
        stories += ours
        covered += [one for one in ours if up_in_last_hour(one, down) < timedelta(minutes=16)]

    read = [one for one in stories if one.has_last]
    missed = [one for one in stories if not one.has_last]
    told = by_webhook(database, missed)

    assert len(stories) == STORIES
    assert len(missed) < 20
    assert all(one in covered for one in missed)  # whoever was up at all had read it
    assert len(read) + told >= 0.999 * STORIES
    assert max(len(one.readings) for one in stories) <= 45  # and that costs no more than it has to


def up_in_last_hour(story: Story, down: list[tuple[datetime, datetime]]) -> timedelta:
    begin, end = story.posted_at + LAST_HOUR, story.ends_at
    lost = (max(timedelta(0), min(end, until) - max(begin, since)) for since, until in down)
    return (end - begin) - sum(lost, timedelta(0))


def by_webhook(database: Database, missed: list[Story]) -> int:
    """How many of these stories have their last numbers once Meta's reports have come."""
    field_ = Field(database, settings_for("http://127.0.0.1:9"))
    account = field_.account(0)
    for number, _ in enumerate(missed):
        field_.notify(account, "story_insights", {"media_id": f"1790{number}", "impressions": 28, "reach": 17})
        field_.handle()
    field_.transport.close()
    return field_.count("media_snapshots")
