"""Finding what Instagram refuses in a group of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.answers.errors import ErrorClass, GraphError
from graph.wire.endpoints import Endpoint
from worker.harvests.answers.refusals import ASK_AGAIN_AFTER, ASK_SOON_AFTER, Memory, is_refusal, is_vague_refusal, sift

NOW = datetime(2026, 5, 5, tzinfo=UTC)


def refusal(**over: object) -> GraphError:
    values = {"error_class": ErrorClass.INVALID_REQUEST, "code": 100} | over
    return GraphError(endpoint=Endpoint.MEDIA_INSIGHTS, message="no", advice="ask otherwise", **values)  # type: ignore[arg-type]


class Instagram:
    """Refuses a call that holds a bad metric, or all metrics of a mixture that does not go together."""

    def __init__(self, bad: set[str], clash: frozenset[str] = frozenset()) -> None:
        self.bad, self.clash = bad, clash
        self.calls: list[tuple[str, ...]] = []

    def ask(self, metrics: Sequence[str]) -> tuple[str, ...]:
        self.calls.append(tuple(metrics))
        if self.bad & set(metrics) or (self.clash and self.clash <= set(metrics)):
            raise refusal()
        return tuple(metrics)


names = st.integers(1, 24).map(lambda count: [f"m{number}" for number in range(count)])


@settings(deadline=None)
@given(st.data())
def test_every_good_metric_is_answered_once_and_every_bad_one_refused(data: st.DataObject) -> None:
    metrics = data.draw(names)
    bad = set(data.draw(st.lists(st.sampled_from(metrics), unique=True)))
    instagram = Instagram(bad)

    sifted = sift(metrics, instagram.ask)

    answered = [name for answer in sifted.answers for name in answer]
    assert sorted(answered) == sorted(set(metrics) - bad)
    assert set(sifted.refused) == bad


@settings(deadline=None)
@given(st.data())
def test_one_bad_metric_costs_few_calls_more(data: st.DataObject) -> None:
    metrics = data.draw(names)
    instagram = Instagram({data.draw(st.sampled_from(metrics))})

    sift(metrics, instagram.ask)

    assert len(instagram.calls) <= 1 + math.ceil(math.log2(len(metrics))) + 1


@settings(deadline=None)
@given(st.data())
def test_of_a_mixture_that_does_not_go_together_at_most_one_has_to_wait(data: st.DataObject) -> None:
    metrics = data.draw(names.filter(lambda metrics: len(metrics) > 1))
    clash = frozenset(data.draw(st.lists(st.sampled_from(metrics), min_size=2, unique=True)))
    instagram = Instagram(set(), clash)

    sifted = sift(metrics, instagram.ask)

    answered = [name for answer in sifted.answers for name in answer]
    assert sorted([*answered, *sifted.refused]) == sorted(metrics)
    assert set(sifted.refused) == sifted.inferred
    assert len(sifted.inferred) == 1


@settings(deadline=None)
@given(st.data())
def test_what_was_asked_alone_is_proved_and_the_rest_is_inferred(data: st.DataObject) -> None:
    metrics = data.draw(names)
    bad = set(data.draw(st.lists(st.sampled_from(metrics), unique=True)))
    instagram = Instagram(bad)

    sifted = sift(metrics, instagram.ask)

    assert sifted.inferred == {name for name in bad if (name,) not in instagram.calls}


def test_without_a_refusal_it_is_one_call() -> None:
    instagram = Instagram(set())

    assert sift(["a", "b"], instagram.ask).answers == [("a", "b")]
    assert sift([], instagram.ask).answers == []
    assert len(instagram.calls) == 1


def test_another_error_comes_through() -> None:
    def ask(_metrics: Sequence[str]) -> None:
        raise refusal(error_class=ErrorClass.AUTH, code=190)

    with pytest.raises(GraphError, match="code 190"):
        sift(["a", "b"], ask)


@pytest.mark.parametrize(
    ("error", "plain", "vague"),
    [
        (refusal(), True, True),
        (refusal(subcode=2108006), False, False),
        (refusal(subcode=33, error_class=ErrorClass.PERMISSION), False, False),
        (refusal(code=10), False, False),
        (refusal(code=1, error_class=ErrorClass.TRANSIENT), False, True),
        (refusal(code=1, error_class=ErrorClass.TRANSIENT, is_transient=True), False, False),
        (refusal(code=2, error_class=ErrorClass.TRANSIENT), False, False),
    ],
)
def test_what_counts_as_a_refusal(error: GraphError, plain: bool, vague: bool) -> None:
    assert (is_refusal(error), is_vague_refusal(error)) == (plain, vague)


def test_a_refused_metric_is_remembered_for_a_while() -> None:
    old = (NOW - timedelta(seconds=1)).isoformat()
    long_gone = (NOW - timedelta(days=61)).isoformat()
    memory = Memory({"old": old, "long gone": long_gone, "damaged": 7, "local": "2026-06-01T00:00"}, NOW)

    memory.add("clear", refusal())
    memory.add("inferred", refusal(), is_inferred=True)
    memory.add("vague", refusal(code=1, error_class=ErrorClass.TRANSIENT))

    assert memory.as_json() == {
        "clear": (NOW + ASK_AGAIN_AFTER).isoformat(),
        "inferred": (NOW + ASK_SOON_AFTER).isoformat(),
        "old": old,
        "vague": (NOW + ASK_SOON_AFTER).isoformat(),
    }
    later = Memory(memory.as_json(), NOW + ASK_SOON_AFTER)
    assert [name for name in memory.as_json() if later.holds(name)] == ["clear"]
    assert [name for name in memory.as_json() if later.doubts(name)] == ["inferred", "old", "vague"]


def test_what_is_asked_for_with_success_is_forgotten() -> None:
    memory = Memory({"old": (NOW - timedelta(seconds=1)).isoformat()}, NOW)

    memory.forget("old")
    memory.forget("never known")

    assert memory.as_json() == {}
    assert not memory.doubts("old")
