"""Campaign files as spreadsheets, programs and people write them: read as meant, or refused with the line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.posts.files.reading import read_file
from scheduler.posts.files.rows import Unreadable

HEADER = "account,publish_at,type,media,caption"
ROW = "a0,2027-05-01T08:30,image,m/ok.jpg,hello"
FIELDS = dict(zip(HEADER.split(","), ROW.split(","), strict=True))


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path / "campaign.csv"

    def read(self, content: bytes | str) -> list[tuple[int, dict[str, str]]]:
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [(row.line, dict(row.fields)) for row in read_file(self.path)]

    def refused(self, content: bytes | str) -> str:
        with pytest.raises(Unreadable) as caught:
            self.read(content)
        return str(caught.value).removeprefix(str(self.path))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class TestDelimited:
    def test_empty_columns_without_a_name_are_left_out(self, folder: Folder) -> None:
        assert folder.read(f"{HEADER},,,\n{ROW},,,\n,,,,,,,\n,,,,,,,\n") == [(2, FIELDS)]

    def test_a_text_below_no_name_is_refused_and_not_lost(self, folder: Folder) -> None:
        assert folder.refused(f"{HEADER},\n{ROW},more\n").startswith(": line 2: the row has more than 5 fields")
        middle = "account,,publish_at,type,media\na0,lost,2027-05-01T08:30,image,m/ok.jpg\n"
        assert folder.refused(middle) == ": line 2: field 2 holds text, and its column has no name"

    def test_fields_that_are_missing_at_the_end_are_empty(self, folder: Folder) -> None:
        assert folder.read(f"{HEADER}\na0,2027-05-01T08:30,image,m/ok.jpg\n") == [(2, FIELDS | {"caption": ""})]

    @pytest.mark.parametrize("separator", [";", "\t", ","])
    def test_the_separator_is_found(self, folder: Folder, separator: str) -> None:
        text = f"{HEADER}\n{ROW}\n".replace(",", separator)

        assert folder.read(text) == [(2, FIELDS)]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_lines_end_as_any_system_ends_them(self, folder: Folder, end: str) -> None:
        assert folder.read(end.join([HEADER, ROW, ROW, ""])) == [(2, FIELDS), (3, FIELDS)]

    @pytest.mark.parametrize("separator", [";", "\t", ","])
    @pytest.mark.parametrize("first", ["sep={}\r\n", "SEP={}\n", '"sep={}"\n'])
    def test_a_line_that_names_the_separator_is_read(self, folder: Folder, first: str, separator: str) -> None:
        text = first.format(separator) + f"{HEADER}\n{ROW}\n".replace(",", separator)

        assert folder.read(text) == [(3, FIELDS)]

    def test_a_separator_that_is_none_is_refused(self, folder: Folder) -> None:
        assert folder.refused(f"sep=x\n{HEADER}\n{ROW}\n").startswith(": line 1: sep=x is no separator")

    def test_a_row_is_named_by_the_line_on_which_it_begins(self, folder: Folder) -> None:
        text = f'{HEADER}\n\na0,2027-05-01T08:30,image,m/ok.jpg,"one\ntwo\nthree"\n{ROW}\n'

        assert [line for line, _ in folder.read(text)] == [3, 6]

    @pytest.mark.parametrize(
        "rows",
        [
            ['a0,+1h,image,m,"one"', 'a0,+1h,image,m,"two', "a0,+1h,image,m,three", 'a0,+1h,image,m,"four"', ROW],
            ["a0,+1h,image,m,one", 'a0,+1h,image,m,"two', "a0,+1h,image,m,three", ROW],
            ["a0,+1h,image,m,one", 'a0,+1h,image,m,"two"more', ROW],
        ],
        ids=["closed later", "never closed", "text after it"],
    )
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_a_quote_that_does_not_close_is_looked_for_where_its_row_begins(
        self, folder: Folder, rows: list[str], end: str
    ) -> None:
        told = folder.refused(end.join([HEADER, *rows, ""]))

        assert told.startswith(": line 3: a double quote of the row that begins here")
        assert 'look for a lone "' in told

    def test_a_field_beyond_all_measure_is_named(self, folder: Folder) -> None:
        told = folder.refused(f'{HEADER}\n{ROW}\na0,+1h,image,m,"{"x" * 131_073}"\n')

        assert told == ": line 3, column caption: the field is longer than 131072 characters"

    def test_a_field_of_that_length_is_read(self, folder: Folder) -> None:
        ((_, fields),) = folder.read(f'{HEADER}\na0,+1h,image,m,"{"x" * 131_072}"\n')

        assert len(fields["caption"]) == 131_072


class TestEncodings:
    def test_bytes_that_are_no_utf_8_are_named_with_line_and_column(self, folder: Folder) -> None:
        text = f"{HEADER}\n{ROW}\n\na0,+1h,image,m,Café – it’s open\n"

        told = folder.refused(text.encode("cp1252"))

        assert told == ": line 4, column caption: is not UTF-8 text (byte 0xe9): save it as “CSV UTF-8”"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_text_that_says_its_encoding_is_read(self, folder: Folder, encoding: str) -> None:
        mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
        text = f"{HEADER}\na0,+1h,image,m,grüße 🍞\n"

        ((line, fields),) = folder.read(mark + text.encode(encoding))

        assert (line, fields["caption"]) == (2, "grüße 🍞")

    def test_utf_16_that_does_not_say_so_is_refused_with_advice(self, folder: Folder) -> None:
        assert "UTF-16 without its mark: save it as “CSV UTF-8”" in folder.refused(
            f"{HEADER}\n{ROW}\n".encode("utf-16-le")
        )

    def test_utf_16_that_is_cut_short_is_refused(self, folder: Folder) -> None:
        assert "cut short" in folder.refused(f"{HEADER}\n{ROW}\n".encode("utf-16")[:-1])


def workbook(*rows: Sequence[Any], formats: dict[str, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    for cell, form in (formats or {}).items():
        sheet[cell].number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class TestHeaders:
    def test_a_name_is_known_however_a_spreadsheet_writes_it(self, folder: Folder) -> None:
        written = " Account ;Publish At;TYPE;media;Caption"
        row = ROW.replace(",", ";")

        assert folder.read(f"{written}\n{row}\n") == [(2, FIELDS)]

    @pytest.mark.parametrize(
        ("header", "told"),
        [
            ("account,publish_at,type,media,captoin", ": line 1: unknown column 'captoin'; did you mean caption?"),
            (
                "account,publish_at,type,media,First Coment",
                ": line 1: unknown column 'First Coment'; did you mean first_comment?",
            ),
            ("account,publish_at,type,media,zzz", ": line 1: unknown column 'zzz'; the columns are account, "),
            ("account,publish_at,type,media,Media", ": line 1: the column 'media' stands there twice"),
            (ROW, ": line 1: names no column, and the first line has to: account, publish_at, type, media"),
            ("", ": is empty"),
            (" \n,,\n", ": is empty"),
        ],
    )
    def test_what_is_wrong_with_one_is_told(self, folder: Folder, header: str, told: str) -> None:
        assert folder.refused(f"{header}\n").startswith(told)


class TestWorkbooks:
    def test_the_sheet_that_a_person_sees_is_read(self, folder: Folder) -> None:
        book = openpyxl.Workbook()
        hidden: Any = book.active
        hidden.append(["old", "plan"])
        hidden.sheet_state = "hidden"
        seen = book.create_sheet("June")
        seen.append(HEADER.split(","))
        seen.append(ROW.split(","))
        book.active = 1
        out = io.BytesIO()
        book.save(out)

        assert folder.read(out.getvalue()) == [(2, FIELDS)]

    def test_one_that_is_called_csv_is_read_as_what_it_is(self, folder: Folder) -> None:
        data = workbook(HEADER.split(","), ROW.split(","), [None] * 5, ["", "", "", "", ""], ROW.split(","))

        assert folder.read(data) == [(2, FIELDS), (5, FIELDS)]

    def test_cells_are_what_a_person_typed(self, folder: Folder) -> None:
        names = ["account", "publish_at", "type", "media", "thumb_offset_ms", "share_to_feed", "location_id", None]
        at = datetime(2027, 5, 1, 8, 30)  # noqa: DTZ001 - a spreadsheet knows no zones

        ((_, fields),) = folder.read(workbook(names, ["a0", at, "reel", "m.mp4", 1500.0, True, 12345678901234]))

        assert list(fields.values()) == ["a0", "2027-05-01T08:30:00", "reel", "m.mp4", "1500", "true", "12345678901234"]

    def test_a_date_without_a_time_stays_one(self, folder: Folder) -> None:
        midnight = datetime(2027, 5, 1)  # noqa: DTZ001
        rows = [["a0", midnight, "image", "m.jpg"]] * 2
        data = workbook(HEADER.split(",")[:4], *rows, formats={"B2": "yyyy-mm-dd", "B3": "yyyy-mm-dd hh:mm"})

        assert [fields["publish_at"] for _, fields in folder.read(data)] == ["2027-05-01", "2027-05-01T00:00:00"]

    def test_a_number_that_has_been_rounded_is_refused(self, folder: Folder) -> None:
        names = ["account", "publish_at", "type", "media", "location_id"]

        told = folder.refused(workbook(names, ["a0", "+1h", "image", "m.jpg", 17841400000000001]))

        assert told.startswith(": line 2: cell E2 holds a number of more than 15 digits")

    def test_a_cell_with_an_error_is_refused(self, folder: Folder) -> None:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        sheet.append(HEADER.split(","))
        sheet.append(["a0", "+1h", "image", "m.jpg", "#N/A"])
        sheet["E2"].data_type = "e"
        out = io.BytesIO()
        book.save(out)

        assert folder.refused(out.getvalue()) == ": line 2: cell E2 holds the error #N/A"

    def test_a_wrong_header_is_told_with_its_row(self, folder: Folder) -> None:
        assert folder.refused(workbook([None], ["account", "captoin"])).startswith(": line 2: unknown column 'captoin'")

    def test_other_packed_files_are_refused(self, folder: Folder) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr("content.xml", "<x/>")

        assert folder.refused(out.getvalue()).endswith(
            "no XLSX workbook that can be read: save it as “CSV UTF-8”, or as XLSX"
        )
        assert "no XLSX workbook" in folder.refused(out.getvalue()[:30])
        assert "no XLSX workbook" in folder.refused(workbook(HEADER.split(","))[:-200])

    def test_a_bomb_is_not_unpacked(self, folder: Folder) -> None:
        out = io.BytesIO()
        with (
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
            packed.open("xl/sharedStrings.xml", "w") as part,
        ):
            for _ in range(257):
                part.write(bytes(1024 * 1024))

        assert "far larger than any campaign" in folder.refused(out.getvalue())

    def test_a_workbook_of_an_old_excel_is_named(self, folder: Folder) -> None:
        assert "old Excel: save it as XLSX" in folder.refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


class TestObjects:
    def test_a_list_of_objects_is_read_with_its_lines(self, folder: Folder) -> None:
        more = {"media": ["a.jpg", "b.jpg"], "alt_text": ["one", ""], "share_to_feed": None, "thumb_offset_ms": 1500}
        tags = [{"username": "someone", "x": 0.5, "y": 0.5}]
        first, second = json.dumps(FIELDS), json.dumps(FIELDS | more | {"user_tags": tags})

        rows = folder.read(f"\n[\n  {first},\n\n  {second}\n]\n")

        assert rows[0] == (3, FIELDS)
        line, fields = rows[1]
        assert (line, fields["media"], fields["alt_text"], fields["share_to_feed"]) == (5, "a.jpg|b.jpg", "one|", "")
        assert fields["thumb_offset_ms"] == "1500"
        assert json.loads(fields["user_tags"]) == tags

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ('{"account": "a0"}', ": line 1: JSON of a campaign is a list"),
            ("[]", ": holds no rows"),
            ("[", ": line 1: is not JSON"),
            ('[\n{"account": "a0"}\n{"account": "a0"}]', ": line 3: here a comma"),
            ('[\n{"account": }]', ": line 2: is not JSON: Expecting value (character 13)"),
            ('[\n\n"text"]', ": line 3: each entry of the list must be an object"),
            ('[{"captoin": "x"}]', ": line 1: unknown column 'captoin'"),
            ('[{"account": "a", "account": "b"}]', ": line 1: 'account' stands twice"),
            ('[{"media": ["a|b"]}]', ": line 1, column media: an entry of the list holds a |"),
            ('[{"caption": ["a"]}]', ": line 1, column caption: this column takes no such value"),
            ('[{"media": {"a": 1}}]', ": line 1, column media: this column takes no such value"),
            ('[{"account": "a"}] x', ": line 1: text follows the end"),
            ("[" * 100_000, ": line 1: "),
        ],
    )
    def test_what_is_no_campaign_is_refused_with_its_line(self, folder: Folder, text: str, told: str) -> None:
        assert folder.refused(text).startswith(told)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text(st.sampled_from('account,;\t"\r\n|[]{}:sep=é\0'), max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(folder: Folder, content: bytes) -> None:
    try:
        folder.read(f"{HEADER}\n".encode() + content)
        folder.read(content)
    except Unreadable:
        pass
