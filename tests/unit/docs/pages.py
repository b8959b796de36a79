"""The documentation as data: its pages, their headings, tables and code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
USER_PAGES = [page for page in PAGES if "decisions" not in page.parts]

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @classmethod
    def of(cls, name: str) -> Page:
        return cls(ROOT / name)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without code blocks, each run of white space as one blank."""
        return re.sub(r"\s+", " ", _FENCE.sub("", self.text))

    def blocks(self, language: str) -> list[str]:
        return [body for found, body in _FENCE.findall(self.text) if found == language]

    def spans(self) -> list[str]:
        """What stands between single backticks."""
        return re.findall(r"`([^`\n]+)`", _FENCE.sub("", self.text))

    def anchors(self) -> set[str]:
        """The fragments that links may name, made of the headings as forges do."""
        headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", self.text), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def table(self, *header: str) -> list[dict[str, str]]:
        """The rows of the one table with these columns. Raises LookupError."""
        found = [table for table in self._tables() if tuple(table[0]) == header]
        if len(found) != 1:
            raise LookupError(f"{self.path.name} has {len(found)} tables of the columns {header}")
        names = found[0][0]
        return [dict(zip(names, row, strict=True)) for row in found[0][1:]]

    def _tables(self) -> Iterator[list[list[str]]]:
        rows: list[list[str]] = []
        for line in [*_FENCE.sub("", self.text).splitlines(), ""]:
            if line.strip().startswith("|"):
                rows.append([cell.strip() for cell in _CELL.split(line.strip())[1:-1]])
            elif rows:
                yield [row for row in rows if not set("".join(row)) <= set("-: ")]
                rows = []


def names_in(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
