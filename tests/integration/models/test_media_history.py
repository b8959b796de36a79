"""The history of media: what is stored, what is not stored again, and that nothing of it is ever changed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from models.history.media import (
    Media,
    MediaLatest,
    MediaReading,
    MediaSnapshot,
    SeenMedia,
    bind_media,
    bound_ids,
    see_media,
    store_readings,
)
from models.meanings.metrics import MEDIA_COLUMNS
from models.posts.part import Part
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_post
from tests.integration.models.racing import race

T0 = clock.now().replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def media_id(shared: Database) -> int:
    with shared.transaction() as tx:
        return see_media(tx, make_account(tx).id, [SeenMedia("1")], now=T0)["1"]


def _store(
    database: Database, media_id: int, at: datetime, extra: Mapping[str, Any] | None = None, **metrics: int
) -> int:
    with database.transaction() as tx:
        return store_readings(tx, [MediaReading(media_id, at, metrics, extra or {})], run_id=7)


def _history(database: Database, media_id: int) -> list[MediaSnapshot]:
    with database.transaction() as tx:
        found = tx.scalars(select(MediaSnapshot).where(MediaSnapshot.media_id == media_id))
        return sorted(found, key=lambda one: one.captured_at)


def _points(database: Database, media_id: int, metric: str) -> list[tuple[datetime, Any]]:
    return [(one.captured_at, getattr(one, metric)) for one in _history(database, media_id)]


def _latest(database: Database, media_id: int) -> MediaLatest:
    with database.transaction() as tx:
        return tx.get_one(MediaLatest, media_id)


class TestReadings:
    def test_the_first_one_is_a_point(self, shared: Database, media_id: int) -> None:
        assert _store(shared, media_id, T0, reach=10, likes=0) == 1

        (point,) = _history(shared, media_id)
        assert (point.captured_at, point.run_id, point.reach, point.likes) == (T0, 7, 10, 0)
        assert all(getattr(point, name) is None for name in MEDIA_COLUMNS if name not in ("reach", "likes"))

    @pytest.mark.parametrize("metric", MEDIA_COLUMNS)
    def test_every_metric_has_its_column(self, shared: Database, media_id: int, metric: str) -> None:
        _store(shared, media_id, T0, {}, **{metric: 3_000_000_000})
        _store(shared, media_id, T0 + HOUR, {}, **{metric: 3_000_000_001})

        assert _points(shared, media_id, metric) == [(T0, 3_000_000_000), (T0 + HOUR, 3_000_000_001)]
        assert getattr(_latest(shared, media_id), metric) == 3_000_000_001

    def test_an_unchanged_one_adds_nothing_but_says_that_it_was_looked_at(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0, {"quirk": 1}, reach=10, likes=0)

        assert _store(shared, media_id, T0 + HOUR, {"quirk": 1}, reach=10, likes=0) == 0

        assert len(_history(shared, media_id)) == 1
        latest = _latest(shared, media_id)
        assert (latest.captured_at, latest.last_checked_at) == (T0, T0 + HOUR)

    def test_a_changed_one_adds_a_point_and_the_old_one_stays(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, reach=10)
        _store(shared, media_id, T0 + HOUR, reach=12)
        _store(shared, media_id, T0 + 2 * HOUR, reach=9)  # counts may fall
        _store(shared, media_id, T0 + 3 * HOUR, reach=12)

        assert _points(shared, media_id, "reach") == [
            (T0, 10),
            (T0 + HOUR, 12),
            (T0 + 2 * HOUR, 9),
            (T0 + 3 * HOUR, 12),
        ]
        assert _latest(shared, media_id).captured_at == T0 + 3 * HOUR

    def test_storing_the_same_one_again_adds_nothing(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, {"quirk": 1}, reach=10)

        assert _store(shared, media_id, T0, {"quirk": 1}, reach=10) == 0
        assert len(_history(shared, media_id)) == 1

    def test_several_media_are_told_apart(self, shared: Database) -> None:
        with shared.transaction() as tx:
            ids = see_media(tx, make_account(tx).id, [SeenMedia(str(number)) for number in range(5)], now=T0)
            for_all = [MediaReading(one, T0, {"likes": one}) for one in ids.values()]
            assert store_readings(tx, for_all, run_id=None) == 5

        for one in ids.values():
            assert _points(shared, one, "likes") == [(T0, one)]


class TestWhatIsMissing:
    def test_a_metric_that_was_not_read_keeps_what_is_known_and_is_no_change(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0, reach=10, likes=3)

        assert _store(shared, media_id, T0 + HOUR, likes=3) == 0

        assert (_latest(shared, media_id).reach, len(_history(shared, media_id))) == (10, 1)

    def test_a_point_holds_only_what_was_read(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, reach=10, likes=3)
        _store(shared, media_id, T0 + HOUR, likes=4)

        assert _points(shared, media_id, "reach") == [(T0, 10), (T0 + HOUR, None)]
        assert (_latest(shared, media_id).reach, _latest(shared, media_id).likes) == (10, 4)

    def test_zero_is_a_value(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, reach=10)
        _store(shared, media_id, T0 + HOUR, reach=0)
        _store(shared, media_id, T0 + 2 * HOUR, reach=0, saved=0)

        assert _points(shared, media_id, "reach") == [(T0, 10), (T0 + HOUR, 0), (T0 + 2 * HOUR, 0)]
        assert _points(shared, media_id, "saved") == [(T0, None), (T0 + HOUR, None), (T0 + 2 * HOUR, 0)]

    def test_a_metric_that_is_read_for_the_first_time_is_a_change(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, reach=10)

        assert _store(shared, media_id, T0 + HOUR, reach=10, shares=0) == 1
        assert _latest(shared, media_id).shares == 0

    def test_an_answer_that_says_nothing_adds_no_point(self, shared: Database, media_id: int) -> None:
        assert _store(shared, media_id, T0) == 0
        assert _store(shared, media_id, T0 + HOUR) == 0

        assert _history(shared, media_id) == []
        assert _latest(shared, media_id).last_checked_at == T0 + HOUR

    def test_after_an_answer_that_said_nothing_the_first_value_is_a_point(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0)

        assert _store(shared, media_id, T0 + HOUR, reach=0) == 1


class TestMetricsWithoutAColumn:
    def test_are_kept_under_their_name(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, {"navigation:tap_exit": 4, "quirk": {"a": 1}}, reach=1)

        assert _history(shared, media_id)[0].extra == {"navigation:tap_exit": 4, "quirk": {"a": 1}}

    def test_are_kept_even_when_they_are_given_among_the_others(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, reach=1, crossposted_views=17)

        assert _history(shared, media_id)[0].extra == {"crossposted_views": 17}
        assert _store(shared, media_id, T0 + HOUR, reach=1, crossposted_views=18) == 1

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"a": 1}, {"a": 2}),
            ({"a": 1}, {"b": 1}),
            ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}),
            ({"a": [1, 2]}, {"a": [1]}),
            ({"a": [1, 2]}, {"a": [2, 1]}),
            ({"a": 0}, {"a": None}),
        ],
        ids=str,
    )
    def test_a_change_in_them_is_a_point(
        self, shared: Database, media_id: int, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        _store(shared, media_id, T0, before, reach=1)

        assert _store(shared, media_id, T0 + HOUR, after, reach=1) == 1
        assert [one.extra for one in _history(shared, media_id)] == [before, after]
        assert _latest(shared, media_id).extra == before | after

    def test_one_that_is_missing_keeps_what_is_known(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, {"a": 1, "b": 2})

        assert _store(shared, media_id, T0 + HOUR, {"a": 1}) == 0
        assert _store(shared, media_id, T0 + 2 * HOUR, reach=1) == 1
        assert _latest(shared, media_id).extra == {"a": 1, "b": 2}
        assert _history(shared, media_id)[-1].extra is None


class TestOrder:
    def test_an_older_answer_does_not_speak_for_the_present(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0 + HOUR, reach=12)

        assert _store(shared, media_id, T0, reach=10) == 1

        latest = _latest(shared, media_id)
        assert (latest.reach, latest.captured_at, latest.last_checked_at) == (12, T0 + HOUR, T0 + HOUR)
        assert _points(shared, media_id, "reach") == [(T0, 10), (T0 + HOUR, 12)]

    def test_another_answer_of_the_same_moment_does_not_make_the_latest_differ_from_the_history(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0, reach=10)
        _store(shared, media_id, T0, reach=11)

        assert _points(shared, media_id, "reach") == [(T0, 10)]
        assert _latest(shared, media_id).reach == 10

    def test_readings_of_the_same_media_at_once_tell_each_change_once_at_each_time(self, shared: Database) -> None:
        with shared.transaction() as tx:
            ids = list(
                see_media(tx, make_account(tx).id, [SeenMedia(str(number)) for number in range(12)], now=T0).values()
            )

        for round_ in range(12):
            at, value = T0 + round_ * HOUR, round_ // 2  # the value changes every other round

            def harvest(number: int, at: datetime = at, value: int = value) -> int:
                shuffled = ids[number:] + ids[:number]
                readings = [MediaReading(one, at + number * timedelta(seconds=1), {"reach": value}) for one in shuffled]
                with shared.transaction() as tx:
                    return store_readings(tx, readings, run_id=None)

            # Each a second later than the other. Whoever is first writes, whoever comes late with an earlier time too,
            # and nobody waits in a ring.
            written = race([lambda number=number: harvest(number) for number in range(6)])  # type: ignore[misc]

            assert sum(written) == 0 if round_ % 2 else len(ids) <= sum(written) <= 6 * len(ids)
        for one in ids:
            values = [value for _, value in _points(shared, one, "reach")]
            assert [value for value, _ in groupby(values)] == list(range(6))
            assert _latest(shared, one).reach == 5


class TestLateAnswers:
    """One that comes after a newer one was stored."""

    def test_is_no_point_where_nothing_had_changed_at_its_time(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0, reach=10)
        _store(shared, media_id, T0 + 2 * HOUR, reach=12)

        assert _store(shared, media_id, T0 + HOUR, reach=10) == 0

    def test_twice_is_one_point(self, shared: Database, media_id: int) -> None:
        _store(shared, media_id, T0 + HOUR, {"a": 2}, reach=12)
        _store(shared, media_id, T0, {"a": 1}, reach=10)

        assert _store(shared, media_id, T0, {"a": 1}, reach=10) == 0
        assert len(_history(shared, media_id)) == 2

    def test_what_it_alone_told_becomes_the_newest_known_value_with_its_own_time(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0, follows=2)
        _store(shared, media_id, T0 + 2 * HOUR, reach=12)

        assert _store(shared, media_id, T0 + HOUR, {"quirk": 4}, follows=3, reach=11) == 1

        latest = _latest(shared, media_id)
        assert (latest.reach, latest.follows, latest.extra) == (12, 3, {"quirk": 4})
        assert (latest.captured_at, latest.last_checked_at) == (T0 + 2 * HOUR, T0 + 2 * HOUR)
        times = {name: datetime.fromisoformat(at) for name, at in (latest.told_at or {}).items()}
        assert times == {"follows": T0 + HOUR, "quirk": T0 + HOUR, "reach": T0 + 2 * HOUR}

    def test_between_two_readings_of_one_value_leaves_the_history_ending_with_that_value(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0, {"quirk": 1}, reach=10, likes=1)
        _store(shared, media_id, T0 + 2 * HOUR, {"quirk": 1}, reach=10)  # unchanged: no point

        assert _store(shared, media_id, T0 + HOUR, {"quirk": 5}, reach=11, likes=2) == 2

        assert _points(shared, media_id, "reach") == [(T0, 10), (T0 + HOUR, 11), (T0 + 2 * HOUR, 10)]
        assert [one.extra for one in _history(shared, media_id)] == [{"quirk": 1}, {"quirk": 5}, {"quirk": 1}]
        assert _points(shared, media_id, "likes")[-1] == (T0 + 2 * HOUR, None), "was not told then"
        latest = _latest(shared, media_id)
        assert (latest.reach, latest.likes, latest.captured_at) == (10, 2, T0 + 2 * HOUR)
        assert _history(shared, media_id)[-1].run_id is None

    def test_a_value_that_its_run_stored_a_moment_later_is_not_told_twice(
        self, shared: Database, media_id: int
    ) -> None:
        _store(shared, media_id, T0 + HOUR, reach=12, likes=1)

        later_parser = {"reach": 12, "likes": 1, "saved": 3}
        assert _store(shared, media_id, T0 + HOUR - timedelta(seconds=1), reach=12) == 0
        assert _store(shared, media_id, T0 + HOUR - timedelta(seconds=1), {}, **later_parser) == 1
        assert _latest(shared, media_id).saved == 3

    def test_many_in_any_order_tell_what_they_tell_in_order(self, shared: Database) -> None:
        dice = random.Random(11)
        told = [
            {name: dice.randint(0, 2) for name in dice.sample(("reach", "views", "likes"), dice.randint(1, 3))}
            for _ in range(40)
        ]
        with shared.transaction() as tx:
            seen = [SeenMedia("ordered"), SeenMedia("shuffled")]
            ids = see_media(tx, make_account(tx).id, seen, now=T0)
        for number, metrics in enumerate(told):
            _store(shared, ids["ordered"], T0 + number * HOUR, {}, **metrics)
        for number in dice.sample(range(40), 40):
            _store(shared, ids["shuffled"], T0 + number * HOUR, {}, **told[number])

        ordered, shuffled = _latest(shared, ids["ordered"]), _latest(shared, ids["shuffled"])
        for name in ("reach", "views", "likes"):
            assert getattr(shuffled, name) == getattr(ordered, name)
            last = [value for _, value in _points(shared, ids["shuffled"], name) if value is not None][-1]
            assert last == getattr(ordered, name)
        assert shuffled.told_at == ordered.told_at
        assert shuffled.last_checked_at == ordered.last_checked_at


class TestAppendOnly:
    @pytest.mark.parametrize("statement", ["UPDATE media_snapshots SET reach = 1", "DELETE FROM media_snapshots"])
    def test_a_point_cannot_be_changed_or_deleted(self, shared: Database, media_id: int, statement: str) -> None:
        _store(shared, media_id, T0, reach=10)

        with pytest.raises(IntegrityError, match="append-only"), shared.transaction() as tx:
            tx.execute(text(statement))

        assert _points(shared, media_id, "reach") == [(T0, 10)]


class TestSeeing:
    def _media(self, database: Database, media_id: int) -> Media:
        with database.transaction() as tx:
            return tx.get_one(Media, media_id)

    def test_a_media_is_one_row_however_often_it_is_seen(self, shared: Database) -> None:
        with shared.transaction() as tx:
            account = make_account(tx)
            first = see_media(tx, account.id, [SeenMedia("1"), SeenMedia("2"), SeenMedia("1")], now=T0)
            again = see_media(tx, account.id, [SeenMedia("2"), SeenMedia("3")], now=T0 + HOUR)

        assert set(first) == {"1", "2"}
        assert again["2"] == first["2"]
        assert len({*first.values(), *again.values()}) == 3
        assert self._media(shared, first["2"]).first_seen_at == T0
        assert self._media(shared, first["2"]).last_seen_at == T0 + HOUR

    def test_the_same_id_on_two_accounts_is_two_media(self, shared: Database) -> None:
        with shared.transaction() as tx:
            one, two = (see_media(tx, make_account(tx).id, [SeenMedia("9")], now=T0)["9"] for _ in range(2))

        assert one != two

    def test_what_is_known_is_completed_and_never_emptied(self, shared: Database) -> None:
        with shared.transaction() as tx:
            account = make_account(tx)
            full = SeenMedia("1", "IMAGE", "FEED", "caption", "https://x/p/1", T0, {"shortcode": "abc"})
            media_id = see_media(tx, account.id, [full], now=T0)["1"]
            see_media(tx, account.id, [SeenMedia("1")], now=T0 + HOUR)
            see_media(tx, account.id, [SeenMedia("1", caption="edited", extra={"alt_text": "a"})], now=T0 + 2 * HOUR)

        media = self._media(shared, media_id)
        assert (media.media_type, media.media_product_type, media.permalink) == ("IMAGE", "FEED", "https://x/p/1")
        assert (media.caption, media.posted_at) == ("edited", T0)
        assert media.extra == {"shortcode": "abc", "alt_text": "a"}

    def test_an_older_listing_does_not_set_back_when_it_was_last_seen(self, shared: Database) -> None:
        with shared.transaction() as tx:
            account = make_account(tx)
            media_id = see_media(tx, account.id, [SeenMedia("1")], now=T0 + HOUR)["1"]
            see_media(tx, account.id, [SeenMedia("1")], now=T0)

        assert self._media(shared, media_id).last_seen_at == T0 + HOUR

    def test_nothing_seen_is_nothing_done(self, shared: Database) -> None:
        with shared.transaction() as tx:
            assert see_media(tx, make_account(tx).id, [], now=T0) == {}

    def test_listings_of_the_same_media_at_once_do_not_block_each_other_for_good(self, shared: Database) -> None:
        with shared.transaction() as tx:
            account_id = make_account(tx).id
        names = [str(number) for number in range(200)]

        def harvest(is_backwards: bool) -> dict[str, int]:
            with shared.transaction() as tx:
                return see_media(
                    tx, account_id, [SeenMedia(one) for one in names[:: -1 if is_backwards else 1]], now=T0
                )

        for _ in range(6):
            seen = race([partial(harvest, bool(number % 2)) for number in range(6)])

            assert all(one == seen[0] for one in seen)

    def test_a_media_of_ours_is_bound_to_its_part_whether_it_was_listed_before_or_after(self, shared: Database) -> None:
        with shared.transaction() as tx:
            account = make_account(tx)
            parts = [first_part(tx, make_post(tx, account, state="canceled", next_action_at=None)) for _ in range(2)]
            see_media(tx, account.id, [SeenMedia("listed", caption="kept")], now=T0)
            for part, ig_id in zip(parts, ("listed", "new"), strict=True):
                bind_media(tx, account.id, ig_id, part.id, now=T0 + HOUR)
            ids = see_media(tx, account.id, [SeenMedia("listed"), SeenMedia("new"), SeenMedia("foreign")], now=T0)

        assert [self._media(shared, ids[one]).part_id for one in ("listed", "new", "foreign")] == [
            parts[0].id,
            parts[1].id,
            None,
        ]
        assert self._media(shared, ids["listed"]).caption == "kept"

    def test_our_own_media_are_known_by_the_parts_they_came_of(self, shared: Database) -> None:
        with shared.transaction() as tx:
            account, other = make_account(tx), make_account(tx)
            for owner, ig_id in ((account, "ours"), (other, "theirs")):
                part: Part = first_part(tx, make_post(tx, owner, state="canceled", next_action_at=None))
                part.media_id = f"{ig_id}-{account.id}"
            tx.flush()

            wanted = [f"ours-{account.id}", f"theirs-{account.id}", "nobody's"]
            assert bound_ids(tx, account.id, wanted) == {f"ours-{account.id}"}
