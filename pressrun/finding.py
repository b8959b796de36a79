"""What a check of `doctor` found: whoever looks at servers and whoever looks at rows say it in the same form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    OK = "ok"
    NOTE = "note"
    """It works, but a person may want to know."""
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """`check` names what was looked at, the same in every release; `subject` which of several, such as an account."""

    check: str
    result: Result
    detail: str
    advice: str | None = None
    subject: str | None = None

    @property
    def name(self) -> str:
        return self.check if self.subject is None else f"{self.check} {self.subject}"

    @property
    def is_failure(self) -> bool:
        return self.result is Result.FAIL
