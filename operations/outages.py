"""A database that does not answer is no fault of ours: it is told as what it is, in every face."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from pressrun import log
from pressrun.errors import ServerUnreachable

_log = log.get(__name__)


class Outages:
    """A block that raises ServerUnreachable where the database has failed us, or too many ask at once."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, trouble: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(trouble, OperationalError | InterfaceError | PoolExhausted):
            _log.warning("database.down", error=str(getattr(trouble, "orig", None) or trouble).splitlines()[0])
            raise ServerUnreachable("the database does not answer: try again in a moment") from None
