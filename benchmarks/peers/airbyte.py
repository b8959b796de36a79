"""airbyte-source-instagram, installed from the registry into an environment of its own and pointed at the simulator.

Its host stands in two of its files, `manifest.yaml` and `components.py`; nothing else of it is changed. It needs a
Python below 3.12, of which any on the PATH is taken.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "airbyte-source-instagram==4.1.0"
_ENVIRONMENT = Path(__file__).parents[2] / ".peers" / "airbyte-source-instagram-4.1.0"
_PYTHONS = ("python3.11", "python3.10")
_HOST = re.compile(r"https?://[^/\s\"']+(?=/v21\.0)")
_HOST_FILES = ("manifest.yaml", "components.py")
_PATIENCE_S = 900


class NotHere(Exception):
    """It cannot be installed or run on this machine; the text says why."""


@dataclass(frozen=True)
class Airbyte:
    """An installed connector."""

    environment: Path

    def read(self, url: str, token: str, stream: str = "media_insights") -> int:
        """All records of the stream, of the accounts that the token reaches; how many. Raises NotHere."""
        self.point_at(url)
        with tempfile.TemporaryDirectory() as folder:
            config, catalog = Path(folder, "config.json"), Path(folder, "catalog.json")
            config.write_text(json.dumps({"access_token": token, "start_date": "2026-01-01T00:00:00Z"}))
            catalog.write_text(json.dumps({"streams": [_configured(stream)]}))
            argv = [str(self.environment / "bin" / "source-instagram"), "read"]
            argv += ["--config", str(config), "--catalog", str(catalog)]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        if done.returncode:
            raise NotHere(f"{PACKAGE} ended with code {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
        return sum(1 for line in done.stdout.splitlines() if '"type":"RECORD"' in line.replace(" ", ""))

    def point_at(self, url: str) -> None:
        """From now on it asks that host."""
        (package,) = self.environment.glob("lib/python3*/site-packages/source_instagram")
        for name in _HOST_FILES:
            path = package / name
            path.write_text(_HOST.sub(url, path.read_text(encoding="utf-8")), encoding="utf-8")


def installed() -> Airbyte:
    """Installed once, found again by later runs. Raises NotHere."""
    if not (_ENVIRONMENT / "installed").exists():
        python = _fitting_python()
        shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
        _run(python, "-m", "venv", str(_ENVIRONMENT))
        _run(str(_ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", PACKAGE)
        (_ENVIRONMENT / "installed").touch()
    return Airbyte(_ENVIRONMENT)


def _fitting_python() -> str:
    for name in (sys.executable, *_PYTHONS):
        path = shutil.which(name)
        asked = [path or "", "-c", "import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))"]
        if path and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return path
    raise NotHere(f"{PACKAGE} needs a Python below 3.12, and none is on the PATH")


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise NotHere(f"{PACKAGE} cannot be installed here: {done.stderr.strip()[-300:]}")


def _configured(stream: str) -> dict[str, object]:
    known = {"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    return {"stream": known, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
