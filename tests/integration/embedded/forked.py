"""What the tests of forks have forked."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from tests.support.processes import tell


def show() -> None:
    """What a process sees of itself and of the one it came from."""
    parent = f"/proc/{os.getppid()}"
    tell(
        json.dumps(
            {
                "argv": sys.argv,
                "told": {name: value for name, value in os.environ.items() if name.startswith("PRESSRUN_")},
                "zone": time.tzname[0],
                "session": os.getsid(0),
                "pid": os.getpid(),
                "open": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3],
                "files": len(os.listdir("/proc/self/fd")) - 1,  # but that by which they are listed
                "title": Path("/proc/self/cmdline").read_text().strip("\0"),
                "parents_threads": len(os.listdir(f"{parent}/task")),
                "parents_title": Path(f"{parent}/cmdline").read_text().replace("\0", " ").strip(),
            }
        )
    )


def stay() -> None:
    """Until SIGTERM, as any process that has no handler for it."""
    tell(f"READY {os.getppid()}")
    threading.Event().wait()


def fail() -> None:
    raise SystemExit(3)


def end_by_signal() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
