"""Usage headers in all their shapes: percent, minutes, and unknown when absent."""

from __future__ import annotations

import json

import pytest

from graph.wire.usage import Usage, parse


def test_the_app_header() -> None:
    usage = parse({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":31}'})

    assert (usage.app_percent, usage.account_percent, usage.regain_access_s) == (31, None, None)
    assert usage.raw == {"x-app-usage": {"call_count": 28, "total_time": 25, "total_cputime": 31}}


def test_the_business_header_counts_the_worst_of_all_its_entries_and_is_in_minutes() -> None:
    header = {
        "17841472020051826": [
            {"type": "instagram", "call_count": 12, "total_cputime": 3, "estimated_time_to_regain_access": 0},
            {"type": "pages", "call_count": 1, "total_time": 97, "estimated_time_to_regain_access": 19},
        ],
        "900": [{"type": "ads_insights", "call_count": 40}],
    }

    usage = parse({"x-business-use-case-usage": json.dumps(header)})

    assert (usage.app_percent, usage.account_percent, usage.regain_access_s) == (None, 97, 19 * 60)


def test_not_blocked_now_is_zero_seconds_and_not_unknown() -> None:
    header = '{"1":[{"call_count":100,"estimated_time_to_regain_access":0}]}'

    assert parse({"x-business-use-case-usage": header}).regain_access_s == 0


def test_missing_is_unknown() -> None:
    assert parse({}) == Usage(None, None, None, {})


@pytest.mark.parametrize(
    ("header", "percent"),
    [('{"acc_id_util_pct":9.67}', 10), ('{"call_count":"7"}', 7), ('{"call_count":250}', 250), ('{"call_count":0}', 0)],
)
def test_the_other_headers_are_tolerated(header: str, percent: int) -> None:
    assert parse({"x-ad-account-usage": header}).account_percent == percent
    assert parse({"x-page-usage": header}).account_percent == percent


@pytest.mark.parametrize(
    "garbage",
    [
        *("", "x", "[]", "null", "7", '"a"', '{"1":7}', '{"1":[7,null]}', '{"1":[{"call_count":[]}]}'),
        *('{"call_count":true}', '{"call_count":"NaN"}', '{"call_count":1e999}', '{"1":[{"call_count":-1}]}'),
        "[" * 100_000,
    ],
    ids=range(14),
)
def test_garbage_is_unknown(garbage: str) -> None:
    usage = parse({"x-app-usage": garbage, "x-business-use-case-usage": garbage, "x-page-usage": garbage})

    assert (usage.app_percent, usage.account_percent, usage.regain_access_s) == (None, None, None)
