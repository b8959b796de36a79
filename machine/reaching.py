"""How people and their programs reach the database: as a reader unless they say otherwise, no password in the open."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from psycopg.conninfo import make_conninfo

from machine.runtime import Runtime
from models.meanings import readers
from pressrun.embedded import bridge as bridges
from pressrun.embedded.binaries import psql_program
from pressrun.embedded.files import write_private
from pressrun.embedded.home import Home
from pressrun.errors import Conflict, NotPossible
from pressrun.settings import without_settings

_SECRET = ("password", "sslpassword")


@dataclass(frozen=True)
class Way:
    """The parameters of a connection, by libpq's names."""

    parameters: Mapping[str, str] = field(repr=False)

    @property
    def role(self) -> str | None:
        return self.parameters.get("user")

    def url(self, *, with_password: bool) -> str:
        """As libpq and others read it; without the password unless that is asked for."""
        told = {name: value for name, value in self.parameters.items() if with_password or name not in _SECRET}
        user, password = told.pop("user", None), told.pop("password", None)
        host, database = told.pop("host", ""), told.pop("dbname", "")
        is_folder = host.startswith("/") or "," in host
        port = "" if is_folder else told.pop("port", "")
        if is_folder:
            told["host"] = host
        who = quote(user, safe="") if user else ""
        who += f":{quote(password, safe='')}" if password else ""
        named = f"[{host}]" if ":" in host else host
        where = "" if is_folder else named + (f":{port}" if port else "")
        rest = "&".join(f"{name}={quote(value, safe='/')}" for name, value in told.items())
        return f"postgresql://{who}{'@' if who else ''}{where}/{quote(database, safe='')}{f'?{rest}' if rest else ''}"


def way_to(here: Runtime, *, owner: bool = False, role: str | None = None) -> Way:
    """How to reach the database, as its owner, as that role, or as its reader.

    Raises:
        Unknown: there is no such role.
        NotPossible: it is a database of one's own, and no role of it was made a reader.
        Conflict: several were.
    """
    server = dict(here.database.server)
    if owner:
        return Way(server)
    with here.database.transaction() as tx:
        if role is None:
            role = readers.ensure_own_reader(tx) if here.has_own_postgres else _only(readers.readers(tx))
        else:
            readers.require_role(tx, role)
    for name in _SECRET:
        server.pop(name, None)  # the owner's
    return Way(server | {"user": role})


@contextmanager
def tcp_way_to(here: Runtime, way: Way, *, port: int) -> Iterator[Way]:
    """The same by a loopback port, for as long as the context lasts.

    The password is in the parameters, and in a file for those that read it there (`passfile`).

    Raises:
        NotPossible: the database has an address of its own; or it is the owner, who is not let through.
        PressrunError: the port is taken.
    """
    if not here.has_own_postgres:
        raise NotPossible("it is no embedded server: it has an address of its own", type="database.own", field="tcp")
    role, database = way.role or "", way.parameters["dbname"]
    if role == here.database.server.get("user"):
        said = "the owner is not let through by a port: every program of this machine could try to be it"
        raise NotPossible(said, type="bridge.owner", field="owner")
    socket_path = Path(way.parameters["host"]) / f".s.PGSQL.{way.parameters['port']}"
    with bridges.bridge(socket_path, role=role, database=database, port=port) as made:
        passfile = Home(here.settings.home).run.absolute() / f"bridge-{made.port}.pgpass"
        write_private(passfile, f"{bridges.HOST}:{made.port}:{database}:{role}:{made.password}\n")
        try:
            yield Way(
                {
                    "user": role,
                    "password": made.password,
                    "host": bridges.HOST,
                    "port": str(made.port),
                    "dbname": database,
                    "passfile": str(passfile),
                }
            )
        finally:
            passfile.unlink(missing_ok=True)


def run_psql(way: Way, arguments: Sequence[str]) -> int:
    """Run psql in this terminal until it ends; returns its exit code. Raises PressrunError when there is none."""
    told = {name: value for name, value in way.parameters.items() if name not in _SECRET}
    # Everybody can see the arguments of a process; its environment, only its user.
    environment = without_settings(os.environ)
    if "password" in way.parameters:
        environment["PGPASSWORD"] = way.parameters["password"]
    command = [str(psql_program()), "--dbname", make_conninfo(**told), *arguments]
    with subprocess.Popen(command, env=environment) as process, _left_to(process):
        return process.wait()


@contextmanager
def _left_to(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ctrl-C is psql's own, which cancels a query by it; other ends are passed on."""

    def leave(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            process.send_signal(number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _only(known: Sequence[str]) -> str:
    if not known:
        said = "no role was made a reader of this database: make one, or sign in as the owner"
        raise NotPossible(said, type="reader.none", field="role")
    if len(known) > 1:
        said = f"several roles are readers: {', '.join(known)}; say which"
        raise Conflict(said, type="reader.several", field="role")
    return known[0]
