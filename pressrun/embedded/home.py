"""HOME of the embedded mode: its folders, their modes, and the key that is made once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pressrun.embedded.files import write_private
from pressrun.embedded.locks import lock
from pressrun.errors import PressrunError

_WITHOUT_IT = (
    "put it back from a backup, or set PRESSRUN_SECRET_KEYS to that key; "
    "if nobody has it any more, set a new one there and connect every account again"
)


class KeyLost(PressrunError):
    """Secrets are sealed with a key that is not there any more."""

    type = "key.lost"


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


def secret_key(home: Path, *, is_new: Callable[[], bool]) -> str:
    """The key of this HOME, made at the first call. Every caller gets the same one, however many call at once.

    Args:
        is_new: asked where there is no key: whether nothing has been sealed with one. Otherwise none is made: it would
            hide that the old one is gone until it is too late to look for it.

    Raises:
        KeyLost: it was there once, or what is there is no key.
    """
    from pressrun.vault import Vault, generate_key  # here, to keep it out of the small keeper processes

    prepared = prepare_home(home)
    file = prepared.path / "secret.key"
    guard = lock(prepared.run / "secret.lock")
    try:
        if not file.exists():
            if not is_new():
                said = "the key that sealed what is stored (tokens of accounts, endpoints, second factors)"
                raise KeyLost(f"{file} is gone, and with it {said}: {_WITHOUT_IT}")
            write_private(file, generate_key() + "\n")
        key = file.read_text().strip()
    finally:
        os.close(guard)
    try:
        Vault([key])
    except PressrunError:
        # A new key would make every stored token unreadable without a word.
        raise KeyLost(f"{file} does not hold a key: {_WITHOUT_IT}") from None
    return key
