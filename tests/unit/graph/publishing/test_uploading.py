"""Resumable uploads: what goes to the second host, and to no other."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from graph.answers.errors import ErrorClass, GraphError, NotOnThisLogin
from graph.client import GraphClient
from graph.publishing.publishing import UploadStatus
from pressrun.errors import Invalid
from tests.unit.graph.server import TOKEN, ScriptedServer

MP4 = "https://cdn.example/a.mp4"


class TestUpload:
    URL = "https://rupload.facebook.com/ig-api-upload/v25.0/1"

    def test_bytes_go_with_offset_and_size(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"success": True, "message": "Upload successful."})

        facebook.publishing.upload(self.URL, b"0123456789", offset=4)

        assert (server.last.path, server.last.body) == ("/ig-api-upload/v25.0/1", b"456789")
        assert server.last.headers["authorization"] == f"OAuth {TOKEN}"
        assert (server.last.headers["offset"], server.last.headers["file_size"]) == ("4", "10")

    def test_a_file_is_streamed_from_the_offset(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"success": True})
        content = bytes(range(256)) * 4096

        facebook.publishing.upload(self.URL, io.BytesIO(content), file_size=len(content), offset=1000)

        assert server.last.body == content[1000:]
        assert "transfer-encoding" not in server.last.headers

    def test_an_address_can_be_named_instead(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"success": True})

        facebook.publishing.upload(self.URL, file_url=MP4)

        assert server.last.headers["file_url"] == MP4
        assert server.last.body == b""

    @pytest.mark.parametrize(
        ("retriable", "error_class"), [(True, ErrorClass.TRANSIENT), (False, ErrorClass.INVALID_MEDIA)]
    )
    def test_a_failed_upload_is_classified(
        self, facebook: GraphClient, server: ScriptedServer, retriable: bool, error_class: ErrorClass
    ) -> None:
        info = {"retriable": retriable, "type": "ProcessingFailedError", "message": "Request processing failed"}
        server.replies({"debug_info": info}, status=400)

        with pytest.raises(GraphError, match="Request processing failed") as caught:
            facebook.publishing.upload(self.URL, b"x")

        assert caught.value.error_class is error_class

    def test_the_token_goes_to_no_other_host(self, make_client: Callable[..., GraphClient]) -> None:
        client = make_client(graph_url=None)

        with pytest.raises(Invalid, match="does not belong to Instagram"):
            client.publishing.upload("https://rupload.facebook.com.evil.example/ig-api-upload/v25.0/1", b"x")

    @pytest.mark.parametrize(
        "arguments",
        [{}, {"content": b"x", "file_url": MP4}, {"content": b"x", "offset": 1}, {"file_url": "file:///etc/passwd"}],
    )
    def test_senseless_arguments_are_refused(
        self, facebook: GraphClient, server: ScriptedServer, arguments: dict[str, object]
    ) -> None:
        with pytest.raises(Invalid):
            facebook.publishing.upload(self.URL, **arguments)  # type: ignore[arg-type]

        assert server.received == []

    def test_progress_is_read(self, facebook: GraphClient, server: ScriptedServer) -> None:
        phases = {
            "uploading_phase": {"status": "in_progress", "bytes_transferred": 500},
            "processing_phase": {"status": "not_started"},
        }
        server.replies({"id": "1", "status_code": "IN_PROGRESS", "video_status": phases})

        status = facebook.publishing.upload_status("1")

        assert status == UploadStatus(500, "in_progress", "not_started", {"id": "1", "status_code": "IN_PROGRESS"})
        assert "video_status" in server.last.query["fields"]

    def test_uploads_need_facebook_login(self, instagram: GraphClient, server: ScriptedServer) -> None:
        with pytest.raises(NotOnThisLogin):
            instagram.publishing.upload(self.URL, b"x")
        with pytest.raises(NotOnThisLogin):
            instagram.publishing.upload_status("1")

        assert server.received == []
