"""The small world of `pressrun demo`: a throwaway home, a simulated Instagram, three accounts, people who talk."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from cli.commands.lending import lending
from cli.demo.month import AGES_H
from cli.output import note
from machine.ready import LISTENING
from machine.runtime import Runtime, configure_log
from machine.stack import STOP_LAST, pick_port, service_spec
from models.accounts.account import Login
from operations.accounts.connections import NewAccount, await_outcome, connect
from operations.history.watches import Target, watch
from operations.operation import OWNER, Context
from pressrun.embedded.home import prepare_home
from pressrun.embedded.servers import wait_stopped
from pressrun.embedded.supervisor import ProcessSpec
from pressrun.errors import Invalid, PressrunError, ServerUnreachable
from pressrun.settings import PREFIX, Settings, load
from pressrun.waiting import until
from simulator.config import SimulatorConfig

T = TypeVar("T")

ACCOUNTS = ("harbour-bakery", "lena-makes", "northlight-studio")
"""The accounts of examples/campaign.csv, in the order of the simulator's."""

_FIRST_IG_ID = 17_841_400_000_000_000
_HOST = "127.0.0.1"
_MARK = ".pressrun-demo"
_KEPT = ("LOG_LEVEL", "LOG_FORMAT", "FAILPOINTS", "FAILPOINTS_ONCE_DIR")
_TUNING = ("STAGE_AHEAD", "CALL_DEADLINE", "LEASE", "HINT_LEASE", "SETTLE", "SETTLE_GAP", "IN_FLIGHT")
_HARDY_FOR_S = 90.0


@dataclass(frozen=True)
class World:
    """Where everything of one demo is."""

    settings: Settings
    simulator_url: str

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def campaign(self) -> Path:
        return self.home / "campaign" / "campaign.csv"

    @property
    def console_url(self) -> str:
        return f"http://{_HOST}:{self.settings.console_port}"

    def simulator_spec(self) -> ProcessSpec:
        """The simulator keeps its world on disk, so that even its own death loses nothing."""
        port = self.simulator_url.rpartition(":")[2]
        flags = [f"--port={port}", f"--accounts={len(ACCOUNTS)}", f"--state-dir={self.home / 'simulator'}"]
        return service_spec(
            self.settings, "simulator", ["simulator", *flags], ready_line=f"{LISTENING} ", stop_order=STOP_LAST
        )

    def ask(self, path: str, **body: Any) -> Any:
        """One question to the simulator's back door; POST when there is something to say."""
        # Not urllib: it would send even loopback addresses through a proxy.
        connection = HTTPConnection(self.simulator_url.removeprefix("http://"), timeout=10)
        try:
            connection.request("POST" if body else "GET", f"/_sim/{path}", json.dumps(body) if body else None)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as problem:
            raise ServerUnreachable(f"the simulator does not answer: {problem}") from None
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK:
            raise PressrunError(f"the simulator refuses {path}: {text[:300]}")
        return json.loads(text)

    def remember(self, account: str, media: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Have the simulator know these media of an account as older ones."""
        answer = hardy(partial(self.ask, "past", account=account, media=media, ages_h=AGES_H))
        return list(answer["media"])


@contextmanager
def make_world(home: Path | None) -> Iterator[World]:
    """A world in `home`, or in a folder that is gone afterwards.

    Raises Invalid when the folder holds something else than an earlier demo.
    """
    folder = _throwaway() if home is None else _own_folder(home)
    simulator_url = f"http://{_HOST}:{pick_port(_HOST, 0)}"
    try:
        settings = _settings(folder, simulator_url)
        configure_log(settings, is_service=False)
        yield World(settings, simulator_url)
    finally:
        is_down = wait_stopped(folder)
        if home is None and is_down:
            shutil.rmtree(folder)
        elif home is None:
            note(f"{folder} is still in use and was left there")


def populate(here: Runtime, world: World) -> None:
    """Connect the accounts and aim the simulator's notifications at the console."""
    for number, name in enumerate(ACCOUNTS):
        login = Login.INSTAGRAM if number % 2 else Login.FACEBOOK
        new = NewAccount(login, str(_FIRST_IG_ID + number), name, f"SIM-TOKEN-{number}")
        hardy(partial(_connect, here, new))
    hardy(partial(watch_others, here))
    hardy(partial(world.ask, "webhook", url=f"{world.console_url}/webhooks/instagram", verify=True))


def _connect(here: Runtime, new: NewAccount) -> None:
    ctx = Context(here.database, here.settings)
    await_outcome(ctx, OWNER, connect(ctx, OWNER, new), hands=lending(here))


def watch_others(here: Runtime) -> None:
    """Have the accounts on Facebook Login read a competitor and a hashtag along."""
    ctx = Context(here.database, here.settings)
    for number, name in enumerate(ACCOUNTS[::2]):
        watch(ctx, OWNER, name, Target.of(competitor=f"sim_brand_{number}"))
        watch(ctx, OWNER, name, Target.of(hashtag="sourdough"))


def make_people_talk(world: World) -> None:
    """A few strangers mention and tag the accounts."""
    for number in range(len(ACCOUNTS)):
        account = str(_FIRST_IG_ID + number)
        for kind in ("comment",) if number % 2 else ("comment", "caption"):
            hardy(partial(world.ask, "mention", account=account, kind=kind))
        hardy(partial(world.ask, "tag", account=account))


def hardy(action: Callable[[], T]) -> T:
    """The result of an action that may be repeated; a server that is just being restarted is waited for."""
    results: list[T] = []
    problems: list[Exception] = []

    def succeeds() -> bool:
        try:
            results.append(action())
        except (DBAPIError, ServerUnreachable) as problem:
            problems.append(problem)
        return bool(results)

    if not until(succeeds, every_s=0.5, seconds=_HARDY_FOR_S):
        raise problems[-1]
    return results[0]


def _settings(home: Path, simulator_url: str) -> Settings:
    """The demo's own: nothing of a real installation may leak into it, neither its database nor its secrets."""
    kept = {PREFIX + name: os.environ.get(PREFIX + name, "") for name in (*_KEPT, *_TUNING)}
    made_up = SimulatorConfig()
    return load(
        kept
        | {
            PREFIX + "HOME": str(home),
            PREFIX + "GRAPH_URL": simulator_url,
            PREFIX + "APP_ID": made_up.app_id,
            PREFIX + "APP_SECRET": made_up.app_secret,
            PREFIX + "WEBHOOK_VERIFY_TOKEN": made_up.verify_token,
            PREFIX + "CONSOLE_HOST": _HOST,
            PREFIX + "CONSOLE_PORT": str(pick_port(_HOST, 0)),
        }
    )


def _throwaway() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pressrun-demo-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # the servers run as another user and must pass through
    return folder


def _own_folder(home: Path) -> Path:
    if home.is_dir() and any(home.iterdir()) and not (home / _MARK).exists():
        raise Invalid(f"--home {home} holds something else than an earlier demo: name an empty or a new folder")
    folder = prepare_home(home).path
    (folder / _MARK).touch()
    return folder
