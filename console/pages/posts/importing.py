"""`/import`: a file or pasted cells become a table; what is wrong is corrected in place; then all of it is queued."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from console.pages import words
from console.pages.house import House, Visit
from console.pages.posts.carrying import corrected, in_view, packed, unpacked
from console.pages.saying import Said
from console.problems import message_of
from operations.accounts import accounts
from operations.posts import campaigns, sheets
from operations.posts.campaigns import RowProblem
from operations.posts.posts import PostFields
from operations.posts.sheets import COLUMNS, Sheet
from pressrun.errors import PressrunError

LARGEST_BYTES = 8 * 1024 * 1024
_LISTS = ("media", "alt_text")
_WRITTEN = ("caption", "alt_text", "first_comment", "comment_prompt")
"""What has lines: a field of one line would drop their ends."""
_ROW = re.compile(r"[0-9]{1,9}")


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/import", show)
    house.action(made, "/import/read", read)
    house.action(made, "/import/check", check)
    return made


def show(visit: Visit) -> Response:
    return _page(visit, None)


def read(visit: Visit) -> Response:
    """A file that was chosen or dropped, or cells that were pasted."""
    try:
        sheet = _sheet(visit)
    except PressrunError as problem:
        return _page(visit, None, problem=str(problem).rpartition("/")[2], pasted=visit.given("pasted"), status=400)
    return _checked(visit, sheet)


def check(visit: Visit) -> Response:
    """The table as it was corrected: looked at again, or queued."""
    cells: dict[int, dict[str, str]] = defaultdict(dict)
    for name, value in visit.form.multi_items():
        number, _, column = name.partition(".")
        if column in COLUMNS and _ROW.fullmatch(number) and isinstance(value, str):
            cells[int(number)][column] = value
    try:
        sheet = corrected(unpacked([part for part in visit.form.getlist("rows") if isinstance(part, str)]), cells)
    except PressrunError as problem:
        return _page(visit, None, problem=str(problem), status=400)
    if visit.given("do") != "queue" or not sheet.rows:
        return _checked(visit, sheet, start=_start(visit))
    done = campaigns.hand_in(visit.ctx, visit.asker, _wishes(sheet), name=visit.given("name") or None)
    if done.flaws:
        return _checked(visit, sheet)
    told = f"{words.plural(done.added, 'post')} queued"
    told += f"; {done.unchanged} were there already." if done.unchanged else "."
    return visit.back("/calendar?view=list", Said(told))


def _start(visit: Visit) -> int | None:
    """The row from which on all are to be shown; None for those that want correcting."""
    given = visit.given("from")
    return int(given) if _ROW.fullmatch(given) else None


def _sheet(visit: Visit) -> Sheet:
    file = visit.form.get("file")
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(file, UploadFile) and file.filename:
            path = Path(folder) / "file"
            path.write_bytes(file.file.read(LARGEST_BYTES))
        else:
            path = Path(folder) / "cells"
            path.write_text(visit.given("pasted"), encoding="utf-8", errors="replace")
        return sheets.read(visit.ctx, visit.asker, path)


def _wishes(sheet: Sheet) -> list[PostFields]:
    return [PostFields(**{name: _value(name, row.get(name)) for name in COLUMNS}) for row in sheet.rows]


def _value(name: str, text: str | None) -> Any:
    if not text:
        return None
    return tuple(text.split("|")) if name in _LISTS else text


def _checked(visit: Visit, sheet: Sheet, *, start: int | None = None) -> Response:
    """The table with every problem beside its cell; nothing is queued by looking."""
    with visit.ctx.rehearsal() as dry:
        found = campaigns.hand_in(dry, visit.asker, _wishes(sheet))
    problems, warnings = _by_cell(found.flaws), _by_cell(found.warnings)
    wanted = {line for line, _ in problems or warnings}
    view = in_view(sheet, wanted, start=start)
    return _page(visit, sheet, found=found, problems=problems, warnings=warnings, view=view, parts=packed(sheet))


def _by_cell(those: Sequence[RowProblem]) -> dict[tuple[int, str], list[str]]:
    told: dict[tuple[int, str], list[str]] = defaultdict(list)
    for one in those:
        told[one.line, one.column].append(message_of(one))
    return told


def _page(visit: Visit, sheet: Sheet | None, *, status: int = 200, **told: Any) -> Response:
    known = {
        "found": None,
        "problems": {},
        "warnings": {},
        "problem": None,
        "pasted": "",
        "view": None,
        "parts": [],
    } | told
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    return visit.render(
        "import.html", status, here="import", sheet=sheet, columns=COLUMNS, names=names, written=_WRITTEN, **known
    )
