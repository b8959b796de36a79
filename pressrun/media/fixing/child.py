"""The process in which files are converted: bounded in memory and in what it writes, and less urgent than all others.

    argv    the most bytes of memory
    stdin   a line of JSON for each file: {"source", "target", "recipe", "threads"}
    stdout  a line of JSON for each: {"made": …}, {"refused": why, "field": …} or {"trouble": [errno, why]}

It ends with its stdin: when whoever asked is gone, whatever is under way is dropped, and its target removed.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pressrun.errors import PressrunError
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.run import fix_file
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import MediaUnreadable

NICE = 10
MOST_WRITTEN_BYTES = 1024**3

_under_way: list[Path] = []


def main(arguments: list[str]) -> int:
    """Answer until stdin ends."""
    _bound(int(arguments[0]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # whatever a library prints must not look like an answer
    asked: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, asked), daemon=True).start()
    while (job := asked.get()) is not None:
        answer = _answer(job)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if answer.get("is_spent"):
            return 0
    return 0


def _bound(memory_bytes: int) -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        os.nice(NICE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN_BYTES, MOST_WRITTEN_BYTES))
        # Data and not address space: libraries map a lot that they never touch.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _listen(questions: IO[str], asked: queue.Queue[dict[str, Any] | None]) -> None:
    for line in questions:
        asked.put(json.loads(line))
    if _under_way:
        for target in list(_under_way):
            target.unlink(missing_ok=True)
        os._exit(1)
    asked.put(None)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    target = Path(job["target"])
    _under_way.append(target)
    try:
        made = fix_file(Path(job["source"]), target, Recipe.from_json(job["recipe"]), threads=job["threads"])
        return {"made": made.as_json()}
    except MediaUnreadable as problem:
        return {"refused": problem.reason, "field": "media"}
    except CannotFix as problem:
        return {"refused": str(problem), "field": problem.field, "is_spent": "memory" in str(problem)}
    except PressrunError as problem:
        return {"refused": str(problem), "field": "media"}
    except MemoryError:
        return {"refused": "it takes more memory than a conversion may use", "field": "media", "is_spent": True}
    except OSError as problem:
        return {"trouble": [problem.errno or errno.EIO, problem.strerror or str(problem)]}
    except Exception as problem:  # a library's own trouble with a damaged file
        return {"refused": f"it cannot be converted ({type(problem).__name__}: {problem})"[:300], "field": "media"}
    finally:
        _under_way.remove(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
