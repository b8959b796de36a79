"""The OpenAPI document is complete and true: schemathesis holds a live API to it, and its examples are run.

Left out of the checks: `positive_data_acceptance`, since what is well formed may still name an account that is not
there or a time that has passed; `ignored_auth`, since who may do what is asked of every route by the matrix of rights;
`ensure_resource_availability`, since what was answered 202 is made by a worker, and nobody works here; and the stream
of `/events`, which does not end and has tests of its own.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyStrategyDefinition
from jsonschema import Draft202012Validator
from schemathesis import checks
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import find_account
from models.harvests.raw_answer import Answer, keep_answers, packed
from operations.operation import OPERATIONS
from pressrun import clock
from tests.factories.rows import (
    make_account,
    make_comment,
    make_endpoint,
    make_harvest,
    make_mention,
    make_post,
    make_reply,
)
from tests.factories.worlds import make_lived_in_account
from tests.integration.access.asks import load_operations
from tests.integration.console.api.conftest import Api

HELD_TO = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
IN_SEQUENCE = [*HELD_TO, checks.use_after_free]
"""What was taken away is not there for the next request."""
_METHODS = ("get", "post", "put", "patch", "delete")


def document(api: Api) -> dict[str, Any]:
    told: dict[str, Any] = httpx.get(f"{api.url}/api/v1/openapi.json", timeout=60).json()
    return told


def operations_of(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in told["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def test_it_is_openapi_and_every_part_of_it_is_there(api: Api) -> None:
    told = document(api)

    assert told["openapi"] == "3.1.0"
    for name, schema in told["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("description") or schema.get("enum"), name
        assert (schema["title"], name[-1].isalpha()) == (name, True)  # generators name their classes so
    dangling = {one for one in _references(told) if not _found(told, one)}
    assert dangling == set()
    for path, _, operation in operations_of(told):
        assert path.startswith("/api/v1/")
        assert operation["summary"]
        assert operation["description"]
        assert {"401", "403", "422", "429", "503"} < set(operation["responses"])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _found(told: dict[str, Any], reference: str) -> bool:
    found: Any = told
    for name in reference.removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found is not None


def test_every_route_names_the_operation_that_it_calls(api: Api) -> None:
    load_operations()

    named = {operation["x-operation"] for _, _, operation in operations_of(document(api))}

    assert named <= set(OPERATIONS)


def test_the_page_loads_nothing_from_elsewhere(api: Api) -> None:
    page = httpx.get(f"{api.url}/api/v1/docs")

    assert "http" not in page.text.replace("http-equiv", "")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "begin.js"):
        assert f"/api/v1/docs/{name}" in page.text
        assert httpx.get(f"{api.url}/api/v1/docs/{name}").status_code == 200
    assert httpx.get(f"{api.url}/api/v1/docs/x.js").status_code == 404


@pytest.fixture
def used(api: Api, served: tuple[Any, str], caplog: pytest.LogCaptureFixture) -> Iterator[Api]:
    """An API of an account that has everything, which anybody may ask as often as they like."""
    with api.database.transaction() as tx:
        make_lived_in_account(tx, now=clock.now())
    limiter, served[0].state.limiter = served[0].state.limiter, None
    with caplog.at_level(logging.WARNING, "urllib3"):
        yield api
    served[0].state.limiter = limiter


def _held(api: Api, examples: int) -> list[str]:
    """What an operation answers that the document does not say."""
    wrong: list[str] = []
    schema = schemathesis.openapi.from_dict(document(api))
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if operation.path == "/api/v1/events":
            continue

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def hold(case: Any) -> None:
            case.call_and_validate(base_url=api.url, session=None, headers=api.as_("owner"), checks=HELD_TO, timeout=30)

        try:
            hold()
        except AssertionError as failure:
            wrong.append(f"{operation.method.upper()} {operation.path}: {failure}")
        except BaseExceptionGroup as several:
            wrong.append(f"{operation.method.upper()} {operation.path}: {several.exceptions}")
    return wrong


def _go_through(api: Api, sequences: int, steps: int, *, is_random: bool = False) -> tuple[list[str], Counter[str]]:
    """Requests that follow from the answers before them; what is answered otherwise than the document says, and how
    often each operation was asked.
    """
    told, wrong, asked = document(api), list[str](), Counter[str]()
    del told["paths"]["/api/v1/events"]
    machine: Any = schemathesis.openapi.from_dict(told).as_state_machine()

    class Caller(machine):  # type: ignore[misc]
        def get_call_kwargs(self, _case: Any) -> dict[str, Any]:
            return {"base_url": api.url, "headers": api.as_("owner"), "timeout": 30}

        def validate_response(self, response: Any, case: Any, *_: Any, **__: Any) -> None:
            asked[case.operation.label] += 1
            try:
                case.validate_response(response, checks=IN_SEQUENCE)
            except (AssertionError, BaseExceptionGroup) as failure:  # kept, since what is found is not looked for again
                wrong.append(f"{case.operation.label}: {getattr(failure, 'exceptions', failure)}")

    with suppress(FlakyStrategyDefinition):  # one sequence finds what another has made: that ends it, maybe too early
        Caller.run(
            settings=settings(
                max_examples=sequences,
                stateful_step_count=steps,
                deadline=None,
                derandomize=not is_random,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
        )
    return wrong, asked


def _examples(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and body of each example."""
    for path, method, operation in operations_of(told):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for reference in _references(body):
            for example in told["components"]["schemas"][reference.rpartition("/")[2]].get("examples", ()):
                yield method, path, example


def test_its_examples_do_what_they_say(api: Api, media_folder: Path) -> None:
    """In the order of the document; what they take for given is there, and their picture is one that is kept."""
    with api.database.transaction() as tx:
        bakery = make_account(tx, name="harbour-bakery")
        make_harvest(tx, bakery, kind="media")
        ids: dict[str, Any] = {"mention": make_mention(tx, bakery).id, "comment": make_comment(tx, bakery).id}
        ids["account"] = "harbour-bakery"
        for doubtful in (make_mention(tx, bakery, id=77), make_comment(tx, bakery, id=77)):
            make_reply(tx, doubtful, state="needs_review", next_action_at=None, intent_at=clock.now())
        make_endpoint(tx, name="endpoint")
        _keep_an_answer(tx, bakery.id)
    kept = api.keep(media_folder / "feed.jpg")
    ids["sha256"] = kept.removeprefix("kept:")

    refused = []
    for method, path, example in _examples(document(api)):
        body = json.loads(json.dumps(example).replace("https://media.example.com/bread.jpg", kept))
        place = path
        for name, value in (ids | _given(api, path)).items():
            place = place.replace(f"{{{name}}}", str(value))
        answer = api.http.request(method, f"{api.url}{place}", json=body)
        if not answer.is_success:
            refused.append((method, place, answer.status_code, answer.text))

    assert not refused, refused


def _given(api: Api, path: str) -> dict[str, Any]:
    """What is to be there for an example of that path, made as it needs it."""
    with api.database.transaction() as tx:  # the keys of the examples before are theirs no more
        tx.execute(text("UPDATE posts SET key = key || '-' || id"))
    if "/posts" in path and path != "/api/v1/posts":
        state = {"retry": "failed", "resolve": "needs_review"}.get(path.rpartition("/")[2], "scheduled")
        with api.database.transaction() as tx:
            bakery = find_account(tx, "harbour-bakery")
            due = {} if state == "scheduled" else {"next_action_at": None}
            later = clock.now() + timedelta(days=1)
            make_post(tx, bakery, key="christmas", state=state, publish_at=later, **due)
            make_post(tx, bakery, key="easter", publish_at=later + timedelta(days=1))
        return {"post": "christmas"}
    if "/drafts/" in path:
        return {"draft": api.http.post("/drafts", json={"account": "harbour-bakery"}).json()["id"]}
    return {
        "name": {"keys": "planner", "users": "ben@example.com", "library": "bread"}.get(path.split("/")[3], "endpoint"),
        **({"mention": 77, "comment": 77} if path.endswith("/resolve") else {}),
    }


def _keep_an_answer(tx: Session, account_id: int) -> None:
    at = clock.now() - timedelta(days=1)
    answer = Answer(1, at, "GET /{media}/comments", {"path": "1/comments", "params": {}}, packed(b'{"data": []}'))
    keep_answers(tx, [answer], run_id=1, account_id=account_id, api_version="v25.0")


@pytest.mark.cost(cpu_s=6)
def test_an_api_answers_as_the_document_says(used: Api) -> None:
    wrong = _held(used, 2)
    assert not wrong, "\n".join(wrong)


@pytest.mark.cost(cpu_s=6)
def test_a_sequence_of_requests_is_answered_as_the_document_says(used: Api) -> None:
    wrong, asked = _go_through(used, 12, 6)
    assert not wrong, "\n".join(wrong)
    assert asked.total() >= 40, asked
    assert len(asked) >= 15, asked


@pytest.mark.long
def test_every_sequence_of_requests_is_answered_as_the_document_says(used: Api) -> None:
    asked, rounds = Counter[str](), 0
    while asked.total() < 4 * 15 * 10 and rounds < 12:  # what ends a round early must not end the test
        wrong, more = _go_through(used, 15, 10, is_random=True)
        assert not wrong, "\n".join(wrong)
        asked, rounds = asked + more, rounds + 1
    assert asked.total() >= 4 * 15 * 10, asked


@pytest.mark.long
def test_an_api_answers_as_the_document_says_whatever_it_is_asked(used: Api) -> None:
    wrong = _held(used, 50)
    assert not wrong, "\n".join(wrong)
