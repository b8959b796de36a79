"""A process whose machine has a wrong clock.

python -m tests.support.astray SECONDS MODULE ARGUMENTS…     runs the module, so far ahead (negative: behind)
"""

from __future__ import annotations

import runpy
import sys
from datetime import timedelta

import time_machine

from pressrun import clock

if __name__ == "__main__":
    seconds, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    traveller = time_machine.travel(clock.own(), tick=True).start()
    gone = clock.own().timestamp() - time_machine.escape_hatch.time.time()  # setting out takes its time
    traveller.shift(timedelta(seconds=float(seconds) - gone))
    runpy.run_module(module, run_name="__main__", alter_sys=True)
