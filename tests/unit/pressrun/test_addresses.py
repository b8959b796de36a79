"""Addresses with passwords of every kind: read alike by every library, or refused without a word of them."""

from __future__ import annotations

import traceback
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis.strategies import sampled_from, text
from kombu.utils.url import parse_url
from redis import connection as redis_connection

from models.store.session import server_of
from pressrun import log
from pressrun.embedded.servers import redis_py_url
from pressrun.errors import UsageError
from pressrun.log import redact
from pressrun.network.addresses import place_of, secrets_of
from pressrun.network.redis_client import celery_url
from pressrun.settings import Settings, load

REDIS: Any = redis_connection
PRINTABLE = "".join(chr(code) for code in range(32, 127)) + "äß€漢😀"
passwords = text(PRINTABLE, min_size=6, max_size=24)
every_character = example(PRINTABLE)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is concealed here must not be cut out of other tests' texts."""
    monkeypatch.setattr(log, "_concealed", {})


@every_character
@given(passwords)
def test_every_library_reads_the_same_password(password: str) -> None:
    encoded = quote(password, safe="")

    settings = load(
        {
            "PRESSRUN_DATABASE_URL": f"postgresql://app:{encoded}@db.example:5433/two%20words?sslrootcert=/a%20b/c.pem",
            "PRESSRUN_REDIS_URL": f"rediss://app:{encoded}@cache.example:6380/1",
        }
    )

    assert settings.database_url is not None
    assert settings.redis_url is not None
    assert server_of(settings.database_url) == {
        "user": "app",
        "password": password,
        "host": "db.example",
        "port": "5433",
        "dbname": "two words",
        "sslrootcert": "/a b/c.pem",
    }
    assert parse_url(celery_url(settings.redis_url))["password"] == password
    assert REDIS.parse_url(redis_py_url(settings.redis_url))["password"] == password


@every_character
@given(passwords)
def test_a_socket_of_the_broker_may_have_a_password_too(password: str) -> None:
    url = f"redis+socket://:{quote(password, safe='')}@/run/my%20redis.sock"

    assert REDIS.parse_url(redis_py_url(url))["password"] == password


def shown(password: str) -> list[str]:
    """The forms in which errors and tracebacks show a value."""
    encoded = quote(password, safe="")
    problem = ValueError(f"cannot use {password!r}, {encoded} or password={password}")
    trace = "".join(traceback.format_exception(problem))
    return [password, repr(password), encoded, quote(password), f"x://a:{encoded}@h/n", f"{{'p': {password!r}}}", trace]


@every_character
@given(passwords)
def test_a_known_password_is_cut_out_in_every_form(password: str) -> None:
    encoded = quote(password, safe="")
    Settings(database_url=f"postgresql://app:{encoded}@h/n", redis_url=f"redis://:{encoded}@h/0")

    for said in shown(password):
        assert password not in redact(said)
        assert encoded not in redact(said)


@pytest.mark.parametrize("character", "@/#%?[]")
@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
@given(prefix=sampled_from(["hunter2", "12", "a", ""]), rest=sampled_from(["tail9", "zz", "4z"]))
def test_a_password_that_is_not_encoded_is_refused_and_not_repeated(
    name: str, character: str, prefix: str, rest: str
) -> None:
    scheme = "postgresql" if name == "DATABASE_URL" else "redis"
    url = f"{scheme}://app:{prefix}{character}{rest}@db.example:5432/name"

    with pytest.raises(UsageError) as refused:
        load({f"PRESSRUN_{name}": url})

    said = str(refused.value)
    assert said.startswith(f"bad setting PRESSRUN_{name}: ")
    assert "percent-encode the password" in said, said
    for part in (f"{prefix}{character}{rest}", "hunter2", "tail9", "db.example"):
        assert part not in said


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("second", "@/#?[]:&;=")
@pytest.mark.parametrize("first", "@/#?[]:&;=")
def test_of_a_password_with_several_such_characters_nothing_is_taken_for_a_host(
    name: str, first: str, second: str
) -> None:
    """The first of them may end the credentials, and the next one the host that is then made of the rest."""
    password = f"hunter2{first}middle{second}tail9"
    scheme = "postgresql" if name == "DATABASE_URL" else "redis"
    url = f"{scheme}://app:{password}@db.example:5432/name"

    said = _refused(name, url)

    assert not any(part in said for part in ("hunter2", "middle", "tail9", "example"))
    if not said:
        assert (secrets_of(url), place_of(url)) == ([password], f"{scheme}://db.example:5432/name")


def _refused(name: str, url: str) -> str:
    """What is said against it; empty when it is taken."""
    try:
        load({f"PRESSRUN_{name}": url})
    except UsageError as problem:
        return str(problem)
    return ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://a.example,b.example/0", "several servers"),
        ("redis://a.example:6379,b.example:6379/0", "several servers"),
        ("redis://a.example:6379;redis://b.example:6379/0", "several servers"),
        ("redis://:password-1@a.example,b.example:6380/0", "several servers"),
        ("sentinel://a.example:26379", "must begin with redis://"),
        ("redis://a.example:70000", "its port is not a number"),
        ("redis://a.example:port", "its port is not a number"),
        ("redis://a.example/0?socket_timeout=5", "an option that is not known"),
        ("rediss://a.example/0?ssl_cert_reqs=never", "ssl_cert_reqs must be one of none, optional, required"),
        ("rediss://a.example/0?ssl_check_hostname=maybe", "ssl_check_hostname must be one of true, false"),
    ],
)
def test_a_broker_that_cannot_be_is_refused(url: str, reason: str) -> None:
    with pytest.raises(UsageError, match=f"bad setting PRESSRUN_REDIS_URL: .*{reason}") as refused:
        load({"PRESSRUN_REDIS_URL": url})

    assert "example" not in str(refused.value)
    assert "password-1" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///name?host=/run/a%20b&user=app",
        "postgresql://a.example:5432,b.example:5433/name?target_session_attrs=read-write",
        "postgresql://[::1]:5432/name",
        "postgres://app@h/n?user=somebody@example.com",
        "postgresql+psycopg://h/n",
    ],
)
def test_what_libpq_understands_is_accepted(url: str) -> None:
    assert load({"PRESSRUN_DATABASE_URL": url}).database_url == url
    assert server_of(url)


def test_a_place_has_no_credentials_and_no_options() -> None:
    assert place_of("rediss://app:secret@h:6380/0?ssl_password=x") == "rediss://h:6380/0"
    assert place_of("redis+socket://:p@/run/my.sock") == "redis+socket:///run/my.sock"


def test_secrets_are_found_wherever_they_stand() -> None:
    assert secrets_of("rediss://app:one%20two@h/0?ssl_password=three") == ["one two", "three"]
    assert secrets_of("postgresql:///n?user=app&password=four") == ["four"]
    assert secrets_of(None) == secrets_of("redis://h") == []


def test_settings_show_no_address_with_a_password() -> None:
    settings = Settings(database_url="postgresql://app:password-1@h/n", redis_url="redis://:password-2@h")

    assert "password-" not in repr(settings)


def test_a_word_of_every_second_line_is_not_cut_out() -> None:
    Settings(database_url="postgresql://pressrun:pressrun@h/n", redis_url="redis://:abc@h/0")

    assert redact("pressrun.log abc") == "pressrun.log abc"
    assert redact("at postgresql://pressrun:pressrun@h/n") == "at postgresql://pressrun:[redacted]@h/n"
