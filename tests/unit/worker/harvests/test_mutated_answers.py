"""One odd value anywhere in an answer: what is beside it is read as ever, and all that is read can be stored."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.accounts.insights import read_insights
from graph.accounts.media import read_media
from graph.accounts.users import read_profile
from graph.answers.aside import Aside, listening
from graph.answers.paging import nested_page, read_page
from graph.answers.reading import Node
from graph.conversation.comments import read_comment
from graph.wire.body import parsed
from graph.wire.endpoints import Endpoint
from pressrun.plain import plain
from worker.harvests.answers.parse import (
    audiences,
    competitor_counts,
    hourly,
    listed_counts,
    media_numbers,
    observations,
    public_media,
    seen_comments,
    seen_media,
    seen_tag,
)

END = datetime(2026, 5, 4, 7, tzinfo=UTC)
LARGEST = 2**63
AT = "2026-05-04T07:00:00+0000"

Rows = list[list[Any]]
"""What each item of an answer becomes, in the order of the items that could be read."""


def _breakdown(*values: str) -> dict[str, Any]:
    results = [{"dimension_values": [value], "value": place} for place, value in enumerate(values)]
    return {"value": 9, "breakdowns": [{"dimension_keys": ["follow_type"], "results": results}]}


def _insight(name: str) -> dict[str, Any]:
    values = [{"value": 3, "end_time": AT}]
    return {"name": name, "period": "day", "values": values, "total_value": _breakdown("FOLLOWER", "UNKNOWN")}


def _media(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "media_type": "IMAGE",
        "media_product_type": "FEED",
        "caption": "bread",
        "timestamp": AT,
        "permalink": f"https://www.instagram.com/p/{number}/",
        "alt_text": "a loaf",
        "like_count": 7,
        "comments_count": 1,
        "owner": {"id": "17841400000000000"},
        "children": {"data": [{"id": "11"}, {"id": "12"}]},
        "insights": {"data": [_insight("reach"), _insight("views")]},
    }


def _comment(number: int) -> dict[str, Any]:
    one = {"id": f"{number}", "text": "hi", "username": "ann", "timestamp": AT, "like_count": 2, "media": {"id": "1"}}
    return {**one, "replies": {"data": [{**one, "id": f"{number}9"}]}}


def _answer(*items: Any) -> dict[str, Any]:
    return {"data": list(items), "paging": {"cursors": {"after": "A"}, "next": "https://x/?after=A"}}


@dataclass(frozen=True)
class Case:
    """`read` gives the rows by item; what is not below `items` may not matter to them.

    `needs`: places without which there is no answer.
    """

    answer: dict[str, Any]
    read: Callable[[Any], Rows]
    items: tuple[Any, ...] = ("data",)
    before: int = 0
    """How many rows come before those of the items."""
    needs: tuple[tuple[Any, ...], ...] = ()

    def touched(self, place: tuple[Any, ...]) -> int | None:
        """Which row the place belongs to."""
        depth = len(self.items)
        return place[depth] + self.before if place[:depth] == self.items and len(place) > depth else None


def _media_rows(answer: Any) -> Rows:
    rows = []
    for one in read_page(answer, Endpoint.MEDIA_LIST, read_media).items:
        metrics, extra = media_numbers(one.insights or ())
        kept = {"extra": extra}  # no column of its own size
        rows.append([seen_media(one), seen_tag(one), public_media(one), metrics, kept, listed_counts(one, metrics)])
    return rows


def _insight_rows(answer: Any) -> Rows:
    return [
        [
            *observations([one], period_end=END),
            *audiences([one], timeframe="this_month"),
            *hourly([one]),
        ]
        for one in read_insights(answer, Endpoint.ACCOUNT_INSIGHTS)
    ]


def _comment_rows(answer: Any) -> Rows:
    return [seen_comments([one], ig_media_id="1") for one in read_page(answer, Endpoint.COMMENTS, read_comment).items]


def _competitor_rows(answer: Any) -> Rows:
    node = Node(answer["data"][0], Endpoint.BUSINESS_DISCOVERY)
    page = nested_page(node, "media", read_media)
    counts = competitor_counts(read_profile(node))
    return [[counts], *([public_media(one)] for one in page.items)]


CASES = {
    "media": Case(_answer(_media(1), _media(2), _media(3)), _media_rows),
    "insights": Case(_answer(_insight("reach"), _insight("views"), _insight("likes")), _insight_rows),
    "online followers": Case(
        _answer({"name": "online_followers", "period": "lifetime", "values": [{"value": {"0": 1}, "end_time": AT}]}),
        _insight_rows,
    ),
    "comments": Case(_answer(_comment(1), _comment(2), _comment(3)), _comment_rows),
    "a competitor": Case(
        _answer({"id": "5", "followers_count": 9, "media_count": 2, "media": _answer(_media(1), _media(2))}),
        _competitor_rows,
        items=("data", 0, "media", "data"),
        before=1,
        needs=(("data", 0), ("data", 0, "id")),
    ),
}

RAW = {
    "null": "null",
    "empty text": '""',
    "NUL": r'"a\u0000b"',
    "half a pair": r'"\ud83d"',
    "a comma": '"1,234"',
    "2^63": str(LARGEST),
    "beyond measure": "1e999",
    "large": "1e308",
    "endless": "1" * 5_000,
    "NaN": "NaN",
    "true": "true",
    "a list": "[]",
    "nulls": "[null, null]",
    "an object": "{}",
    "twice": '{"value": 1, "value": 2}',
    "long": json.dumps("x" * 5_000),
    "long ago": '"0001-01-01T00:00:00+0000"',
    "some day": '"9999-12-31T23:59:59-1200"',
}
_HERE = "\ue000here\ue000"


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in children:
        yield from _places(one, (*path, name))


def _altered(answer: dict[str, Any], place: tuple[Any, ...], raw: str) -> bytes:
    changed = copy.deepcopy(answer)
    *way, last = place
    holder: Any = changed
    for name in way:
        holder = holder[name]
    holder[last] = _HERE
    return json.dumps(changed).replace(json.dumps(_HERE), raw).encode()


def _is_storable(value: Any) -> bool:
    text = json.dumps(
        value, allow_nan=False, default=lambda one: asdict(one) if hasattr(one, "__dict__") else plain(one)
    )
    text.encode()
    return "\\u0000" not in text and "\\ud83d" not in text


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60)
@given(data=st.data())
def test_one_odd_value_costs_nothing_beside_it(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    place = data.draw(st.sampled_from([one for one in _places(case.answer) if len(one) > 1 and one not in case.needs]))
    raw = data.draw(st.sampled_from(sorted(RAW)))
    asides: list[Aside] = []

    with listening(asides.append):
        found = case.read(parsed(_altered(case.answer, place, RAW[raw])))

    good = case.read(case.answer)
    touched = case.touched(place)
    is_beside = touched is not None or place[0] == "paging"
    kept = [rows for number, rows in enumerate(good) if number != touched] if is_beside else []
    assert [rows for rows in found if rows in kept] == kept, (place, raw, asides)
    assert all(_is_storable(rows) for rows in found)
    numbers = [value for rows in found for value in _columns(rows)]
    assert all(-LARGEST <= value < LARGEST for value in numbers), (place, raw)


def _columns(rows: list[Any]) -> Iterator[int]:
    """The numbers that go into columns of a fixed size."""
    for row in rows:
        known = row if isinstance(row, dict) else {}
        for column in ("reach", "views", "followers_count"):
            if isinstance(known.get(column), int):
                yield known[column]


@pytest.mark.parametrize("number", [10**18, LARGEST - 1, LARGEST, 10**400])
def test_a_count_that_no_column_holds_is_kept_beside_the_columns(number: int) -> None:
    item = {"name": "views", "period": "lifetime", "values": [{"value": number}]}
    with listening(lambda _aside: None):
        metrics, extra = media_numbers(read_insights({"data": [item]}, Endpoint.MEDIA_INSIGHTS))

    assert (metrics or extra) == {"views": number}
    assert bool(metrics) is (number < LARGEST)


def test_parts_whose_names_would_run_together_are_left_out() -> None:
    results = [{"dimension_values": pair, "value": place} for place, pair in enumerate((["a|b", "c"], ["a", "b|c"]))]
    results.append({"dimension_values": ["d", "e"], "value": 5})
    item = {
        "name": "follower_demographics",
        "total_value": {"breakdowns": [{"dimension_keys": ["age", "gender"], "results": results}]},
    }
    asides: list[Aside] = []
    with listening(asides.append):
        [found] = audiences(read_insights({"data": [item]}, Endpoint.ACCOUNT_INSIGHTS), timeframe="this_month")

    assert found.counts == {"d|e": 5}
    assert len(asides) == 1
