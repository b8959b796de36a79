"""The column tables of docs/history.md, made of the data dictionary.

python -m tests.unit.docs.dictionary      writes them anew
"""

from __future__ import annotations

import re

from models.meanings import metrics
from models.meanings.dictionary import HISTORY
from tests.unit.docs.pages import Page

PAGE = Page.of("docs/history.md")
PIPE = r"\|"
_PLACE = re.compile(r"<!-- columns: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)


def written() -> dict[str, str]:
    """Name → the table that stands in the page."""
    return {name: body.strip() for name, body in _PLACE.findall(PAGE.text)}


def rendered(name: str) -> str:
    about, columns = HISTORY[name]
    rows = [f"| `{column}` | {meaning.replace('|', PIPE)} |" for column, meaning in columns.items()]
    return "\n".join([f"`{name}`: {about}", "", "| column | meaning |", "|---|---|", *rows])


def rendered_extra() -> str:
    """The metrics of a media that have no column."""
    rows = [
        f"| `{metric.name}` | {metric.unit} | {metric.words} |"
        for metric in metrics.MEDIA.values()
        if metric.column is None
    ]
    return "\n".join(["| name in `extra` | unit | meaning |", "|---|---|---|", *rows])


def _put(found: re.Match[str]) -> str:
    body = rendered_extra() if found[1] == "extra" else rendered(found[1])
    return f"<!-- columns: {found[1]} -->\n{body}\n<!-- end -->"


def main() -> None:
    text = _PLACE.sub(_put, PAGE.text)
    PAGE.path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
