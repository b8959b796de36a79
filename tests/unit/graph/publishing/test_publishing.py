"""Containers and publishing: what goes out, and what each answer means for "is it live?"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graph.answers.errors import ErrorClass, GraphError, NotOnThisLogin
from graph.client import GraphClient
from graph.publishing.publishing import (
    AudioConfiguration,
    Container,
    ContainerKind,
    ContainerSpec,
    ContainerStatus,
    CreatedContainer,
    InvalidSpec,
    ProductTag,
    PublishingLimit,
    UserTag,
)
from graph.wire.endpoints import Endpoint
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import TOKEN, ScriptedServer

JPEG = "https://cdn.example/a.jpg"
MP4 = "https://cdn.example/a.mp4"


class TestCreateContainer:
    def test_an_image_is_sent_as_a_form_with_the_token_in_the_header(
        self, facebook: GraphClient, server: ScriptedServer
    ) -> None:
        server.replies({"id": "17900000000000001"})
        spec = ContainerSpec(
            ContainerKind.IMAGE,
            media_url=JPEG,
            caption="hé #tag",
            alt_text="a cat",
            user_tags=(UserTag("jo", 0.5, 0.25),),
            location_id="110843418940484",
            collaborators=("ann", "bob"),
            is_ai_generated=True,
        )

        created = facebook.publishing.create_container(spec)

        assert created == CreatedContainer("17900000000000001")
        assert (server.last.method, server.last.path) == ("POST", f"/v25.0/{IG_ID}/media")
        assert server.last.query == {}
        assert server.last.headers["authorization"] == f"Bearer {TOKEN}"
        assert server.last.json("user_tags") == [{"username": "jo", "x": 0.5, "y": 0.25}]
        assert server.last.json("collaborators") == ["ann", "bob"]
        plain = {k: v for k, v in server.last.form.items() if k not in ("user_tags", "collaborators")}
        assert plain == {
            "image_url": JPEG,
            "caption": "hé #tag",
            "alt_text": "a cat",
            "location_id": "110843418940484",
            "is_ai_generated": "true",
        }

    def test_a_reel_carries_all_its_parameters(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"id": "1"})
        spec = ContainerSpec(
            ContainerKind.REEL,
            media_url=MP4,
            caption="c",
            user_tags=(UserTag("jo"),),
            product_tags=(ProductTag("3231775643511089"),),
            cover_url=JPEG,
            thumb_offset_ms=1500,
            share_to_feed=False,
            audio_name="mine",
            audio_configuration=AudioConfiguration("77", 80, 20),
            trial_graduation_strategy="MANUAL",
            is_paid_partnership=True,
            branded_content_sponsor_ids=("17841400000000009",),
        )

        facebook.publishing.create_container(spec)

        form = server.last.form
        assert form["media_type"] == "REELS"
        assert form["video_url"] == MP4
        assert form["thumb_offset"] == "1500"
        assert form["share_to_feed"] == "false"
        assert form["is_paid_partnership"] == "true"
        assert server.last.json("user_tags") == [{"username": "jo"}]
        assert server.last.json("product_tags") == [{"product_id": "3231775643511089"}]
        assert server.last.json("audio_configuration") == {"audio_id": "77", "audio_volume": 80, "video_volume": 20}
        assert server.last.json("trial_params") == {"graduation_strategy": "MANUAL"}
        assert server.last.json("branded_content_sponsor_ids") == ["17841400000000009"]

    @pytest.mark.parametrize(
        ("spec", "form"),
        [
            (ContainerSpec(ContainerKind.STORY_IMAGE, media_url=JPEG), {"media_type": "STORIES", "image_url": JPEG}),
            (ContainerSpec(ContainerKind.STORY_VIDEO, media_url=MP4), {"media_type": "STORIES", "video_url": MP4}),
            (
                ContainerSpec(ContainerKind.CAROUSEL_IMAGE, media_url=JPEG),
                {"image_url": JPEG, "is_carousel_item": "true"},
            ),
            (
                ContainerSpec(ContainerKind.CAROUSEL_VIDEO, media_url=MP4),
                {"media_type": "VIDEO", "video_url": MP4, "is_carousel_item": "true"},
            ),
            (
                ContainerSpec(ContainerKind.CAROUSEL, caption="c", children=("1", "2")),
                {"media_type": "CAROUSEL", "caption": "c", "children": "1,2"},
            ),
        ],
        ids=lambda value: value.kind if isinstance(value, ContainerSpec) else "",
    )
    def test_each_other_kind(
        self, instagram: GraphClient, server: ScriptedServer, spec: ContainerSpec, form: dict[str, str]
    ) -> None:
        server.replies({"id": "1"})

        instagram.publishing.create_container(spec)

        assert server.last.form == form

    def test_a_resumable_container_returns_its_upload_address(
        self, facebook: GraphClient, server: ScriptedServer
    ) -> None:
        server.replies({"id": "1", "uri": "https://rupload.facebook.com/ig-api-upload/v25.0/1"})

        created = facebook.publishing.create_container(ContainerSpec(ContainerKind.REEL, resumable=True))

        assert created.upload_url == "https://rupload.facebook.com/ig-api-upload/v25.0/1"
        assert server.last.form == {"media_type": "REELS", "upload_type": "resumable"}

    def test_an_invalid_spec_never_reaches_instagram(self, facebook: GraphClient, server: ScriptedServer) -> None:
        with pytest.raises(InvalidSpec, match="caption is not allowed on a story image"):
            facebook.publishing.create_container(ContainerSpec(ContainerKind.STORY_IMAGE, media_url=JPEG, caption="x"))

        assert server.received == []

    @pytest.mark.parametrize(
        "spec",
        [
            ContainerSpec(ContainerKind.REEL, resumable=True),
            ContainerSpec(ContainerKind.REEL, media_url=MP4, product_tags=(ProductTag("1"),)),
            ContainerSpec(ContainerKind.REEL, media_url=MP4, audio_configuration=AudioConfiguration("1")),
            ContainerSpec(ContainerKind.REEL, media_url=MP4, is_paid_partnership=True),
            ContainerSpec(ContainerKind.REEL, media_url=MP4, branded_content_sponsor_ids=("1",)),
        ],
    )
    def test_what_needs_facebook_login_never_reaches_instagram(
        self, instagram: GraphClient, server: ScriptedServer, spec: ContainerSpec
    ) -> None:
        with pytest.raises(NotOnThisLogin, match="not available on Instagram Login"):
            instagram.publishing.create_container(spec)

        assert server.received == []

    def test_a_refusal_is_raised(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.refuses(36003, 2207009, message="The aspect ratio is not supported")

        with pytest.raises(GraphError) as caught:
            facebook.publishing.create_container(ContainerSpec(ContainerKind.IMAGE, media_url=JPEG))

        assert caught.value.error_class is ErrorClass.INVALID_MEDIA
        assert caught.value.definite
        assert caught.value.endpoint is Endpoint.CREATE_CONTAINER


class TestContainer:
    @pytest.mark.parametrize("status_code", list(ContainerStatus))
    def test_every_documented_status_is_read(
        self, facebook: GraphClient, server: ScriptedServer, status_code: ContainerStatus
    ) -> None:
        server.replies({"id": "5", "status_code": status_code.value, "status": "text"})

        assert facebook.publishing.container("5").status_code is status_code
        assert server.last.query["fields"] == "id,status_code,status,copyright_check_status"

    def test_the_subcode_in_an_error_status_is_classified(self, facebook: GraphClient, server: ScriptedServer) -> None:
        status = "Error: Media upload has failed with error code 2207026"
        server.replies({"id": "5", "status_code": "ERROR", "status": status})

        error = facebook.publishing.container("5").error

        assert error is not None
        assert (error.error_class, error.subcode, error.message) == (ErrorClass.INVALID_MEDIA, 2207026, status)

    def test_an_expired_container_says_so(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"id": "5", "status_code": "EXPIRED"})

        error = facebook.publishing.container("5").error

        assert error is not None
        assert error.error_class is ErrorClass.CONTAINER_EXPIRED

    def test_what_is_not_known_is_kept(self, facebook: GraphClient, server: ScriptedServer) -> None:
        check = {"status": "completed", "matches_found": False}
        server.replies({"id": "5", "status_code": "FINISHED", "status": "ok", "copyright_check_status": check})

        assert facebook.publishing.container("5") == Container(
            "5", ContainerStatus.FINISHED, "ok", None, {"copyright_check_status": check}
        )

    @pytest.mark.parametrize("answer", [{"id": "5", "status_code": "PONDERING"}, {"id": "5"}, {"status_code": 7}, []])
    def test_an_unknown_status_is_a_transient_error_that_names_it(
        self, facebook: GraphClient, server: ScriptedServer, answer: object
    ) -> None:
        server.replies(answer)

        with pytest.raises(GraphError, match=r"PONDERING|None|status_code|list") as caught:
            facebook.publishing.container("5")

        assert caught.value.error_class is ErrorClass.TRANSIENT

    def test_a_fresh_container_that_cannot_be_shown_yet_is_transient(
        self, facebook: GraphClient, server: ScriptedServer
    ) -> None:
        server.refuses(100, 33, message="Unsupported get request. Object with ID '5' does not exist")

        with pytest.raises(GraphError) as caught:
            facebook.publishing.container("5")

        assert caught.value.error_class is ErrorClass.TRANSIENT
        assert len(server.received) == 1, "it lasts minutes: asking again at once is a wasted call"


class TestLimit:
    def test_usage_and_total_are_read(self, instagram: GraphClient, server: ScriptedServer) -> None:
        server.replies({"data": [{"quota_usage": 2, "config": {"quota_total": 50, "quota_duration": 86400}}]})

        limit = instagram.publishing.limit(datetime(2026, 11, 1, tzinfo=UTC))

        assert limit == PublishingLimit(2, 50, 86400)
        assert server.last.path == f"/v25.0/{IG_ID}/content_publishing_limit"
        assert server.last.query == {"fields": "quota_usage,config", "since": "1793491200"}

    @pytest.mark.parametrize("answer", [{"data": []}, {"data": [{}]}])
    def test_missing_is_unknown_and_not_zero(
        self, instagram: GraphClient, server: ScriptedServer, answer: object
    ) -> None:
        server.replies(answer)

        assert instagram.publishing.limit() == PublishingLimit(None, None, None)
