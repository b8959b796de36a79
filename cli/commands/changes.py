"""`pressrun post cancel|edit|pause|resume|retry|resolve` and `pressrun account edit|pause|resume`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, note, show_json, show_record
from pressrun.errors import UsageError
from pressrun.zones import doubt

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from machine.runtime import Runtime

Reference = Annotated[str, typer.Argument(metavar="POST", help="Number or key of the post.")]
AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.")]
Why = Annotated[str | None, typer.Option("--why", help="For the record.")]


def add_to_posts(app: typer.Typer) -> None:
    for command in (cancel, edit, pause, resume, retry, resolve):
        app.command()(command)


def add_to_accounts(app: typer.Typer) -> None:
    app.command("edit")(edit_account)
    app.command("pause")(pause_account)
    app.command("resume")(resume_account)


def cancel(post: Reference, why: Why = None, as_json: AsJson = False) -> None:
    """Take a post back; refused once it may have been sent."""
    from scheduler.posts import changing

    _change(post, lambda tx, post_id, _: changing.cancel(tx, post_id, why=why), as_json=as_json)


def pause(post: Reference, as_json: AsJson = False) -> None:
    """Hold a post until it is resumed."""
    from scheduler.posts import changing

    _change(post, lambda tx, post_id, _: changing.pause(tx, post_id), as_json=as_json)


def resume(post: Reference, as_json: AsJson = False) -> None:
    """Let a paused post go on."""
    from scheduler.posts import changing

    _change(post, lambda tx, post_id, here: changing.resume(tx, post_id, here.settings), as_json=as_json)


def retry(
    post: Reference,
    at: Annotated[str | None, typer.Option("--at", help="When; without it, now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Queue a failed or expired post again."""
    from models.post import get_post
    from pressrun import clock
    from scheduler.posts import changing

    def change(tx: Session, post_id: int, here: Runtime) -> None:
        now = clock.now()
        zone = clock.zone(get_post(tx, post_id).timezone)
        publish_at = clock.parse_instant(at, zone, reference=now) if at else None
        if publish_at is not None and publish_at < now:
            raise UsageError("--at is in the past; without it the post is queued for now")
        changing.retry(tx, post_id, here.settings, now=now, publish_at=publish_at)

    _change(post, change, as_json=as_json)


def resolve(
    post: Reference,
    published: Annotated[
        str | None, typer.Option("--published", metavar="MEDIA_ID", help="It is live as this.")
    ] = None,
    not_published: Annotated[bool, typer.Option("--not-published", help="It is not live.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide about a post of which nobody but a person can tell whether it is live."""
    from pressrun import clock
    from scheduler.posts import changing

    if (published is not None) == not_published:
        raise UsageError("say either --published MEDIA_ID or --not-published")

    def change(tx: Session, post_id: int, _: Runtime) -> None:
        if published is not None:
            changing.resolve_published(tx, post_id, published, now=clock.now())
        else:
            changing.resolve_not_published(tx, post_id, now=clock.now())

    _change(post, change, as_json=as_json)


def edit(
    post: Reference,
    publish_at: Annotated[str | None, typer.Option("--at", help="A new time.")] = None,
    media: Annotated[list[str] | None, typer.Option(help="Other media; several times for several.")] = None,
    caption: Annotated[str | None, typer.Option()] = None,
    alt_text: Annotated[list[str] | None, typer.Option(help="One for each media, in order.")] = None,
    first_comment: Annotated[str | None, typer.Option()] = None,
    location_id: Annotated[str | None, typer.Option()] = None,
    user_tags: Annotated[str | None, typer.Option()] = None,
    collaborators: Annotated[str | None, typer.Option()] = None,
    cover_url: Annotated[str | None, typer.Option()] = None,
    thumb_offset_ms: Annotated[str | None, typer.Option()] = None,
    share_to_feed: Annotated[str | None, typer.Option()] = None,
    trial: Annotated[str | None, typer.Option()] = None,
    max_lateness: Annotated[str | None, typer.Option()] = None,
    if_late: Annotated[str | None, typer.Option()] = None,
    late: Annotated[bool, typer.Option("--late", help="Accept a time in the past.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change a queued post; an empty text takes a field away. What was prepared from the old content is dropped."""
    from cli.commands.posts import fail_on_problems
    from scheduler.posts.editing import edit_post

    given = {
        "publish_at": publish_at,
        "media": "|".join(media) if media else None,
        "caption": caption,
        "alt_text": "|".join(alt_text) if alt_text else None,
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
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with _found(post) as (here, post_id):
        report = edit_post(here.database, here.settings, post_id, changes, base=Path.cwd(), late=late)
        fail_on_problems(report, None, nothing="nothing was changed")
        _show(here, post_id, as_json=as_json)


def edit_account(
    account: AccountName,
    timezone: Annotated[str | None, typer.Option(help="Zone of times given without one.")] = None,
    max_lateness: Annotated[str | None, typer.Option(help="How late its posts may go out: 90s, 15m, 2h.")] = None,
    if_late: Annotated[str | None, typer.Option(help="What then: publish, expire or next_slot.")] = None,
    min_spacing: Annotated[str | None, typer.Option(help="Least time between two of its posts: 5m.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what posts of an account inherit from now on; an empty text goes back to the default."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from scheduler import accounts

    given = {"timezone": timezone, "max_lateness": max_lateness, "if_late": if_late, "min_spacing": min_spacing}
    changes = {name: value.strip() for name, value in given.items() if value is not None}
    with runtime(read_settings()) as here, here.database.transaction() as tx:
        found = find_account(tx, account)
        accounts.edit_account(tx, found, changes)
        fields = ("name", "timezone", "max_lateness_s", "if_late", "min_spacing_s")
        shown = {name: getattr(found, name) for name in fields}
    if timezone and (doubted := doubt(found.timezone)):
        note(f"warning: {doubted}")
    show_record(shown, as_json=as_json)


def pause_account(account: AccountName, why: Why = None, as_json: AsJson = False) -> None:
    """Let nothing of an account go out until it is resumed."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from scheduler.posts import changing

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        found = find_account(tx, account)
        changing.pause_account(tx, found, why=why)
    show_record({"account": found.name, "state": "paused"}, as_json=as_json)


def resume_account(account: AccountName, as_json: AsJson = False) -> None:
    """Let an account go on; its backlog goes out spaced."""
    from machine.runtime import read_settings, runtime
    from models.account import find_account
    from scheduler.posts import changing

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        found = find_account(tx, account)
        released = changing.resume_account(tx, found)
    show_record({"account": found.name, "state": "active", "posts_released": released}, as_json=as_json)


def _change(reference: str, change: Callable[[Session, int, Runtime], None], *, as_json: bool) -> None:
    with _found(reference) as (here, post_id):
        with here.database.transaction() as tx:
            change(tx, post_id, here)
        _show(here, post_id, as_json=as_json)


@contextmanager
def _found(reference: str) -> Iterator[tuple[Runtime, int]]:
    from machine.runtime import read_settings, runtime
    from models.post import find_post

    with runtime(read_settings()) as here:
        with here.database.transaction() as tx:
            post_id = find_post(tx, reference).id
        yield here, post_id


def _show(here: Runtime, post_id: int, *, as_json: bool) -> None:
    from models.account import get_account
    from models.post import as_shown, get_post

    with here.database.transaction() as tx:
        post = get_post(tx, post_id)
        shown: dict[str, Any] = as_shown(post, get_account(tx, post.account_id).name)
    if as_json:
        show_json(shown)
    else:
        show_record({name: shown[name] for name in ("id", "key", "state", "publish_at", "media_id")}, as_json=False)
