"""The words of a post's timeline: for all that can happen to it, and for nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from console.pages import words
from console.pages.posts.life import BY_ITSELF, CALLS, MEANS, TO_DO, steps_of
from graph.answers.error_table import ErrorClass
from operations.posts.posts import EventShown
from tests.support.processes import REPOSITORY


def test_each_class_of_error_is_told_and_is_for_a_person_or_goes_by_itself() -> None:
    classes = {one.value for one in ErrorClass}

    assert set(words.CLASSES) == classes
    assert sorted([*TO_DO, *BY_ITSELF]) == sorted(classes)


@pytest.mark.parametrize("told", [words.REASONS, CALLS, MEANS], ids=["names", "calls", "meanings"])
def test_reasons_that_have_words_are_written_somewhere(told: dict[str, str]) -> None:
    folders = ("worker", "scheduler", "models")
    source = "\n".join(file.read_text() for name in folders for file in (REPOSITORY / name).rglob("*.py"))
    written = set(re.findall(r"""(?:\b[Cc]ause\(|\breason=|^[A-Z_]+ = )\s*"([a-z]+\.[a-z_]+)\"""", source, re.M))
    of_a_call = set(re.findall(r"""\b[Cc]ause\(\s*f"\{once\.name\}\.([a-z_]+)\"""", source))
    written |= {f"{name}.{what}" for name in ("publish", "comment") for what in of_a_call}

    assert set(told) - written == set()


@pytest.mark.parametrize(
    ("how", "name", "call"),
    [
        ("answered", "Instagram confirmed it", "POST /{account}/media_publish"),
        ("found by reading", "Found on the account", "GET /{account}/media"),
        ("a person", "A person said that it is live", ""),
    ],
)
def test_who_found_out_that_it_is_live_is_named(how: str, name: str, call: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    nothing: dict[str, Any] = dict.fromkeys(EventShown.__dataclass_fields__)
    event = EventShown(**nothing | {"id": 1, "at": at, "reason": "publish.succeeded", "detail": {"how": how}})

    (step,) = steps_of([event])

    assert (step.name, step.call) == (name, call)
