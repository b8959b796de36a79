"""The files in HOME through which the users and the keeper of a server meet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pressrun.embedded.home import Home


class Kind(StrEnum):
    """A kind of embedded server."""

    POSTGRES = "postgres"
    VALKEY = "valkey"


@dataclass(frozen=True)
class Paths:
    """Files of one kind of server in one home."""

    home: Home
    kind: Kind

    @property
    def users_lock(self) -> Path:
        """Shared by every user; the keeper that gets it alone stops the server."""
        return self.home.run / f"{self.kind}.users"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper. Whoever gets it instead starts one and passes it on."""
        return self.home.run / f"{self.kind}.keeper"

    @property
    def server_lock(self) -> Path:
        """Held by the server and its children alone."""
        return self.home.run / f"{self.kind}.server"

    @property
    def state(self) -> Path:
        return self.home.run / f"{self.kind}.json"

    @property
    def log(self) -> Path:
        return self.home.logs / f"{self.kind}.log"

    @property
    def keeper_log(self) -> Path:
        return self.home.logs / f"{self.kind}-keeper.log"
