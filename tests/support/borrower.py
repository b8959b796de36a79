"""`python -m tests.support.borrower HOME postgres|valkey`: borrow, print `URL …`, give back when stdin ends."""

from __future__ import annotations

import sys
from pathlib import Path

from pressrun.embedded.servers import borrow_postgres, borrow_redis
from pressrun.errors import PressrunError
from tests.support.processes import tell


def main(home: str, kind: str) -> None:
    borrow = borrow_postgres if kind == "postgres" else borrow_redis
    try:
        with borrow(Path(home)) as url:
            tell(f"URL {url}")
            sys.stdin.read()
    except PressrunError as problem:
        sys.exit(f"ERROR {problem}")


if __name__ == "__main__":
    main(*sys.argv[1:])
