"""`python -m pressrun.embedded.forking SOCKET`: imports what it is told, then forks itself as often as it is asked.

What it forks starts without the second that importing takes, and shares the memory of what was imported. So it stays
what can be forked: one thread, nothing opened, nobody's settings. Its other end is `forkserver`; why:
docs/decisions/0032-services-are-forked.md.

The first packet is a list of modules. Each request is a packet of JSON with two descriptors: where the output goes, and
where the code of its end is told. The answer is its process id. Closing the socket ends the server and what still runs.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import setproctitle

from pressrun.embedded.tether import tie

CODE = struct.Struct("=i")
"""How the end of a process is told: its code, negative for a signal."""
MOST_BYTES = 256 * 1024
_MANY_FDS = 2
# Whoever ends all processes of a terminal, a group or a unit at once ends the supervisor too, which stops all in order.
_LEFT_TO_THE_SUPERVISOR = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Order:
    """What a forked process is to be."""

    function: str
    """`module:name`, called without arguments."""
    argv: Sequence[str]
    """What follows `-m MODULE` is what the function finds in `sys.argv`, and what others see among the processes."""
    env: Mapping[str, str]
    output: int
    told: int
    """Of the server alone."""


def main() -> None:
    """As a server until the socket is closed; as one of its children, what was ordered."""
    control = socket.socket(fileno=int(sys.argv[1]))
    gc.disable()  # importing makes half a million objects and no garbage
    for module in json.loads(control.recv(MOST_BYTES)):
        importlib.import_module(module)
    setproctitle.setproctitle("pressrun: forks")
    gc.freeze()  # a child that searches for garbage would make all of this its own
    gc.enable()
    order = serve(control)
    if order is not None:
        control.detach()  # closed with all the others, and its number may be another's by the end
        module, _, name = order.function.partition(":")
        getattr(importlib.import_module(module), name)()


def serve(control: socket.socket) -> Order | None:
    """Fork and reap. Returns in a child, with its order; in the server at the end, with None."""
    # As nohup has them: a child has them so.
    inherited: dict[int, Any] = {number: signal.getsignal(number) for number in _LEFT_TO_THE_SUPERVISOR}
    for number in _LEFT_TO_THE_SUPERVISOR:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # so that it wakes
    woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    told: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(told)
        if control.fileno() in ready:
            order = _ordered(control)
            if order is None:
                return None
            pid = _fork(order, inherited)
            if pid == 0:
                return order
            os.close(order.output)
            told[pid] = order.told
            control.send(str(pid).encode())


def _ordered(control: socket.socket) -> Order | None:
    packet, descriptors, _, _ = socket.recv_fds(control, MOST_BYTES, _MANY_FDS)
    if not packet:
        return None
    said = json.loads(packet)
    output, told = descriptors
    return Order(said["function"], said["argv"], said["env"], output, told)


def _fork(order: Order, handlers: Mapping[int, Any]) -> int:
    """A signal that comes amid it waits until the child can be ended by it."""
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT_TO_THE_SUPERVISOR)
    try:
        pid = os.fork()
        if pid == 0:
            _become(order, parent, handlers)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _LEFT_TO_THE_SUPERVISOR)
    return pid


def _become(order: Order, parent: int, handlers: Mapping[int, Any]) -> None:
    """What a new process would be: a session, an environment and open files of its own, and nothing of the server's."""
    os.setsid()
    tie(signal.SIGKILL, parent)
    signal.set_wakeup_fd(-1)
    for number, handler in {signal.SIGCHLD: signal.SIG_DFL, **handlers}.items():
        signal.signal(number, handler)
    os.dup2(order.output, 1)
    os.dup2(order.output, 2)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with suppress(OSError):  # that by which the folder was listed
                os.close(int(name))
    os.environ.clear()
    os.environ.update(order.env)
    time.tzset()
    sys.argv = ["pressrun", *order.argv[order.argv.index("-m") + 2 :]]
    setproctitle.setproctitle(" ".join(sys.argv))


def _reap(told: dict[int, int]) -> None:
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with suppress(BrokenPipeError), open(told.pop(pid), "wb", buffering=0) as pipe:
            pipe.write(CODE.pack(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
