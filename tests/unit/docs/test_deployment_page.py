"""docs/deployment.md fits docker-compose.yml, the settings and what the console answers."""

from __future__ import annotations

import re
from typing import Any

import yaml
from fastapi import FastAPI

from console.app import create_app
from console.instagram.receiver import LARGEST_BODY
from models.store.session import Database
from operations.operation import Context
from pressrun.settings import Settings
from tests.unit.docs.pages import ROOT, Page, names_in
from worker.inbox import HANDLERS

PAGE = Page.of("docs/deployment.md")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS = Settings()
PATHS = PAGE.table("path", "who calls it", "public")


def variables() -> dict[str, bool]:
    """What compose takes from `.env`, and whether it is required."""
    found = re.findall(r"\$\{(\w+)(:[?-])", (ROOT / "docker-compose.yml").read_text())
    return {name: operator == ":?" for name, operator in found if name != "PRESSRUN_TAG"}


def console() -> FastAPI:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    ctx = Context(database, SETTINGS)
    return create_app(ctx, media_keys=[b"key"], media_root=SETTINGS.home, schema_head="0001", public_only=True)


def test_every_service_is_there() -> None:
    told = [name for row in PAGE.table("service", "what", "how many") for name in names_in(row["service"])]

    assert told == list(COMPOSE["services"])


def test_every_required_variable_is_there() -> None:
    rows = PAGE.table("variable in `.env`", "required", "make it with")
    told = {name for row in rows for name in names_in(row["variable in `.env`"]) if row["required"] == "yes"}

    assert told == {name for name, is_required in variables().items() if is_required}


def test_the_paths_of_the_console_are_all_there() -> None:
    told = {name.replace("…", "") for row in PATHS for name in names_in(row["path"])}
    routers = [getattr(one, "original_router", None) or one for one in console().routes]
    paths = {route.path.partition("{")[0] for router in routers for route in getattr(router, "routes", [router])}

    assert {path.removesuffix("/") if path.startswith(("/webhooks", "/connect")) else path for path in paths} == told


def test_the_proxy_lets_through_what_is_public_and_a_whole_body() -> None:
    [example] = PAGE.blocks("nginx")
    public = {names_in(row["path"])[0].replace("…", "") for row in PATHS if row["public"].startswith("yes")}

    assert set(re.findall(r"location (?:= )?(/\S+) \{", example)) == public
    assert f"client_max_body_size {LARGEST_BODY // 1024**2}m" in example
    assert set(re.findall(r"proxy_pass http://127\.0\.0\.1:(\d+)", example)) == {str(SETTINGS.console_port)}


def test_every_field_of_a_webhook_that_is_worked_on_is_there() -> None:
    rows = PAGE.table("field", "login", "what Pressrun does with it")

    assert {name for row in rows for name in names_in(row["field"])} == set(HANDLERS)


def test_the_api_version_of_the_examples_is_the_default() -> None:
    assert set(re.findall(r"/(v\d+\.\d+)/", PAGE.text)) == {SETTINGS.graph_version}


def test_the_connections_add_up() -> None:
    """Pool and overflow of `Database`, one for the standing look of schedulers and workers, one for presence."""
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    spare = database.engine.pool
    overflow: int = spare._max_overflow  # type: ignore[attr-defined]
    pool: int = spare.size()  # type: ignore[attr-defined]
    assert database.most_connections == pool + overflow
    worker = 16 + 4 + overflow + 2
    workers = sum(1 for name in COMPOSE["services"] if name.startswith("worker-"))

    assert (
        f"(16 + {4 + overflow + 2} by default), a scheduler {pool + overflow + 1}, a console or command" in PAGE.prose
    )
    together = workers * worker + 2 * (pool + overflow) + 1
    allowed = int(COMPOSE["services"]["postgres"]["command"][-1].removeprefix("max_connections="))
    assert f"together may open {together}, and its Postgres allows {allowed}" in PAGE.prose
    assert together < allowed
