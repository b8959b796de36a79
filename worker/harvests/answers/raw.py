"""Answers of a harvest on their way into `raw_answers`: without any token, compressed at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from graph.client import CallRecord
from graph.wire.endpoints import Endpoint
from models.harvests.raw_answer import Answer, keep_answers, packed
from pressrun.log import REDACTED, redact


@dataclass
class RawAnswers:
    """What one step was answered and has not stored yet."""

    _waiting: list[Answer] = field(default_factory=list)
    _number: int = 0

    def add(self, record: CallRecord, *, tokens: Sequence[str]) -> None:
        """Keep the answer of this call; of one that failed there is none."""
        if record.body is None or record.asked is None:
            return
        self._keep(record.endpoint, record.asked, record.body, record.asked_at, tokens)

    def add_part(
        self, endpoint: Endpoint, asked: Mapping[str, Any], answer: Any, *, asked_at: datetime, tokens: Sequence[str]
    ) -> None:
        """Keep what one answer told this step, as a call for it alone would have been answered."""
        body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        self._keep(endpoint, asked, body, asked_at, tokens)

    def _keep(
        self, endpoint: Endpoint, asked: Mapping[str, Any], body: bytes, asked_at: datetime, tokens: Sequence[str]
    ) -> None:
        self._number += 1
        kept = packed(without_secrets(body, *tokens))
        self._waiting.append(Answer(self._number, asked_at, endpoint.value, asked, kept))

    def store(self, tx: Session, *, run_id: int, account_id: int, api_version: str) -> None:
        waiting, self._waiting = self._waiting, []
        keep_answers(tx, waiting, run_id=run_id, account_id=account_id, api_version=api_version)


def without_secrets(body: bytes, *tokens: str) -> bytes:
    """The same JSON, in which addresses of further pages no longer hold a token."""
    text = body.decode("utf-8", "replace")
    given = tuple(filter(None, tokens))
    if redact(text) == text and not any(token in text for token in given):
        return body
    # By value and not in the text: a cut must not eat the backslash that guards a quotation mark.
    return json.dumps(_clean(json.loads(text), given), ensure_ascii=False).encode("utf-8", "replace")


def _clean(value: Any, tokens: Sequence[str]) -> Any:
    if isinstance(value, str):
        for token in tokens:
            value = value.replace(token, REDACTED)
        return redact(value)
    if isinstance(value, list | dict) and _is_clean(value, tokens):
        return value
    if isinstance(value, list):
        return [_clean(one, tokens) for one in value]
    if isinstance(value, dict):
        return {name: REDACTED if name == "access_token" else _clean(one, tokens) for name, one in value.items()}
    return value


def _is_clean(value: Any, tokens: Sequence[str]) -> bool:
    """Whether nothing in it has to go: whole media are looked through as one text, and not word by word.

    Not where the text escapes anything: what begins a word in the value might not in the text.
    """
    text = json.dumps(value, ensure_ascii=False)
    has_none = "\\" not in text and "access_token" not in text and not any(token in text for token in tokens)
    return has_none and redact(text) == text
