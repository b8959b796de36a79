"""A believable month for a demo that stays: posts with their numbers, one that failed, one that needs a person.

It is written after the demo has been judged, and counts for nothing in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from models.partitions import ensure_partitions
from models.session import Database
from pressrun import clock

DAYS = 30
_SCRIPT = Path(__file__).with_name("month.sql")


def fill(database: Database, accounts: Sequence[str], *, days: int = DAYS) -> None:
    """Write the month behind these accounts. Call it once; their names hold no comma."""
    with database.transaction() as tx:
        for ago in range(0, days + 28, 28):
            ensure_partitions(tx, now=clock.now() - timedelta(days=min(ago, days)), months_ahead=0)
    script = _SCRIPT.read_text(encoding="utf-8").replace(":accounts", ",".join(accounts)).replace(":days", str(days))
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for statement in _statements(script):
            driver.execute(statement)
        driver.commit()
        for table in ("voices", "cast_", "pictures", "planned", "days_"):
            driver.execute(f"DROP TABLE {table}")
        driver.commit()


def _statements(script: str) -> Iterator[str]:
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    yield from (one.strip() for one in re.split(r";\n", without_comments) if one.strip())
