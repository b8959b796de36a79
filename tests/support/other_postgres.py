"""`python -m tests.support.other_postgres BIN COMMAND…`: a command beside a Postgres of another version.

BIN is the folder of its programs, as /usr/lib/postgresql/15/bin. The command finds the server in TESTS_DATABASE_URL:

    python -m tests.support.other_postgres /usr/lib/postgresql/15/bin pytest tests/migration tests/integration/models
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import quick_folder

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses=")


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """A new cluster on a Unix socket, gone afterwards; its URL."""
    user = "nobody" if os.geteuid() == 0 else None  # Postgres does not run as root
    folder = Path(tempfile.mkdtemp(prefix="pressrun-postgres-", dir=quick_folder()))
    if user:
        shutil.chown(folder, user)
    data = str(folder / "data")

    def run(*argv: str) -> None:
        subprocess.run(argv, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    try:
        run(str(programs / "initdb"), "-D", data, "-U", "pressrun", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = " ".join(f"-c {each}" for each in (*_FAST, f"unix_socket_directories={folder}"))
        run(str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://pressrun@/postgres?host={folder}"
        finally:
            run(str(programs / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(programs: str, *command: str) -> int:
    with running(Path(programs)) as url:
        return subprocess.run(command, env=os.environ | {"TESTS_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    arguments: Sequence[str] = sys.argv[1:]
    sys.exit(main(*arguments))
