"""Root hands its servers to another user: Postgres refuses to run as root, and a broker need not.

No user is created and no mode of a foreign folder is changed; an existing user is taken.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pressrun.errors import PressrunError


@dataclass(frozen=True)
class RunAs:
    """An ordinary user of this machine."""

    uid: int
    gid: int


def ordinary_user() -> RunAs:
    """The user that root's servers run as: `postgres` if there is one, else `nobody`."""
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return RunAs(entry.pw_uid, entry.pw_gid)
    raise PressrunError(
        "root cannot run the embedded servers, and there is neither a user postgres nor nobody: "
        "start Pressrun as an ordinary user, or set PRESSRUN_DATABASE_URL and PRESSRUN_REDIS_URL"
    )


def owner_of(folder: Path) -> RunAs:
    """The user that a data folder belongs to."""
    stat = folder.stat()
    return RunAs(stat.st_uid, stat.st_gid)


def succeeds(argv: list[str], user: RunAs | None) -> subprocess.CompletedProcess[str] | None:
    """The finished command if that user can run it and it ends well, else None."""
    try:
        done = subprocess.run(
            argv, **_identity(user), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=60, env={"PATH": os.defpath, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done if done.returncode == 0 else None


def reaches(folder: Path, user: RunAs) -> bool:
    """Whether that user can enter the folder. Asked of the kernel, because modes do not tell about ACLs."""
    return succeeds(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)], user) is not None


def _identity(user: RunAs | None) -> dict[str, Any]:
    return {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
