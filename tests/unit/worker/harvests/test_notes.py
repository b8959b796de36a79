"""What a run says of itself, however much there is to say."""

from __future__ import annotations

from graph.answers.aside import Aside
from graph.wire.endpoints import Endpoint
from pressrun.errors import PressrunError
from worker.harvests.notes import MOST, Notes


def test_what_is_not_listed_any_more_is_counted_and_why_it_ended_is_told() -> None:
    notes = Notes()
    for number in range(MOST + 2):
        notes.note(f"media {number}", PressrunError("refused"))
    notes.set_aside(Aside(Endpoint.TAGS, "data[3]", "is text, not an object"))

    notes.note("run", PressrunError("the token was refused"))

    assert [one["what"] for one in notes.errors[MOST - 1 :]] == [f"media {MOST - 1}", "more", "run"]
    assert notes.errors[MOST]["error"] == "3 more of these are not listed"
