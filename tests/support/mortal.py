"""Worker steps that really die: each runs in a process of its own, forked from one that has everything loaded.

    python -m tests.support.mortal SETTINGS-JSON     reads one JSON list of steps a line, answers one JSON list of codes

A step that reaches its point ends by SIGKILL (code -9); one that does not ends with 0.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy.orm import configure_mappers

from graph.wire.transport import Transport
from models.owed.presence import Presence
from models.store.session import Database
from pressrun import failpoints
from pressrun.media.links import derive_key
from pressrun.network.hints import Hint, Queue, Task
from pressrun.settings import Settings
from pressrun.vault import Vault
from tests.support.processes import Process, start_module, tell
from worker.attendance import Attendance
from worker.boundary import perform
from worker.context import WorkerContext
from worker.tasks import STEPS

_MOST_AT_ONCE = 8


@dataclass(frozen=True)
class Doomed:
    """One step, and the point at which its process dies: as it comes there for the `nth` time."""

    hint: Hint
    point: str
    nth: int = 1


class Mortals:
    """The parent of the dying processes, seen from the test."""

    def __init__(self, process: Process) -> None:
        self._process, self._asked = process, 0

    @classmethod
    def start(
        cls,
        settings: Settings,
        *,
        lease: timedelta,
        database_url: str,
        key: str,
        media_base_url: str | None,
        present: bool = False,
    ) -> Mortals:
        """`lease` is theirs, whatever the settings say: whoever sees one die ends its lease.

        `present`: the database knows each of them while it lives.
        """
        told = {
            "settings": {name: _plain(value) for name, value in settings.model_dump(exclude_unset=True).items()},
            "lease_s": lease.total_seconds(),
            "database_url": database_url,
            "key": key,
            "media_base_url": media_base_url,
            "present": present,
        }
        return cls(start_module("tests.support.mortal", json.dumps(told)))

    def run(self, steps: Sequence[Doomed]) -> list[int]:
        """Run them side by side; the exit code of each."""
        self._asked += 1
        wanted = [
            [one.hint.task.value, one.hint.queue.value, one.hint.id, one.hint.claim, f"{one.point}=exit@{one.nth}"]
            for one in steps
        ]
        self._process.write(json.dumps(wanted))
        return list(json.loads(self._process.line(rf"^{self._asked}: (.*)$", 240)))

    @property
    def output(self) -> str:
        return self._process.output

    def close(self) -> None:
        with self._process:
            self._process.close_input()
            self._process.wait()


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return f"{value.total_seconds()}s" if isinstance(value, timedelta) else str(value)


def main(told: Mapping[str, Any]) -> None:
    ctx = WorkerContext(  # without a connection yet: each child opens its own
        settings=Settings(**told["settings"]).model_copy(update={"lease": timedelta(seconds=told["lease_s"])}),
        database=Database(told["database_url"], pool_size=1),
        vault=Vault([told["key"]]),
        transport=Transport(),
        media_base_url=told["media_base_url"],
        media_key=derive_key(told["key"]),
    )
    configure_mappers()  # once here, instead of with the first query of each child
    gc.freeze()  # a child that searched all this for garbage would have to copy it first
    for number, line in enumerate(sys.stdin, 1):
        codes: dict[int, int] = {}
        running: dict[int, int] = {}
        for index, step in enumerate(json.loads(line)):
            if len(running) == _MOST_AT_ONCE:
                _reap(running, codes)
            running[_fork(ctx, step, is_present=told["present"])] = index
        while running:
            _reap(running, codes)
        tell(f"{number}: {json.dumps([codes[index] for index in sorted(codes)])}")


def _reap(running: dict[int, int], codes: dict[int, int]) -> None:
    pid, status = os.wait()
    codes[running.pop(pid)] = os.waitstatus_to_exitcode(status)


def _fork(ctx: WorkerContext, step: Sequence[Any], *, is_present: bool) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        task, queue, id_, claim, points = step
        if is_present:
            ctx = replace(ctx, presence=(presence := Presence(ctx.database)))
            Attendance(presence, ctx.database).start()
        failpoints.arm(points)
        perform(ctx, STEPS, Hint(Task(task), Queue(queue), id_, claim))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
