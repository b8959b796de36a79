"""`account connect` and `account discover` as people run them: from the command line to an account that publishes."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil
import pytest
from pydantic import SecretStr

from console.instagram.answer_page import take
from graph.publishing.publishing import ContainerKind, ContainerSpec, Published
from models.owed.gate import Purpose
from operations.operation import Context
from pressrun.network.hints import Queue
from tests.integration.cli.conftest import Command, Here
from tests.support.processes import Process
from tests.support.simulator import Simulator
from tests.support.waiting import until
from worker.app import make_context
from worker.context import WorkerContext
from worker.pull import Puller
from worker.tasks import STEPS

APP = {"PRESSRUN_APP_ID": "SIM-APP", "PRESSRUN_APP_SECRET": "SIM-APP-SECRET"}
ADDRESS = r"^(http://\S+\?\S*redirect_uri=\S*&state=\S+)$"
DISCOVER = ["account", "discover", "--login", "facebook"]


@pytest.fixture
def app_worker(here: Here) -> Iterator[WorkerContext]:
    """A worker that has an app, and no broker: what is overdue it pulls."""
    told = {"app_id": "SIM-APP", "app_secret": SecretStr("SIM-APP-SECRET")}
    settings = here.runtime.settings.model_copy(update=told)
    ctx = make_context(settings, database_url=here.runtime.database_url, concurrency=4, media_base_url=None)
    puller = Puller(ctx, STEPS, [Queue.PREPARE], concurrency=2)
    puller.start()
    yield ctx
    ctx.stopping.set()
    puller.stop()
    ctx.transport.close()
    ctx.database.close()


def free_address() -> str:
    """A redirect address on a loopback port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"http://localhost:{found.getsockname()[1]}/connect/callback"


def start(command: Command, *arguments: str, login: str = "facebook", name: str = "bakery", **over: str) -> Process:
    told = command.settings | APP | {f"PRESSRUN_{name}": value for name, value in over.items()}
    words = ["account", "connect", "--login", login, "--name", name, *arguments]
    # Not `-u`: that the address leaves a pipe at once is up to the command.
    return Process([sys.executable, "-m", "cli", *words], env=told | {"PYTHONUNBUFFERED": ""})


def publishes(ctx: WorkerContext, here: Here, index: int) -> bool:
    """Whether the account that was connected can be published to."""
    account = here.account(index)
    assert account is not None
    publishing = ctx.client(account, Purpose.PUBLISH).publishing
    spec = ContainerSpec(ContainerKind.IMAGE, media_url=f"{here.simulator.url}/_sim/picture/post.jpg", caption="hi")
    container = publishing.create_container(spec)
    until(lambda: publishing.container(container.id).status_code == "FINISHED", what="the container is not ready")
    return isinstance(publishing.publish(container.id), Published)


@pytest.mark.cost(cpu_s=5)
def test_a_browser_leads_back_to_the_waiting_command(
    command: Command, here: Here, app_worker: WorkerContext, tmp_path: Path
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{opened}.new" && mv "{opened}.new" "{opened}"\n')
    browser.chmod(0o755)
    command.settings["BROWSER"] = f"{browser} %s"
    with start(command, REDIRECT_URL=free_address()) as waiting:
        until(opened.exists, what=lambda: waiting.output)
        address = opened.read_text()
        foreign = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        refused = httpx.get(foreign, params={"code": "SIM-CODE-0", "state": "made-up"})
        led_back = httpx.post(address, data={"decision": "approve"}, follow_redirects=True)
        argv = str(psutil.Process(waiting.pid).cmdline())

        assert waiting.wait(60) == 0, waiting.output

    code = parse_qs(urlsplit(str(led_back.url)).query)["code"][0]
    assert (refused.status_code, led_back.status_code) == (400, 200)
    assert "You can close this window" in led_back.text
    assert "added bakery (17841400000000000, @" in waiting.output
    assert waiting.output.count("belongs to no consent that was asked for here") == 1
    assert [secret for secret in (code, "SIM-APP-SECRET", "SIM-TOKEN") if secret in waiting.output + argv] == []
    assert publishes(app_worker, here, 0)


@pytest.mark.cost(cpu_s=5)
@pytest.mark.parametrize("ending", ["approve", "refuse"])
def test_where_no_answer_can_arrive_its_address_is_pasted(
    command: Command, here: Here, app_worker: WorkerContext, ending: str
) -> None:
    with start(command, "--no-browser", login="instagram", name="lena", REDIRECT_URL="https://localhost/") as waiting:
        address = waiting.line(ADDRESS, 60)
        led_back = httpx.post(address, data={"decision": ending})
        waiting.write(f"\n{led_back.headers['location']}")
        code = waiting.wait(60)

    assert parse_qs(urlsplit(address).query)["redirect_uri"] == ["https://localhost/"]
    assert led_back.headers["location"].endswith("#_")
    if ending == "approve":
        assert code == 0, waiting.output
        assert publishes(app_worker, here, 1)
    else:
        assert (code, here.account(1)) == (1, None)
        assert "the consent was not given (The user denied your request)" in waiting.output


@pytest.mark.usefixtures("app_worker")
@pytest.mark.cost(cpu_s=5)
def test_without_a_terminal_several_accounts_are_listed_and_none_is_taken(
    command: Command, here: Here, simulator: Simulator
) -> None:
    """The console takes the answer, and the command that asked goes on with it."""
    simulator.post("/_sim/consent", login="facebook", account="all")
    console = Context(here.database, here.runtime.settings)
    with start(command, "--no-browser", "--json", PUBLIC_URL="https://social.example.com") as waiting:
        led_back = urlsplit(httpx.get(waiting.line(ADDRESS, 60)).headers["location"])
        page = take(console, led_back.query)
        assert waiting.wait(60) == 2, waiting.output

    assert (page.status, led_back.hostname, led_back.path) == (200, "social.example.com", "/connect/callback")
    assert "the console takes it there" in waiting.output

    said = re.sub(ADDRESS, "", waiting.output, flags=re.MULTILINE)
    listed = json.loads(said[said.index("[") : said.rindex("]") + 1])
    assert [row["ig_id"] for row in listed] == [simulator.ig_id(0), simulator.ig_id(2)]
    assert list(listed[0]) == ["ig_id", "username", "page", "may_publish"]
    assert "--account names one" in said.splitlines()[-1]
    assert here.account(0) is None


@pytest.mark.usefixtures("app_worker")
def test_a_token_leads_to_its_account_without_a_browser(command: Command, here: Here) -> None:
    command.settings |= APP

    done = command.run(*DISCOVER, text="SIM-TOKEN-0\n")
    several = command.run(*DISCOVER, "--name", "all", text="SIM-TOKEN-ALL")
    both = [word for index in (0, 2) for word in ("--account", here.simulator.ig_id(index))]
    chosen = command.run(*DISCOVER, "--name", "all", *both, "--json", text="SIM-TOKEN-ALL")
    unknown = command.run(*DISCOVER, "--account", "nobody", text="SIM-TOKEN-0")
    dead = command.run(*DISCOVER, text="SIM-TOKEN-nobody")

    first, second = here.account(0), here.account(2)
    assert first is not None
    assert second is not None
    assert first.name == first.username
    assert (done.returncode, done.stdout) == (0, f"added {first.name} ({first.ig_id}, @{first.username}), zone UTC\n")
    assert (several.returncode, several.stdout.split()[:4]) == (2, ["ig_id", "username", "page", "may_publish"])
    assert [row["name"] for row in json.loads(chosen.stdout)] == [first.name, f"all-{second.username}"]
    assert (unknown.returncode, unknown.stderr.startswith("pressrun: --account: 'nobody' is none of")) == (2, True)
    assert (dead.returncode, dead.stderr.count("\n")) == (1, 1)
    said = "".join(one.stdout + one.stderr for one in (done, several, chosen, unknown, dead))
    assert "SIM-TOKEN" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "PRESSRUN_APP_ID"),
        (["--scope", "two words"], "pressrun: --scope: 'two words' is no name of a permission"),
        (["--timezone", "GMT+2"], "pressrun: --timezone: "),
        (["--account", " @"], "pressrun: --account: an account is named by"),
        (["--name", "a,b"], "pressrun: --name: "),
    ],
)
def test_what_cannot_be_asked_is_one_line(command: Command, arguments: list[str], said: str) -> None:
    command.settings |= APP if arguments else {}

    done = command.run("account", "connect", "--login", "facebook", "--name", "x", "--no-browser", *arguments)

    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout, said in line) == (2, "", True)
