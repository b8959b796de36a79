"""The table "operation × face" of docs/api.md, made of the code.

python -m tests.unit.docs.parity      writes it anew
"""

from __future__ import annotations

import re

from cli.parity import FACES, Row, rows
from tests.unit.docs.pages import Page

PAGE = Page.of("docs/api.md")
_PLACE = re.compile(r"<!-- parity -->\n(.*?)<!-- end -->", re.DOTALL)
_HEAD = ("operation", "effect", "right", *FACES)


def written() -> str:
    """The table that stands in the page."""
    [found] = _PLACE.findall(PAGE.text)
    return str(found).strip()


def rendered() -> str:
    lines = [f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}"]
    return "\n".join([*lines, *map(_line, rows())])


def _line(row: Row) -> str:
    one = row.operation
    cells = [f"`{one.name}`", one.effect.value, one.scope.value, *(row.told(face) or "?" for face in FACES)]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    text = _PLACE.sub(lambda _: f"<!-- parity -->\n{rendered()}\n<!-- end -->", PAGE.text)
    PAGE.path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
