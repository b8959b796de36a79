"""The servers that other tests get: private, shared by name, with databases cloned in them."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest

from tests.integration.embedded.conftest import servers_of
from tests.support.servers import clone_database, create_database, drop_database, named, private_servers


def test_private_servers_leave_nothing_behind() -> None:
    with private_servers() as servers, psycopg.connect(servers.database_url) as connection:
        home = servers.home
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
    assert servers_of(home) == []
    assert not home.parent.exists()


@pytest.mark.usefixtures("cluster")
def test_two_sessions_that_name_the_same_home_share_its_servers(home: Path) -> None:
    with private_servers(home) as first:
        with private_servers(home) as second:
            assert second == first
        with psycopg.connect(first.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert servers_of(home) == []


@pytest.mark.usefixtures("cluster")
def test_a_clone_has_the_rows_and_waits_for_those_who_still_use_the_template(home: Path) -> None:
    with private_servers(home) as servers:
        admin = servers.database_url
        template = create_database(admin, "template-1")
        with psycopg.connect(template) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        busy = psycopg.connect(template)
        leave = threading.Timer(0.3, busy.close)
        leave.start()

        clone = clone_database(admin, "template-1", "clone-1")

        leave.join()
        assert clone == named(admin, "clone-1")
        with psycopg.connect(clone) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
        drop_database(admin, "clone-1")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(clone)
