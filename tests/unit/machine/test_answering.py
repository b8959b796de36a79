"""The listener that takes a browser's answer: that address alone, each request whole, and nothing written down."""

from __future__ import annotations

import socket

import httpx
import pytest

from machine.answering import Reply, can_listen, listening
from pressrun.errors import ServerUnreachable


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def reply(query: str) -> Reply:
    return Reply(200, f"taken: {query}", {"Cache-Control": "no-store"})


def test_it_takes_that_address_and_no_other(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    with listening(f"http://localhost:{port}/back/", reply):
        taken = httpx.get(f"http://127.0.0.1:{port}/back/?code=a%20b&state=c")
        others = [httpx.get(f"http://127.0.0.1:{port}{path}").status_code for path in ("/back", "/", "/favicon.ico")]
        posted = httpx.post(f"http://127.0.0.1:{port}/back/?code=x")

    assert (taken.status_code, taken.text) == (200, "taken: code=a%20b&state=c")
    assert taken.headers["cache-control"] == "no-store"
    assert (others, posted.status_code) == ([404, 404, 404], 501)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/back/")


def test_a_port_that_somebody_has_is_told(port: int) -> None:
    with (
        listening(f"http://localhost:{port}/", reply),
        pytest.raises(ServerUnreachable, match=f"localhost port {port} cannot be listened on"),
        listening(f"http://localhost:{port}/", reply),
    ):
        raise AssertionError("two listen on one port")


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("http://localhost:8322/connect/callback", True),
        ("http://127.0.0.1:8322/", True),
        ("https://localhost/", False),
        ("http://social.example.com/connect/callback", False),
    ],
)
def test_where_a_browser_comes_to_this_machine(url: str, is_ours: bool) -> None:
    assert can_listen(url) is is_ours
