"""Addresses as other programs read them: what goes in comes out, and no password unless it is asked for."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from machine.reaching import Way

PASSWORD = "p@ss:/w?rd&%"


@pytest.mark.parametrize(
    "parameters",
    [
        {"host": "db.example", "port": "6543", "user": "an@lyst", "password": PASSWORD, "dbname": "press run"},
        {"host": "/run/post gres", "port": "5432", "user": "pressrun", "dbname": "pressrun"},
        {"host": "::1", "dbname": "pressrun", "user": "a", "sslmode": "require", "sslpassword": PASSWORD},
        {"host": "one,two", "port": "1,2", "dbname": "pressrun", "target_session_attrs": "read-write"},
        {"host": "127.0.0.1", "port": "5000", "user": "r", "dbname": "d", "passfile": "/a b/c.pgpass"},
        {"dbname": "pressrun"},
    ],
)
def test_what_goes_in_comes_out(parameters: dict[str, str]) -> None:
    assert conninfo_to_dict(Way(parameters).url(with_password=True)) == parameters

    bare = Way(parameters).url(with_password=False)
    assert conninfo_to_dict(bare) == {name: parameters[name] for name in parameters if "password" not in name}
    assert "rd&" not in bare
    assert "w%3F" not in bare


def test_a_way_tells_no_password_by_itself() -> None:
    assert PASSWORD not in repr(Way({"user": "a", "password": PASSWORD}))
