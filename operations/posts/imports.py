"""Queueing posts by the file: all rows of a campaign, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.posts.post import get_post
from models.reading.posts import posts as reading
from models.reading.posts.posts import PostPage
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun.media.fixing.wanted import read_fixing
from pressrun.media.routes import Ways
from pressrun.settings import Settings
from scheduler.posts import importing
from scheduler.posts.importing import ImportReport, RowProblem
from scheduler.posts.queueing import Due

__all__ = ["Added", "Due", "Queued", "import_file", "keeping"]


@dataclass(frozen=True)
class Queued:
    """What became of the rows. With problems, nothing was queued."""

    added: tuple[int, ...]
    """Numbers of the new posts."""
    unchanged: tuple[int, ...]
    """Numbers of the posts that were queued before and say the same."""
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]
    fixing: int
    """How many files of the new posts are being made right."""
    first_due: Due | None
    last_due: Due | None
    """Of what was queued: the times as they were understood."""

    @classmethod
    def of(cls, report: ImportReport) -> Queued:
        unchanged = () if report.problems else tuple(report.unchanged)
        return cls(
            tuple(report.added),
            unchanged,
            tuple(report.problems),
            tuple(report.warnings),
            report.fixing,
            report.first_due,
            report.last_due,
        )


@dataclass(frozen=True)
class Added(Queued):
    """What became of one post; with problems, there is none."""

    page: PostPage | None = None
    """The post, new or as it was queued before."""

    @classmethod
    def shown(cls, ctx: Context, report: ImportReport) -> Added:
        queued = Queued.of(report)
        return cls(**vars(queued), page=_page(ctx, report, [*queued.added, *queued.unchanged]))


def _page(ctx: Context, report: ImportReport, numbers: Sequence[int]) -> PostPage | None:
    if not numbers:
        return None
    if report.only is not None:
        written, account = report.only
        is_plain = written.post.cover_conversion_id is None and all(one.conversion_id is None for one in written.parts)
        if is_plain:
            return reading.new_page(written.post, account, written.parts, written.event, Ways.of(ctx.settings))
    with ctx.database.look() as tx:
        return reading.post_page(tx, get_post(tx, numbers[0]), Ways.of(ctx.settings))


def keeping(settings: Settings, keep_media: bool, fix: bool = False) -> Settings:
    """The settings under which what is behind URLs is kept too, so that what was checked goes out; with `fix` files are
    made right where a row does not say otherwise.
    """
    settings = settings.model_copy(update={"keep_media": "all"}) if keep_media else settings
    return settings.model_copy(update={"fix": "yes"}) if fix and read_fixing(settings.fix) is None else settings


@operation("post.import", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def import_file(
    ctx: Context, asker: Asker, file: Path, *, keep_media: bool = False, fix: bool = False, late: bool = False
) -> Queued:
    """Queue all rows of a CSV, XLSX or JSON file, or none if one of them is wrong. The same file again adds nothing.

    Args:
        file: media paths in it are relative to its folder.
        keep_media: keep what is behind URLs too, as the settings may say for all posts.
        fix: make files what Instagram takes, where a row does not say otherwise.
        late: accept times in the past; such a post goes out at once.

    Raises Invalid when it cannot be read as a campaign.
    """
    report = importing.import_file(ctx.database, keeping(ctx.settings, keep_media, fix), file, late=late)
    return Queued.of(report)
