"""Programs that tests need and Python does not bring."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest


def require(program: str, package: str) -> str:
    """Where the program is. Without it a test is skipped at home and fails in CI, which installs Debian's `package`."""
    folders = [*os.get_exec_path(), "/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))]
    found = shutil.which(program, path=os.pathsep.join(folders))
    if found is not None and _is_it(program, found):
        return found
    reason = f"{program} is not installed (Debian's package {package})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


_SAYS_OF_ITSELF = {"convert": "ImageMagick"}
"""Of names that another program may have too, what the right one answers to `-version`."""


@cache
def _is_it(program: str, found: str) -> bool:
    if program not in _SAYS_OF_ITSELF:
        return True
    said = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False)
    return said.returncode == 0 and _SAYS_OF_ITSELF[program] in said.stdout
