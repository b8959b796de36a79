"""Queueing posts by the file: all rows of a campaign, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from operations.operation import Asker, Context, Effect, Scope, operation
from scheduler.posts.importing import ImportReport, RowProblem, import_csv


@dataclass(frozen=True)
class Queued:
    """What became of the rows. With problems, nothing was queued."""

    added: tuple[int, ...]
    """Numbers of the new posts."""
    unchanged: tuple[int, ...]
    """Numbers of the posts that were queued before and say the same."""
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]

    @classmethod
    def of(cls, report: ImportReport) -> Queued:
        unchanged = () if report.problems else tuple(report.unchanged)
        return cls(tuple(report.added), unchanged, tuple(report.problems), tuple(report.warnings))


@operation("post.import", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def import_file(ctx: Context, asker: Asker, file: Path, *, late: bool = False) -> Queued:
    """Queue all rows of a CSV file, or none if one of them is wrong. The same file again adds nothing.

    Args:
        file: media paths in it are relative to its folder.
        late: accept times in the past; such a post goes out at once.

    Raises Invalid when it cannot be read as a campaign.
    """
    return Queued.of(import_csv(ctx.database, ctx.settings, file, late=late))
