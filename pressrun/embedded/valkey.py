"""One Redis-compatible server in a folder, as a broker: appends every write to a file, never evicts."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from pressrun.clock import now
from pressrun.embedded.binaries import valkey_program
from pressrun.embedded.place import Place

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "aof-load-truncated": "yes",  # a kill -9 in the middle of a write must not stop the next start
    "save": "",
    "maxmemory-policy": "noeviction",
}
_DAMAGED = re.compile(
    r"(Bad file format|Unrecoverable error) reading the append only file|FATAL AOF MANIFEST FILE ERROR|RDB preamble"
    r"|append log file .* doesn't exist|truncated file is not the last file|rdb file reading failure"
)


class Valkey:
    """The embedded broker of one home."""

    name = "Valkey"
    stop_signal = signal.SIGTERM  # writes and syncs the append-only file first
    stop_patience_s = 60.0

    def __init__(self, place: Place, *, durable: bool) -> None:
        self._place = place
        self._durable = durable
        self._program = valkey_program(place.user)
        self.data = place.data

    @property
    def url(self) -> str:
        return f"redis+socket://{quote(str(self._socket))}?virtual_host=0"

    @property
    def _socket(self) -> Path:
        return self._place.sockets / "valkey.sock"

    def prepare(self, log: int, log_path: Path, held: int) -> None:
        """Nothing: the server makes its files itself."""

    def argv(self) -> list[str]:
        settings = _SETTINGS | {
            "appendfsync": "everysec" if self._durable else "no",
            "dir": str(self.data),
            "unixsocket": str(self._socket),
        }
        return [str(self._program), *(part for key, value in settings.items() for part in (f"--{key}", value))]

    def is_ready(self, _pid: int) -> bool:
        return answers(self._socket)

    def clear_stale(self) -> None:
        """The socket of a killed server would look like one that refuses."""
        self._socket.unlink(missing_ok=True)

    def mend(self, log_tail: str) -> bool:
        """Set a damaged append-only file aside. Losing it costs seconds: messages are hints, Postgres has the truth."""
        damaged = self.data / "appendonlydir"
        if not _DAMAGED.search(log_tail) or not damaged.exists():
            return False
        damaged.rename(damaged.with_name(f"appendonlydir.damaged-{now():%Y%m%dT%H%M%S%f}"))
        return True


def answers(path: Path) -> bool:
    """Whether a server at this socket has loaded its data and answers a PING."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def socket_of(url: str) -> Path:
    """The socket path in a `redis+socket://` URL."""
    return Path(unquote(urlsplit(url).path))
