"""`pressrun console`: what listens, and the link by which its owner comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, note, say, show_json
from machine.ready import LISTENING

if TYPE_CHECKING:
    from machine.runtime import Runtime

app = typer.Typer(invoke_without_command=True)

_Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one. Default: PRESSRUN_CONSOLE_PORT.")
]


@app.callback()
def console(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: PRESSRUN_CONSOLE_HOST.")] = None,
    port: _Port = None,
    public_only: Annotated[
        bool, typer.Option("--public-only", help="Only webhooks, media and health checks: nobody can come in.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take webhooks, offer media to Instagram, answer health checks; and let people and programs in.

    It listens beyond this machine only where somebody may come in: give a key or add a user first.
    """
    if context.invoked_subcommand is not None:
        return
    from machine.entrance import require_somebody
    from machine.runtime import read_settings, runtime

    settings = read_settings(is_service=True)
    host, port = host or settings.console_host, settings.console_port if port is None else port
    # Not stopped by a database that is down or behind: then it says so under /readyz.
    with runtime(settings, name="console", broker=True, reachable=False) as here:
        here.vault()
        here.require_fit_if_it_answers()
        if not public_only:
            require_somebody(here, host)
        _serve(here, host, port, public_only=public_only, as_json=as_json)


def _serve(here: Runtime, host: str, port: int, *, public_only: bool, as_json: bool) -> None:
    from console.app import create_app
    from console.serve import run
    from machine.schema import HEAD
    from operations.operation import Context
    from pressrun.media.links import derive_key

    keys = here.settings.keys()
    app_ = create_app(
        Context(here.database, here.settings),
        media_keys=[derive_key(key) for key in keys],
        media_root=here.settings.home / "media",
        schema_head=HEAD,
        public_only=public_only,
    )
    run(
        app_,
        host=host,
        port=port,
        threads=here.database.most_connections,
        proxies=here.settings.trusted_proxies,
        on_listening=lambda url: _tell(here, url, public_only, as_json=as_json),
    )


@app.command("link")
def link(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the console. Default: where it last listened.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print an address that signs you in, once, within 10 minutes."""
    from cli.asking import asking
    from machine.entrance import console_url
    from operations.access import links

    with asking() as (ctx, owner):
        made = links.link(ctx, owner)
        url = f"{console_url(ctx.settings, port=port)}{made.path}"
    if as_json:
        show_json({"url": url, "expires_at": made.expires_at})
    else:
        say(url)
        note("it works once, within 10 minutes")


def _tell(here: Runtime, url: str, public_only: bool, *, as_json: bool) -> None:
    from machine.entrance import remember_console

    if not public_only:
        remember_console(here.settings, url)
    if as_json:
        show_json({"ready": True, "url": url})
    else:
        say(f"{LISTENING} {url}")
