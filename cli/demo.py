"""`pressrun demo`: the whole of Pressrun on this machine, against a simulated Instagram."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import note, say, show_rows

if TYPE_CHECKING:
    from cli.demo_report import Verdict
    from cli.demo_world import World
    from cli.runtime import Runtime

FINAL_WITHIN_S = 480.0
"""A publish that lost its worker is only sent again once it is proved unsent: minutes, not seconds."""
SETTLED_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.5


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder for its data; without it, one that is gone afterwards.")
    ] = None,
) -> None:
    """Publish an example campaign against a simulated Instagram, harvest, and show what came of it.

    Exit 0 only if every post went out once.
    """
    from cli.demo_world import make_world
    from cli.stopping import interrupts
    from pressrun import log

    started = time.monotonic()
    with interrupts():
        with make_world(home) as world:
            level = world.settings.log_level if "log_level" in world.settings.model_fields_set else "WARNING"
            log.configure(level=level, form=world.settings.log_format)
            verdict = _play(world, keep=keep, started=started)
        if not keep:
            say(verdict.line(time.monotonic() - started))
    if not verdict.is_good:
        raise typer.Exit(1)


def _play(world: World, *, keep: bool, started: float) -> Verdict:
    from cli.demo_world import populate
    from cli.runtime import runtime
    from cli.stack import service_specs, supervised

    say(f"starting servers, simulator, scheduler, workers and console in {world.home}")
    with runtime(world.settings, broker=True) as here:
        specs = [world.simulator_spec(), *service_specs(here, console_port=world.settings.console_port)]
        drawn = _Drawing(world.campaign)
        with supervised(specs):
            populate(here, world)
            drawn.wait()
            _publish(here, world)
            verdict = _report(here, world)
            if keep:
                _keep(world, verdict.line(time.monotonic() - started))
    return verdict


class _Drawing(threading.Thread):
    """Draws the campaign's media while the processes start."""

    def __init__(self, campaign: Path) -> None:
        super().__init__(daemon=True)
        self._campaign = campaign
        self._problem: Exception | None = None
        self.start()

    def run(self) -> None:
        from pressrun.media.samples import make_campaign

        try:
            self._campaign.parent.mkdir(exist_ok=True)
            self._campaign.write_bytes(_example().read_bytes())
            make_campaign(self._campaign)
        except Exception as problem:
            self._problem = problem

    def wait(self) -> None:
        self.join()
        if self._problem is not None:
            raise self._problem


def _example() -> Path:
    """The campaign: beside this module in a wheel, in its own folder in a checkout."""
    here = Path(__file__).parent
    shipped = here / "examples" / "campaign.csv"
    return shipped if shipped.exists() else here.parent / "examples" / "campaign.csv"


def _publish(here: Runtime, world: World) -> None:
    from cli.demo_report import are_final, board, post_rows
    from cli.demo_world import hardy, make_people_talk
    from cli.waiting import until
    from pressrun.errors import PressrunError
    from scheduler.importing import import_csv

    report = hardy(lambda: import_csv(here.database, here.settings, world.campaign))
    if report.problems:
        raise PressrunError(f"{world.campaign}: {report.problems[0]}")
    say(f"queued {len(report.added)} posts of {world.campaign.name}")
    make_people_talk(world)

    def rows() -> list[dict[str, Any]]:
        with here.database.transaction() as tx:
            return post_rows(tx)

    with board() as shown:

        def is_over() -> bool:
            found = hardy(rows)
            shown.show(found)
            return are_final(found)

        until(is_over, every_s=_LOOK_EVERY_S, seconds=FINAL_WITHIN_S)
    # First comments and permalinks follow; what the harvests read is better then.
    until(lambda: all(row["is_settled"] for row in hardy(rows)), every_s=_LOOK_EVERY_S, seconds=SETTLED_WITHIN_S)


def _report(here: Runtime, world: World) -> Verdict:
    from cli import demo_report
    from cli.demo_world import hardy

    say("harvesting")
    for run in hardy(lambda: _harvest(here)):
        if run["status"] not in {"done", "partial"}:
            note(f"harvest {run['kind']} of {run['account']}: {run['status']} {run['errors'] or ''}")
    ledger = hardy(lambda: world.ask("ledger"))["publishes"]

    def read() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        with here.database.transaction() as tx:
            return demo_report.post_rows(tx), demo_report.history_rows(tx)

    posts, history = hardy(read)
    say("")
    show_rows(demo_report.COLUMNS, posts, as_json=False)
    say("")
    show_rows(("what", "rows"), history, as_json=False)
    say("")
    for post in posts:
        if post["error"]:
            note(f"{post['key']}: {post['error']}")
    return demo_report.judge(posts, history, ledger)


def _harvest(here: Runtime) -> list[dict[str, Any]]:
    from cli.harvesting import await_runs, request

    return await_runs(here, request(here, None, None), on_progress=lambda _done, _total: None)


def _keep(world: World, line: str) -> None:
    say(f"console    {world.console_url}")
    say(f"simulator  {world.simulator_url}/_sim/report")
    say("look around, in another terminal, with:")
    say(f"  export PRESSRUN_HOME={world.home} PRESSRUN_GRAPH_URL={world.simulator_url}")
    say("  pressrun post list; pressrun post show hb-sourdough; pressrun insight show; pressrun doctor")
    say("Ctrl-C stops everything")
    say(line)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        note("stopping")
