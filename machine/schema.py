"""The database's schema: bring it up, and say whether it is current. Only this module reads the migrations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

import migrations
from models.store.session import Database
from pressrun import clock
from pressrun.errors import PressrunError

if TYPE_CHECKING:
    from alembic.config import Config


HEAD = migrations.HEAD
"""The revision that this release needs."""


class SchemaAhead(PressrunError):
    """The database's schema is one of a newer release, which this one must not touch."""

    type = "schema.ahead"


@dataclass(frozen=True)
class SchemaStatus:
    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        return self.current == self.head

    @property
    def is_ahead(self) -> bool:
        """Revisions are numbered, all in as many digits."""
        return self.current is not None and self.current > self.head


def upgrade(database: Database, *, revision: str = "head") -> SchemaStatus:
    """Apply all missing revisions, one transaction each; then what follows from the models and not from revisions:
    the partitions of the next months, the comments, and what readers may read. Raises SchemaAhead.
    """
    require_known(status(database))
    from alembic import command  # services look at a schema far more often than they bring one up

    from models.meanings.dictionary import write_comments
    from models.meanings.readers import renew_readers
    from models.store.partitions import ensure_partitions

    with database.engine.connect() as connection:
        command.upgrade(_config(connection), revision)
    if revision == "head":
        with database.transaction() as tx:
            ensure_partitions(tx, now=clock.now())
            write_comments(tx)
            renew_readers(tx)
    return status(database)


def require_known(found: SchemaStatus) -> None:
    """Raises SchemaAhead when the database is of a newer release than this one."""
    if found.is_ahead:
        raise SchemaAhead(
            f"the database is at revision {found.current}, which this release, whose newest is {found.head}, does not "
            "know: run the release that brought it there, or a newer one"
        )


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
