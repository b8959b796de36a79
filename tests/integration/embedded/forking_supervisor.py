"""`python -m … FOLDER`: a supervisor over two processes that were forked; says their ids and the server's."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from pressrun.embedded.forkserver import ForkServer
from pressrun.embedded.supervisor import ProcessSpec, Supervisor
from tests.support.processes import tell

if __name__ == "__main__":
    server = ForkServer(["tests.integration.embedded.forked"])
    supervisor = Supervisor(forks=server)
    argv, function = [sys.executable, "-m", "some"], "tests.integration.embedded.forked:stay"
    specs = [
        ProcessSpec(name, argv, dict(os.environ), Path(sys.argv[1]) / f"{name}.log", "READY", function=function)
        for name in ("a", "b")
    ]
    supervisor.start(specs)
    tell(f"PIDS {server.pid} {' '.join(map(str, supervisor.pids().values()))}")
    threading.Event().wait()
