"""The process that apprise runs in opens no connection that it must not, whoever asks for it and however."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_TRY = """
import socket, subprocess
from pressrun.telling import apprise_child
apprise_child._guard(allow_private={allow_private})
try:
    {what}
except OSError as problem:
    print(type(problem).__name__, apprise_child.refused)
"""
PRIVATE = "the host has a private address"


def tried(what: str, *, allow_private: bool) -> str:
    code = _TRY.format(what=what, allow_private=allow_private)
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("what", "allow_private", "why"),
    [
        ("socket.create_connection(('127.0.0.1', 9), 1)", False, PRIVATE),
        ("socket.create_connection(('localhost', 9), 1)", False, PRIVATE),
        ("socket.socket().connect(('169.254.169.254', 80))", False, PRIVATE),
        ("socket.socket(socket.AF_INET6).connect(('::ffff:10.0.0.1', 80))", False, PRIVATE),
        ("socket.socket().connect(('localhost', 9))", False, PRIVATE),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 514))", False, PRIVATE),
        ("socket.socket(socket.AF_UNIX).connect('/dev/log')", True, "a socket of this machine"),
        ("subprocess.Popen(['true'])", True, "start a program"),
    ],
)
def test_what_it_must_not_open_is_refused(what: str, allow_private: bool, why: str) -> None:
    said = tried(what, allow_private=allow_private)

    assert said.startswith("_Refused")
    assert why in said


def test_a_private_address_is_opened_where_it_is_allowed() -> None:
    assert tried("socket.create_connection(('127.0.0.1', 9), 1)", allow_private=True) == "ConnectionRefusedError []\n"


_HOSTS = """
import json, sys
import apprise
from pressrun.telling import apprise_child
print(json.dumps([apprise_child._host_of(apprise.Apprise.instantiate(one)) for one in json.load(sys.stdin)]))
"""


def test_an_address_tells_its_host_where_that_cannot_be_a_token() -> None:
    host_of = {
        "json://10.0.0.1:8000/x": "10.0.0.1",
        "gotify://localhost/hunter2hunter2hunter2": "localhost",
        "mailto://someone:hunter2@example.com?smtp=mail.example.com": "mail.example.com",
        "ntfy://topic": None,
        "tgram://123456789:hunter2hunter2hunter2hunter2hunter2/12315544/": None,
        "matrix://someone:hunter2@example.com/#ops": None,  # elsewhere a token stands there
        "slack://HUNTERAAA/HUNTERBBB/hunter2hunter2hunter2AAA/#ops": None,
    }

    done = subprocess.run(
        [sys.executable, "-c", _HOSTS], input=json.dumps(list(host_of)), capture_output=True, text=True, check=True
    )

    assert dict(zip(host_of, json.loads(done.stdout), strict=True)) == host_of
