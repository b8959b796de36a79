"""The database's schema: bring it up, and say whether it is current. Used by `db upgrade`, `up`, `demo` and tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from models.dictionary import write_comments
from models.partitions import ensure_partitions
from models.readers import renew_readers
from models.session import Database
from pressrun import clock


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
    with database.engine.connect() as connection:
        command.upgrade(_config(connection), revision)
    if revision == "head":
        with database.transaction() as tx:
            ensure_partitions(tx, now=clock.now())
            write_comments(tx)
            renew_readers(tx)
    return status(database)


def status(database: Database) -> SchemaStatus:
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory.from_config(_config(connection)).get_current_head()
    return SchemaStatus(current=current, head=head or "")


def _config(connection: Connection) -> Config:
    # Built in code: an installed wheel carries no alembic.ini.
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config
