"""docs/notices.md tells every kind of notice, every way to be told, and the numbers of the code."""

from __future__ import annotations

import json

import pytest

from models.reading.upkeep import warnings
from models.telling import delivery, silence
from models.telling.endpoint import How
from models.telling.notice import NoticeKind
from pressrun.telling import by_apprise, webhook
from tests.unit.docs.pages import Page, names_in
from worker.backoff import TELLING
from worker.telling import send
from worker.tokens import times

PAGE = Page.of("docs/notices.md")
FACTS = (
    f"After {delivery.FLOOD} notices in {delivery.FLOOD_IN.seconds // 60} minutes",
    f"A digest holds {delivery.MOST_IN_DIGEST} notices at most",
    f"with 2xx within {webhook.TIMEOUT_S:g} seconds",
    f"after {by_apprise.TIMEOUT_S:g} seconds it is ended",
    f"growing pauses of up to {TELLING.longest_s / 3600:g} hours",
    f"for {send.TRIED_FOR.days} days",
    f"Nothing was published for {warnings.SILENT_FOR.days} days",
    f"could not be read whole for {warnings.UNREAD_FOR.days} days",
    f"A token ends within {times.WARN_AHEAD.days} days",
    f"Within the next {warnings.LOOKS_AHEAD.days} days",
    f"For {silence.SILENT_AFTER_S / 60:g} minutes no worker",
    f"For {silence.SILENT_AFTER_S / 60:g} minutes no scheduler",
)


def test_every_kind_is_there_and_nothing_else() -> None:
    told = [names_in(row["kind"])[0] for row in PAGE.table("kind", "when")]

    assert sorted(told) == sorted(set(NoticeKind) - {NoticeKind.TEST})


def test_every_way_to_be_told_is_there() -> None:
    assert [names_in(row["how"])[0] for row in PAGE.table("how", "means")] == [*How, "default"]


@pytest.mark.parametrize("fact", FACTS)
def test_a_number_is_the_one_of_the_code(fact: str) -> None:
    assert fact in PAGE.prose


def test_the_example_is_json_of_a_kind_that_there_is() -> None:
    [example] = [json.loads(block) for block in PAGE.blocks("json")]

    assert example["type"] in set(NoticeKind)
