"""The database's schema: bring it up, and say whether it is current. Only this module reads the migrations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

import migrations
from models.session import Database
from pressrun import clock

if TYPE_CHECKING:
    from alembic.config import Config


HEAD = migrations.HEAD
"""The revision that this release needs."""


@dataclass(frozen=True)
class SchemaStatus:
    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        return self.current == self.head


def upgrade(database: Database, *, revision: str = "head") -> SchemaStatus:
    """Apply all missing revisions, one transaction each; then what follows from the models and not from revisions:
    the partitions of the next months, the comments, and what readers may read.
    """
    from alembic import command  # services look at a schema far more often than they bring one up

    from models.dictionary import write_comments
    from models.partitions import ensure_partitions
    from models.readers import renew_readers

    with database.engine.connect() as connection:
        command.upgrade(_config(connection), revision)
    if revision == "head":
        with database.transaction() as tx:
            ensure_partitions(tx, now=clock.now())
            write_comments(tx)
            renew_readers(tx)
    return status(database)


def status(database: Database) -> SchemaStatus:
    with database.transaction() as tx:
        is_begun = tx.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
        current = tx.execute(text("SELECT version_num FROM alembic_version")).scalar() if is_begun else None
    return SchemaStatus(current=current, head=HEAD)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    # Built in code: an installed wheel carries no alembic.ini.
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config
