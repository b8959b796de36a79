"""A socket that listens: on a name or an address, of either family, and the one sentence for when it cannot be had."""

from __future__ import annotations

import socket

from pressrun.errors import PressrunError


class PortTaken(PressrunError):
    """The address cannot be listened on: most often, another program does so."""

    type = "port.taken"


def listen(host: str, port: int, *, backlog: int = 512) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=backlog)
    except OSError as problem:
        why = (problem.strerror or str(problem)).partition(" (")[0]  # Python repeats the address there
        said = f"cannot listen on {host} port {port}: {why}; choose another port"
        raise PortTaken(said, field="port") from None
