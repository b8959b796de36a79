"""What became of one try to tell something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """It has arrived."""


@dataclass(frozen=True)
class NotTold:
    """It has not, or that is not known. `why` is fit for every eye: it repeats nothing of the address."""

    why: str
    is_final: bool = False
    """The other side wants nothing more."""
    retry_after_s: float | None = None


Outcome = Told | NotTold
