"""HOME of the embedded mode: its folders, their modes, and the key that is made once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pressrun.embedded.files import write_private
from pressrun.embedded.locks import lock
from pressrun.errors import PressrunError


@dataclass(frozen=True)
class Home:
    """Where things are below HOME."""

    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def media(self) -> Path:
        return self.path / "media"


def is_root() -> bool:
    return os.geteuid() == 0


def prepare_home(home: Path) -> Home:
    """HOME with its folders. A folder that exists keeps its mode; only what is made here gets one.

    Raises PressrunError when HOME cannot be made or written.
    """
    prepared = Home(Path(os.path.abspath(home)))
    # Root's servers run as another user, who must be able to pass through HOME and run/.
    passable = 0o711 if is_root() else 0o700
    try:
        prepared.path.parent.mkdir(parents=True, exist_ok=True)
        for folder, mode in ((prepared.path, passable), (prepared.run, passable)):
            make_folder(folder, mode)
        for folder in (prepared.logs, prepared.media):
            make_folder(folder, 0o700)
    except OSError as problem:
        raise PressrunError(f"PRESSRUN_HOME {home} cannot be used: {problem.strerror}: {problem.filename}") from problem
    if not os.access(prepared.run, os.W_OK | os.X_OK):
        raise PressrunError(f"PRESSRUN_HOME {home} belongs to another user: choose another folder or run as its owner")
    return prepared


def make_folder(folder: Path, mode: int) -> None:
    """Make the folder with exactly this mode, whatever the umask; leave one that exists alone."""
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    folder.chmod(mode)


def secret_key(home: Path) -> str:
    """The key of this HOME, made at the first call. Every caller gets the same one, however many call at once."""
    from pressrun.vault import Vault, generate_key  # here, to keep cryptography out of the small keeper processes

    prepared = prepare_home(home)
    file = prepared.path / "secret.key"
    guard = lock(prepared.run / "secret.lock")
    try:
        if not file.exists():
            write_private(file, generate_key() + "\n")
        key = file.read_text().strip()
    finally:
        os.close(guard)
    try:
        Vault([key])
    except PressrunError:
        # A new key would make every stored token unreadable without a word.
        raise PressrunError(
            f"{file} does not hold a key: restore it from a backup, or delete it to start anew"
        ) from None
    return key
