"""`pressrun demo`: the whole of Pressrun on this machine, against a simulated Instagram."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from cli.output import AsJson, note, say, show_json, show_rows

if TYPE_CHECKING:
    from cli.demo.report import Result
    from cli.demo.world import World
    from machine.runtime import Runtime

FINAL_WITHIN_S = 480.0
"""A publish that lost its worker is only sent again once it is proved unsent: minutes, not seconds."""
SETTLED_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.5


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder for its data; without it, one that is gone afterwards.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish an example campaign against a simulated Instagram, harvest, and show what came of it.

    Exit 0 only if every post went out once.
    """
    from cli.demo.world import make_world
    from machine.stopping import interrupts

    with interrupts():
        with make_world(home) as world:
            play = _Play(world, as_json=as_json)
            result = play.run(keep=keep)
        if not keep:
            play.conclude(result)
    if not result.verdict.is_good:
        raise typer.Exit(1)


@dataclass
class _Play:
    """One demo. With `as_json` all that it tells on the way goes to stderr."""

    world: World
    as_json: bool
    started: float = field(default_factory=time.monotonic)

    def run(self, *, keep: bool) -> Result:
        from cli.demo.world import populate
        from machine.forks import service_forks
        from machine.runtime import runtime
        from machine.stack import service_specs, supervised

        world = self.world
        self._tell(f"starting servers, simulator, scheduler, workers and console in {world.home}")
        with service_forks() as forks, runtime(world.settings, broker=True) as here:
            specs = [world.simulator_spec(), *service_specs(here, console_port=world.settings.console_port)]
            with _Drawing(world.campaign) as drawn, supervised(specs, forks=forks):
                populate(here, world)
                drawn.wait()
                self._publish(here)
                result = self._report(here)
                if keep:
                    seconds = time.monotonic() - self.started
                    self._fill(here)
                    self._keep(result, self._link(here), seconds)
        return result

    def conclude(self, result: Result, *, seconds: float | None = None) -> None:
        """The last line, or the one document. `seconds`: how long it took, where more was done since."""
        seconds = time.monotonic() - self.started if seconds is None else seconds
        if self.as_json:
            show_json(result.as_json(seconds))
        else:
            say(result.verdict.line(seconds))

    def _tell(self, line: str) -> None:
        (note if self.as_json else say)(line)

    def _publish(self, here: Runtime) -> None:
        from cli.demo.report import are_final, are_settled, board, look
        from cli.demo.world import hardy, make_people_talk
        from pressrun.errors import PressrunError
        from pressrun.waiting import until
        from scheduler.posts.importing import import_file

        report = hardy(lambda: import_file(here.database, here.settings, self.world.campaign))
        if report.problems:
            raise PressrunError(f"{self.world.campaign}: {report.problems[0]}")
        self._tell(f"queued {len(report.added)} posts of {self.world.campaign.name}")
        make_people_talk(self.world)
        with board(self._tell, is_live=not self.as_json) as shown:

            def is_over() -> bool:
                posts = hardy(lambda: look(here.database))
                shown.show(posts)
                return are_final(posts)

            until(is_over, every_s=_LOOK_EVERY_S, seconds=FINAL_WITHIN_S)
        # First comments and permalinks follow; the harvests find more when they are there.
        until(lambda: are_settled(hardy(lambda: look(here.database))), every_s=_LOOK_EVERY_S, seconds=SETTLED_WITHIN_S)

    def _report(self, here: Runtime) -> Result:
        from cli.commands.lending import lending
        from cli.demo import report as demo_report
        from cli.demo.world import hardy
        from operations.history.harvests import await_runs, run_harvests
        from operations.operation import OWNER, Context

        self._tell("harvesting")
        ctx, hands = Context(here.database, here.settings), lending(here)
        ids = hardy(lambda: run_harvests(ctx, OWNER))
        runs = hardy(lambda: await_runs(ctx, OWNER, ids, on_progress=lambda _done, _total: None, hands=hands))
        ledger = hardy(lambda: self.world.ask("ledger"))["publishes"]
        result = hardy(lambda: demo_report.read_result(here.database, ledger))
        if not self.as_json:
            for columns, rows in result.tables():
                say("")
                show_rows(columns, rows, as_json=False)
            say("")
        for complaint in (*demo_report.complaints_of_runs(runs), *result.complaints()):
            note(complaint)
        return result

    def _link(self, here: Runtime) -> str:
        from cli.demo.world import hardy
        from operations.access import links
        from operations.operation import OWNER, Context

        return hardy(lambda: links.link(Context(here.database, here.settings), OWNER)).path

    def _fill(self, here: Runtime) -> None:
        from cli.demo import month
        from cli.demo.world import ACCOUNTS, hardy
        from operations.operation import Context

        self._tell("writing a month behind and three weeks ahead")
        hardy(lambda: month.fill(here.database, ACCOUNTS, self.world.remember))
        hardy(lambda: month.plan_ahead(Context(here.database, here.settings), self.world.campaign.parent))

    def _keep(self, result: Result, link: str, seconds: float) -> None:
        world = self.world
        self._tell(f"open       {world.console_url}{link}")
        self._tell(f"console    {world.console_url}")
        self._tell(f"simulator  {world.simulator_url}/_sim/report")
        self._tell("look around, in another terminal, with:")
        self._tell(f"  export PRESSRUN_HOME={world.home} PRESSRUN_GRAPH_URL={world.simulator_url}")
        self._tell("  pressrun post list; pressrun post show hb-sourdough; pressrun insight show; pressrun doctor")
        self._tell("Ctrl-C stops everything")
        self.conclude(result, seconds=seconds)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            note("stopping")


class _Drawing(threading.Thread):
    """Draws the campaign's media while the processes start."""

    def __init__(self, campaign: Path) -> None:
        super().__init__(daemon=True)
        self._campaign = campaign
        self._problem: Exception | None = None
        self._unwanted = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The world's folder is removed next: a file that is written meanwhile would keep it from going.
        self._unwanted.set()
        self.join()

    def run(self) -> None:
        from pressrun.media.samples import make_campaign

        try:
            self._campaign.parent.mkdir(exist_ok=True)
            self._campaign.write_bytes(_example().read_bytes())
            make_campaign(self._campaign, is_wanted=lambda: not self._unwanted.is_set())
        except Exception as problem:
            self._problem = problem

    def wait(self) -> None:
        self.join()
        if self._problem is not None:
            raise self._problem


def _example() -> Path:
    """The campaign: beside the command in a wheel, in its own folder in a checkout."""
    here = Path(__file__).parents[1]
    shipped = here / "examples" / "campaign.csv"
    return shipped if shipped.exists() else here.parent / "examples" / "campaign.csv"
