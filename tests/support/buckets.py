"""An S3 server of this machine, and the settings under which its bucket is used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pressrun.media.bucket import Bucket, Place

ACCESS_KEY, SECRET_KEY = "AKIDPRESSRUNTESTS", "bucket-secret-of-the-tests"


@dataclass(frozen=True)
class S3:
    """A running server with one empty bucket. `place` is how our own client sees it."""

    place: Place
    client: Any

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "s3_bucket": self.place.bucket,
            "s3_endpoint": self.place.endpoint,
            "s3_access_key": ACCESS_KEY,
            "s3_secret_key": SECRET_KEY,
        }

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.place)

    def keys(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.place.bucket).get("Contents", [])
        return [one["Key"] for one in found]

    def uploads(self) -> list[dict[str, Any]]:
        """What was begun in parts and neither completed nor aborted."""
        return list(self.client.list_multipart_uploads(Bucket=self.place.bucket).get("Uploads", []))


@contextmanager
def s3_server() -> Iterator[S3]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
    try:
        host, port = server.get_host_and_port()
        place = Place("media", f"http://{host}:{port}", "us-east-1", "pressrun/", ACCESS_KEY, SECRET_KEY)
        client = Bucket(place)._s3()
        client.create_bucket(Bucket=place.bucket)
        yield S3(place, client)
        client.close()
    finally:
        server.stop()
