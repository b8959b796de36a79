"""docs/history.md names every column of the history, when it is read, and what of."""

from __future__ import annotations

import re
from typing import Any

import pytest

from graph.accounts.users import Profile
from models.harvests.crons import DEFAULT_CRONS
from models.harvests.harvest import Harvest, HarvestKind, HarvestRun, RunStatus
from models.harvests.keeping import ACCOUNT_KEPT, MOST_MEDIA, SHORT_KEPT
from models.harvests.raw_answer import DAYS_AHEAD, RawAnswer
from models.harvests.watch import WatchKind
from models.history.comment import Comment
from models.history.hashtag import BUDGET, WINDOW
from models.history.insight import AccountLatest, AccountObservation, AudienceLatest, AudienceSnapshot
from models.history.media import Media, MediaLatest, MediaSnapshot
from models.history.mention import Mention, MentionState
from models.history.tag import Tag
from models.hooks.inbox import InboxEvent
from models.meanings import metrics
from models.meanings.metrics import Kind
from models.meanings.views import AS_OF, NOW_ONLY, VIEWS
from models.reading.history.coverage import State
from models.reading.history.views import View, has_past
from models.store.partitions import MONTHS_AHEAD, PARTITIONED
from models.upkeep.retention import DroppedMonth
from scheduler.harvests.planning import LONGEST_SPREAD
from tests.unit.docs.dictionary import rendered, rendered_extra, written
from tests.unit.docs.pages import Page, names_in
from worker.harvests.answers.parse import profile_observations
from worker.harvests.kinds import (
    account,
    audience,
    comments,
    competitors,
    costly,
    hashtags,
    known,
    ladder,
    media_pages,
    online_followers,
    own,
)

PAGE = Page.of("docs/history.md")


def columns(*tables: Any) -> set[str]:
    return {column.name for table in tables for column in table.__table__.columns}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE.text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("title", "tables"),
    [
        ("Media", (Media, MediaSnapshot, MediaLatest)),
        ("Account insights", (AccountObservation, AccountLatest)),
        ("Audience", (AudienceSnapshot, AudienceLatest)),
    ],
)
def test_the_columns_told_are_those_of_the_tables(title: str, tables: tuple[Any, ...]) -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", section(title), re.MULTILINE)
    told = {name for row in rows for name in names_in(row)}
    metrics = {name for row in METRICS for name in names_in(row["metric"])}

    assert told - metrics <= columns(*tables)
    assert columns(*tables) <= told | {"id"} | ({"likes", "comments"} & metrics)
    for table in tables:
        assert f"`{table.__tablename__}`" in section(title)


METRICS = PAGE.table("metric", "period", "breakdowns")


EXPLAINED = {
    *VIEWS,
    *NOW_ONLY,
    "media",
    *PARTITIONED,
    "media_latest",
    "account_latest",
    "comment_versions",
    "poll_tallies",
}


@pytest.mark.parametrize("name", sorted(EXPLAINED))
def test_the_columns_are_explained_as_in_the_database(name: str) -> None:
    assert written().get(name) == rendered(name), "run `python -m tests.unit.docs.dictionary`"


def test_every_view_is_told_with_its_function() -> None:
    told = {
        names_in(row["view"])[0]: names_in(row["known then"]) for row in PAGE.table("view", "one row for", "known then")
    }

    assert told == {name: [f"{name}_as_of(instant)"] for name in VIEWS}
    assert set(AS_OF) == set(VIEWS) == {str(view) for view in View if has_past(view)}
    assert set(NOW_ONLY) == {str(view) for view in View if not has_past(view)}


def test_every_metric_is_told_with_its_unit() -> None:
    units = {
        name: row["unit"] for row in PAGE.table("numbers", "unit", "how late") for name in names_in(row["numbers"])
    }

    for metric in (*metrics.ACCOUNT.values(), *metrics.MEDIA.values()):
        assert units[metric.column or metric.name].startswith(metric.unit), metric


def test_every_metric_without_a_column_is_told_with_its_words() -> None:
    assert written()["extra"] == rendered_extra(), "run `python -m tests.unit.docs.dictionary`"


def test_the_periods_of_account_metrics_are_those_of_their_kind() -> None:
    period = {Kind.MOMENT: "moment", Kind.DAY: "day", Kind.HOURS: "lifetime"}
    told = {name: names_in(row["period"]) for row in METRICS for name in names_in(row["metric"])}
    rows = {name: metric for name, metric in metrics.ACCOUNT.items() if metric.kind is not Kind.GROUPS}

    assert set(told) == set(rows)
    assert all(period[metric.kind] in told[name] for name, metric in rows.items())


@pytest.mark.parametrize(("name", "table"), [("tags", Tag), ("mentions", Mention), ("comments", Comment)])
def test_a_table_of_people_is_told_with_its_columns(name: str, table: Any) -> None:
    rows = {names_in(row["table"])[0]: names_in(row["columns"]) for row in PAGE.table("table", "what", "columns")}

    assert {*rows[name], "id", "account_id"} == columns(table)


def test_what_may_be_watched_is_told() -> None:
    assert {f"--{kind.value}" for kind in WatchKind} <= set(re.findall(r"--\w+", section("Competitors and hashtags")))


def test_the_numbers_of_the_new_kinds_are_true() -> None:
    assert f"{competitors.MEDIA} newest media" in PAGE.prose
    assert f"the {hashtags.PAGE} top media and the newest {hashtags.PAGE * hashtags.RECENT_PAGES}" in PAGE.prose
    assert f"A run reads {comments.MOST_MEDIA} media at most" in PAGE.prose
    assert f"{comments.MOST_PAGES} pages of 50 comments of each" in PAGE.prose
    assert (known.WHOLE_EVERY.days, MOST_MEDIA) == (7, 10_000)
    assert (costly.FROM_AGE.days, costly.TO_AGE.days, BUDGET, WINDOW.days, DAYS_AHEAD) == (1, 30, 30, 7, 7)


@pytest.mark.parametrize("table", [DroppedMonth, Harvest, HarvestRun, InboxEvent, RawAnswer])
def test_a_table_of_runs_names_only_columns_that_exist(table: Any) -> None:
    rows = {names_in(row["table"])[0]: names_in(row["what"]) for row in PAGE.table("table", "what")}
    words = {status.value for status in RunStatus}

    assert set(rows[table.__tablename__]) - words <= columns(table)


def test_the_words_of_states_are_the_ones_in_use() -> None:
    assert {status.value for status in RunStatus} <= set(names_in(section("Runs and raw webhooks")))
    assert {state.value for state in MentionState} <= set(names_in(section("Tags, mentions, comments")))


def test_the_schedule_is_the_default_one() -> None:
    told = {names_in(row["kind"])[0]: names_in(row["schedule"])[0] for row in PAGE.table("kind", "schedule", "what")}

    assert told == {kind.value: DEFAULT_CRONS[kind] for kind in HarvestKind}


def test_the_numbers_of_the_schedule_are_true() -> None:
    def hours(delta: Any) -> float:
        return float(delta.total_seconds()) / 3600

    rungs = [(hours(until), hours(every)) for until, every in ladder._MEDIA_RUNGS]

    assert f"the {account.CLOSED_DAYS} days before" in PAGE.prose
    assert f"up to {account.MOST_DAYS} of them" in PAGE.prose
    assert {state.value for state in State} == {names_in(row["state"])[0] for row in PAGE.table("state", "means")}
    assert hours(LONGEST_SPREAD) == 2
    assert rungs == [(24, 1), (7 * 24, 6), (30 * 24, 24)]
    assert hours(ladder._OLD_MEDIA) == 7 * 24
    assert f"first {hours(ladder._STORY_YOUNG):g} hours and their last hour" in PAGE.prose
    assert hours(ladder._STORY_LAST) == 1
    assert f"spends {own.CALLS_PER_RUN} such calls" in PAGE.prose
    assert f"Pages hold {media_pages.PAGE} media" in PAGE.prose
    assert f"{ACCOUNT_KEPT.days} days, `follower_count` {SHORT_KEPT.days} days" in PAGE.prose
    assert hours(ladder._STORY_RUNG) == 1
    assert MONTHS_AHEAD == 3
    assert all(f"`{table}`" in section("How it grows") for table in PARTITIONED)


def test_every_metric_of_the_account_that_is_read_is_there() -> None:
    told = {name: names_in(row["breakdowns"]) for row in METRICS for name in names_in(row["metric"])}
    read = {metric.name: metric.breakdowns for metric in account._DAILY} | {online_followers.METRIC: ()}
    profile = Profile(id="1", followers_count=1, follows_count=1, media_count=1)
    counts = {one.metric for one in profile_observations(profile)}

    assert set(told) == set(read) | counts
    for name, breakdowns in read.items():
        assert {one for one in told[name] if "=" not in one} == {
            one.replace("follower_type", "follow_type") for one in breakdowns
        }


def test_the_audience_is_as_told() -> None:
    text = section("Audience")

    told = set(re.findall(r"[\w,]+", text.replace(", ", " ").replace(",\n", " ")))
    breakdowns = {",".join(parts) for parts in audience.BREAKDOWNS}
    assert {*audience.METRICS, *audience.TIMEFRAMES, *breakdowns} <= {word.strip(",") for word in told}
