"""The error table: every row of graph-api.md §3.2, and what may be believed about a publish."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

import pytest

from graph.answers.envelope import read_envelope
from graph.answers.error_table import TABLE, Facts, lookup
from graph.answers.errors import ErrorClass, GraphError, classify, classify_container_status, unanswered
from graph.wire.endpoints import Endpoint

CREATE, PUBLISH, CONTAINER = Endpoint.CREATE_CONTAINER, Endpoint.MEDIA_PUBLISH, Endpoint.CONTAINER
INSIGHTS, DISCOVERY = Endpoint.MEDIA_INSIGHTS, Endpoint.BUSINESS_DISCOVERY


@dataclass(frozen=True)
class Case:
    """One refusal as it comes over the wire, and the class it stands for."""

    error_class: str
    code: object
    subcode: int | None = None
    status: int = 400
    message: str = "refused"
    endpoint: Endpoint = CREATE
    is_transient: bool = False
    scope: str | None = None
    wait_s: float | None = None

    def body(self) -> bytes:
        error: dict[str, object] = {"message": self.message, "type": "OAuthException", "code": self.code}
        error |= {"error_subcode": self.subcode} if self.subcode is not None else {}
        error |= {"is_transient": True} if self.is_transient else {}
        return json.dumps({"error": error | {"fbtrace_id": "A6LJ"}}).encode()

    def __str__(self) -> str:
        return f"{self.code}-{self.subcode}-{self.status}-{self.endpoint.name}"


CASES = [
    Case("transient", -2, 2207003),
    Case("container_expired", -2, 2207020),
    Case("transient", -1, 2207001, endpoint=PUBLISH),
    Case("transient", -1, 2207032),
    Case("transient", -1, 2207053),
    Case("invalid_request", -1, 2207073, endpoint=Endpoint.MEDIA_DELETE),
    Case("invalid_media", 100, 2207076),
    Case("invalid_media", 100, 2207077),
    Case("permission", 100, 2207081),
    Case("transient", 100, 2207082),
    Case("invalid_media", 352, 2207085),
    Case("invalid_request", 1, 2207057),
    Case("blocked", 4, 2207051, endpoint=PUBLISH, message="Application request limit reached"),
    Case("quota", 9, 2207042, endpoint=PUBLISH),
    Case("quota", 9, endpoint=PUBLISH, message="You have reached the limit of trial reels"),
    Case("quota", 9, endpoint=PUBLISH, message="Limite erreicht"),
    Case("permission", 24, 2207006),
    Case("container_expired", 24, 2207008, endpoint=PUBLISH, wait_s=30),
    Case("blocked", 25, 2207050, endpoint=PUBLISH),
    Case("invalid_request", 100, 2207023),
    Case("invalid_request", 100, 2207028),
    Case("invalid_request", 100, 2207035),
    Case("invalid_request", 100, 2207036),
    Case("invalid_request", 100, 2207037),
    Case("invalid_request", 100, 2207040),
    Case("invalid_request", 100, 2207100),
    Case("invalid_request", 110, 2207018),
    Case("invalid_request", 110, 2207013, endpoint=DISCOVERY),
    Case("invalid_request", "INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID"),
    Case("invalid_request", 100, message="INSTAGRAM_PLATFORM_API__INVALID_PARAM: sponsor"),
    Case("permission", "INSTAGRAM_PLATFORM_API__PERMISSION"),
    Case("invalid_media", 352, 2207026),
    Case("invalid_media", 9004, 2207052, message="Only photo or video can be accepted as media type."),
    Case("not_ready", 9007, 2207027, endpoint=PUBLISH, message="Media ID is not available"),
    Case("invalid_media", 36000, 2207004),
    Case("invalid_media", 36001, 2207005),
    Case("invalid_media", 36003, 2207009),
    Case("invalid_request", 36004, 2207010),
    Case("permission", 10, 9053, status=403),
    Case("invalid_request", 100, 9050),
    Case("invalid_request", 100, 9064),
    Case("transient", 100, 33, endpoint=CONTAINER),
    Case("transient", 100, 33, endpoint=Endpoint.MEDIA_PERMALINK),
    Case("permission", 100, 33, endpoint=Endpoint.MEDIA),
    Case("invalid_request", 100, 2108006, endpoint=INSIGHTS),
    Case("auth", 190, 458, status=401),
    Case("auth", 190, 459),
    Case("auth", 190, 460),
    Case("auth", 190, 463),
    Case("auth", 190, 467),
    Case("auth", 190, 464),
    Case("auth", 190, 492),
    Case("auth", 190),
    Case("auth", 102),
    Case("throttled", 4, status=403, is_transient=True, scope="app"),
    Case("throttled", 17, scope="account"),
    Case("throttled", 32, scope="account"),
    Case("throttled", 613, scope="account", wait_s=900),
    Case("throttled", 613, 1996, scope="account", wait_s=900),
    Case("throttled", 80002, scope="account"),
    Case("throttled", 80001, scope="account"),
    Case("throttled", 341, scope="app"),
    Case("blocked", 368),
    Case("blocked", 368, 1390008),
    Case("invalid_request", 10, endpoint=INSIGHTS, message="(#10) Not enough viewers for the media to show insights"),
    Case("permission", 10, status=403),
    Case("permission", 3),
    Case("permission", 200, status=403),
    Case("permission", 299, status=403),
    Case("invalid_request", 506),
    Case("throttled", 999, status=429, scope="account"),
    Case("transient", 1, status=500),
    Case("transient", 2, status=503),
    Case("transient", -1),
    Case("transient", 777, is_transient=True),
    Case("transient", 777, status=500),
    Case("invalid_request", 100),
]


def refusal(case: Case) -> GraphError:
    return classify(case.endpoint, case.status, case.body(), {})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_row_of_the_contract(case: Case) -> None:
    error = refusal(case)

    assert error.error_class == case.error_class
    assert (error.subcode, error.http_status, error.fbtrace_id) == (case.subcode, case.status, "A6LJ")
    assert error.throttle_scope == case.scope
    assert error.retry_after_s == case.wait_s
    assert error.advice
    assert error.is_transient == case.is_transient


def test_no_row_is_left_untested() -> None:
    used = set()
    for case in CASES:
        envelope = read_envelope(case.body(), ())
        assert envelope is not None
        texts = f"{envelope.code} {envelope.message}"
        row = lookup(Facts(case.endpoint, case.status, envelope.code, envelope.subcode, envelope.is_transient, texts))
        used.add(id(row))

    unused = [row for row in TABLE if id(row) not in used and row.codes != (400,)]

    assert unused == []


def test_the_oauth_shape_of_instagram_login_is_read() -> None:
    body = b'{"error_type": "OAuthException", "code": 400, "error_message": "Matching code was not found"}'

    error = classify(Endpoint.TOKEN_CODE, 400, body, {})

    assert (error.error_class, error.code, error.message) == (ErrorClass.AUTH, 400, "Matching code was not found")


def test_an_unknown_code_is_a_plain_refusal_in_4xx_and_transient_otherwise() -> None:
    assert refusal(Case("", 31337)).error_class is ErrorClass.INVALID_REQUEST
    assert refusal(Case("", 31337, status=200)).error_class is ErrorClass.TRANSIENT


class TestDefinite:
    PROOFS = frozenset({"9007-2207027", "9-2207042", "25-2207050"})
    FAMILIES = (190, 102, 10, 3, *range(200, 300))

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_a_publish_is_refuted_by_the_short_list_alone(self, case: Case) -> None:
        error = classify(PUBLISH, case.status, case.body(), {})

        trial = case.code == 9 and "trial" in case.message
        viewers = "viewers" in case.message
        listed = f"{case.code}-{case.subcode}" in self.PROOFS or trial or case.code in self.FAMILIES
        assert error.definite == (listed and 400 <= case.status < 500 and not viewers)

    @pytest.mark.parametrize("status", [200, 302, 500, 503])
    @pytest.mark.parametrize(("code", "subcode"), [(9007, 2207027), (190, None), (9, 2207042)])
    def test_the_short_list_proves_nothing_outside_4xx(self, status: int, code: int, subcode: int | None) -> None:
        assert not classify(PUBLISH, status, Case("", code, subcode).body(), {}).definite

    def test_a_listed_subcode_under_another_code_proves_nothing(self) -> None:
        error = classify(PUBLISH, 400, Case("", 4, 2207027).body(), {})

        assert (error.error_class, error.definite) == (ErrorClass.NOT_READY, False)

    @pytest.mark.parametrize(
        ("case", "definite"),
        [
            (Case("", 100), True),
            (Case("", 36003, 2207009), True),
            (Case("", 80002), True),
            (Case("", 4), True),
            (Case("", 31337), True),
            (Case("", 1), False),
            (Case("", 2), False),
            (Case("", -1, 2207032), False),
            (Case("", -2, 2207003), False),
            (Case("", 4, 2207051), False),
            (Case("", 100, is_transient=True), False),
            (Case("", 100, status=500), False),
            (Case("", 100, status=200), False),
            (Case("", None), False),
        ],
        ids=str,
    )
    def test_other_calls_believe_a_well_formed_4xx(self, case: Case, definite: bool) -> None:
        assert refusal(case).definite == definite

    @pytest.mark.parametrize("endpoint", [PUBLISH, CREATE])
    def test_silence_is_definite_only_when_nothing_left(self, endpoint: Endpoint) -> None:
        assert unanswered(endpoint, "refused", never_left=True).definite
        assert not unanswered(endpoint, "timeout", never_left=False).definite

    @pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"error":"x"}', b"[]", b"null", b'{"success":false}'])
    @pytest.mark.parametrize("status", [200, 400, 404, 502])
    def test_what_is_no_envelope_proves_nothing(self, body: bytes, status: int) -> None:
        error = classify(CREATE, status, body, {})

        assert (error.error_class, error.definite) == (ErrorClass.TRANSIENT, False)


class TestContainerStatus:
    @pytest.mark.parametrize(
        ("text", "error_class", "subcode"),
        [
            ("Error: Media upload has failed with error code 2207026", "invalid_media", 2207026),
            ("Error: 2207076", "invalid_media", 2207076),
            ("Error: 2207077: cannot download", "invalid_media", 2207077),
            ("Error: failed with error code 2207082.", "transient", 2207082),
            ("2207053", "transient", 2207053),
            ("2207051", "blocked", 2207051),
            ("Error: 2207999", "transient", 2207999),
            ("Error: something", "transient", None),
            ("Error: 12207026 and 22070261", "transient", None),
            ("", "transient", None),
        ],
    )
    def test_the_subcode_decides(self, text: str, error_class: str, subcode: int | None) -> None:
        error = classify_container_status(text)

        assert (error.error_class, error.subcode, error.definite) == (error_class, subcode, False)
        assert error.advice


def test_no_answer_whatever_its_bytes_escapes_classification() -> None:
    chance = random.Random(11)
    values: list[object] = [None, True, -1, 10**30, 1.5, "x", "190", [], [1], {}, {"a": []}, "\ud800", float("nan")]
    names = ["message", "code", "error_subcode", "is_transient", "fbtrace_id", "error_user_title", "type", "error_data"]
    for _ in range(500):
        error = {name: chance.choice(values) for name in names if chance.random() < 0.7}
        body = json.dumps({"error": error}).encode()
        damaged = body[: chance.randrange(len(body))] if chance.random() < 0.3 else body
        status = chance.choice([200, 302, 400, 403, 429, 500])

        assert isinstance(classify(chance.choice(list(Endpoint)), status, damaged, {}), GraphError)

    assert isinstance(classify(CREATE, 400, b"[" * 100_000, {}), GraphError)
    deep = b'{"error":{"code":1,"x":' + b"[" * 5000 + b"]" * 5000 + b"}}"
    assert isinstance(classify(CREATE, 400, deep, {}), GraphError)
