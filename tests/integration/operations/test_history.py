"""Looking into the history and taking it out, and the lists of tags and mentions."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from console.pages.history import insight_tables
from models.harvests.coverage import HarvestGap
from models.history.insight import MOMENT, Audience, Observation, store_audience, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.history.tag import SeenTag, see_tags
from models.meanings.metrics import MEDIA_COLUMNS
from models.reading.history.views import View
from operations.history import comparing, exports, insights, mentions, overview, tags
from operations.history.export_files import Format, NotWritten
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown, UsageError
from tests.factories.rows import make_account, make_mention, make_reply
from tests.integration.operations.conftest import nobody

NOW = clock.now().replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def filled(ctx: Context) -> Context:
    """Two accounts, each with a day, a moment, a media read twice, and a tag."""
    with ctx.database.transaction() as tx:
        for number, name in enumerate(("bakery", "studio")):
            account_id = make_account(tx, name=name).id
            points = [
                Observation("reach", "day", "", NOW - DAY, 50 + number),
                Observation("followers_count", MOMENT, "", datetime(1970, 1, 1, tzinfo=UTC), 900),
            ]
            store_observations(tx, account_id, points, captured_at=NOW - HOUR, run_id=1)
            ig_id = f"179{number}"
            media_id = see_media(tx, account_id, [SeenMedia(ig_id, posted_at=NOW - DAY)], now=NOW - DAY)[ig_id]
            for hours, views in ((3, 5), (1, 8)):
                reading = MediaReading(media_id, NOW - hours * HOUR, {"views": views}, {})
                store_readings(tx, [reading], run_id=1)
            see_tags(tx, account_id, [SeenTag(f"18{number}", username="ana", posted_at=NOW)], now=NOW)
    return ctx


class TestOnlineHours:
    """An hour belongs to the weekday that `account_daily` has for it, whoever asks and wherever the account is."""

    @pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
    def test_they_stand_under_their_own_weekday_and_in_the_span(self, ctx: Context, zone: str) -> None:
        monday = date(2026, 1, 5)
        with ctx.database.transaction() as tx:
            account_id = make_account(tx, name="bakery").id
            ends = [datetime.combine(monday + number * DAY, time(), ZoneInfo(zone)) for number in range(4)]
            points = [
                Observation("online_followers", "lifetime", "hour=9", at, 10 + number) for number, at in enumerate(ends)
            ]
            store_observations(tx, account_id, points, captured_at=NOW, run_id=1)

        found = overview.show(ctx, OWNER, "bakery", since=monday, until=monday + 2 * DAY)

        assert found.hours == {(1, 9): 11, (2, 9): 12}  # neither of Sunday nor of Wednesday
        with ctx.database.transaction() as tx:
            tx.execute(text("SET LOCAL TIME ZONE 'Pacific/Kiritimati'"))
            rows = tx.execute(text(found.sql["online_hours"].replace(":", "\\:"))).all()
        assert [(row.weekday, row.followers_online) for row in rows] == [("Mon", 11), ("Tue", 12)]

    def test_a_day_whose_end_has_moved_counts_once(self, ctx: Context) -> None:
        monday = date(2026, 1, 5)
        with ctx.database.transaction() as tx:
            account_id = make_account(tx, name="bakery").id
            for hours, online in ((0, 10), (9, 40)):
                end = datetime.combine(monday + DAY, time(), ZoneInfo("America/Los_Angeles")) - hours * HOUR
                points = [Observation("online_followers", "lifetime", "hour=9", end, online)]
                store_observations(tx, account_id, points, captured_at=NOW + hours * HOUR, run_id=1)

        found = overview.show(ctx, OWNER, "bakery", since=monday, until=monday + 2 * DAY)

        assert found.hours == {(1, 9): 40}


@pytest.mark.parametrize("is_past", [False, True])
def test_who_follows_is_told_of_one_timeframe_and_its_sql_finds_the_same(ctx: Context, is_past: bool) -> None:
    """What of the timeframes has changed last is chance, and no two of them may be taken together."""
    told = {("this_month", "age"): 40, ("this_month", "city"): 30, ("this_week", "gender"): 20, ("this_week", "age"): 9}
    with ctx.database.transaction() as tx:
        account_id = make_account(tx, name="bakery").id
        for number, ((timeframe, breakdown), people) in enumerate(told.items()):
            one = Audience("follower_demographics", timeframe, breakdown, {"a": people, "b": 1})
            store_audience(tx, account_id, [one], captured_at=NOW - (9 - number) * HOUR, run_id=1)

    found = overview.show(ctx, OWNER, "bakery", as_of=NOW.isoformat() if is_past else None)

    known = [(one.breakdown, one.category, one.people) for one in found.groups]
    assert known == [
        ("age", "a", 40),
        ("age", "b", 1),
        ("city", "a", 30),
        ("city", "b", 1),
        ("gender", "a", 20),
        ("gender", "b", 1),
    ]
    with ctx.database.transaction() as tx:
        rows = tx.execute(text(insight_tables.asked("audience", found).replace(":", "\\:"))).all()
    assert [(row.breakdown, row.category, row.people) for row in rows] == known


def test_what_was_seen_later_was_not_known_then(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account_id = make_account(tx, name="bakery").id
        for number, seen_at in enumerate((NOW - 5 * DAY, NOW - HOUR)):
            seen = SeenMedia(f"179{number}", media_product_type="FEED", posted_at=NOW - 6 * DAY)
            see_media(tx, account_id, [seen], now=seen_at)

    now = overview.show(ctx, OWNER, "bakery")
    then = overview.show(ctx, OWNER, "bakery", as_of=(NOW - 2 * DAY).isoformat())

    assert ([one.posts for one in now.formats], len(now.posts)) == ([2], 2)
    assert ([one.posts for one in then.formats], len(then.posts)) == ([1], 1)
    with ctx.database.transaction() as tx:
        for found in (now, then):
            rows = tx.execute(text(found.sql["formats"].replace(":", "\\:"))).all()
            assert [row.posts for row in rows] == [one.posts for one in found.formats]


class TestGrown:
    """What is shown of an age was told by then, and not so long before that nobody knows how it went on."""

    @pytest.fixture
    def read_at(self, ctx: Context) -> Callable[..., list[int | None]]:
        """Reads a media at these ages, hours → its numbers, and tells how its reach grew."""
        posted_at = NOW - 10 * DAY
        with ctx.database.transaction() as tx:
            account_id = make_account(tx, name="bakery").id
            seen = SeenMedia("179", media_product_type="FEED", posted_at=posted_at)
            media_id = see_media(tx, account_id, [seen], now=posted_at)["179"]

        def read(readings: dict[int, dict[str, int]], *, gap_h: tuple[int, int] | None = None) -> list[int | None]:
            with ctx.database.transaction() as tx:
                told = [MediaReading(media_id, posted_at + at * HOUR, values) for at, values in readings.items()]
                store_readings(tx, told, run_id=None)
                if gap_h is not None:
                    since, until = (posted_at + at * HOUR for at in gap_h)
                    tx.add(HarvestGap(account_id=account_id, kind="media", since=since, until=until, why="no run"))
            found = comparing.growth(ctx, OWNER, "179")
            assert found is not None
            return found.own

        return read

    def test_a_reading_of_other_numbers_hides_none(self, read_at: Callable[..., list[int | None]]) -> None:
        assert read_at({1: {"reach": 10}, 2: {"follows": 1}, 4: {"reach": 20}})[:3] == [10, 10, 20]

    def test_where_nobody_read_on_nothing_is_known(self, read_at: Callable[..., list[int | None]]) -> None:
        own = read_at({1: {"reach": 10}, 20: {"reach": 40}})

        assert own[5:] == [10, 40, *[None] * 10]  # of 18 and 24 hours, and from 36 on

    def test_of_a_time_without_runs_nothing_is_known(self, read_at: Callable[..., list[int | None]]) -> None:
        own = read_at({1: {"reach": 10}, 20: {"reach": 40}, 100: {"reach": 90}}, gap_h=(20, 100))

        assert own[6:11] == [40, None, None, None, None]  # of 24, 36, 48, 72 and 96 hours
        assert own[11] == 90  # of 120


class TestInsights:
    def test_the_newest_values_of_one_account(self, filled: Context) -> None:
        found = insights.newest(filled, OWNER, "studio", NOW - 2 * DAY)

        by_metric = {one.metric: one for one in found.accounts}
        assert {one.account for one in found.accounts} == {"studio"}
        assert (by_metric["reach"].value, by_metric["reach"].period_end) == (51, NOW - DAY)
        assert (by_metric["followers_count"].value, by_metric["followers_count"].period_end) == (900, None)
        (media,) = found.media
        assert (media.account, media.media_id, media.metrics["views"]) == ("studio", "1791", 8)
        assert tuple(media.as_row()) == insights.MEDIA_COLUMNS
        assert tuple(found.accounts[0].as_row()) == insights.ACCOUNT_COLUMNS

    def test_only_what_is_from_then_on(self, filled: Context) -> None:
        found = insights.newest(filled, OWNER, None, NOW)

        assert (found.accounts, found.media) == ([], [])
        assert len(insights.newest(filled, OWNER).media) == 2

    def test_a_curve_has_a_point_for_each_change(self, filled: Context) -> None:
        points = insights.curve(filled, OWNER, "1790")

        assert [point.metrics["views"] for point in points] == [5, 8]
        assert set(points[0].metrics) == set(MEDIA_COLUMNS)
        assert [point.metrics["views"] for point in insights.curve(filled, OWNER, "1790", NOW - 2 * HOUR)] == [8]
        assert tuple(points[0].as_row()) == insights.CURVE_COLUMNS
        with pytest.raises(Unknown) as unknown:
            insights.curve(filled, OWNER, "1")
        assert (unknown.value.type, unknown.value.field) == ("media.unknown", "media")

    def test_a_time_that_is_none_names_its_field(self) -> None:
        with pytest.raises(Invalid) as refused:
            insights.parse_since("soon")

        assert refused.value.field == "since"
        assert insights.parse_since(None) is None


class TestExports:
    def test_a_stream_takes_what_a_file_takes(self, filled: Context, tmp_path: Path) -> None:
        wish = exports.Wish(View.MEDIA_CURVE, Format.JSONL)
        stream, file = io.StringIO(), tmp_path / "out.jsonl"

        assert exports.export(filled, OWNER, wish, stream) == 4
        assert exports.export(filled, OWNER, wish, file) == 4

        assert file.read_text(encoding="utf-8") == stream.getvalue()
        assert [json.loads(line)["views"] for line in stream.getvalue().splitlines()] == [5, 8, 5, 8]

    def test_of_one_account_and_of_a_span(self, filled: Context) -> None:
        wish = exports.Wish(View.MEDIA_CURVE, since=NOW - 2 * HOUR, until=NOW)

        assert exports.export(filled, OWNER, wish, io.StringIO(), "bakery") == 1
        with pytest.raises(UsageError, match="unknown account 'nobody'"):
            exports.export(filled, OWNER, wish, io.StringIO(), "nobody")

    def test_a_folder_is_not_replaced(self, filled: Context, tmp_path: Path) -> None:
        with pytest.raises(NotWritten) as refused:
            exports.export(filled, OWNER, exports.Wish(View.AUDIENCE), tmp_path)

        assert refused.value.type == "export.not_written"
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"view": "posts"}, "view"),
            ({"form": "xml"}, "form"),
            ({"since": "soon"}, "since"),
            ({"view": "account_daily", "until": "2026-02-30"}, "until"),
            ({"view": "account_daily", "since": "2026-02-01T10:00Z"}, "since"),
            ({"since": "2026-02-02", "until": "2026-02-02"}, "until"),
            ({"as_of": "yesterday"}, "as_of"),
            ({"as_of": "2126-01-01"}, "as_of"),
        ],
        ids=str,
    )
    def test_what_cannot_be_wished_names_its_field(self, said: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            exports.Wish.parse(**{"view": "audience"} | said, now=NOW)

        assert refused.value.field == field

    @given(day=st.dates(date(2000, 1, 1), date(2099, 1, 1)), view=st.sampled_from(View))
    def test_a_day_is_a_day_where_the_view_has_days_else_its_first_instant(self, day: date, view: View) -> None:
        wish = exports.Wish.parse(view.value, since=day.isoformat(), now=NOW)

        if view in (View.COVERAGE, View.ACCOUNT_DAILY, View.FOLLOWER_GROWTH):
            assert wish.since == day
            assert type(wish.since) is date
        else:
            assert wish.since == datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_the_newest_tags_of_all_or_of_one(filled: Context) -> None:
    assert [one.ig_media_id for one in tags.list_tags(filled, OWNER)] == ["181", "180"]
    (one,) = tags.list_tags(filled, OWNER, "bakery", limit=5)
    assert (one.account, one.username, one.posted_at) == ("bakery", "ana", NOW)
    assert len(tags.list_tags(filled, OWNER, limit=1)) == 1


class TestMentions:
    def test_a_list_tells_of_the_newest_reply(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            bakery, studio = make_account(tx, name="bakery"), make_account(tx, name="studio")
            answered = make_mention(tx, bakery, announced_at=NOW - HOUR, error="not shown")
            make_reply(tx, answered, state="failed", error="refused", next_action_at=None)
            make_reply(tx, answered, number=2, state="sent", comment_id="180", next_action_at=None)
            make_mention(tx, studio, announced_at=NOW, error="not shown")

        newest, older = mentions.list_mentions(ctx, OWNER)

        assert (newest.account, newest.reply, newest.error) == ("studio", None, "not shown")
        assert (older.account, older.reply, older.reply_comment_id) == ("bakery", "sent", "180")
        assert len(mentions.list_mentions(ctx, OWNER, "bakery")) == 1

    def test_a_reply_is_queued_once(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            mention_id = make_mention(tx, make_account(tx, name="bakery")).id

        reply_id = mentions.reply(ctx, OWNER, mention_id, "  thank you ")
        with ctx.database.transaction() as tx:
            tx.execute(text("UPDATE replies SET next_action_at = now() + interval '1 hour'"))  # put off: not waited for
        told = mentions.await_reply(ctx, OWNER, reply_id, hands=nobody)

        assert (told.account, told.number, told.text, told.state) == ("bakery", 1, "thank you", "queued")
        with pytest.raises(Conflict) as open_:
            mentions.reply(ctx, OWNER, mention_id, "thanks again", again=True)
        assert (open_.value.type, open_.value.ids) == ("reply.open", {"mention": mention_id})
        with pytest.raises(NotPossible):
            mentions.resolve(ctx, OWNER, mention_id, was_sent=True)

    def test_a_person_decides_on_what_nobody_could_read(self, ctx: Context) -> None:
        with ctx.database.transaction() as tx:
            mention = make_mention(tx, make_account(tx))
            make_reply(tx, mention, state="needs_review", next_action_at=None)
            mention_id = mention.id

        with pytest.raises(Conflict) as undecided:
            mentions.reply(ctx, OWNER, mention_id, "once more", again=True)
        told = mentions.resolve(ctx, OWNER, mention_id, was_sent=True)

        assert undecided.value.type == "reply.undecided"
        assert told.state == "sent"
        with pytest.raises(Conflict) as sent:
            mentions.reply(ctx, OWNER, mention_id, "once more")
        assert sent.value.type == "reply.sent"

    def test_a_reply_without_words_or_mention_is_refused(self, ctx: Context) -> None:
        with pytest.raises(Invalid) as empty:
            mentions.reply(ctx, OWNER, 1, " \n")
        with pytest.raises(Invalid) as odd:
            mentions.reply(ctx, OWNER, 1, "thank\0you")
        with pytest.raises(Unknown) as unknown:
            mentions.reply(ctx, OWNER, 1, "thank you")

        assert (empty.value.type, empty.value.field) == ("reply.empty", "text")
        assert (odd.value.type, odd.value.field) == ("reply.invalid", "text")
        assert unknown.value.type == "mention.unknown"

    def test_who_may_only_read_replies_to_nobody(self, ctx: Context) -> None:
        reader = Asker("ana", frozenset({Scope.READ}))

        with pytest.raises(NotAllowed):
            mentions.reply(ctx, reader, 1, "thank you")
        with pytest.raises(NotAllowed):
            mentions.resolve(ctx, reader, 1, was_sent=True)
