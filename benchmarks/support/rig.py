"""A whole Pressrun with a simulator beside it, in a throwaway home: what the benchmarks and the torture run drive."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from machine.forks import service_forks
from machine.hands import lent_hands
from machine.runtime import Runtime, runtime
from machine.stack import STOP_LAST, pick_port, service_spec, service_specs
from models.accounts.account import Login
from models.store.session import Database
from operations.accounts.connections import NewAccount, await_outcome, connect
from operations.operation import OWNER, Context
from pressrun.clock import Deadline
from pressrun.embedded.forkserver import ForkServer
from pressrun.embedded.servers import wait_stopped
from pressrun.embedded.supervisor import ProcessSpec, Supervisor
from pressrun.media.samples import make_jpeg, make_mp4
from pressrun.network.trust import authorities
from pressrun.settings import PREFIX, Settings, load

_SIMULATOR_BACK_WITHIN_S = 120.0
FIRST_IG_ID = 17_841_400_000_000_000


@dataclass(frozen=True)
class Rig:
    """Everything of one run. `supervisor` holds the simulator, schedulers, workers and console."""

    home: Path
    here: Runtime
    supervisor: Supervisor
    simulator_url: str
    forks: ForkServer | None
    """What its processes were forked from."""

    def simulator(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the simulator's back door; waits while it is being restarted. Raises httpx.ConnectError in the end."""
        deadline = Deadline.after(_SIMULATOR_BACK_WITHIN_S)
        with httpx.Client(base_url=self.simulator_url, timeout=30, verify=authorities()) as client:
            while True:
                try:
                    answer = (
                        client.get(f"/_sim/{path}") if body is None else client.post(f"/_sim/{path}", json=dict(body))
                    )
                except httpx.ConnectError:
                    if deadline.passed:
                        raise
                    threading.Event().wait(0.2)
                else:
                    return answer.raise_for_status().json()


@contextmanager
def rig(
    *,
    accounts: int,
    settings: Mapping[str, str] | None = None,
    simulator: Sequence[str] = (),
    copies: Mapping[str, int] | None = None,
    options: Mapping[str, Sequence[str]] | None = None,
    past: bool = False,
    forked: bool = True,
) -> Iterator[Rig]:
    """Start it all and stop it all.

    Args:
        forked: as `up` has them; False: each process starts by itself, as a container's does.
        past: the 90 days of insights before an account was added are read back too, at some 400 calls for each.
        settings: further settings without their prefix.
        simulator: further flags of the simulator.
        copies: how many processes of a service run, where it is not one.
        options: further options of a service's command; of an option that is there already, the last one counts.
    """
    home = Path(tempfile.mkdtemp(prefix="pressrun-rig-"))
    home.chmod(0o711)
    url = f"http://127.0.0.1:{pick_port('127.0.0.1', 0)}"
    told = {"HOME": str(home), "GRAPH_URL": url, "CONSOLE_PORT": str(pick_port("127.0.0.1", 0)), **(settings or {})}
    complete = load({PREFIX + name: value for name, value in told.items()})
    try:
        with _supervised(complete, forked=forked) as (here, supervisor, forks):
            specs = [
                _simulator(here, url, [f"--accounts={accounts}", *simulator]),
                *_copied(_with(service_specs(here, console_port=complete.console_port), options or {}), copies or {}),
            ]
            supervisor.start(specs, ready_within_s=120)
            _connect(here, accounts)
            if not past:
                call_off_the_past(here.database)
            yield Rig(home, here, supervisor, url, forks)
    finally:
        wait_stopped(home)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _supervised(complete: Settings, *, forked: bool) -> Iterator[tuple[Runtime, Supervisor, ForkServer | None]]:
    with (
        service_forks() if forked else nullcontext() as forks,
        runtime(complete, broker=True) as here,
        Supervisor(forks=forks) as supervisor,
    ):
        yield here, supervisor, forks


def _connect(here: Runtime, accounts: int) -> None:
    ctx, asked = Context(here.database, here.settings), list[int]()
    for index in range(accounts):
        login = Login.INSTAGRAM if index % 2 else Login.FACEBOOK
        new = NewAccount(login, str(FIRST_IG_ID + index), f"acc{index}", f"SIM-TOKEN-{index}")
        asked.append(connect(ctx, OWNER, new))
    for connection_id in asked:
        await_outcome(ctx, OWNER, connection_id, hands=partial(lent_hands, here))


def call_off_the_past(database: Database) -> None:
    """The 90 days before an account was added are not read back: some 400 calls for each account."""
    with database.transaction() as tx:
        # As if nobody had wanted it; the claim passes on from a worker that has begun.
        tx.execute(
            text(
                "UPDATE backfills SET since = requested_at, finished_at = now(), next_action_at = NULL,"
                " leased_until = NULL, claim = claim + 1 WHERE finished_at IS NULL"
            )
        )


def make_media(folder: Path) -> Path:
    """`feed-0.jpg`…, `story-0.jpg`…, `clip-0.mp4`…, three of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(3):
        make_jpeg(folder / f"feed-{number}.jpg", 1080, 1350, label=f"feed {number}")
        make_jpeg(folder / f"story-{number}.jpg", 1080, 1920, label=f"story {number}")
        make_mp4(folder / f"clip-{number}.mp4", 360, 640, 3.5, label=f"clip {number}")
    return folder


def _simulator(here: Runtime, url: str, flags: Sequence[str]) -> ProcessSpec:
    kept = [f"--port={url.rpartition(':')[2]}", f"--state-dir={here.settings.home / 'simulator'}"]
    return service_spec(
        here.settings, "simulator", ["simulator", *kept, *flags], ready_line="LISTENING ", stop_order=STOP_LAST
    )


def _with(specs: Sequence[ProcessSpec], options: Mapping[str, Sequence[str]]) -> list[ProcessSpec]:
    return [replace(spec, argv=[*spec.argv, *options.get(spec.name, ())]) for spec in specs]


def _copied(specs: Sequence[ProcessSpec], copies: Mapping[str, int]) -> list[ProcessSpec]:
    made = []
    for spec in specs:
        for number in range(copies.get(spec.name, 1)):
            name = spec.name if number == 0 else f"{spec.name}-{number + 1}"
            log_path = spec.log_path.with_stem(name) if spec.log_path else None
            made.append(replace(spec, name=name, log_path=log_path))
    return made


def steal_percent(before: Sequence[int], after: Sequence[int]) -> float:
    """Share of the CPU that the host took away between two readings of `cpu_times()`."""
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return round(100 * spent[7] / max(sum(spent), 1), 1)


def cpu_times() -> list[int]:
    """The machine's CPU counters; zeros where there is no /proc."""
    stat = Path("/proc/stat")
    return [int(field) for field in stat.read_text().split("\n", 1)[0].split()[1:9]] if stat.exists() else [0] * 8


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0.0
