"""docs/mcp.md against the code."""

from __future__ import annotations

import json

import pytest

from console.mcp import cutting, resources, uploading
from console.mcp.prompts import PROMPTS
from console.mcp.tool import LISTED
from console.mcp.tools import tools
from pressrun.errors import Kind
from pressrun.paging import MOST
from tests.unit.docs.pages import Page, names_in

PAGE = Page.of("docs/mcp.md")
TEXT = " ".join(PAGE.text.split())


def test_every_prompt_is_there_with_what_it_takes() -> None:
    told = {names_in(row["prompt"])[0]: names_in(row["takes"]) for row in PAGE.table("prompt", "takes", "what for")}

    assert told == {name: [one.name for one in prompt.arguments] for name, prompt in PROMPTS.items()}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=list(PROMPTS))
def test_a_prompt_names_tools_that_there_are(prompt: object) -> None:
    text = PROMPTS[getattr(prompt, "name")].text  # noqa: B009
    named = {one for one in _spans(text) if "_" in one} - {"media_totals", "account_daily", "dry_run"}

    assert named
    assert named <= {*tools()}


def test_every_resource_is_there() -> None:
    told = {name for row in PAGE.table("resource", "what it holds") for name in names_in(row["resource"])}

    assert {uri for uri, _, _ in resources.TEMPLATES} < told


@pytest.mark.parametrize(
    "fact",
    [
        f"to {LISTED} items unless `limit` says otherwise ({MOST} at most)",
        f"more than {cutting.MOST_CHARACTERS} characters",
        f"more than {cutting.LONGEST_TEXT} characters",
        *(f"`{kind}`" for kind in Kind),
    ],
)
def test_a_number_is_the_one_of_the_code(fact: str) -> None:
    assert fact in TEXT


def test_an_address_is_good_for_an_hour() -> None:
    assert uploading.HONOURED_FOR.total_seconds() == 3600
    assert "for an hour and no longer than the key is honoured" in TEXT


def test_the_file_of_a_desktop_client_starts_the_command() -> None:
    told = json.loads(PAGE.blocks("json")[0])["mcpServers"]["pressrun"]

    assert (told["command"], told["args"]) == ("pressrun", ["mcp"])
    assert set(told["env"]) == {"PRESSRUN_HOME", "PRESSRUN_MCP_KEY"}


def _spans(text: str) -> list[str]:
    return text.split("`")[1::2]
