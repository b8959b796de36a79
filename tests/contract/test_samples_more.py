"""graph/ and its readers of webhooks against what graph-api.md records of insights, errors, tokens, notifications."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from console.instagram.notification import read_notification
from graph.accounts.insights import Breakdown, BreakdownResult, Insight, InsightValue, TotalValue
from graph.answers.errors import ErrorClass, GraphError
from graph.client import Credentials, GraphClient, Login
from graph.login.webhooks import Subscription
from graph.publishing.containers import ContainerKind, ContainerSpec
from graph.publishing.publishing import ContainerStatus, Refused, Unknown
from graph.wire.transport import Transport
from models.history.comment import SeenComment
from operations.accounts.webhooks import Change
from pressrun.instagram import signatures
from tests.contract.samples import IG_ID, SAMPLES
from tests.unit.graph.server import ScriptedServer
from worker.harvests.answers.notices import MentionNotice, StoryReport, read_comment, read_mention, read_story_report

IMAGE = ContainerSpec(ContainerKind.IMAGE, media_url="https://example.org/a.jpg")
_ABOUT_REACH = "Total number of unique accounts that have seen this profile"

READ: dict[str, tuple[Callable[[GraphClient], object], object]] = {
    "6.4 series": (
        lambda c: c.insights.account(["reach"], period="day"),
        (
            Insight(
                "reach",
                "day",
                "Reach",
                (InsightValue(3, datetime(2026, 5, 4, 7, tzinfo=UTC)),),
                extra={"description": _ABOUT_REACH, "id": f"{IG_ID}/insights/reach/day"},
            ),
        ),
    ),
    "6.4 total": (
        lambda c: c.insights.account(
            ["reach"], period="day", metric_type="total_value", breakdown="media_product_type"
        ),
        (
            Insight(
                "reach",
                "day",
                "Accounts reached",
                total=TotalValue(
                    224,
                    (
                        Breakdown(
                            ("media_product_type",),
                            (BreakdownResult(("POST",), 124), BreakdownResult(("CAROUSEL_CONTAINER",), 100)),
                        ),
                    ),
                ),
                extra={"id": f"{IG_ID}/insights/reach/day"},
            ),
        ),
    ),
    "6.4 story": (
        lambda c: c.insights.media("17969782069736348", ["navigation"], breakdown="story_navigation_action_type"),
        (
            Insight(
                "navigation",
                "lifetime",
                values=(InsightValue(25),),
                total=TotalValue(
                    25,
                    (
                        Breakdown(
                            ("story_navigation_action_type",),
                            (BreakdownResult(("tap_forward",), 19), BreakdownResult(("tap_back",), 6)),
                        ),
                    ),
                ),
                extra={"id": "17969782069736348/insights/navigation/lifetime"},
            ),
        ),
    ),
    "6.4 nothing": (lambda c: c.insights.account(["reach"], period="day"), ()),
    "7 subscribed": (
        lambda c: c.webhooks.subscriptions(page_id="134895793791914"),
        (Subscription("138483919580948", ("comments", "messages"), {"name": "App"}),),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_insights_and_subscriptions(recorded: GraphClient, answers: ScriptedServer, name: str) -> None:
    call, expected = READ[name]
    answers.replies(SAMPLES[name])

    assert call(recorded) == expected


def test_containers_that_failed_or_expired(recorded: GraphClient, answers: ScriptedServer) -> None:
    answers.replies(SAMPLES["2.4 error"], SAMPLES["2.4 expired"])

    failed, expired = recorded.publishing.container("17889615691921648"), recorded.publishing.container("1")

    assert failed.status_code is ContainerStatus.ERROR
    assert failed.error is not None
    assert (failed.error.error_class, failed.error.subcode) == (ErrorClass.INVALID_MEDIA, 2207026)
    assert (expired.status_code, expired.status) == (ContainerStatus.EXPIRED, "")
    assert expired.error is not None
    assert expired.error.error_class is ErrorClass.CONTAINER_EXPIRED


def test_the_error_envelope(recorded: GraphClient, answers: ScriptedServer) -> None:
    answers.replies(SAMPLES["3.1 error"], status=400)

    with pytest.raises(GraphError) as caught:
        recorded.publishing.create_container(IMAGE)

    error = caught.value
    assert (error.code, error.subcode, error.http_status) == (36000, 2207004, 400)
    assert error.error_class is ErrorClass.INVALID_MEDIA
    assert (error.message, error.user_title) == ("The image size is too large.", "Image size too large")
    assert error.user_message == "The image is too large to download. It should be less than 8 MiB."
    assert error.fbtrace_id == "A6LJylpZRQw2xKLFsAP-cJh"
    assert error.definite is True
    assert error.is_transient is False


def test_an_error_with_data_that_is_text(recorded: GraphClient, answers: ScriptedServer) -> None:
    answers.replies(SAMPLES["3.1 error with data"], status=400)

    with pytest.raises(GraphError) as caught:
        recorded.users.profile()

    assert (caught.value.code, caught.value.error_class) == (100, ErrorClass.INVALID_REQUEST)


@pytest.mark.parametrize("name", ["3.1 error", "3.1 no success"])
def test_an_error_behind_a_200(recorded: GraphClient, answers: ScriptedServer, name: str) -> None:
    answers.replies(SAMPLES[name], SAMPLES[name])

    outcome = recorded.publishing.publish("17889615691921648")

    assert isinstance(outcome, Unknown), "it does not prove that nothing was published"
    with pytest.raises(GraphError):
        recorded.media.delete("17918195224117851")


def test_only_known_answers_prove_that_nothing_was_published(recorded: GraphClient, answers: ScriptedServer) -> None:
    quota = SAMPLES["3.1 error"]["error"] | {"code": 9, "error_subcode": 2207042}
    answers.replies({"error": quota}, SAMPLES["3.1 error"], status=400)

    assert isinstance(recorded.publishing.publish("1"), Refused)
    assert isinstance(recorded.publishing.publish("1"), Unknown)


def test_a_refused_upload(recorded: GraphClient, answers: ScriptedServer) -> None:
    answers.replies(SAMPLES["2.3 failed"], status=400)

    with pytest.raises(GraphError, match="Request processing failed") as caught:
        recorded.publishing.upload("https://rupload.facebook.com/ig-api-upload/v25.0/1", b"bytes")

    assert caught.value.error_class is ErrorClass.INVALID_MEDIA


@pytest.fixture
def instagram(answers: ScriptedServer) -> Any:
    credentials = Credentials(Login.INSTAGRAM, IG_ID, "IGAAtoken")
    with Transport() as transport:
        yield GraphClient(credentials, transport, graph_url=answers.url, app_id="1", app_secret="hush")


@pytest.mark.parametrize("name", ["1.4 code in a list", "1.4 code flat"])
def test_both_shapes_of_the_code_exchange(instagram: GraphClient, answers: ScriptedServer, name: str) -> None:
    answers.replies(SAMPLES[name])

    token = instagram.tokens.exchange_code("code#_", "https://example.org/back")

    assert (token.token, token.user_id) == ("IGAAshort", IG_ID)
    assert token.permissions[0] == "instagram_business_basic"
    assert token.expires_at is None


def test_the_other_error_shape(instagram: GraphClient, answers: ScriptedServer) -> None:
    answers.replies(SAMPLES["3.1 login error"], status=400)

    with pytest.raises(GraphError, match="already used") as caught:
        instagram.tokens.exchange_code("code", "https://example.org/back")

    assert caught.value.error_class is ErrorClass.AUTH


def test_the_long_token(recorded: GraphClient, answers: ScriptedServer) -> None:
    answers.replies(SAMPLES["1.4 exchange"])

    token = recorded.tokens.exchange()

    assert token.token == "EAAlong"
    assert token.expires_at is not None
    assert 59 < (token.expires_at - datetime.now(UTC)).days + 1 <= 60  # noqa: TID251 - as an outsider sees it


_SENT = datetime(2018, 3, 9, 19, 16, 8, tzinfo=UTC)
_COMMENT = {"text": "Schön 😍", "from_id": "232323232"}
NOTIFIED: dict[str, tuple[Callable[[Any], object], object]] = {
    "7 mention in a comment": (read_mention, MentionNotice("17918195224117851", "17894227972186120")),
    "7 mention in a caption": (read_mention, MentionNotice("17918195224117851", "")),
    "7 comment": (
        read_comment,
        SeenComment(
            ig_id="17865799348089039",
            ig_media_id="123123123",
            parent_ig_id="1231231234",
            username="candywest",
            text="Schön 😍",
            extra={"from_id": "232323232", "media_product_type": "FEED"},
        ),
    ),
    "7 comment of the Facebook sample": (
        read_comment,
        SeenComment(
            ig_id="17865799348089039",
            ig_media_id="123123123",
            username="candywest",
            text="hi",
            extra={"from_id": "232323232", "self_ig_scoped_id": "9", "media_product_type": "FEED", "ad_id": "1"},
        ),
    ),
    "7 story insights": (
        read_story_report,
        StoryReport(
            "18023345989012587",
            metrics={"reach": 17, "replies": 0},
            extra={"impressions": 28, "taps_forward": 12, "taps_back": 0},
        ),
    ),
}


@pytest.mark.parametrize("name", NOTIFIED)
def test_notifications(name: str) -> None:
    """As Meta sends them: unicode escaped, signed over exactly these bytes."""
    raw = json.dumps(SAMPLES[name]).encode()
    read, expected = NOTIFIED[name]

    assert signatures.verify(raw, signatures.sign(raw, "hush"), ["hush"])
    assert not signatures.verify(
        json.dumps(SAMPLES[name], ensure_ascii=False, indent=1).encode(), signatures.sign(raw, "hush"), ["hush"]
    )
    (change,) = read_notification(raw)
    assert (change.object, change.entry_id) == ("instagram", IG_ID)
    assert read(change.value) == expected
    if "comment" in name:
        assert change == Change("instagram", IG_ID, change.field, change.value, _SENT)
