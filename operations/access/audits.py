"""The audit: who changed what, by which face."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from models.reading.upkeep import audit as reading
from models.reading.upkeep.audit import EntryShown, Which
from operations.history.export_files import NotWritten
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from pressrun import clock

__all__ = ["EntryShown", "Wish"]


@dataclass(frozen=True)
class Wish:
    """Which entries are wanted."""

    which: Which = field(default_factory=Which)

    @classmethod
    def parse(
        cls,
        *,
        by: str | None = None,
        operation: str | None = None,
        since: str | None = None,
        until: str | None = None,
        before_id: int | None = None,
    ) -> Wish:
        """As people write it; times without a zone are UTC. Raises Invalid, which names the field."""
        now = clock.now()

        def time(field: str, said: str | None) -> datetime | None:
            return None if said is None else instant(said, field=field, now=now)

        return cls(Which(by, operation, time("since", since), time("until", until), before_id))


@operation("audit.list", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def list_entries(ctx: Context, asker: Asker, wish: Wish | None = None, *, limit: int = 100) -> list[EntryShown]:
    """What was changed, newest first."""
    with ctx.database.transaction() as tx:
        return reading.newest_entries(tx, (wish or Wish()).which, limit=limit)


@operation("audit.export", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def export(ctx: Context, asker: Asker, wish: Wish, target: Path | IO[str]) -> int:
    """Write it as JSON Lines, oldest first; returns how many lines. Raises NotWritten."""
    count = 0
    try:
        with ExitStack() as stack:
            tx = stack.enter_context(ctx.database.transaction())
            out = stack.enter_context(target.open("w", encoding="utf-8")) if isinstance(target, Path) else target
            for one in reading.all_entries(tx, wish.which):
                out.write(json.dumps(asdict(one) | {"at": one.at.isoformat()}, ensure_ascii=False) + "\n")
                count += 1
    except OSError as problem:
        if not isinstance(target, Path):
            raise
        raise NotWritten(f"{target} cannot be written: {problem.strerror}", field="file") from None
    return count
