"""Programs that tests need and Python does not bring."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def require(program: str, package: str) -> str:
    """Where the program is. Without it a test is skipped at home and fails in CI, which installs Debian's `package`."""
    folders = [*os.get_exec_path(), "/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]
    found = shutil.which(program, path=os.pathsep.join(folders))
    if found is not None:
        return found
    reason = f"{program} is not installed (Debian's package {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
