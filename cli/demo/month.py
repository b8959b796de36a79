"""A believable month for a demo that stays: posts with their numbers, one that failed, one that needs a person.

It is written after the demo has been judged, and counts for nothing in it.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from models.store.partitions import ensure_partitions
from models.store.session import Database
from operations.operation import OWNER, Context
from operations.posts import library
from operations.posts.imports import import_file
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


_LIBRARY = (
    ("bread", ("bread-01.jpg", "bread-03.jpg", "cake-01.jpg")),
    ("ceramics", ("mug-01.jpg", "bowl-01.jpg")),
    ("studio", ("studio-01.jpg", "studio-03.jpg")),
)
"""Tag → what is used more than once, of the media of the example campaign."""

AGES_H = (1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36, 48, 60, 72, 96, 120, 168, 240, 336, 504, 672)
"""At which a media was read."""
Past = Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]
"""Puts media into the past of the account with that id on Instagram: as `/_sim/past` takes and answers them, in order,
with `numbers` at AGES_H."""


def fill(database: Database, accounts: Sequence[str], past: Past, *, days: int = DAYS) -> None:
    """Write the month behind these accounts. Call it once; their names hold no comma.

    Args:
        past: has Instagram know the media too: harvests look for them afterwards.
    """
    with database.transaction() as tx:
        for ago in range(0, days + 28, 28):
            ensure_partitions(tx, now=clock.now() - timedelta(days=min(ago, days)), months_ahead=0)
    script = _SCRIPT.read_text(encoding="utf-8").replace(":accounts", ",".join(accounts)).replace(":days", str(days))
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for statement in _statements(script):
            driver.execute(statement)
            if statement.startswith(_ASKS):
                _ask(driver, past)
        _tell_of_doubles(driver, past)
        driver.commit()
        for table in ("voices", "cast_", "pictures", "planned", "numbers", "days_"):
            driver.execute(f"DROP TABLE {table}")
        driver.commit()


_ASKS = "CREATE TEMP TABLE numbers"
_PLANNED = """
    SELECT a.ig_id, json_agg(json_build_object(
               'day', p.day, 'caption', p.caption, 'at', p.at + make_interval(secs => p.late_ms / 1000.0 + 1.1),
               'media_type',
               CASE p.type WHEN 'reel' THEN 'VIDEO' WHEN 'carousel' THEN 'CAROUSEL_ALBUM' ELSE 'IMAGE' END,
               'product_type', CASE p.type WHEN 'reel' THEN 'REELS' ELSE 'FEED' END,
               'children', CASE p.type WHEN 'carousel' THEN 3 ELSE 0 END) ORDER BY p.at)
      FROM planned p JOIN accounts a ON a.id = p.account_id
     GROUP BY a.ig_id ORDER BY a.ig_id
"""
_KNOWN = """
    UPDATE planned p SET ig_id = %s, permalink = %s
      FROM accounts a WHERE a.id = p.account_id AND a.ig_id = %s AND p.day = %s
"""


def _ask(driver: Any, past: Past) -> None:
    for account, planned in driver.execute(_PLANNED).fetchall():
        for one, told in zip(planned, past(account, planned), strict=True):
            driver.execute(_KNOWN, (told["id"], told["permalink"], account, one["day"]))
            for numbers in told["numbers"]:
                values = (told["id"], numbers["age_h"], json.dumps(numbers))
                driver.execute("INSERT INTO numbers VALUES (%s, %s, %s)", values)


_DOUBLES = """
    SELECT a.ig_id, json_agg(json_build_object(
               'number', m.id, 'caption', m.caption, 'at', m.posted_at, 'media_type', m.media_type,
               'product_type', m.media_product_type, 'children', 0) ORDER BY m.posted_at)
      FROM media m JOIN accounts a ON a.id = m.account_id
      JOIN posts x ON x.account_id = a.id AND x.caption = m.caption
     WHERE x.key = 'month-review' GROUP BY a.ig_id
"""


def _tell_of_doubles(driver: Any, past: Past) -> None:
    """Which of two media the doubtful post is, a person decides: Instagram knows both."""
    for account, doubles in driver.execute(_DOUBLES).fetchall():
        for one, told in zip(doubles, past(account, doubles), strict=True):
            driver.execute(
                "UPDATE media SET ig_id = %s, permalink = %s WHERE id = %s",
                (told["id"], told["permalink"], one["number"]),
            )


def plan_ahead(ctx: Context, folder: Path) -> int:
    """Queue what is planned for the next weeks, with the media of the example campaign; returns how many.

    Some of them stand in the library as well.
    """
    today = clock.now().date()
    for tag, media in _LIBRARY:
        library.add(ctx, OWNER, [folder / "media" / name for name in media], tags=[tag])
    with (folder / "ahead.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("account", "publish_at", "type", "media", "caption", "key"))
        for number, (account, days, hour, type_, names, caption) in enumerate(_AHEAD):
            at = f"{today + timedelta(days=days)}T{hour:02}:{15 if hour > 12 else 0:02}"
            files = "|".join(f"media/{name}" for name in names.split("|"))
            table.writerow((account, at, type_, files, caption, f"ahead-{number}"))
    return len(import_file(ctx, OWNER, folder / "ahead.csv").added)


def _statements(script: str) -> Iterator[str]:
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    yield from (one.strip() for one in re.split(r";\n", without_comments) if one.strip())
