"""docs/instagram.md names every endpoint, and every call it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from graph.client import GraphClient
from graph.endpoints import Endpoint

GUIDE = (Path(__file__).parents[3] / "docs" / "instagram.md").read_text(encoding="utf-8")
ROWS = [line.split("|") for line in GUIDE.splitlines() if re.match(r"\| `(GET|POST|DELETE) /[^`]*` \|", line)]


def test_every_endpoint_has_its_row() -> None:
    assert sorted(row[1].strip().strip("`") for row in ROWS) == sorted(endpoint.value for endpoint in Endpoint)


def test_every_call_exists(facebook: GraphClient) -> None:
    named = set(re.findall(r"client\.(\w+)\.(\w+)", GUIDE))

    for group, call in named:
        assert callable(getattr(getattr(facebook, group), call, None)), f"client.{group}.{call}"


def test_every_module_and_test_file_exists() -> None:
    tests = Path(__file__).parent
    for row in ROWS:
        for module in re.findall(r"`(\w+)`", row[5]):
            assert (Path(__file__).parents[3] / "graph" / f"{module}.py").is_file(), module
        for test in re.findall(r"`(\w+\.py)`", row[6]):
            assert (tests / test).is_file(), test
