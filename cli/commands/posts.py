"""`pressrun post`: queue posts from a file or one by one, see where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands.changes import add_to_posts
from cli.output import AsJson, note, say, show_json, show_record, show_rows
from pressrun.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from models.event import PostEvent
    from models.part import Part
    from models.post import Post
    from pressrun.settings import Settings
    from scheduler.posts.importing import ImportReport

app = typer.Typer(help="Queue posts and see where they stand.", no_args_is_help=True)

KeepMedia = Annotated[
    bool, typer.Option("--keep-media", help="Keep what is behind URLs too, so that what was checked goes out.")
]
Late = Annotated[bool, typer.Option("--late", help="Accept times in the past: such a post goes out at once.")]
_MOST_SHOWN = 20


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV file; media paths in it are relative to its folder.")],
    keep_media: KeepMedia = False,
    late: Late = False,
    as_json: AsJson = False,
) -> None:
    """Queue all rows of a CSV file, or none if one of them is wrong. The same file again adds nothing."""
    from machine.runtime import read_settings, runtime
    from scheduler.posts.importing import import_file

    with runtime(read_settings()) as here:
        report = import_file(here.database, _keeping(here.settings, keep_media), file, late=late)
    _show_report(report, str(file), as_json=as_json)


@app.command("add")
def add(
    account: Annotated[str, typer.Option(help="Name of the account.")],
    publish_at: Annotated[str, typer.Option("--at", help="2026-12-24T18:30 (its zone), …Z (UTC) or +90s (from now).")],
    media: Annotated[list[str], typer.Option(help="File or URL; several times for a carousel or stories.")],
    post_type: Annotated[str, typer.Option("--type", help="image, carousel, reel or story.")] = "image",
    caption: Annotated[str, typer.Option()] = "",
    alt_text: Annotated[list[str] | None, typer.Option(help="One for each media, in order.")] = None,
    first_comment: Annotated[str, typer.Option()] = "",
    location_id: Annotated[str, typer.Option(help="Id of a Page with an address.")] = "",
    user_tags: Annotated[str, typer.Option(help='JSON: [{"username": "someone", "x": 0.5, "y": 0.5}]')] = "",
    collaborators: Annotated[str, typer.Option(help="Up to three user names, separated by |.")] = "",
    cover_url: Annotated[str, typer.Option(help="Cover of a reel: file or URL.")] = "",
    thumb_offset_ms: Annotated[str, typer.Option(help="Cover of a reel: milliseconds into it.")] = "",
    share_to_feed: Annotated[str, typer.Option(help="true or false, for a reel.")] = "",
    trial: Annotated[str, typer.Option(help="MANUAL or SS_PERFORMANCE: a trial reel.")] = "",
    max_lateness: Annotated[str, typer.Option(help="How late it may go out: 90s, 15m, 2h.")] = "",
    if_late: Annotated[str, typer.Option(help="publish, expire or next_slot.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key: the same key again adds nothing.")] = "",
    keep_media: KeepMedia = False,
    late: Late = False,
    as_json: AsJson = False,
) -> None:
    """Queue one post."""
    from machine.runtime import read_settings, runtime
    from scheduler.posts.importing import import_fields

    fields = {
        "account": account,
        "publish_at": publish_at,
        "type": post_type,
        "media": "|".join(media),
        "caption": caption,
        "alt_text": "|".join(alt_text or ()),
        "first_comment": first_comment,
        "location_id": location_id,
        "user_tags": user_tags,
        "collaborators": collaborators,
        "cover_url": cover_url,
        "thumb_offset_ms": thumb_offset_ms,
        "share_to_feed": share_to_feed,
        "trial": trial,
        "max_lateness": max_lateness,
        "if_late": if_late,
        "key": key,
    }
    with runtime(read_settings()) as here:
        report = import_fields(here.database, _keeping(here.settings, keep_media), fields, base=Path.cwd(), late=late)
    _show_report(report, None, as_json=as_json)


def _keeping(settings: Settings, keep_media: bool) -> Settings:
    return settings.model_copy(update={"keep_media": "all"}) if keep_media else settings


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    state: Annotated[str | None, typer.Option(help="Only posts in this state.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show posts by the time they are due."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from models.post import COLUMNS, list_posts, waiting

    wanted = _state(state)
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        account_id = find_account(tx, account).id if account else None
        rows = list_posts(tx, account_id=account_id, state=wanted, limit=limit)
        held = [] if as_json else waiting(tx, [row["id"] for row in rows])
    show_rows(COLUMNS, rows, as_json=as_json, empty="no posts; queue some with `pressrun post import FILE`")
    for post in held:
        note(_wait(post))


@app.command("show")
def show(
    post: Annotated[str, typer.Argument(help="Number or key of the post.")],
    as_json: AsJson = False,
) -> None:
    """Show one post: what it holds, and everything that happened to it."""
    from machine.runtime import read_settings, runtime
    from models.account import get_account
    from models.event import timeline
    from models.part import parts_of
    from models.post import as_shown, find_post

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        found = find_post(tx, post)
        record = as_shown(found, get_account(tx, found.account_id).name) | {
            "timezone": found.timezone,
            "caption": found.caption,
            "first_comment": found.first_comment,
            "comment_id": found.comment_id,
            "params": found.params,
            "max_lateness_s": found.max_lateness_s,
            "if_late": found.if_late,
            "next_action_at": found.next_action_at,
            "wait_reason": found.wait_reason,
        }
        parts, events = parts_of(tx, found.id), timeline(tx, found.id)
    if as_json:
        show_json(record | {"parts": [_part(one) for one in parts], "events": [_event(one) for one in events]})
        return
    _show_timeline(record, parts, events)


def _show_timeline(record: dict[str, Any], parts: Sequence[Part], events: Sequence[PostEvent]) -> None:
    from pressrun.clock import zone

    local = zone(record["timezone"])
    filled = {name: value for name, value in record.items() if value not in (None, "", {})}
    times = {name: _local(value, local) for name, value in filled.items() if isinstance(value, datetime)}
    show_record(filled | times, as_json=False)
    say("")
    show_rows(("position", "kind", "source", "media_id", "permalink"), [_part(one) for one in parts], as_json=False)
    say("")
    for event in events:
        state = (
            event.to_state if event.from_state in (None, event.to_state) else f"{event.from_state} → {event.to_state}"
        )
        trace = f" [fbtrace_id {event.fbtrace_id}]" if event.fbtrace_id else ""
        say(f"{_local(event.at, local)}  {state:24}  {event.message or event.reason}{trace}")


def _wait(post: Post) -> str:
    from pressrun.clock import zone

    assert post.next_action_at is not None  # noqa: S101 - what waits has a date
    return f"post {post.id} waits ({post.wait_reason}) until {_local(post.next_action_at, zone(post.timezone))}"


def _local(at: datetime, zone: ZoneInfo) -> str:
    here = at.astimezone(zone)
    return f"{here:%Y-%m-%d %H:%M:%S}.{here.microsecond // 1000:03d} {here:%Z}"


def _part(part: Part) -> dict[str, Any]:
    return {
        "position": part.position,
        "kind": part.kind,
        "source": part.source,
        "alt_text": part.alt_text,
        "media_id": part.media_id,
        "permalink": part.permalink,
        "published_at": part.published_at,
    }


def _event(event: PostEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "reason": event.reason,
        "message": event.message,
        "error_class": event.error_class,
        "code": event.code,
        "subcode": event.subcode,
        "fbtrace_id": event.fbtrace_id,
        "detail": event.detail,
    }


def _state(name: str | None) -> Any:
    from models.states import PostState

    try:
        return PostState(name) if name else None
    except ValueError:
        raise UsageError(f"unknown state {name!r}; the states are {', '.join(PostState)}") from None


def _show_report(report: ImportReport, source: str | None, *, as_json: bool) -> None:
    if as_json:
        said = {"warnings": report.warnings, "problems": report.problems}
        listed = {name: [asdict(one) for one in problems] for name, problems in said.items()}
        due = {
            name: one.at if one else None
            for name, one in (("first_due", report.first_due), ("last_due", report.last_due))
        }
        show_json({"added": report.added, "unchanged": [] if report.problems else report.unchanged} | due | listed)
    fail_on_problems(report, source, nothing="nothing was queued")
    if not as_json:
        say(f"queued {len(report.added)}, already there {len(report.unchanged)}")
        if report.first_due is not None:
            last = f", the last at {report.last_due}" if report.last_due != report.first_due else ""
            say(f"due at {report.first_due}{last}" if not last else f"the first is due at {report.first_due}{last}")


def fail_on_problems(report: ImportReport, source: str | None, *, nothing: str) -> None:
    """Warnings and problems go to stderr, a line each; problems end the command with exit code 2."""

    def told(problem: Any) -> str:
        option = "at" if problem.column == "publish_at" else problem.column.replace("_", "-")
        return f"{source}: {problem}" if source else f"--{option}: {problem.message}"

    alike: dict[tuple[str, str], list[Any]] = {}
    for warning in report.warnings:
        alike.setdefault((warning.column, warning.message), []).append(warning)
    for warnings in alike.values():
        more = f" (and {len(warnings) - 1} more rows)" if len(warnings) > 1 else ""
        note(f"warning: {told(warnings[0])}{more}")
    if report.problems:
        for problem in report.problems[:-1][:_MOST_SHOWN]:
            note(told(problem))
        hidden = max(0, len(report.problems) - 1 - _MOST_SHOWN)
        more = f" (and {hidden} more)" if hidden else ""
        raise UsageError(f"{told(report.problems[-1])}{more}: {nothing}")


add_to_posts(app)
