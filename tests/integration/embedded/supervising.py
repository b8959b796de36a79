"""`python -m tests.integration.embedded.supervising FOLDER`: supervise two processes, one deaf to SIGTERM, for ever."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from pressrun.embedded.supervisor import ProcessSpec, Supervisor
from tests.support.processes import tell

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("READY", flush=True)
while True:
    signal.pause()
"""


def main(folder: str) -> None:
    supervisor = Supervisor()
    specs = [
        ProcessSpec(name, [sys.executable, "-c", DEAF], dict(os.environ), Path(folder) / f"{name}.log", "READY")
        for name in ("a", "b")
    ]
    supervisor.start(specs)
    tell(" ".join(["PIDS", *map(str, supervisor.pids().values())]))
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
