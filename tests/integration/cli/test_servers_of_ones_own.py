"""Servers as people have them: passwords of every character, names with spaces, poolers, roles, certificates."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from kombu import pools
from psycopg import sql

from machine.runtime import ping
from models.store.rights import require_rights
from models.store.session import Database
from pressrun import clock, log
from pressrun.errors import NotPossible, ServerUnreachable, UsageError
from pressrun.network.broker import Broker
from pressrun.network.hints import Hint, Queue, Task
from tests.integration.cli.conftest import Command
from tests.support.debian_servers import RedisServer, password_postgres, pgbouncer, redis_server
from tests.support.lending import Lent
from tests.support.processes import Process, start_module
from tests.support.servers import Servers, create_database, drop_database, named
from tests.support.waiting import until

PRINTABLE = "".join(chr(code) for code in range(33, 127)) + " äß€漢"
HINT = Hint(Task.INBOX_HANDLE, Queue.INBOX, 1, 1)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is concealed here must not be cut out of other tests' texts."""
    monkeypatch.setattr(log, "_concealed", {})


def settings_of(command: Command, **over: str) -> Command:
    return replace(command, settings=command.settings | {f"PRESSRUN_{name}": value for name, value in over.items()})


class TestPasswords:
    @pytest.fixture
    def guarded(self, command: Command) -> Iterator[Command]:
        """Both servers with a password of all characters, and a database with a space in its name."""
        with password_postgres("app", PRINTABLE) as port, redis_server() as cache:
            cache.admin.execute_command("ACL", "SETUSER", "default", "resetpass", f">{PRINTABLE}")
            encoded = quote(PRINTABLE, safe="")
            admin = f"postgresql://app:{encoded}@127.0.0.1:{port}/postgres"
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute('CREATE DATABASE "two words"')
            yield settings_of(
                command, DATABASE_URL=named(admin, "two%20words"), REDIS_URL=cache.url(password=PRINTABLE)
            )

    def test_everything_works_and_nothing_shows_them(self, guarded: Command) -> None:
        upgraded = guarded.run("db", "upgrade")
        found = guarded.json("doctor", LOG_LEVEL="DEBUG")
        broker = Broker(guarded.settings["PRESSRUN_REDIS_URL"])
        broker.send(HINT)
        broker.close()

        assert upgraded.returncode == 0, upgraded.stderr
        assert {row["check"]: row["ok"] for row in found}["redis"]
        with start_module("cli", "scheduler", env=guarded.settings | {"PRESSRUN_LOG_LEVEL": "DEBUG"}) as scheduler:
            scheduler.line("^READY", 60)
            assert scheduler.terminate(60) == 0
        with start_module("cli", "worker", env=guarded.settings | {"PRESSRUN_LOG_LEVEL": "DEBUG"}) as worker:
            worker.line("^READY", 60)
            assert worker.terminate(60) == 0
        served = guarded.settings | {"PRESSRUN_LOG_LEVEL": "DEBUG"}
        with start_module("cli", "console", "--port", "0", env=served) as console:
            url = console.line(r"^LISTENING (http://[^ /]+)", 60)
            ready = httpx.get(f"{url}/readyz", timeout=30)
            assert console.terminate(60) == 0
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        said = [
            upgraded.stdout,
            upgraded.stderr,
            str(found),
            scheduler.output,
            worker.output,
            console.output,
            ready.text,
        ]
        for secret in (PRINTABLE, PRINTABLE[:12], quote(PRINTABLE, safe="")[:24]):
            assert not [text for text in said if secret in text]

    def test_a_wrong_one_is_told_of_and_not_shown(self, guarded: Command) -> None:
        wrong = {
            name: guarded.settings[f"PRESSRUN_{name}"].replace("%21", "wrong-")
            for name in ("DATABASE_URL", "REDIS_URL")
        }

        for arguments in (["post", "list"], ["doctor"], ["scheduler"], ["up"]):
            done = guarded.run(*arguments, LOG_LEVEL="DEBUG", **wrong)

            assert done.returncode == 1
            assert "does not answer" in done.stdout + done.stderr
            assert "wrong-" not in done.stdout + done.stderr
            assert PRINTABLE[1:12] not in done.stdout + done.stderr


def test_a_crash_shows_no_password() -> None:
    code = (
        "import threading\n"
        "from pressrun.log import catch_crashes, configure\n"
        "from pressrun.settings import load\n"
        "configure(); catch_crashes(); settings = load()\n"
        "def crash(): raise ValueError(settings.database_url, 'pass word-1')\n"
        "thread = threading.Thread(target=crash); thread.start(); thread.join(); crash()\n"
    )
    env = {"PRESSRUN_DATABASE_URL": "postgresql://app:pass%20word-1@h/n"}

    with Process([sys.executable, "-c", code], env=env) as crashing:
        assert crashing.wait(30) == 1

    assert crashing.output.count("ValueError") >= 2
    assert "word-1" not in crashing.output


class TestPooler:
    def test_one_that_hands_out_sessions_by_the_transaction_is_refused(
        self, command: Command, database_url: str
    ) -> None:
        for size in (1, 2, 4):
            with pgbouncer(database_url, pool_mode="transaction", pool_size=size) as url:
                done = command.run("post", "list", DATABASE_URL=url)

                assert done.returncode == 2, done.stderr
                [line] = done.stderr.splitlines()
                assert "gives each transaction another session" in line
                assert "session mode, or name Postgres' own address" in line
                found = {row["check"]: row for row in command.json("doctor", code=1, DATABASE_URL=url)}
                assert "gives each transaction another session" in found["postgres"]["detail"]

    @pytest.mark.parametrize("service", ["scheduler", "worker", "console"])
    def test_no_service_starts_with_one(self, command: Command, database_url: str, service: str) -> None:
        with pgbouncer(database_url, pool_mode="transaction") as url:
            done = command.run(service, DATABASE_URL=url)

        assert done.returncode == 2, done.stderr
        assert "READY" not in done.stdout
        assert "gives each transaction another session" in done.stderr.splitlines()[-1]

    def test_in_session_mode_it_is_as_good_as_none(self, command: Command, database_url: str) -> None:
        with pgbouncer(database_url, pool_mode="session", pool_size=10) as url:
            assert command.run("post", "list", DATABASE_URL=url).returncode == 0
            database = Database(url)
            database.require_sessions()
            with database.transaction() as tx:
                for setting, value in (("TimeZone", "UTC"), ("lock_timeout", "20s")):
                    assert tx.connection().exec_driver_sql(f"SHOW {setting}").scalar() == value
            database.close()


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    name = f"clerk_{os.getpid()}"
    with database.transaction() as tx:
        tx.connection().exec_driver_sql(f"CREATE ROLE {name} LOGIN")
    yield name
    with database.transaction() as tx:
        tx.connection().exec_driver_sql(f"DROP OWNED BY {name}; DROP ROLE {name}")


NEEDING = (
    ["scheduler"],
    ["worker"],
    ["worker", "--processes", "2"],
    ["console", "--port", "0"],
    ["console", "link"],
    ["mcp"],
    ["up"],
    ["db", "upgrade"],
    ["db", "status"],
    ["db", "url"],
    ["post", "list"],
    ["account", "pause", "bakery"],
    ["top", "--json"],
)
"""What works with the tables: each of the services, and commands of each way in which one begins."""


class TestRights:
    @pytest.mark.parametrize(
        "grants",
        ["", "GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT CREATE ON SCHEMA public TO {role}"],
        ids=["none", "all but owning"],
    )
    def test_a_role_that_owns_nothing_is_refused_with_what_it_lacks(
        self, command: Command, database: Database, database_url: str, role: str, grants: str
    ) -> None:
        with database.transaction() as tx:
            tx.connection().exec_driver_sql(grants.format(role=role))
        url = signed_in(database_url, role)

        for arguments in NEEDING:
            done = command.run(*arguments, DATABASE_URL=url)

            assert done.returncode == 2, (arguments, done.stderr)
            assert f"role '{role}' does not own the tables" in done.stderr, arguments
            assert "GRANT it to this one" in done.stderr, arguments
            assert done.stdout == "", arguments
        found = {row["check"]: row for row in command.json("doctor", code=1, DATABASE_URL=url)}
        assert f"role '{role}' does not own the tables" in found["postgres"]["detail"]

    def test_what_others_have_put_there_is_nobodys_business(
        self, database: Database, database_url: str, role: str
    ) -> None:
        given = f"""
            CREATE EXTENSION pg_stat_statements;
            CREATE TABLE of_somebody (id int);
            CREATE VIEW seen_by_somebody AS SELECT * FROM of_somebody;
            GRANT CREATE ON SCHEMA public TO {role};
            DO $$ DECLARE one regclass; BEGIN
                FOR one IN SELECT oid FROM pg_class
                            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
                              AND NOT relispartition AND relname NOT LIKE 'pg_stat%' AND relname NOT LIKE '%_somebody'
                LOOP EXECUTE format('ALTER TABLE %s OWNER TO {role}', one); END LOOP;
                FOR one IN SELECT oid FROM pg_class
                            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relispartition
                LOOP EXECUTE format('ALTER TABLE %s OWNER TO {role}', one); END LOOP;
            END $$
        """  # noqa: S608 - a name of the test's
        with database.engine.begin() as connection:
            connection.execution_options(no_parameters=True).exec_driver_sql(given)
        other = Database(signed_in(database_url, role))
        try:
            require_rights(other)
            for one in ("posts", "media_totals", f"media_snapshots_{clock.now():%Y_%m}"):
                with database.engine.begin() as connection:
                    connection.exec_driver_sql(f"ALTER TABLE {one} OWNER TO CURRENT_USER")
                with pytest.raises(NotPossible, match="does not own the tables"):
                    require_rights(other)
                with database.engine.begin() as connection:
                    connection.exec_driver_sql(f"ALTER TABLE {one} OWNER TO {role}")
        finally:
            other.close()
            with database.engine.begin() as connection:
                connection.exec_driver_sql(f"REASSIGN OWNED BY {role} TO CURRENT_USER")

    def test_a_member_of_the_owner_is_as_good(
        self, command: Command, database: Database, database_url: str, role: str
    ) -> None:
        with database.transaction() as tx:
            owner = tx.connection().exec_driver_sql("SELECT current_user").scalar()
            tx.connection().exec_driver_sql(sql.SQL("GRANT {} TO {}").format(
                sql.Identifier(str(owner)), sql.Identifier(role)).as_string())  # fmt: skip

        assert command.run("db", "upgrade", DATABASE_URL=signed_in(database_url, role)).returncode == 0

    def test_an_empty_database_in_which_it_may_make_nothing_is_refused(
        self, command: Command, servers: Servers, role: str
    ) -> None:
        name = f"bare_{os.getpid()}"
        url = create_database(servers.database_url, name)
        try:
            done = command.run("db", "upgrade", DATABASE_URL=signed_in(url, role))
        finally:
            drop_database(servers.database_url, name)

        assert done.returncode == 2
        assert f"role '{role}' may not make tables: GRANT CREATE ON SCHEMA public TO it" in done.stderr


def signed_in(database_url: str, role: str) -> str:
    """The same database as another role; the tests' server asks for no password."""
    return f"{database_url}{'&' if '?' in database_url else '?'}user={role}"


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, signed by itself."""

    file: Path
    key: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    found = Certificate(folder / "a certificate.pem", folder / "key.pem")
    found.file.write_bytes(signed.public_bytes(Encoding.PEM))
    found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return found


@pytest.fixture(scope="module")
def secured(certificate: Certificate) -> Iterator[RedisServer]:
    tls = ["--port", "0", "--tls-port", "{port}", "--tls-cert-file", str(certificate.file), "--tls-key-file",
           str(certificate.key), "--tls-auth-clients", "no"]  # fmt: skip
    with redis_server(*tls) as server:
        yield server


def reaches(url: str) -> bool:
    """Whether a sender of hints reaches the broker, and a plain client too: the two must agree."""
    try:
        broker = Broker(url)
    except UsageError:
        return False
    try:
        broker.send(HINT)
        sent = True
    except ServerUnreachable:
        sent = False
    finally:
        broker.close()
    try:
        ping(url)
        answered = True
    except ServerUnreachable:
        answered = False
    assert sent == answered
    return sent


class TestCertificates:
    @pytest.fixture(autouse=True)
    def no_pool_of_before(self) -> None:
        """Kombu keeps pools by address, whatever the certificates. A process has one broker; these tests have not."""
        pools.reset()

    def test_one_that_nobody_vouches_for_is_refused(self, secured: RedisServer) -> None:
        assert not reaches(secured.url(scheme="rediss"))

    def test_one_that_the_url_names_is_believed(self, secured: RedisServer, certificate: Certificate) -> None:
        assert reaches(secured.url(scheme="rediss", query=f"?ssl_ca_certs={quote(str(certificate.file))}"))

    def test_one_that_the_environment_names_is_believed(
        self, secured: RedisServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))

        assert reaches(secured.url(scheme="rediss"))

    def test_the_name_must_be_right(self, secured: RedisServer, certificate: Certificate) -> None:
        url = secured.url(scheme="rediss", query=f"?ssl_ca_certs={quote(str(certificate.file))}")

        assert not reaches(url.replace("127.0.0.1", "localhost"))

    @pytest.mark.parametrize("unchecked", ["ssl_cert_reqs=none", "ssl_cert_reqs=CERT_NONE"])
    def test_not_to_look_must_be_said_and_is_warned_of(
        self, secured: RedisServer, unchecked: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert reaches(secured.url(scheme="rediss", query=f"?{unchecked}"))

        assert "broker.unverified" in capfd.readouterr().err

    def test_the_doctor_tells_of_it_and_of_a_replica(
        self, secured: RedisServer, command: Command, certificate: Certificate
    ) -> None:
        url = secured.url(scheme="rediss", query=f"?ssl_cert_reqs=none&ssl_ca_certs={quote(str(certificate.file))}")
        secured.become_replica()

        found = {row["check"]: row for row in command.json("doctor", code=1, REDIS_URL=url)}

        secured.become_master()
        assert found["redis certificate"]["result"] == "note"
        assert "a replica: it takes no hints" in found["redis"]["detail"]

    def test_a_worker_looks_too(self, secured: RedisServer, command: Command, certificate: Certificate) -> None:
        url = secured.url(scheme="rediss")
        told = command.settings | {"PRESSRUN_REDIS_URL": url}

        with start_module("cli", "worker", "--queue", "inbox", env=told) as distrusting:
            distrusting.line(r"worker\.broker_trouble.*certificate", 60)
            assert not [line for line in distrusting.lines if line.startswith("READY")]
        with start_module(
            "cli", "worker", "--queue", "inbox", env=told | {"SSL_CERT_FILE": str(certificate.file)}
        ) as trusting:
            trusting.line("^READY", 60)
            assert trusting.terminate(60) == 0


def test_every_process_says_its_name_and_keeps_no_connection_of_its_start(
    command: Command, database: Database, lent: Lent
) -> None:
    lent.leave()

    def connections() -> list[str]:
        with database.transaction() as tx:
            found = tx.connection().exec_driver_sql(
                "SELECT application_name FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY 1"
            )
            return [str(name) for name in found.scalars()]

    queues = ["--queue", "harvest", "--queue", "inbox"]
    with (
        start_module("cli", "worker", *queues, "--concurrency", "2", env=command.settings) as worker,
        start_module("cli", "scheduler", env=command.settings) as scheduler,
    ):
        worker.line("^READY", 60)
        scheduler.line("^READY", 60)
        expected = {"pressrun scheduler", "pressrun scheduler lookout", "pressrun worker harvest inbox lookout"}
        until(lambda: expected <= set(connections()), what=connections)

        seen = [name for name in connections() if name != "pressrun"]
        assert set(seen) <= expected | {"pressrun worker harvest inbox", "pressrun worker harvest inbox presence"}
        assert seen.count("pressrun worker harvest inbox lookout") == seen.count("pressrun scheduler lookout") == 1
        assert seen.count("pressrun worker harvest inbox") <= 2 + 4
        assert (worker.terminate(60), scheduler.terminate(60)) == (0, 0)
