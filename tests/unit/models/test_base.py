"""What every process knows of tables, however little it has imported."""

from __future__ import annotations

import subprocess
import sys

# A notice refers to posts, which nothing of this imports.
_WRITES = """
import operations.upkeep.notices
from models.telling.notice import Notice
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

with Session(create_engine("sqlite://")) as session:
    session.add(Notice(kind="test", message="it works"))
    try:
        session.flush()
    except OperationalError as missing:
        print(missing.orig)
"""


def test_a_process_that_writes_knows_the_tables_that_its_rows_refer_to() -> None:
    done = subprocess.run([sys.executable, "-c", _WRITES], capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout == "no such table: notices\n", done.stderr
