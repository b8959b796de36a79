"""A bucket of any S3-compatible service: kept files put there, presigned addresses of them, and their removal.

What is under way in the bucket is asked of the bucket, never remembered: an upload in parts that a kill has left is
found again by the object's name, and goes on behind its last whole part. boto3 is imported on first use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pressrun.errors import PressrunError
from pressrun.log import redact
from pressrun.media import bucket_keys
from pressrun.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024
"""Of each part but the last; services take no less than 5 MiB."""
LINK_LIVES = timedelta(hours=24)
"""As long as a container may still want to read its media."""
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONNECT_S, _READ_S = 5, 20


class BucketTrouble(PressrunError):
    """The bucket does not do what it was asked for. `code` is its own word for why, if it said one."""

    type = "bucket.trouble"

    def __init__(self, bucket: str, why: str, code: str | None = None) -> None:
        self.code = code
        super().__init__(redact(f"the bucket {bucket} {why}"))


def key_of(settings: Settings, sha256: str, extension: str) -> str:
    """The name of the object that holds this kept file."""
    return f"{settings.s3_prefix}{sha256}.{extension}"


@dataclass(frozen=True)
class Place:
    """Where a bucket is, and the key that opens it."""

    bucket: str
    endpoint: str | None
    region: str
    prefix: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Place | None:
        """None where the settings name no bucket. Raises SecretUnreadable where its keys are sealed and do not open."""
        keys = bucket_keys.opened(settings)
        if settings.s3_bucket is None or keys is None:
            return None
        return cls(settings.s3_bucket, settings.s3_endpoint, settings.s3_region, settings.s3_prefix, *keys)


class Bucket:
    """Safe for several threads. Every call may raise BucketTrouble, and none takes more than some 30 s a part."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._client: S3Client | None = None
        self._lock = threading.Lock()

    def put(self, path: Path, key: str, media_type: str, *, between: Callable[[], None]) -> None:
        """Put the whole file there, in parts if it is large; one that is there already is left as it is.

        `between` is called before each request that sends bytes; what it raises comes through, and the parts that are
        there by then are found again by the next call.
        """
        size = path.stat().st_size
        if self.size_of(key) == size:
            return
        with path.open("rb") as file:
            if size <= PART_BYTES:
                between()
                self._ask("put_object", Key=key, Body=file, ContentType=media_type)
            else:
                self._put_parts(file, size, key, media_type, between)

    def size_of(self, key: str) -> int | None:
        """How many bytes the object has; None when there is none."""
        try:
            return int(self._ask("head_object", Key=key)["ContentLength"])
        except BucketTrouble as trouble:
            if trouble.code in _ABSENT:
                return None
            raise

    def remove(self, key: str) -> None:
        """Take the object and every upload to it that was begun out of the bucket; what is not there is no trouble."""
        for upload_id in self._begun(key):
            self._abort(key, upload_id)
        self._ask("delete_object", Key=key)

    def address(self, key: str, *, lives: timedelta = LINK_LIVES, head: bool = False) -> str:
        """A presigned address of the object. It is signed for GET, or for HEAD: services refuse the other."""
        told = {"Bucket": self.place.bucket, "Key": key}
        method, lives_s = "head_object" if head else "get_object", int(lives.total_seconds())
        return self._s3().generate_presigned_url(method, Params=told, ExpiresIn=lives_s)

    def close(self) -> None:
        """End the connections that are kept open; the next call opens others."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _put_parts(self, file: BinaryIO, size: int, key: str, media_type: str, between: Callable[[], None]) -> None:
        upload_id, there = self._taken_up(key, size)
        if upload_id is None:
            between()
            upload_id = self._ask("create_multipart_upload", Key=key, ContentType=media_type)["UploadId"]
        for number, start in enumerate(range(0, size, PART_BYTES), 1):
            if number in there:
                continue
            between()
            file.seek(start)
            piece = file.read(PART_BYTES)
            told = self._ask("upload_part", Key=key, UploadId=upload_id, PartNumber=number, Body=piece)
            there[number] = told["ETag"]
        between()
        parts = {"Parts": [{"PartNumber": number, "ETag": there[number]} for number in sorted(there)]}
        self._ask("complete_multipart_upload", Key=key, UploadId=upload_id, MultipartUpload=parts)

    def _taken_up(self, key: str, size: int) -> tuple[str | None, dict[int, str]]:
        """The upload to go on with, and the tags of its whole parts. Others to the same object are given up."""
        begun = self._begun(key)
        for upload_id in begun[:-1]:
            self._abort(key, upload_id)
        if not begun:
            return None, {}
        newest = begun[-1]
        parts = {one["PartNumber"]: one for one in self._ask("list_parts", Key=key, UploadId=newest).get("Parts", [])}
        starts = dict(enumerate(range(0, size, PART_BYTES), 1))
        if all(part["Size"] == min(PART_BYTES, size - starts.get(number, size)) for number, part in parts.items()):
            return newest, {number: part["ETag"] for number, part in parts.items()}
        self._abort(key, newest)  # begun by a release that cut it otherwise
        return None, {}

    def _begun(self, key: str) -> list[str]:
        """Ids of the uploads to this object that were neither completed nor aborted, oldest first."""
        found = self._ask("list_multipart_uploads", Prefix=key).get("Uploads", [])
        mine = [(one["Initiated"], one["UploadId"]) for one in found if one["Key"] == key]
        return [upload_id for _, upload_id in sorted(mine)]

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            self._ask("abort_multipart_upload", Key=key, UploadId=upload_id)
        except BucketTrouble as trouble:
            if trouble.code != "NoSuchUpload":
                raise

    def _ask(self, method: str, **told: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._s3(), method)(Bucket=self.place.bucket, **told)
        except ClientError as refused:
            said = refused.response.get("Error", {})
            code = str(said.get("Code", ""))
            why = f"refuses: {code or 'no code'} {said.get('Message', '')}".rstrip()
            raise BucketTrouble(self.place.bucket, why, code) from None
        except BotoCoreError as problem:
            raise BucketTrouble(self.place.bucket, f"cannot be reached: {problem}") from None

    def _s3(self) -> S3Client:
        with self._lock:  # making one is not safe for several threads
            if self._client is None:
                self._client = _client(self.place)
            return self._client


def _client(place: Place) -> S3Client:
    from boto3.session import Session
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"total_max_attempts": 1},  # what fails is tried again by its row
        # A name of its own for each bucket is Amazon's habit; other services are found under the one that was given.
        s3={"addressing_style": "path" if place.endpoint else "auto"},
        # Newer checksums are unknown to many services that are not Amazon's.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        proxies={},
    )
    session = Session(place.access_key, place.secret_key, region_name=place.region)
    return session.client("s3", endpoint_url=place.endpoint, config=config)
