"""What was done to a file: each change with before, after, the reason and the section of the rules it comes from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pressrun.errors import PressrunError
from pressrun.media.probe import Probe
from pressrun.media.rules import MEBIBYTE, section_of


class CannotFix(PressrunError):
    """The file cannot be made right."""

    type = "media.cannot_fix"

    def __init__(self, message: str, *, field: str = "media") -> None:
        super().__init__(message, field=field)


@dataclass(frozen=True)
class Change:
    """One thing that was not right."""

    field: str
    before: str
    after: str
    reason: str

    @property
    def section(self) -> str:
        return section_of(self.field)

    def as_json(self) -> dict[str, str]:
        return asdict(self) | {"section": self.section}

    @classmethod
    def from_json(cls, said: dict[str, str]) -> Change:
        return cls(said["field"], said["before"], said["after"], said["reason"])

    def __str__(self) -> str:
        return f"{self.field}: {self.before} → {self.after}: {self.reason} ({self.section})"


@dataclass(frozen=True)
class Facts:
    """A file in short."""

    format: str
    size_bytes: int
    width: int
    height: int
    duration_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        parts = [self.format, f"{self.width}x{self.height}"]
        parts += [f"{self.duration_s:.1f} s"] if self.duration_s is not None else []
        return " ".join([*parts, megabytes(self.size_bytes)])


@dataclass(frozen=True)
class Made:
    """What became of one file. Without changes it was right, and `after` is what it was."""

    before: Facts
    after: Facts
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """What a person should know and no rule asks for."""

    def as_json(self) -> dict[str, Any]:
        return {
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "changes": [one.as_json() for one in self.changes],
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Made:
        changes = tuple(Change.from_json(one) for one in said["changes"])
        return cls(Facts(**said["before"]), Facts(**said["after"]), changes, tuple(said["notes"]))


def facts_of(probe: Probe) -> Facts:
    """A probed file in short, by the size at which it is shown."""
    width, height = probe.shown_size
    return Facts(probe.format, probe.size_bytes, width, height, probe.duration_s)


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / MEBIBYTE:.1f} MB" if size_bytes >= MEBIBYTE else f"{max(size_bytes // 1024, 1)} KB"
