"""Requests under an idempotency key: the same again gets the same answer. Machinery of the faces, and no wish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.access.answer import Found, claim_key, keep_answer, release_key
from operations.operation import Asker, Context
from pressrun import clock
from pressrun.errors import Conflict, Invalid

LONGEST_KEY = 200


@dataclass(frozen=True)
class Given:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Ticket:
    """Who asks what under which key."""

    asker: str
    key: str
    digest: str

    @classmethod
    def of(cls, asker: Asker, key: str, digest: str) -> Ticket:
        """A key of the API and a person may be called the same, and are two."""
        if asker.key_id is not None:
            return cls(f"key {asker.key_id}", key, digest)
        return cls(asker.name if asker.user_id is None else f"user {asker.user_id}", key, digest)

    def claim(self, ctx: Context) -> Given | None:
        """None: the request is the caller's, who keeps its answer or releases the key. Else the answer of before.

        Raises:
            Invalid: another request was made under the key.
            Conflict: the same one is under way.
        """
        with ctx.database.glance() as connection:
            found = claim_key(connection, self.asker, self.key, self.digest, now=clock.now())
        return None if found is None else self._given(found)

    def keep(self, ctx: Context, given: Given) -> None:
        with ctx.database.glance() as connection:
            keep_answer(
                connection,
                self.asker,
                self.key,
                self.digest,
                status=given.status,
                headers=given.headers,
                body=given.body,
                now=clock.now(),
            )

    def release(self, ctx: Context) -> None:
        with ctx.database.glance() as connection:
            release_key(connection, self.asker, self.key, self.digest)

    def _given(self, found: Found) -> Given:
        if found.digest != self.digest:
            said = "another request was made under this key: give each its own"
            raise Invalid(said, type="idempotency.other_request", field="Idempotency-Key")
        if found.status is None:
            said = "the same request is under way: ask again in a moment"
            raise Conflict(said, type="idempotency.under_way", field="Idempotency-Key")
        return Given(found.status, found.headers, found.body)
