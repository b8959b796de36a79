"""What may be run once more in CI: a browser, a whole stack and killed servers, and nothing else."""

from __future__ import annotations

import pytest

from tests.support.again import mark_those_that_may, may_be_run_again
from tests.support.processes import REPOSITORY


@pytest.mark.parametrize(
    ("marks", "may"),
    [
        ([], False),
        ([pytest.mark.cost(cpu_s=30)], False),
        ([pytest.mark.cost(cpu_s=30, stack=True)], True),
        ([pytest.mark.needs("ffmpeg", "ffmpeg")], False),
        ([pytest.mark.needs("chromium", "chromium"), pytest.mark.cost(cpu_s=9)], True),
    ],
)
def test_only_what_drives_programs_that_are_not_ours(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, marks: list[pytest.MarkDecorator], may: bool
) -> None:
    item = request.node
    for mark in marks:
        item.add_marker(mark)

    assert may_be_run_again(item) is may

    monkeypatch.setenv("CI", "")
    mark_those_that_may([item])
    assert item.get_closest_marker("flaky") is None
    monkeypatch.setenv("CI", "true")
    mark_those_that_may([item])
    assert (item.get_closest_marker("flaky") is not None) is may


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("tests/integration/embedded/test_kills.py", True),
        ("tests/integration/worker/test_embedded.py", False),
    ],
)
def test_servers_of_its_own_are_told_by_their_folder(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, name: str, may: bool
) -> None:
    monkeypatch.setattr(request.node, "path", REPOSITORY / name)

    assert may_be_run_again(request.node) is may
