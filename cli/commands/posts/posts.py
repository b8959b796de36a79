"""`pressrun post`: queue posts from a file or one by one, see where they stand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import MOST_ROWS, asking
from cli.commands.posts.lines import line_of
from cli.output import AsJson, note, say, show_json, show_record, show_rows
from cli.problems import tell_rows

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from operations.posts.attempts import PostAttempts
    from operations.posts.imports import Due, Queued
    from operations.posts.posts import FixShown, PostPage, PostShown

app = typer.Typer(help="Queue posts and see where they stand.", no_args_is_help=True)

KeepMedia = Annotated[
    bool, typer.Option("--keep-media", help="Keep what is behind URLs too, so that what was checked goes out.")
]
Fix = Annotated[bool, typer.Option("--fix", help="Make files what Instagram takes; the originals stay.")]
_TABLE = ("id", "key", "account", "type", "state", "publish_at", "lateness_ms", "media_id", "caption", "error")
_SPARE = ("media_id", "lateness_ms", "caption", "type")

Late = Annotated[bool, typer.Option("--late", help="Accept times in the past: such a post goes out at once.")]


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON; media paths in it are relative to its folder.")],
    keep_media: KeepMedia = False,
    fix: Fix = False,
    late: Late = False,
    as_json: AsJson = False,
) -> None:
    """Queue all rows of a file, or none if one of them is wrong. The same file again adds nothing."""
    from operations.posts.imports import import_file

    with asking() as (ctx, owner):
        queued = import_file(ctx, owner, file, keep_media=keep_media, fix=fix, late=late)
    _show_queued(context, queued, file, as_json=as_json)


@app.command("add")
def add(
    context: typer.Context,
    account: Annotated[str, typer.Option(help="Name of the account.")],
    publish_at: Annotated[str, typer.Option("--at", help="2026-12-24T18:30 (its zone), …Z (UTC) or +90s (from now).")],
    media: Annotated[list[str], typer.Option(help="File, URL or lib:NAME; several times for a carousel or stories.")],
    post_type: Annotated[str, typer.Option("--type", help="image, carousel, reel or story.")] = "image",
    caption: Annotated[str, typer.Option(help="Text below it; a story has none.")] = "",
    alt_text: Annotated[list[str] | None, typer.Option(help="One for each media, in order.")] = None,
    first_comment: Annotated[str, typer.Option(help="Posted once it is live.")] = "",
    location_id: Annotated[str, typer.Option(help="Id of a Page with an address.")] = "",
    user_tags: Annotated[str, typer.Option(help='JSON: [{"username": "someone", "x": 0.5, "y": 0.5}]')] = "",
    collaborators: Annotated[str, typer.Option(help="Up to three user names, separated by |.")] = "",
    product_tag: Annotated[
        list[str] | None, typer.Option(help="ID@x,y of a product, without @x,y on a video; once for each.")
    ] = None,
    poll_option: Annotated[list[str] | None, typer.Option(help="An answer of a poll in the caption; 2 to 4.")] = None,
    poll_extended: Annotated[str, typer.Option(help="true or false: the poll is open for longer.")] = "",
    comment_prompt: Annotated[str, typer.Option(help="true or false: the caption asks for comments.")] = "",
    cover_url: Annotated[str, typer.Option(help="Cover of a reel: file or URL.")] = "",
    cover_at: Annotated[str, typer.Option(help="Cover of a reel: the frame shown then, 2.5s.")] = "",
    thumb_offset_ms: Annotated[str, typer.Option(help="Cover of a reel: milliseconds into it.")] = "",
    share_to_feed: Annotated[str, typer.Option(help="true or false, for a reel.")] = "",
    trial: Annotated[str, typer.Option(help="MANUAL or SS_PERFORMANCE: a trial reel.")] = "",
    max_lateness: Annotated[str, typer.Option(help="How late it may go out: 90s, 15m, 2h.")] = "",
    if_late: Annotated[str, typer.Option(help="publish, expire or next_slot.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency key: the same key again adds nothing.")] = "",
    keep_media: KeepMedia = False,
    fix: Fix = False,
    late: Late = False,
    as_json: AsJson = False,
) -> None:
    """Queue one post."""
    from operations.posts import posts

    fields = posts.PostFields(
        account=account,
        publish_at=publish_at,
        type=post_type,
        media=tuple(media),
        caption=caption,
        alt_text=tuple(alt_text or ()),
        first_comment=first_comment,
        location_id=location_id,
        user_tags=user_tags,
        collaborators=collaborators,
        product_tags=tuple(product_tag or ()),
        poll_options=tuple(poll_option or ()),
        poll_extended=poll_extended,
        comment_prompt=comment_prompt,
        cover_url=cover_url,
        cover_at=cover_at,
        thumb_offset_ms=thumb_offset_ms,
        share_to_feed=share_to_feed,
        trial=trial,
        max_lateness=max_lateness,
        if_late=if_late,
        fix="yes" if fix else "",
        key=key,
    )
    with asking() as (ctx, owner):
        queued = posts.add(ctx, owner, fields, base=Path.cwd(), keep_media=keep_media, late=late)
    _show_queued(context, queued, None, as_json=as_json)


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    state: Annotated[str | None, typer.Option(help="Only posts in this state.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=MOST_ROWS, help="At most that many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show posts by the time they are due."""
    from operations.posts.posts import COLUMNS, list_posts

    with asking() as (ctx, owner):
        found = list_posts(ctx, owner, account=account, state=state, limit=limit)
    rows = [one.columns() if as_json else line_of(one) for one in found]
    said = "".join([f" of {account}" if account else "", f" in the state {state}" if state else ""])
    empty = f"no posts{said}" if said else "no posts; queue some with `pressrun post import FILE`"
    show_rows(COLUMNS, rows, as_json=as_json, empty=empty, table=_TABLE, spare=_SPARE)
    if not as_json:
        for post in sorted((one for one in found if one.is_waiting), key=lambda one: (one.next_action_at, one.id)):
            note(_wait(post))


@app.command("show")
def show(
    post: Annotated[str, typer.Argument(help="Number or key of the post.")],
    as_json: AsJson = False,
) -> None:
    """Show one post: what it holds, and everything that happened to it."""
    from operations.posts import attempts, posts

    with asking() as (ctx, owner):
        page, made = posts.show(ctx, owner, post), attempts.show(ctx, owner, post)
    if as_json:
        show_json(
            _record(page)
            | {name: [asdict(one) for one in getattr(page, name)] for name in ("parts", "fixes", "events")}
            | asdict(made)
        )
    else:
        _show_page(page)
        _show_attempts(made)


def _record(page: PostPage) -> dict[str, Any]:
    """What the post holds, without its parts and its timeline."""
    held = ("caption", "first_comment", "comment_id", "params", "max_lateness_s", "if_late")
    return {
        **page.post.columns(),
        "timezone": page.post.timezone,
        **{name: getattr(page, name) for name in held},
        "next_action_at": page.post.next_action_at,
        "wait_reason": page.post.wait_reason,
        "version": page.post.version,
    }


def _show_page(page: PostPage) -> None:
    from pressrun.clock import zone

    local = zone(page.post.timezone)
    filled = {name: value for name, value in _record(page).items() if value not in (None, "", {})}
    times = {name: _local(value, local) for name, value in filled.items() if isinstance(value, datetime)}
    show_record(filled | times, as_json=False)
    say("")
    columns = ("position", "kind", "source", "route", "media_id", "permalink")
    show_rows(columns, [asdict(one) for one in page.parts], as_json=False)
    for route, why in dict.fromkeys((one.route, one.route_why) for one in page.parts if one.route is not None):
        say(f"by {route}: {why}")
    say("")
    for fix in page.fixes:
        _show_fix(fix)
    for event in page.events:
        is_move = event.from_state not in (None, event.to_state)
        state = f"{event.from_state} → {event.to_state}" if is_move else event.to_state
        trace = f" [fbtrace_id {event.fbtrace_id}]" if event.fbtrace_id else ""
        say(f"{_local(event.at, local)}  {state:24}  {event.message or event.reason}{trace}")


def _show_attempts(made: PostAttempts) -> None:
    if made.attempts:
        say("")
        columns = ("action", "state", "sent_at", "settled_by", "result_id", "code", "fbtrace_id")
        show_rows(columns, [asdict(one) for one in made.attempts], as_json=False)
    if made.containers:
        say("")
        columns = ("part", "ig_id", "status_code", "polls", "created_at", "finished_at", "drop_reason")
        show_rows(columns, [asdict(one) for one in made.containers], as_json=False)


def _show_fix(fix: FixShown) -> None:
    from pressrun.media.fixing.told import Made

    name = fix.source or "the cover"
    if fix.made is None:
        say(f"{name}: {'cannot be made right: ' + fix.error if fix.error else 'is being made right'}")
        return
    made = Made.from_json(fix.made)
    say(f"{name}: {made.before} → {made.after}")
    for line in (*made.changes, *(f"note: {one}" for one in made.notes)):
        say(f"  {line}")


def _wait(post: PostShown) -> str:
    from pressrun.clock import zone

    assert post.next_action_at is not None  # noqa: S101 - what waits has a date
    return f"post {post.id} waits ({post.wait_reason}) until {_local(post.next_action_at, zone(post.timezone))}"


def _local(at: datetime, zone: ZoneInfo) -> str:
    here = at.astimezone(zone)
    return f"{here:%Y-%m-%d %H:%M:%S}.{here.microsecond // 1000:03d} {here:%Z}"


def _show_queued(context: typer.Context, queued: Queued, file: Path | None, *, as_json: bool) -> None:
    if as_json:
        times = {"first_due": queued.first_due, "last_due": queued.last_due}
        told = {name: value for name, value in asdict(queued).items() if name != "page"}
        show_json(told | {name: due.at if due else None for name, due in times.items()})
    tell_rows(context.command, queued.problems, queued.warnings, source=file, nothing="nothing was queued")
    if not as_json:
        say(f"queued {len(queued.added)}, already there {len(queued.unchanged)}")
        if queued.fixing:
            say(f"files being made right: {queued.fixing}; `pressrun post show` tells what was done")
        if queued.first_due is not None:
            say(_due(queued.first_due, queued.last_due))


def _due(first: Due, last: Due | None) -> str:
    """The times as they were understood."""
    return f"due at {first}" if last == first else f"the first is due at {first}, the last at {last}"
