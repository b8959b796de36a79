"""The second host of resumable uploads: bytes to rupload.facebook.com (graph-api.md §2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from graph.answers.reading import Node
from graph.calls import UPLOAD_URL, Call, Caller
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid

Content = bytes | BinaryIO
_CHUNK = 256 * 1024
_PATH = "/ig-api-upload/"


@dataclass(frozen=True)
class UploadStatus:
    """How far an upload and its processing have come; None when Instagram did not say."""

    bytes_transferred: int | None
    uploading: str | None
    processing: str | None
    extra: dict[str, Any] = field(default_factory=dict)


def upload_call(
    caller: Caller,
    upload_url: str,
    content: Content | None,
    *,
    file_size: int | None,
    offset: int,
    file_url: str | None,
    deadline_s: float | None,
) -> Call:
    """The call that sends a file or names its address. Raises Invalid when it must not be made."""
    url = _trusted(caller, upload_url)
    if file_url is None:
        headers, body = _content(content, file_size, offset)
    elif content is None and file_url.isascii() and file_url.startswith(("http://", "https://")):
        headers, body = {"file_url": file_url}, b""
    else:
        raise Invalid("an upload takes either content or one http(s) file_url in ASCII", type="upload.content")
    return Call(
        Endpoint.UPLOAD,
        "POST",
        url=url,
        scheme="OAuth",
        with_proof=False,
        headers=headers,
        content=body,
        deadline_s=deadline_s,
    )


def _content(
    content: Content | None, file_size: int | None, offset: int
) -> tuple[dict[str, str], bytes | Iterator[bytes]]:
    size = len(content) if isinstance(content, bytes) else file_size
    if content is None or size is None or not 0 <= offset < size:
        raise Invalid("an upload needs content, its size, and an offset within it", type="upload.content")
    headers = {
        "offset": str(offset),
        "file_size": str(size),
        "Content-Length": str(size - offset),
        "Content-Type": "application/octet-stream",
    }
    return headers, content[offset:] if isinstance(content, bytes) else _chunks(content, offset, size)


def read_upload_status(node: Node) -> UploadStatus:
    video = node.node("video_status")
    uploading = video.node("uploading_phase") if video else None
    processing = video.node("processing_phase") if video else None
    return UploadStatus(
        bytes_transferred=uploading.whole("bytes_transferred") if uploading else None,
        uploading=uploading.text("status") if uploading else None,
        processing=processing.text("status") if processing else None,
        extra=node.rest(),
    )


def _trusted(caller: Caller, upload_url: str) -> str:
    """The address to upload to. The token goes there, so it must be Instagram's host, or the one that replaces it."""
    host = caller.host(UPLOAD_URL)
    if upload_url.startswith(host + "/"):
        return upload_url
    path = urlsplit(upload_url).path
    if host == UPLOAD_URL or not path.startswith(_PATH):
        raise Invalid("the upload address does not belong to Instagram", type="upload.address")
    return host + path


def _chunks(file: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    file.seek(offset)
    left = size - offset
    while left and (chunk := file.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk
