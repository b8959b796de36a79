"""What commands that wait for workers do where there are none: the work, themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machine.runtime import Runtime
    from operations.errands import Errand, Hands

_PENDING = {
    "harvest": "coalesce(slot_at <= now(), false)",
    "backfill": "finished_at IS NULL",
    "reply": "state IN ('queued', 'sending', 'unknown')",
}


def lending(here: Runtime) -> Hands:
    """Hands for an errand."""

    def hands(errand: Errand, on_look: Callable[[int], None]) -> None:
        from machine import errands

        rows = errands.Errand.of(errand.name, list(errand.ids), is_pending=_PENDING[errand.name])
        errands.run_errand(here, rows, on_look=on_look)

    return hands
