"""A believable month for a demo that stays: posts with their numbers, one that failed, one that needs a person.

It is written after the demo has been judged, and counts for nothing in it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from models.partitions import ensure_partitions
from models.session import Database
from operations.imports import import_file
from operations.operation import OWNER, Context
from pressrun import clock

DAYS = 30
_SCRIPT = Path(__file__).with_name("month.sql")

# Account, days from now, hour, type, media of the example campaign, caption.
_AHEAD = (
    ("harbour-bakery", 1, 9, "image", "bread-02.jpg", "Seeds, soaked overnight. The loaf keeps until Thursday."),
    ("harbour-bakery", 3, 18, "reel", "kneading-01.mp4", "What an hour of patience sounds like 👋"),
    (
        "harbour-bakery",
        5,
        9,
        "carousel",
        "bread-01.jpg|bread-03.jpg|cake-01.jpg",
        "Saturday's counter, left to right →",
    ),
    ("harbour-bakery", 8, 9, "image", "cake-01.jpg", "Advent cake: order by Friday, collect on Sunday."),
    ("harbour-bakery", 12, 18, "image", "bread-03.jpg", "The baker's own lunch. Nothing fancy, all crust."),
    ("lena-makes", 1, 18, "image", "bowl-01.jpg", "Six bowls for the café on the corner. They chose the blue."),
    ("lena-makes", 2, 9, "reel", "wheel-01.mp4", "From a ball to a bowl, without a cut 🌀"),
    ("lena-makes", 4, 18, "carousel", "mug-01.jpg|bowl-02.jpg", "Pick one: the mug or the bowl?"),
    ("lena-makes", 9, 9, "image", "glaze-01.jpg", "Glaze test no. 15: less tin. Closer."),
    ("lena-makes", 15, 18, "image", "bowl-02.jpg", "Packed, labelled, on their way to Bergen."),
    ("northlight-studio", 1, 12, "image", "light-01.jpg", "Between two showers, four minutes of this."),
    ("northlight-studio", 3, 9, "carousel", "studio-01.jpg|studio-02.jpg", "The set for Monday, from both sides →"),
    ("northlight-studio", 6, 12, "reel", "timelapse-01.mp4", "A wall, a window, a whole afternoon ☀️"),
    ("northlight-studio", 10, 18, "image", "portrait-01.jpg", "People of the harbour, no. 8: Torvald, net maker."),
    ("northlight-studio", 17, 9, "image", "studio-03.jpg", "Closed over the holidays. Back on the fourth."),
)


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


def plan_ahead(ctx: Context, folder: Path) -> int:
    """Queue what is planned for the next weeks, with the media of the example campaign; returns how many."""
    today = clock.now().date()
    media = folder / "media"
    with (folder / "ahead.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("account", "publish_at", "type", "media", "caption", "key"))
        for number, (account, days, hour, type_, names, caption) in enumerate(_AHEAD):
            at = f"{today + timedelta(days=days)}T{hour:02}:{15 if hour > 12 else 0:02}"
            files = "|".join(str(media / name) for name in names.split("|"))
            table.writerow((account, at, type_, files, caption, f"ahead-{number}"))
    return len(import_file(ctx, OWNER, folder / "ahead.csv").added)


def _statements(script: str) -> Iterator[str]:
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    yield from (one.strip() for one in re.split(r";\n", without_comments) if one.strip())
