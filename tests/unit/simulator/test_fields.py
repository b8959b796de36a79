"""The fields language: what it reads, and that nothing a client writes makes the simulator fail."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.protocol.errors import GraphError
from simulator.protocol.fields import Field, parse_fields
from tests.unit.simulator.client import Sim, ig_id, running


def test_names_modifiers_and_nested_selections_are_read() -> None:
    media, discovery = parse_fields(
        "media.limit(5).after(abc=){id, comments{text,replies{id}}},business_discovery.username(x.y){id}"
    )

    assert media.name == "media"
    assert media.modifiers == {"limit": "5", "after": "abc="}
    assert media.sub is not None
    assert [field.name for field in media.sub] == ["id", "comments"]
    assert media.sub[1].sub == (Field("text", {}, None), Field("replies", {}, (Field("id", {}, None),)))
    assert discovery.modifiers == {"username": "x.y"}


def test_a_list_inside_a_modifier_belongs_to_it() -> None:
    (insights,) = parse_fields('insights.metric(reach,views).period("lifetime")')

    assert insights.modifiers == {"metric": "reach,views", "period": "lifetime"}


@pytest.mark.parametrize("text", ["id{", "id}", "a,,b", "a.b", "a.b(", "{id}", "a.(x)", ",", "a b", "é"])
def test_bad_syntax_is_refused_with_code_100(text: str) -> None:
    with pytest.raises(GraphError) as refused:
        parse_fields(text)
    assert refused.value.code == 100


def test_bottomless_nesting_is_refused() -> None:
    with pytest.raises(GraphError):
        parse_fields("a{" * 5000 + "}" * 5000)


_NAMES = (
    "id username media comments insights children stories tags text replies owner business_discovery "
    "mentioned_media mentioned_comment timestamp nonsense from media_url"
)
_names = st.sampled_from(_NAMES.split())
_modifiers = st.sampled_from(
    ["", ".limit(2)", ".limit(-1)", ".after(x)", ".metric(reach)", ".username(sim_brand_1)", ".since(1)", ".until(é)"]
)


def _selections(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    field = st.tuples(_names, _modifiers, st.one_of(st.just(""), inner.map("{{{}}}".format))).map("".join)
    return st.lists(field, min_size=1, max_size=4).map(",".join)


_expressions = st.recursive(_names, _selections, max_leaves=12)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Sim]:
    with running(accounts=2) as sim:
        yield sim
        assert sim.report()["defects"] == {}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expression=st.one_of(_expressions, st.text(alphabet='id.,(){}lmt5 "\\é', max_size=60), st.text(max_size=60)))
def test_no_expression_ends_in_a_server_error(fuzzed: Sim, expression: str) -> None:
    answer = fuzzed.call("GET", f"/{ig_id(0)}", params={"fields": expression})

    assert answer.status_code in {200, 400, 403}
    assert answer.json()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_PARAMS = (
    "media_type image_url video_url caption alt_text user_tags location_id collaborators product_tags children "
    "is_carousel_item cover_url thumb_offset share_to_feed audio_configuration trial_params is_ai_generated "
    "branded_content_sponsor_ids upload_type creation_id fields since limit after metric"
)
_creation = st.sampled_from(_PARAMS.split())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    params=st.dictionaries(_creation, _values, max_size=5),
    edge=st.sampled_from(["media", "media_publish", "mentions", "product_appeal"]),
)
def test_no_body_ends_in_a_server_error(fuzzed: Sim, params: dict[str, object], edge: str) -> None:
    answer = fuzzed.call(
        "POST",
        f"/{ig_id(0)}/{edge}",
        content=json.dumps(params).encode(),
        headers={"content-type": "application/json"},
    )

    assert answer.status_code in {200, 400, 403}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    params=st.dictionaries(
        st.sampled_from(["metric", "period", "metric_type", "breakdown", "since", "until", "limit", "after", "fields"]),
        st.sampled_from(["reach", "day", "total_value", "1", "0", "-1", "9" * 30, "reach,views", "lifetime", "x", "é"])
        | st.text(max_size=10),
        max_size=6,
    ),
    edge=st.sampled_from(["insights", "media", "stories", "tags", "content_publishing_limit", "live_media"]),
)
def test_no_query_ends_in_a_server_error(fuzzed: Sim, params: dict[str, str], edge: str) -> None:
    answer = fuzzed.call("GET", f"/{ig_id(0)}/{edge}", params=params)

    # "An unknown error has occurred" (code 1) is what Instagram says to a breakdown that does not fit.
    assert answer.status_code in {200, 400, 403} or answer.json()["error"]["code"] == 1
