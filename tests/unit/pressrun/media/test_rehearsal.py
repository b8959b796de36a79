"""What `doctor` sees of an address as Instagram's fetcher, and how it explains it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pressrun.media.rehearsal import Sample, Sight, rehearse
from tests.support.certificates import self_signed

CONTENT = bytes(range(200))
PAGE = b"<html><head><title>Just a moment...</title></head></html>"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = CONTENT
    content_type: str | None = "image/jpeg"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """How a host answers; by default as it should."""

    robots: Answer = Answer(404, b"", "text/plain")
    to_instagram: Answer = Answer()
    to_others: Answer = Answer()
    head: Answer = Answer()
    takes_ranges: bool = True


@contextmanager
def host(behaviour: Behaviour, certificate: Path | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_instagram = "facebookexternalhit" in self.headers["User-Agent"]
            answer = behaviour.to_instagram if is_instagram else behaviour.to_others
            if self.path == "/robots.txt":
                answer = behaviour.robots
            elif behaviour.takes_ranges and self.headers["Range"] == "bytes=1-9":
                span = {"Content-Range": f"bytes 1-9/{len(CONTENT)}"}
                answer = Answer(206, CONTENT[1:10], "image/jpeg", span)
            self._give(answer, answer.body)

        def do_HEAD(self) -> None:
            self._give(behaviour.head, b"")

        def _give(self, answer: Answer, body: bytes) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            if answer.content_type:
                self.send_header("Content-Type", answer.content_type)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def seen(behaviour: Behaviour, *, allow_private: bool = True) -> list[Sight]:
    with host(behaviour) as url:
        address = f"{url}/media/1-2/a.jpg"
        return rehearse(Sample(CONTENT, "image/jpeg", address, address), allow_private=allow_private)


def test_a_host_that_answers_as_it_should_is_seen_as_such() -> None:
    assert seen(Behaviour()) == []
    assert seen(Behaviour(robots=Answer(200, b"User-agent: *\nDisallow: /private/\n", "text/plain"))) == []


FATAL = {
    "robots": (
        Behaviour(robots=Answer(200, b"User-agent: *\nDisallow: /\n", "text/plain")),
        "/robots.txt keeps Instagram's fetcher (facebookexternalhit) out of /media/",
    ),
    "redirect": (
        Behaviour(to_instagram=Answer(301, b"", None, {"Location": "https://www.example.com/media/x?key=1"})),
        "it is redirected to https://www.example.com/media/x",
    ),
    "wrong type": (
        Behaviour(to_instagram=Answer(content_type="application/octet-stream")),
        "its Content-Type is application/octet-stream, it should be image/jpeg",
    ),
    "no type": (Behaviour(to_instagram=Answer(content_type=None)), "its Content-Type is missing"),
    "a page": (
        Behaviour(to_instagram=Answer(body=PAGE, content_type="text/html"), to_others=Answer(403)),
        "a page comes in place of the file “Just a moment...”",
    ),
    "a firewall's page": (
        Behaviour(to_instagram=Answer(body=PAGE, content_type="text/html; charset=utf-8")),
        "a firewall stands before Instagram's fetcher",
    ),
    "a firewall": (
        Behaviour(to_instagram=Answer(403, PAGE, "text/html")),
        "facebookexternalhit is answered 403, others 200: a firewall refuses Instagram's fetcher",
    ),
    "another site": (
        Behaviour(to_instagram=Answer(404, PAGE, "text/html")),
        "it is answered 404 “Just a moment...”",
    ),
    "no console": (
        Behaviour(to_instagram=Answer(502, b"", None), to_others=Answer(502, b"", None)),
        "the proxy answers 502: it reaches no console",
    ),
    "other keys": (
        Behaviour(to_instagram=Answer(403, b"{}", "application/problem+json")),
        "does not honour what was signed here",
    ),
    "another home": (
        Behaviour(to_instagram=Answer(404, b"{}", "application/problem+json")),
        "does not have what is kept here (404)",
    ),
    "changed on its way": (
        Behaviour(to_instagram=Answer(body=b"smaller")),
        "what comes is not what is kept: 7 bytes of 200",
    ),
}


@pytest.mark.parametrize(("behaviour", "said"), FATAL.values(), ids=FATAL)
def test_what_keeps_instagram_from_the_file_is_explained(behaviour: Behaviour, said: str) -> None:
    [sight] = seen(behaviour)

    assert said in sight.what
    assert sight.is_fatal
    assert sight.advice
    assert "key=1" not in sight.what


def test_what_only_large_files_suffer_from_is_no_failure() -> None:
    found = seen(Behaviour(head=Answer(405, b"", None), takes_ranges=False))

    assert [one.what.split()[0] for one in found] == ["HEAD", "a"]
    assert "a Range request is answered 200" in found[1].what
    assert not any(one.is_fatal for one in found)


def test_a_private_address_is_not_asked_unless_that_is_allowed() -> None:
    [sight] = seen(Behaviour(), allow_private=False)

    assert "private address" in sight.what
    assert sight.is_fatal


@pytest.mark.parametrize(
    ("name", "ends_in", "is_trusted", "is_taken"),
    [
        ("127.0.0.1", timedelta(days=1), True, True),
        ("127.0.0.1", timedelta(days=-1), True, False),
        ("media.example", timedelta(days=1), True, False),
        ("127.0.0.1", timedelta(days=1), False, False),
    ],
    ids=["valid", "over", "of another host", "that nobody vouches for"],
)
def test_a_certificate_is_looked_at_as_instagram_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ends_in: timedelta, is_trusted: bool, is_taken: bool
) -> None:
    certificate = self_signed(tmp_path / "host.pem", name, ends_in=ends_in)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with host(Behaviour(), certificate) as url:
        found = rehearse(Sample(CONTENT, "image/jpeg", f"{url}/a.jpg", f"{url}/a.jpg"), allow_private=True)

    told = [(one.is_fatal, "the certificate is not valid" in one.what, "certificates" in one.advice) for one in found]
    assert told == ([] if is_taken else [(True, True, True)])


def test_a_host_that_is_not_there_is_told() -> None:
    url = "http://127.0.0.1:1/media/a.jpg"

    [sight] = rehearse(Sample(CONTENT, "image/jpeg", url, url), allow_private=True)

    assert "does not accept the connection" in sight.what
