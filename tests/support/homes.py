"""Homes that are not new: a Postgres cluster that the session has made once, copied into them.

Making a cluster takes 0.7 CPU seconds and bringing its schema up 1.5, a copy a third of one. The copy is of data
alone: keys, locks, sockets and addresses are of the home that starts it. What is about a first start makes its own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from machine.schema import upgrade
from models.store.session import Database
from pressrun.embedded.home import prepare_home
from pressrun.embedded.locks import lock
from pressrun.embedded.servers import borrow_postgres, wait_stopped
from tests.support.turns import HOME


def give_cluster(home: Path, *, migrated: bool = False) -> None:
    """That home, which does not exist yet, has a cluster in which no server has run; `migrated`, with the tables."""
    made = _made_once("migrated-cluster" if migrated else "cluster", migrated=migrated)
    prepare_home(home)
    subprocess.run(["cp", "-a", "--reflink=auto", str(made), str(home)], check=True)


def _made_once(name: str, *, migrated: bool) -> Path:
    shared = Path(os.environ[HOME])
    home = shared / name
    held = lock(shared / f"{name}.lock")  # the first worker of the session makes it
    try:
        if not (home / "made").exists():
            with borrow_postgres(home, durable=False) as url:
                if migrated:
                    database = Database(url)
                    upgrade(database)
                    database.close()
            assert wait_stopped(home)
            (home / "made").touch()
    finally:
        os.close(held)
    return home / "postgres"
