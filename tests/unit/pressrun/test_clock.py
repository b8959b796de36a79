"""Durations, zones, wall times in gaps and folds, instants as people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pressrun import clock
from pressrun.clock import Deadline, format_duration, now, parse_duration, parse_instant, resolve_local, zone
from pressrun.errors import Invalid
from tests.support.clocks import clock_off_by, sleep_as_suspended

REFERENCE = datetime(2026, 11, 23, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)

zones = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})).map(ZoneInfo)
microseconds = timedelta(microseconds=1)
instants = st.integers(-2_200_000_000_000_000, 2_400_000_000_000_000).map(
    lambda count: datetime(1970, 1, 1, tzinfo=UTC) + count * microseconds
)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shown(instant: datetime, zone_: ZoneInfo) -> datetime:
    return instant.astimezone(zone_).replace(tzinfo=None)


def offset(instant: datetime, zone_: ZoneInfo) -> timedelta:
    value = instant.astimezone(zone_).utcoffset()
    assert value is not None
    return value


def transitions(zone_: ZoneInfo, year: int) -> list[datetime]:
    """The instants of a year at which the zone's clock jumps, by looking at every hour and then closer."""
    found = []
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        low, high = at, at + timedelta(hours=12)
        if offset(low, zone_) != offset(high, zone_):
            while high - low > SECOND:
                middle = low + ((high - low) // 2 // SECOND or 1) * SECOND
                low, high = (middle, high) if offset(middle, zone_) == offset(low, zone_) else (low, middle)
            found.append(high)
        at += timedelta(hours=12)
    return found


class TestDurations:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("90s", 90),
            ("15m", 900),
            ("15min", 900),
            ("2h30m", 9000),
            ("2h 30m", 9000),
            ("1d", 86400),
            ("0.5s", 0.5),
            ("45", 45),
            ("1.5", 1.5),
            (" 1D ", 86400),
            ("0s", 0),
            ("400d", 400 * 86400),
        ],
    )
    def test_a_duration_reads_as_people_write_it(self, text: str, seconds: float) -> None:
        assert parse_duration(text) == timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        "text", ["", " ", "soon", "-5s", "5x", "30m2h", "1h30", "+5s", "1e3", "٣s", "401d", "9" * 400, "1,5s", "nan"]
    )
    def test_anything_else_is_refused_by_name(self, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            parse_duration(text)

        assert repr(text) in str(refused.value)

    @settings(deadline=None)
    @given(st.timedeltas(timedelta(0), timedelta(days=400)))
    @example(timedelta(microseconds=1))
    @example(timedelta(seconds=59, microseconds=123456))
    @example(timedelta(days=399, hours=23, minutes=59, seconds=59, microseconds=999999))
    def test_what_is_written_reads_back(self, value: timedelta) -> None:
        assert parse_duration(format_duration(value)) == value

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0, "0s"), (90, "1m30s"), (9000, "2h30m"), (86400, "1d"), (0.25, "0.25s"), (-90, "-1m30s")],
    )
    def test_the_written_form_is_short(self, seconds: float, text: str) -> None:
        assert format_duration(timedelta(seconds=seconds)) == text


class TestZones:
    def test_a_known_zone_is_found(self) -> None:
        assert zone("Europe/Berlin").key == "Europe/Berlin"

    @pytest.mark.parametrize(
        "name", ["", "Europe/Berln", "../etc/passwd", "Europe", "zone.tab", "a\0b", "x" * 5000, "/"]
    )
    def test_an_unknown_zone_is_refused(self, name: str) -> None:
        with pytest.raises(Invalid, match="unknown time zone"):
            zone(name)


class TestWallTime:
    @settings(deadline=None)
    @given(zones, instants)
    def test_a_wall_time_that_exists_is_read_as_its_first_occurrence(self, zone_: ZoneInfo, instant: datetime) -> None:
        meant = shown(instant, zone_)

        resolved = resolve_local(meant, zone_)

        assert shown(resolved, zone_) == meant
        assert resolved <= instant

    @settings(deadline=None)
    @given(zones, st.integers(1905, 2037), st.data())
    def test_a_skipped_wall_time_is_read_as_the_end_of_the_gap(
        self, zone_: ZoneInfo, year: int, data: st.DataObject
    ) -> None:
        gaps = [at for at in transitions(zone_, year) if offset(at, zone_) > offset(at - SECOND, zone_)]
        if not gaps:
            return
        jump = data.draw(st.sampled_from(gaps))
        before, after = offset(jump - SECOND, zone_), offset(jump, zone_)
        inside = data.draw(st.integers(0, (after - before) // microseconds - 1))
        skipped = (jump + before).replace(tzinfo=None) + inside * microseconds

        assert resolve_local(skipped, zone_) == jump

    @settings(deadline=None)
    @given(zones, st.integers(1905, 2037), st.data())
    def test_a_repeated_wall_time_is_read_as_its_first_occurrence(
        self, zone_: ZoneInfo, year: int, data: st.DataObject
    ) -> None:
        folds = [at for at in transitions(zone_, year) if offset(at, zone_) < offset(at - SECOND, zone_)]
        if not folds:
            return
        jump = data.draw(st.sampled_from(folds))
        before, after = offset(jump - SECOND, zone_), offset(jump, zone_)
        inside = data.draw(st.integers(0, (before - after) // microseconds - 1))
        repeated = (jump + after).replace(tzinfo=None) + inside * microseconds

        resolved = resolve_local(repeated, zone_)

        assert resolved < jump
        assert shown(resolved, zone_) == repeated

    @pytest.mark.parametrize("year", [2011, 2026])
    def test_every_jump_of_every_zone(self, year: int) -> None:
        jumps = 0
        for name in sorted(available_timezones() - {"Factory", "localtime"}):
            zone_ = ZoneInfo(name)
            for jump in transitions(zone_, year):
                before, after = offset(jump - SECOND, zone_), offset(jump, zone_)
                low, high = sorted(((jump + before).replace(tzinfo=None), (jump + after).replace(tzinfo=None)))
                expected = [jump, jump] if after > before else [jump - (before - after), jump - microseconds]
                assert [resolve_local(low, zone_), resolve_local(high - microseconds, zone_)] == expected, name
                assert resolve_local(high, zone_) == (jump if after > before else jump + (before - after)), name
                jumps += 1

        assert jumps > 200

    def test_the_spring_gap_of_berlin(self) -> None:
        resolved = resolve_local(wall("2026-03-29T02:30"), BERLIN)

        assert resolved == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
        assert shown(resolved, BERLIN) == wall("2026-03-29T03:00")

    def test_a_whole_day_that_was_skipped(self) -> None:
        apia = ZoneInfo("Pacific/Apia")

        resolved = resolve_local(wall("2011-12-30T12:00"), apia)

        assert shown(resolved, apia) == wall("2011-12-31T00:00")


class TestInstants:
    @pytest.mark.parametrize(
        ("text", "instant"),
        [
            ("2026-12-24T18:30", datetime(2026, 12, 24, 17, 30, tzinfo=UTC)),
            ("2026-12-24 18:30:15", datetime(2026, 12, 24, 17, 30, 15, tzinfo=UTC)),
            ("2026-12-24T18:30:00Z", datetime(2026, 12, 24, 18, 30, tzinfo=UTC)),
            ("2026-12-24T18:30:00-05:00", datetime(2026, 12, 24, 23, 30, tzinfo=UTC)),
            ("2026-12-24", datetime(2026, 12, 23, 23, 0, tzinfo=UTC)),
            ("+90s", REFERENCE + timedelta(seconds=90)),
            (" +2h30m ", REFERENCE + timedelta(hours=2.5)),
        ],
    )
    def test_instants_as_people_write_them(self, text: str, instant: datetime) -> None:
        parsed = parse_instant(text, BERLIN, reference=REFERENCE)

        assert parsed == instant
        assert parsed.tzinfo is UTC

    @pytest.mark.parametrize(
        "text",
        ["", "tomorrow", "2026-13-01", "2026-02-30T10:00", "18:30", "+", "+soon", "2026-12-24T25:00", "24.12.2026"],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(Invalid):
            parse_instant(text, BERLIN, reference=REFERENCE)

    @pytest.mark.parametrize("text", ["2026-12-24", "20261224", " 2026-12-24 "])
    def test_a_date_alone_is_refused_where_a_time_of_day_is_needed(self, text: str) -> None:
        with pytest.raises(Invalid, match="has no time of day: write 2026-12-24T08:30"):
            parse_instant(text, BERLIN, reference=REFERENCE, needs_time=True)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("2027-05-03T08.30", "write a colon between hours and minutes"),
            ("2027-05-03 18.30", "write a colon"),
            ("2027-05-03T08,30", "write a colon"),
            ("2027-05-03T12345678", "is not a time"),
            ("2027-05-03T08:30+05.30", "is not a time"),
            ("2027-05-03T08:30.5", "is not a time"),
            ("+1h30", "is not a time from now"),
            ("+500d", "is longer than 400 days"),
            ("46540.354166", "as spreadsheets count it"),
            ("03/05/2027 08:30", "can be read in two ways"),
            ("3.5.27 08:30", "can be read in two ways"),
            ("2027-05-03 8:30 PM", "is not a time"),
            ("2027-05-03T08:30:60", "on no clock"),
            ("2027-05-03T24:00", "on no clock"),
            ("2027-02-29T08:30", "in no calendar"),
            ("2027-05-03T08:30+14:30", "on no clock"),
            ("2027-05-03T08:30+05:75", "on no clock"),
            ("٢٠٢٧-05-03T08:30", "is not a time"),
        ],
    )
    def test_nothing_is_understood_by_halves(self, text: str, told: str) -> None:
        with pytest.raises(Invalid, match=told):
            parse_instant(text, BERLIN, reference=REFERENCE, needs_time=True)

    @settings(deadline=None, max_examples=400)
    @given(st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)), st.data())  # noqa: DTZ001 - wall time
    def test_however_a_time_is_written_it_is_read_as_meant_or_refused(
        self, meant: datetime, data: st.DataObject
    ) -> None:
        def one_of(*texts: str) -> str:
            return data.draw(st.sampled_from(texts))

        dash = one_of("-", "-", "", "/", ".")
        between = one_of("T", " ", "t", "  ", ", ", "", "_", " um ")
        colon = one_of(":", ":", "", ".", ",", "h", " ")
        hour = one_of(f"{meant:%H}", f"{meant:%H}", f"{meant.hour}")
        tails: dict[str, tuple[int, int, timedelta | None]] = {
            "": (0, 0, None),
            f"{colon}{meant:%S}": (meant.second, 0, None),
            f"{colon}{meant:%S}.25": (meant.second, 250_000, None),
            f".{meant:%S}": (meant.second, 0, None),
            f",{meant:%S}": (meant.second, 0, None),
            "Z": (0, 0, timedelta(0)),
            "+05:30": (0, 0, timedelta(hours=5.5)),
            "+0530": (0, 0, timedelta(hours=5.5)),
            "+05.30": (0, 0, timedelta(hours=5.5)),
            " -03": (0, 0, timedelta(hours=-3)),
            " Uhr": (0, 0, None),
        }
        tail = one_of(*tails)
        text = f"{meant:%Y}{dash}{meant:%m}{dash}{meant:%d}{between}{hour}{colon}{meant:%M}{tail}"
        second, micros, offset_ = tails[tail]
        right = meant.replace(second=second, microsecond=micros)
        wanted = right.replace(tzinfo=UTC) - offset_ if offset_ is not None else resolve_local(right, BERLIN)

        try:
            found = parse_instant(text, BERLIN, reference=REFERENCE, needs_time=True)
        except Invalid:
            return

        assert found == wanted, text

    @pytest.mark.parametrize("text", ["0001-01-01T00:00", "0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00"])
    def test_the_ends_of_the_calendar_are_refused(self, text: str) -> None:
        with pytest.raises(Invalid, match="outside the calendar"):
            parse_instant(text, BERLIN, reference=REFERENCE)


class TestDeadline:
    def test_it_passes(self) -> None:
        assert Deadline.after(-0.001).passed
        assert not Deadline.after(60).passed

    def test_it_tells_what_is_left(self) -> None:
        assert 59 < Deadline.after(60).remaining_s() <= 60

    def test_it_goes_on_while_the_machine_is_suspended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        deadline = Deadline.after(60)

        sleep_as_suspended(monkeypatch, 61)

        assert deadline.passed

    @pytest.mark.parametrize(("make", "is_passed"), [(Deadline.strict, True), (Deadline.after, False)])
    def test_a_strict_one_has_passed_when_the_wall_clock_says_so(
        self, make: Callable[[float], Deadline], is_passed: bool
    ) -> None:
        deadline = make(60)

        with clock_off_by(61):
            assert deadline.passed is is_passed

    def test_a_wall_clock_that_is_set_back_gains_no_time(self) -> None:
        deadline = Deadline.strict(60)

        with clock_off_by(-3600):
            assert deadline.remaining_s() <= 60


class TestNow:
    def test_it_is_aware_and_in_utc(self) -> None:
        assert now().tzinfo is UTC

    def test_it_is_put_right_by_what_was_measured(self) -> None:
        with clock_off_by(90):
            clock.put_right(timedelta(seconds=-90))
            wrong, right = clock.own(), now()

        assert timedelta(seconds=89) < wrong - right <= timedelta(seconds=90)
