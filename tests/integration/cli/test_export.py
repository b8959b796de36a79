"""`insight export`: the same rows in every format, whole files or none, and one clear line when it cannot."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from sqlalchemy import text

from models.history.insight import Observation, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.reading.history.views import View
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account, make_harvest
from tests.integration.cli.conftest import Command
from tests.support.processes import REPOSITORY, environment

FORMS = ["csv", "jsonl", "parquet"]
NOW = clock.now().replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAY_END = datetime(2026, 7, 10, 7, tzinfo=UTC)


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    """Commands that need the database only."""
    return Command({"PRESSRUN_DATABASE_URL": database_url, "PRESSRUN_HOME": str(tmp_path / "home")})


@pytest.fixture
def filled(database: Database) -> Database:
    """Two accounts with a day each, restated an hour ago in the first; and a media whose likes nobody told."""
    with database.transaction() as tx:
        for name, reach in (("bakery", 50), ("café", 70)):
            account = make_account(tx, name=name, created_at=NOW - 3 * DAY)
            account_id = account.id
            make_harvest(tx, account)
            points = [
                Observation("reach", "day", "", DAY_END, reach),
                Observation("reach", "day", "follow_type=FOLLOWER", DAY_END, 2.5),
            ]
            store_observations(tx, account_id, points, captured_at=NOW - 2 * HOUR, run_id=1)
            media_id = see_media(tx, account_id, [SeenMedia("1", posted_at=NOW - DAY)], now=NOW - DAY)["1"]
            store_readings(tx, [MediaReading(media_id, NOW - 2 * HOUR, {"views": 0}, {"a": 1})], run_id=1)
            if name == "bakery":
                points = [Observation("reach", "day", "", DAY_END, 55)]
                store_observations(tx, account_id, points, captured_at=NOW - HOUR, run_id=1)
    return database


def _rows(command: Command, *arguments: str) -> list[dict[str, str]]:
    done = command.run("insight", "export", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.usefixtures("filled")
class TestFormats:
    def test_csv_goes_to_stdout_with_unknown_as_empty_and_zero_as_zero(self, command: Command) -> None:
        rows = _rows(command, "--view", "media_curve")

        assert [(row["account"], row["views"], row["likes"]) for row in rows] == [
            ("bakery", "0", ""),
            ("café", "0", ""),
        ]
        assert rows[0]["captured_at"] == (NOW - 2 * HOUR).isoformat().replace("+00:00", "Z")
        assert json.loads(rows[0]["extra"]) == {"a": 1}

    def test_json_lines_keep_null_numbers_and_objects(self, command: Command) -> None:
        done = command.run("insight", "export", "--view", "account_daily", "--format", "jsonl")

        first, second = map(json.loads, done.stdout.splitlines())
        assert (first["account"], first["day"], first["reach"], first["views"]) == ("bakery", "2026-07-09", 55, None)
        assert (second["account"], second["parts"]) == ("café", {"reach:follow_type=FOLLOWER": 2.5})

    def test_parquet_has_types(self, command: Command, tmp_path: Path) -> None:
        file = tmp_path / "daily.parquet"
        told = command.json("insight", "export", "--view", "account_daily", "--format", "parquet", "-o", str(file))

        table = parquet.read_table(file)
        assert told == {"view": "account_daily", "rows": 2, "file": str(file)}
        assert [str(table.schema.field(name).type) for name in ("account_id", "day", "reach", "captured_at")] == [
            "int64",
            "date32[day]",
            "double",
            "timestamp[us, tz=UTC]",
        ]
        first, second = table.to_pylist()
        assert (first["reach"], first["views"], first["is_settled"]) == (55, None, True)
        assert json.loads(second["parts"]) == {"reach:follow_type=FOLLOWER": 2.5}

    @pytest.mark.parametrize("view", sorted(View))
    @pytest.mark.parametrize("form", FORMS)
    def test_every_view_has_the_same_number_of_rows_in_every_format(
        self, command: Command, filled: Database, view: View, form: str, tmp_path: Path
    ) -> None:
        file = tmp_path / f"out.{form}"
        told = command.json("insight", "export", "--view", view, "--format", form, "--output", str(file))

        with filled.transaction() as tx:
            assert told["rows"] == tx.scalar(text(f"SELECT count(*) FROM {view}"))  # noqa: S608
        if form == "parquet":
            found = int(parquet.read_metadata(file).num_rows)
        else:
            found = len(file.read_text(encoding="utf-8").splitlines()) - (form == "csv")
        assert found == told["rows"]


@pytest.mark.usefixtures("filled")
class TestWhatOfIt:
    def test_one_account(self, command: Command) -> None:
        assert [row["reach"] for row in _rows(command, "--view", "account_daily", "--account", "café")] == ["70"]

    @pytest.mark.parametrize(
        ("bounds", "count"),
        [
            (["--since", "2026-07-09"], 2),
            (["--since", "2026-07-10"], 0),
            (["--until", "2026-07-09"], 0),
            (["--until", "2026-07-10"], 2),
            (["--since", "2026-07-09", "--until", "2026-07-10"], 2),
        ],
    )
    def test_days_from_then_on_and_before_then(self, command: Command, bounds: list[str], count: int) -> None:
        assert len(_rows(command, "--view", "account_daily", *bounds)) == count

    def test_instants_from_then_on_and_before_then(self, command: Command) -> None:
        at = (NOW - 2 * HOUR).isoformat()
        assert len(_rows(command, "--view", "media_curve", "--since", at)) == 2
        assert len(_rows(command, "--view", "media_curve", "--until", at)) == 0
        assert len(_rows(command, "--view", "media_curve", "--since", "2020-01-01", "--until", "2021-01-01")) == 0

    def test_coverage_is_what_the_command_of_its_own_shows(self, command: Command) -> None:
        shown = command.json("insight", "coverage", "--all", "--account", "bakery")
        since = min(row["day"] for row in shown)

        taken = _rows(command, "--view", "coverage", "--account", "bakery", "--since", since)

        columns = ("account", "kind", "day", "state", "why")
        assert len(shown) >= 3
        assert [[row[name] for name in columns] for row in taken] == [
            [row[name] or "" for name in columns] for row in shown
        ]
        assert {row["account"] for row in _rows(command, "--view", "coverage")} == {"bakery", "café"}

    def test_as_it_was_known(self, command: Command) -> None:
        def reach(hours: float) -> list[str]:
            at = (NOW - hours * HOUR).isoformat()
            return [row["reach"] for row in _rows(command, "--view", "account_daily", "--as-of", at)]

        assert reach(3) == []
        assert reach(1.5) == ["50", "70"]
        assert reach(1) == ["55", "70"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--view", "posts"], 2, "unknown view 'posts'; known: coverage, account_daily, media_curve"),
        (["--view", "audience", "--format", "xml"], 2, "xml"),
        (["--view", "audience", "--format", "parquet"], 2, "name a file with --output"),
        (["--view", "audience", "--json"], 2, "--json tells of a file"),
        (["--view", "account_daily", "--since", "soon"], 2, "'soon' is not a day"),
        (["--view", "account_daily", "--since", "2026-02-30"], 2, "'2026-02-30' is not a day"),
        (["--view", "account_daily", "--until", "2026-02-01T10:00Z"], 2, "is not a day"),
        (["--view", "media_curve", "--until", "soon"], 2, "'soon' is not a time"),
        (
            ["--view", "audience", "--since", "2026-02-02", "--until", "2026-02-02"],
            2,
            "is not after the beginning",
        ),
        (["--view", "audience", "--as-of", "yesterday"], 2, "'yesterday' is not a time"),
        (["--view", "audience", "--as-of", "2126-01-01"], 2, "is in the future"),
        (["--view", "coverage", "--as-of", "2026-02-01"], 2, "coverage tells of now alone"),
        (["--view", "audience", "--account", "nobody"], 2, "unknown account 'nobody'"),
        (
            ["--view", "audience", "--output", "no/such/folder/x.csv"],
            1,
            "cannot write no/such/folder/x.csv: No",
        ),
        (["--view", "audience", "--output", "."], 1, "no file that could be replaced"),
        (["--view", "audience", "--output", "/dev/null"], 1, "no file that could be replaced"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_one_line(command: Command, arguments: list[str], code: int, told: str) -> None:
    done = command.run("insight", "export", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("filled")
class TestTheFile:
    def test_it_takes_the_place_of_an_older_one(self, command: Command, tmp_path: Path) -> None:
        file = tmp_path / "out.csv"
        file.write_text("old")

        assert command.run("insight", "export", "--view", "account_daily", "-o", str(file)).returncode == 0

        assert file.read_text(encoding="utf-8").startswith("account_id,account,day")
        assert list(tmp_path.glob("*out.csv*")) == [file]

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_the_older_one_stays_when_it_breaks_off(
        self, command: Command, filled: Database, form: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "out"
        file.write_text("old")
        with filled.transaction() as tx:
            tx.execute(text("ALTER VIEW account_daily RENAME COLUMN day TO dia"))

        done = command.run("insight", "export", "--view", "account_daily", "--format", form, "-o", str(file))

        assert done.returncode == 1
        assert file.read_text() == "old"
        assert list(tmp_path.glob("*out*")) == [file]

    def test_its_mode_is_that_of_any_new_file(self, command: Command, tmp_path: Path) -> None:
        plain = tmp_path / "plain"
        plain.touch()

        command.run("insight", "export", "--view", "audience", "-o", str(tmp_path / "out.csv"))

        assert (tmp_path / "out.csv").stat().st_mode == plain.stat().st_mode

    def test_a_full_disk_is_told_and_leaves_nothing(self, command: Command, tmp_path: Path) -> None:
        file = tmp_path / "out.csv"
        run = _cli(
            command,
            "insight",
            "export",
            "--view",
            "account_daily",
            "-o",
            str(file),
            prefix="ulimit -f 0; trap '' XFSZ; ",
        )

        assert run.returncode == 1
        assert f"cannot write {file}: File too large" in run.stderr
        assert list(tmp_path.glob("*out.csv*")) == []


def test_a_reader_who_leaves_ends_it_quietly(command: Command, database: Database) -> None:
    _fill(database, rows=50_000, account="bakery")

    run = _cli(command, "insight", "export", "--view", "media_curve", suffix=" | head -n 2")

    assert len(run.stdout.splitlines()) == 2
    assert run.stderr == ""


@pytest.mark.cost(cpu_s=6)
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a peak anew")
def test_memory_does_not_grow_with_the_rows(command: Command, database: Database, tmp_path: Path) -> None:
    few, many = 5_000, 60_000
    for name, rows in (("few", few), ("many", many)):
        _fill(database, rows=rows, account=name)

    said = _peaks(command, tmp_path, ["few", "many"])

    assert {(one["form"], one["account"]): one["rows"] for one in said} == {
        (form, name): rows for form in FORMS for name, rows in (("few", few), ("many", many))
    }
    peak = {(one["form"], one["account"]): one["peak_mib"] for one in said}
    assert [form for form in FORMS if peak[form, "many"] > peak[form, "few"] + 12] == [], peak


def _peaks(command: Command, folder: Path, accounts: list[str]) -> list[dict[str, Any]]:
    """What one process held at most during each export, in every form and of each account."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAKS, str(folder / "out"), json.dumps(FORMS), json.dumps(accounts)],
        env=environment(command.settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


_PEAKS = """
import contextlib, io, json, re, sys
from pathlib import Path
from cli.main import app
from cli.problems import run

out, forms, accounts = sys.argv[1], *map(json.loads, sys.argv[2:])
for account in [accounts[0], *accounts]:  # once for what is loaded at the first export
    for form in forms:
        arguments = ["insight", "export", "--view", "media_curve", "--account", account, "--format", form, "-o", out]
        said = io.StringIO()
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now on
        with contextlib.redirect_stdout(said):
            assert run(app, [*arguments, "--json"]) == 0
        peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
        rows = json.loads(said.getvalue())["rows"]
        print(json.dumps({"form": form, "account": account, "rows": rows, "peak_mib": int(peak[1]) / 1024}))
"""


def _fill(database: Database, *, rows: int, account: str) -> None:
    """So many snapshots, of one media."""
    with database.transaction() as tx:
        seen = [SeenMedia(account, posted_at=NOW)]
        media_id = see_media(tx, make_account(tx, name=account).id, seen, now=NOW)[account]
        query = """
            INSERT INTO media_snapshots (media_id, captured_at, views, reach, likes, extra)
            SELECT :media_id, :start + n * interval '1 ms', n, n, n, jsonb_build_object('reels_skip_rate', n)
              FROM generate_series(1, :rows) n
        """
        tx.execute(text(query), {"media_id": media_id, "start": NOW, "rows": rows})


def _cli(command: Command, *arguments: str, prefix: str = "", suffix: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a shell of its own."""
    words = " ".join([f"{sys.executable} -m cli", *arguments])
    return subprocess.run(
        ["bash", "-c", f"{prefix}{words}{suffix}"],
        env=environment(command.settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
