"""What can be wrong with media has a stable name, and docs/api.md tells every one of them."""

from __future__ import annotations

import re
from pathlib import Path

from pressrun.media.faults import FAULTS, fault_of
from tests.unit.docs.pages import Page, names_in

ROOT = Path(__file__).parents[4]
PREFIX = "urn:pressrun:"
_NO_FAULTS_OF_FILES = ("media.id", "media.taken", "media.unnamed", "media.folder", "media.grid")


def _said_in_the_code() -> set[str]:
    """Types that are written out, and those of what the rules find."""
    text = "\n".join(
        path.read_text()
        for folder in ("pressrun/media", "scheduler", "operations", "cli/commands")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "faults.py"
    )
    rules = (ROOT / "pressrun/media/rules.py").read_text()
    found = {fault_of(field) for field in re.findall(r'Problem\(\s*"(\w+)", message, [^,]+\)', rules)}
    return found | set(re.findall(r'(?:type=|type = |, )"(media\.\w+)"', text))


def test_every_one_is_known() -> None:
    operations = {"media.add", "media.begin"}  # names of operations stand in quotes, too
    assert _said_in_the_code() - operations <= {*FAULTS, *_NO_FAULTS_OF_FILES}


def test_the_page_of_the_api_tells_them_all() -> None:
    told = Page.of("docs/api.md").table("type", "what is wrong")

    assert [(names_in(row["type"])[0], row["what is wrong"]) for row in told] == [
        (PREFIX + name, what) for name, what in FAULTS.items()
    ]
