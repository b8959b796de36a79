"""`pressrun up`: everything on one machine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import note, say

if TYPE_CHECKING:
    from cli.runtime import Runtime
    from pressrun.settings import Settings


def up(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the console; 0 takes a free one. Default: PRESSRUN_CONSOLE_PORT."),
    ] = None,
) -> None:
    """Run Pressrun on this machine until Ctrl-C: servers that are not configured, scheduler, workers and console."""
    from cli.runtime import read_settings
    from cli.stopping import interrupts
    from pressrun.embedded.servers import wait_stopped

    settings = read_settings()
    if port is not None:
        settings = settings.model_copy(update={"console_port": port})
    with interrupts():
        _run(settings)
        if settings.database_url is None or settings.redis_url is None:
            wait_stopped(settings.home)  # False when others still use them
    note("stopped")


def _run(settings: Settings) -> None:
    from cli.runtime import ping, runtime
    from cli.stack import pick_port, service_specs, supervised

    with runtime(settings, broker=True) as here:
        ping(here.redis_url)
        here.vault()  # a missing key is told before anything starts
        port = pick_port(settings.console_host, settings.console_port)
        specs = service_specs(here, console_port=port)
        with supervised(specs):
            try:
                _tell(here, port, [spec.name for spec in specs])
                threading.Event().wait()
            except KeyboardInterrupt:
                note("stopping; once more to stop at once")


def _tell(here: Runtime, port: int, names: list[str]) -> None:
    from cli.stack import url_of

    settings = here.settings
    console_url = url_of(settings.console_host, port)
    places = {"console": console_url}
    if here.has_own_postgres:
        say(f"{'postgres':16}embedded in {settings.home}")
    if here.has_own_redis:
        say(f"{'redis':16}embedded in {settings.home}")
    for name in names:
        say(f"{name:16}{places.get(name, 'running')}")
    if not settings.offers_local_media:
        note("note: Instagram cannot fetch files of this machine; set PRESSRUN_PUBLIC_URL to the console's address")
        note("      as seen from outside, or use media with public URLs only")
    say("READY")
