"""`pressrun post cancel|edit|move|swap|pause|resume|retry|resolve`: what a person may still want of a queued post."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.asking import LARGEST_ID, asking
from cli.commands.posts.lines import line_of
from cli.output import AsJson, show_json, show_record, show_rows
from cli.problems import tell_rows
from pressrun.errors import Invalid

if TYPE_CHECKING:
    from operations.posts.posts import PostShown

app = typer.Typer()

Reference = Annotated[str, typer.Argument(metavar="POST", help="Number or key of the post.")]


Version = Annotated[
    int | None, typer.Option(min=1, max=LARGEST_ID, help="The one you have seen: refused if there is a newer one.")
]


@app.command("cancel")
def cancel(
    post: Reference,
    why: Annotated[str | None, typer.Option("--why", help="For the record.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a post back; refused once it may have been sent."""
    from operations.posts import posts

    with asking() as (ctx, owner):
        _show(posts.cancel(ctx, owner, post, why=why), as_json=as_json)


@app.command("edit")
def edit(
    context: typer.Context,
    post: Reference,
    publish_at: Annotated[str | None, typer.Option("--at", help="A new time.")] = None,
    media: Annotated[list[str] | None, typer.Option(help="Other media; several times for several.")] = None,
    caption: Annotated[str | None, typer.Option(help="Another text; an empty one takes it away.")] = None,
    alt_text: Annotated[list[str] | None, typer.Option(help="One for each media, in order.")] = None,
    first_comment: Annotated[str | None, typer.Option(help="Posted once it is live.")] = None,
    location_id: Annotated[str | None, typer.Option(help="Id of a Page with an address.")] = None,
    user_tags: Annotated[str | None, typer.Option(help="JSON, as of `post add`.")] = None,
    collaborators: Annotated[str | None, typer.Option(help="Up to three user names, separated by |.")] = None,
    product_tag: Annotated[list[str] | None, typer.Option(help="Other product tags; once for each.")] = None,
    poll_option: Annotated[list[str] | None, typer.Option(help="Other answers of the poll; once for each.")] = None,
    poll_extended: Annotated[str | None, typer.Option(help="true or false: the poll is open for longer.")] = None,
    comment_prompt: Annotated[str | None, typer.Option(help="true or false: the caption asks for comments.")] = None,
    cover_url: Annotated[str | None, typer.Option(help="Cover of a reel: file or URL.")] = None,
    cover_at: Annotated[str | None, typer.Option(help="Cover of a reel: the frame shown then, 2.5s.")] = None,
    thumb_offset_ms: Annotated[str | None, typer.Option(help="Cover of a reel: milliseconds into it.")] = None,
    share_to_feed: Annotated[str | None, typer.Option(help="true or false, for a reel.")] = None,
    trial: Annotated[str | None, typer.Option(help="MANUAL or SS_PERFORMANCE: a trial reel.")] = None,
    max_lateness: Annotated[str | None, typer.Option(help="How late it may go out: 90s, 15m, 2h.")] = None,
    if_late: Annotated[str | None, typer.Option(help="publish, expire or next_slot.")] = None,
    fix: Annotated[str | None, typer.Option(help="yes, no, or how new files are made right: crop, pad:blur.")] = None,
    version: Version = None,
    late: Annotated[bool, typer.Option("--late", help="Accept a time in the past.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change a queued post; an empty text takes a field away. What was prepared from the old content is dropped."""
    from operations.posts import posts

    fields = posts.PostFields(
        publish_at=publish_at,
        media=tuple(media) if media else None,
        caption=caption,
        alt_text=tuple(alt_text) if alt_text else None,
        first_comment=first_comment,
        location_id=location_id,
        user_tags=user_tags,
        collaborators=collaborators,
        product_tags=tuple(product_tag) if product_tag else None,
        poll_options=tuple(poll_option) if poll_option else None,
        poll_extended=poll_extended,
        comment_prompt=comment_prompt,
        cover_url=cover_url,
        cover_at=cover_at,
        thumb_offset_ms=thumb_offset_ms,
        share_to_feed=share_to_feed,
        trial=trial,
        max_lateness=max_lateness,
        if_late=if_late,
        fix=fix,
    )
    with asking() as (ctx, owner):
        edited = posts.edit(ctx, owner, post, fields, base=Path.cwd(), late=late, version=version)
    tell_rows(context.command, edited.problems, edited.warnings, source=None, nothing="nothing was changed")
    _show(edited.post, as_json=as_json)


@app.command("move")
def move(
    context: typer.Context,
    post: Reference,
    publish_at: Annotated[str, typer.Option("--at", help="The new time.")],
    version: Version = None,
    late: Annotated[bool, typer.Option("--late", help="Accept a time in the past.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a queued post another time."""
    from operations.posts import moving

    with asking() as (ctx, owner):
        moved = moving.move(ctx, owner, post, publish_at, late=late, version=version)
    tell_rows(context.command, moved.problems, moved.warnings, source=None, nothing="nothing was changed")
    _show(moved.post, as_json=as_json)


@app.command("swap")
def swap(
    context: typer.Context,
    post: Reference,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Number or key of the other.")],
    version: Version = None,
    other_version: Annotated[int | None, typer.Option(min=1, max=LARGEST_ID, help="The same of the other one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give two queued posts each other's time, both or neither."""
    from operations.posts import moving

    with asking() as (ctx, owner):
        swapped = moving.swap(ctx, owner, post, other, version=version, other_version=other_version)
    tell_rows(context.command, swapped.problems, swapped.warnings, source=None, nothing="nothing was changed")
    if as_json:
        show_json([one.columns() for one in swapped.posts])
    else:
        show_rows(
            ("id", "key", "account", "state", "publish_at"), [line_of(one) for one in swapped.posts], as_json=False
        )


@app.command("pause")
def pause(post: Reference, as_json: AsJson = False) -> None:
    """Hold a post until it is resumed."""
    from operations.posts import posts

    with asking() as (ctx, owner):
        _show(posts.pause(ctx, owner, post), as_json=as_json)


@app.command("resume")
def resume(post: Reference, as_json: AsJson = False) -> None:
    """Let a paused post go on."""
    from operations.posts import posts

    with asking() as (ctx, owner):
        _show(posts.resume(ctx, owner, post), as_json=as_json)


@app.command("retry")
def retry(
    post: Reference,
    publish_at: Annotated[str | None, typer.Option("--at", help="When; without it, now.")] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="The post is live: try its first comment and its address again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Queue a failed or expired post again, or try again what a published one lacks."""
    from operations.posts import posts

    if missing and publish_at is not None:
        raise Invalid("say either --missing or --at")
    with asking() as (ctx, owner):
        if missing:
            _show(posts.retry_missing(ctx, owner, post), as_json=as_json)
            return
        _show(posts.retry(ctx, owner, post, publish_at=publish_at), as_json=as_json)


@app.command("resolve")
def resolve(
    post: Reference,
    media_id: Annotated[str | None, typer.Option("--published", metavar="MEDIA_ID", help="It is live as this.")] = None,
    not_published: Annotated[bool, typer.Option("--not-published", help="It is not live.")] = False,
    comment_sent: Annotated[bool, typer.Option("--comment-sent", help="Its first comment stands.")] = False,
    comment_not_sent: Annotated[bool, typer.Option("--comment-not-sent", help="It does not stand.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide about a post, or its first comment, of which nobody but a person can tell whether it is there."""
    from operations.posts import posts

    if (media_id is not None) + not_published + comment_sent + comment_not_sent != 1:
        raise Invalid("say --published MEDIA_ID, --not-published, --comment-sent or --comment-not-sent")
    with asking() as (ctx, owner):
        if comment_sent or comment_not_sent:
            _show(posts.resolve_comment(ctx, owner, post, was_sent=comment_sent), as_json=as_json)
            return
        _show(posts.resolve(ctx, owner, post, media_id=media_id), as_json=as_json)


def _show(post: PostShown, *, as_json: bool) -> None:
    if as_json:
        show_json(post.columns())
        return
    line = line_of(post)
    shown = {name: line[name] for name in ("id", "key", "account", "state", "publish_at", "media_id", "error")}
    show_record({name: value for name, value in shown.items() if value is not None}, as_json=False)
