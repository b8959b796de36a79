"""`pressrun up`: everything on one machine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, note, say, show_json
from machine.ready import READY

if TYPE_CHECKING:
    from machine.runtime import Runtime
    from pressrun.embedded.forkserver import ForkServer
    from pressrun.settings import Settings


def up(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the console; 0 takes a free one. Default: PRESSRUN_CONSOLE_PORT."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes for each queue of posts. Default: half of the cores."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run Pressrun on this machine until Ctrl-C: servers that are not configured, scheduler, workers and console.

    The schema is brought up to date first. A process that dies is started again.
    """
    from machine.forks import service_forks
    from machine.stopping import interrupts

    with interrupts(), service_forks() as forks:
        _start(port, workers, forks, as_json=as_json)
    note("stopped")


def _start(port: int | None, workers: int | None, forks: ForkServer | None, *, as_json: bool) -> None:
    from machine.runtime import read_settings
    from pressrun.embedded.servers import wait_stopped

    settings = read_settings()
    if port is not None:
        settings = settings.model_copy(update={"console_port": port})
    _run(settings, forks, workers=workers, as_json=as_json)
    if settings.database_url is None or settings.redis_url is None:
        wait_stopped(settings.home)  # False when others still use them


def _run(settings: Settings, forks: ForkServer | None, *, workers: int | None, as_json: bool) -> None:
    from machine import schema
    from machine.entrance import require_somebody
    from machine.runtime import ping, runtime
    from machine.stack import pick_port, service_specs, supervised, usual_workers

    with runtime(settings, name="up", broker=True, upgraded=False) as here:
        ping(here.redis_url)
        here.vault()  # a missing key is told before anything starts
        schema.upgrade(here.database)
        require_somebody(here, settings.console_host)
        port = pick_port(settings.console_host, settings.console_port)
        specs = service_specs(here, console_port=port, workers=workers or usual_workers())
        with supervised(specs, forks=forks):
            try:
                _tell(here, _parts(here, port, [spec.name for spec in specs]), as_json=as_json)
                threading.Event().wait()
            except KeyboardInterrupt:
                note("stopping; once more to stop at once")


def _parts(here: Runtime, port: int, names: list[str]) -> list[dict[str, Any]]:
    """What runs, and where it can be found."""
    from machine.stack import url_of

    console = {"service": "console", "where": url_of(here.settings.console_host, port)}
    servers = {"postgres": here.has_own_postgres, "redis": here.has_own_redis}
    own = [{"service": name, "where": f"in {here.settings.home}"} for name, is_own in servers.items() if is_own]
    others = [{"service": name, "where": "running"} for name in names if name != console["service"]]
    return [console | _link(here, console["where"]), *own, *others]


def _link(here: Runtime, url: str) -> dict[str, str]:
    """By what the owner comes in: where only this machine reaches the console, whoever sees this may."""
    from machine.entrance import is_on_loopback
    from operations.access import links
    from operations.operation import OWNER, Context

    if not is_on_loopback(here.settings.console_host):
        return {}
    return {"link": f"{url}{links.link(Context(here.database, here.settings), OWNER).path}"}


def _tell(here: Runtime, parts: list[dict[str, Any]], *, as_json: bool) -> None:
    from pressrun.media.routes import Ways

    if Ways.of(here.settings).choose(is_video=False, on_facebook=False) is None:
        note("note: Instagram cannot fetch files of this machine; set PRESSRUN_PUBLIC_URL to the console's address")
        note("      as seen from outside, or PRESSRUN_S3_BUCKET, or use media with public URLs only")
    if as_json:
        show_json(parts)
        return
    for part in parts:
        if "link" in part:
            say(f"{'open':16}{part['link']}")
        say(f"{part['service']:16}{part['where']}")
    say(READY)
