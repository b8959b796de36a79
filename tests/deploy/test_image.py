"""The image: what is installed, from where, and who runs it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_everything_is_installed_by_hash() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILE)

    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "-r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]


def test_the_lock_file_holds_the_build_backend() -> None:
    assert re.search(r"^hatchling==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


def test_it_does_not_run_as_root() -> None:
    stage = DOCKERFILE.split("\nFROM ")[-1]

    assert re.search(r"^USER 10001:10001$", stage, re.MULTILINE)
    assert stage.index("USER ") < stage.index("CMD ")


def test_the_build_sees_all_sources_and_nothing_else() -> None:
    packages = re.search(r"packages = \[(.*?)\]", (ROOT / "pyproject.toml").read_text())
    assert packages
    ignored = (ROOT / ".dockerignore").read_text().split("\n")

    assert ignored[1] == "*"
    for package in re.findall(r'"(\w+)"', packages[1]):
        assert f"!{package}" in ignored
    for needed in ("examples/campaign.csv", "README.md", "LICENSE", "pyproject.toml", "requirements.lock"):
        assert f"!{needed}" in ignored
    assert not {"!.env", "!.git", "!tests", "!.venv"} & set(ignored)
