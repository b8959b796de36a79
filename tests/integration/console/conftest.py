from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console.app import create_app
from migrations import HEAD
from models.hooks.inbox import InboxEvent
from models.store.session import Database
from operations.operation import Context
from pressrun import clock
from pressrun.instagram import signatures
from pressrun.media import links
from pressrun.media.store import Kept, MediaStore
from pressrun.network.trust import authorities
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.support.web import serve

APP_SECRET = "app secret of the tests"
VERIFY_TOKEN = "verify token of the tests"


@dataclass
class Console:
    """A console behind real HTTP, and what tests ask of it."""

    http: httpx.Client
    database: Database
    store: MediaStore

    def notify(self, raw: bytes, *, secret: str = APP_SECRET, signature: str | None = None) -> httpx.Response:
        """What Instagram does: these bytes, signed."""
        header = signatures.sign(raw, secret) if signature is None else signature
        headers = {b"X-Hub-Signature-256": header.encode("latin-1"), b"Content-Type": b"application/json"}
        return self.http.post("/webhooks/instagram", content=raw, headers=headers)

    def inbox(self) -> list[InboxEvent]:
        with self.database.transaction() as tx:
            return list(tx.scalars(select(InboxEvent).order_by(InboxEvent.id)))

    def link(self, kept: Kept, *, key: str = KEY, lasts: timedelta = timedelta(minutes=5)) -> str:
        """The path under which a kept file may be fetched."""
        expires_at = clock.now() + lasts
        return links.sign("", kept.sha256, kept.extension, expires_at=expires_at, key=links.derive_key(key))


@contextmanager
def running_console(database: Database, home: Path, **over: Any) -> Iterator[Console]:
    told: dict[str, Any] = {"app_secret": APP_SECRET, "webhook_verify_token": VERIFY_TOKEN, "home": home}
    settings = Settings(**told | over)
    app = create_app(
        Context(database, settings),
        media_keys=[links.derive_key(KEY)],
        media_root=home / "media",
        schema_head=HEAD,
    )
    with serve(app) as url, httpx.Client(base_url=url, timeout=30, verify=authorities()) as http:
        yield Console(http, database, MediaStore(home / "media"))


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Iterator[Console]:
    with running_console(database, tmp_path) as running:
        yield running


def envelope(*changes: dict[str, Any], entry_id: str = "17841400000000000", time: int = 1520622968) -> bytes:
    """A notification as Instagram writes it."""
    return json.dumps({"object": "instagram", "entry": [{"id": entry_id, "time": time, "changes": changes}]}).encode()
