"""What a run says of itself: what failed, what was left out, and what of an answer could not be understood."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from graph.answers.aside import Aside
from graph.answers.errors import GraphError
from pressrun import clock
from pressrun.errors import PressrunError
from pressrun.log import redact

MOST = 50
"""Entries of a run; of what comes after them it says how much there was, and always why it ended."""
_END, _MORE = "run", "more"
_PLACE = re.compile(r"\[\d+\]")


@dataclass(kw_only=True)
class Notes:
    """The entries that become `errors` of the run's row."""

    errors: list[dict[str, Any]] = field(default_factory=list)
    _asides: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note_once(self, what: str, error: Exception) -> None:
        """The same unless something is noted of it already."""
        if self.noted(what) is None:
            self.note(what, error)

    def noted(self, what: str) -> dict[str, Any] | None:
        return next((entry for entry in self.errors if entry["what"] == what), None)

    def note(self, what: str, error: Exception) -> None:
        self._add(told(what, error))

    def set_aside(self, aside: Aside) -> None:
        """Note what of an answer could not be understood; what lists have at many places is one entry."""
        what = f"{aside.endpoint}: {_PLACE.sub('[]', aside.where)}"
        known = self._asides.get(what)
        if known is not None:
            known["times"] += 1
        else:
            self.note_aside(what, f"{aside.where} {aside.why}")

    def note_aside(self, what: str, why: str) -> None:
        self._asides[what] = told(what, PressrunError(f"set aside: {why}")) | {"times": 1}
        self._add(self._asides[what])

    def _add(self, entry: dict[str, Any]) -> None:
        if len(self.errors) < MOST or entry["what"] == _END:
            self.errors.append(entry)
            return
        more = self.noted(_MORE)
        if more is None:
            more = {"what": _MORE, "at": entry["at"], "times": 0}
            self.errors.append(more)
        more["times"] += 1
        more["error"] = f"{more['times']} more of these are not listed"


def told(what: str, error: Exception) -> dict[str, Any]:
    """An error as the run's row keeps it."""
    entry: dict[str, Any] = {"what": what, "at": clock.now().isoformat(), "error": redact(str(error))}
    if isinstance(error, GraphError):
        marks = {
            "class": error.error_class.value,
            "code": error.code,
            "subcode": error.subcode,
            "fbtrace_id": error.fbtrace_id,
        }
        entry |= {name: value for name, value in marks.items() if value is not None}
    return entry
