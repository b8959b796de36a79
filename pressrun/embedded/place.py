"""Where a server's data and socket are, and which user it runs as.

Normally all is in HOME. When the user that root's server runs as cannot enter HOME (a parent with mode 0700), data go
to a folder below /var/lib/pressrun/homes, and the link `HOME/servers` remembers it: a later change of modes must not
make a second, empty database appear.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pressrun.embedded.home import Home, is_root, make_folder
from pressrun.embedded.locks import lock
from pressrun.embedded.runas import RunAs, ordinary_user, owner_of, reaches
from pressrun.errors import PressrunError

ROOT_STATE = Path("/var/lib/pressrun")

# A unix socket's path may have 103 bytes on macOS; `/.s.PGSQL.5432` takes 15. Postgres reads a comma as a separator.
_SOCKET_FOLDER = re.compile(r"[\w./-]{1,85}", re.ASCII)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The folders of one server, made and owned as it needs them."""

    data: Path
    sockets: Path
    user: RunAs | None


def find_place(home: Home, kind: str) -> Place:
    """Decide and make the place. Raises PressrunError when the server cannot live there."""
    guard = lock(home.run / "place.lock")  # two kinds of server may start at once
    try:
        root = _server_root(home, kind)
    finally:
        os.close(guard)
    data = root / kind
    user = _user_for(data)
    _own(data, user)
    return Place(data=data, sockets=_socket_folder(root / "run" / kind, user), user=user)


def leave_sockets(home: Home, kind: str) -> None:
    """Remove the socket folder if it had to be outside HOME."""
    link = _remembered_root(home) / "run" / kind
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink(missing_ok=True)


def _remembered_root(home: Home) -> Path:
    link = home.path / "servers"
    return link.readlink() if link.is_symlink() else home.path


def _server_root(home: Home, kind: str) -> Path:
    root = _remembered_root(home)
    if not is_root() or root != home.path:
        return root
    user = _user_for(root / kind)
    if user is None or reaches(home.path, user):
        return root
    if (root / "postgres").exists() or (root / "valkey").exists():
        raise PressrunError(
            f"the server's user (uid {user.uid}) can no longer enter {home.path}: "
            "give its parent folders execute permission for others again"
        )
    return _root_elsewhere(home)


def _root_elsewhere(home: Home) -> Path:
    make_folder(ROOT_STATE, 0o711)
    make_folder(ROOT_STATE / "homes", 0o711)
    # Random, not derived from HOME's path: a HOME that was deleted and made anew must not find the old data.
    elsewhere = Path(tempfile.mkdtemp(prefix=f"{home.path.name}-", dir=ROOT_STATE / "homes"))
    elsewhere.chmod(0o711)
    make_folder(elsewhere / "run", 0o711)
    (home.path / "servers").symlink_to(elsewhere)
    log.warning("another user must run the servers and cannot enter %s: their data are in %s", home.path, elsewhere)
    return elsewhere


def _user_for(data: Path) -> RunAs | None:
    if not is_root():
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise PressrunError(f"{data} belongs to another user: run Pressrun as that user or choose another HOME")
        return None
    # The owner stays the owner, even if a user `postgres` has since come to this machine.
    if data.exists() and owner_of(data).uid != 0:
        return owner_of(data)
    return ordinary_user()


def _own(folder: Path, user: RunAs | None) -> None:
    make_folder(folder, 0o700)
    if user is not None:
        os.chown(folder, user.uid, user.gid)


def _socket_folder(wanted: Path, user: RunAs | None) -> Path:
    if wanted.is_symlink():
        if _is_private_folder(wanted.readlink(), user):
            return wanted.readlink()
        wanted.unlink()
    if _SOCKET_FOLDER.fullmatch(str(wanted)):
        _own(wanted, user)
        return wanted
    short = Path(tempfile.mkdtemp(prefix="pressrun-", dir="/tmp"))
    _own(short, user)
    wanted.symlink_to(short)  # remembered, so that the address stays when a new keeper takes over
    return short


def _is_private_folder(folder: Path, user: RunAs | None) -> bool:
    try:
        stat = folder.lstat()
    except FileNotFoundError:
        return False
    owner = os.geteuid() if user is None else user.uid
    return folder.is_dir() and not folder.is_symlink() and stat.st_uid == owner and stat.st_mode & 0o077 == 0
