"""A look at a URL: what Instagram would get, never what a private network holds."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pressrun.clock import Deadline
from pressrun.media.answers import check_url
from pressrun.media.rules import MEBIBYTE, Use
from pressrun.network import fetch
from pressrun.network.fetch import HEAD_BYTES, Peek, UrlNotFetchable, download, is_public, peek
from tests.support.certificates import self_signed

JPEG = b"\xff\xd8\xff\xe0" + bytes(200_000)
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(500)


class Handler(BaseHTTPRequestHandler):
    """A small media host; the path says how it behaves."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        type(self).seen.append({name.lower(): value for name, value in self.headers.items()})
        path = self.path.partition("?")[0]
        if path == "/ranged.jpg":
            first, last = 0, HEAD_BYTES - 1
            self.answer(
                206, JPEG[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(JPEG)}"}, "image/jpeg"
            )
        elif path == "/plain.jpg":
            self.answer(200, JPEG, {}, "image/jpeg; charset=binary")
        elif path == "/chunked.jpg":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"4\r\n\xff\xd8\xff\xe0\r\n0\r\n\r\n")
        elif path == "/moved.jpg":
            self.answer(302, b"", {"Location": "/ranged.jpg"}, "text/html")
        elif path == "/odd.jpg":
            self.answer(206, JPEG[:100], {"Content-Range": "bytes 0-99/*", "Accept-Ranges": "none"}, "")
        else:
            self.answer(404, b"<html>gone</html>", {}, "text/html")

    def answer(self, status: int, body: bytes, headers: dict[str, str], content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client stops reading when it has seen enough
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def served(wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain) -> Iterator[ThreadingHTTPServer]:
    Handler.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = wrap(server.socket)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused handshake is expected
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def base() -> Iterator[str]:
    with served() as server:
        yield f"http://127.0.0.1:{server.server_port}"


@contextlib.contextmanager
def speaking(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A server of one connection that says what `talk` says, until the event is set."""
    stop = threading.Event()

    def run(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                talk(connection, stop)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/photo.jpg"
        finally:
            stop.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class TestAnswers:
    def test_a_host_that_supports_ranges(self, base: str) -> None:
        found = peek(f"{base}/ranged.jpg", allow_private=True)

        assert (found.status, found.content_type, found.content_length) == (206, "image/jpeg", len(JPEG))
        assert found.accepts_ranges
        assert found.head == JPEG[:HEAD_BYTES]

    def test_a_host_that_sends_everything_is_not_read_to_the_end(self, base: str) -> None:
        found = peek(f"{base}/plain.jpg", allow_private=True)

        assert (found.status, found.content_type, found.content_length) == (200, "image/jpeg", len(JPEG))
        assert not found.accepts_ranges
        assert len(found.head) == HEAD_BYTES

    def test_a_whole_file_is_fetched_and_no_larger_one(self, base: str) -> None:
        into = io.BytesIO()
        download(f"{base}/plain.jpg", into, allow_private=True, most_bytes=len(JPEG))

        assert into.getvalue() == JPEG
        with pytest.raises(UrlNotFetchable, match="larger than"):
            download(f"{base}/plain.jpg", io.BytesIO(), allow_private=True, most_bytes=len(JPEG) - 1)
        with pytest.raises(UrlNotFetchable, match="404"):
            download(f"{base}/nothing", io.BytesIO(), allow_private=True, most_bytes=1)
        with pytest.raises(UrlNotFetchable, match="private address"):
            download(f"{base}/plain.jpg", io.BytesIO(), allow_private=False, most_bytes=1)

    def test_a_host_that_tells_no_length(self, base: str) -> None:
        found = peek(f"{base}/chunked.jpg", allow_private=True)

        assert (found.content_type, found.content_length) == (None, None)
        assert found.head == JPEG[:4]

    def test_senseless_headers_count_as_missing(self, base: str) -> None:
        found = peek(f"{base}/odd.jpg", allow_private=True)

        assert (found.content_type, found.content_length) == (None, None)

    def test_a_redirect_is_an_answer_and_not_followed(self, base: str) -> None:
        found = peek(f"{base}/moved.jpg", allow_private=True)

        assert found.status == 302
        assert len(Handler.seen) == 1

    def test_the_request_asks_for_the_beginning_and_gives_nothing_away(self, base: str) -> None:
        peek(f"{base}/ranged.jpg?signature=abc", allow_private=True)

        (headers,) = Handler.seen
        assert headers["range"] == f"bytes=0-{HEAD_BYTES - 1}"
        assert headers["host"] == base.removeprefix("http://")
        assert headers["accept-encoding"] == "identity"
        assert not {"authorization", "cookie", "referer"} & set(headers)

    def test_a_proxy_of_the_environment_is_not_used(self, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")

        assert peek(f"{base}/ranged.jpg", allow_private=True).status == 206

    def test_a_host_on_ipv6(self) -> None:
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("no IPv6 on this machine")
        with listener:
            thread = threading.Thread(
                target=lambda: answer_once(listener, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
            )
            thread.start()

            found = peek(f"http://[::1]:{listener.getsockname()[1]}/", allow_private=True)

            thread.join()
        assert found.status == 404


def answer_once(listener: socket.socket, raw: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(raw)


class TestRefused:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1.2.3",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "10.0.0.8",
            "172.16.5.4",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[fec0::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
            "[2001:db8::1]",
            "[ff02::1]",
            "localhost",
            "LOCALHOST",
        ],
    )
    def test_private_addresses_are_refused_however_they_are_written(self, host: str) -> None:
        with pytest.raises(UrlNotFetchable, match=r"private address|host name .* is unknown"):
            peek(f"http://{host}:1/x.jpg", allow_private=False)

    def test_nothing_is_sent_to_a_private_address(self, base: str) -> None:
        with pytest.raises(UrlNotFetchable, match="private address"):
            peek(f"{base}/ranged.jpg", allow_private=False)

        assert Handler.seen == []

    @pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1", "93.184.215.14"]])
    def test_a_name_with_one_private_address_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
    ) -> None:
        answers_with(monkeypatch, lambda _: addresses)

        with pytest.raises(UrlNotFetchable, match="private address"):
            peek("http://media.example/x.jpg", allow_private=False)

    def test_a_name_is_looked_up_once_and_the_checked_address_is_used(
        self, base: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        port = base.rpartition(":")[2]

        def answers(host: str) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.9"]

        answers_with(monkeypatch, answers)

        found = peek(f"http://media.example:{port}/ranged.jpg", allow_private=True)

        assert found.status == 206
        assert asked == ["media.example"]
        assert Handler.seen[0]["host"] == f"media.example:{port}"

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("ftp://files.example/x.jpg", "only http"),
            ("file:///etc/passwd", "only http"),
            ("//cdn.example/x.jpg", "only http"),
            ("https:///x.jpg", "only http"),
            ("photo.jpg", "only http"),
            ("", "only http"),
            ("https://user:hunter2@cdn.example/x.jpg", "user name"),
            ("https://user@cdn.example/x.jpg", "user name"),
            ("https://cdn.example/brötchen.jpg", "ASCII"),
            ("https://bäckerei.example/x.jpg", "ASCII"),
            ("https://cdn.example/a b.jpg", "spaces"),
            ("https://cdn.example/x.jpg\r\nX-Injected: 1", "control"),
            ("https://cdn.example:port/x.jpg", "not a URL"),
            ("https://[::1/x.jpg", "not a URL"),
        ],
    )
    def test_a_url_that_is_none_is_refused(self, url: str, reason: str) -> None:
        with pytest.raises(UrlNotFetchable, match=reason) as refused:
            peek(url, allow_private=True)

        assert "\n" not in str(refused.value)
        assert "hunter2" not in str(refused.value)

    def test_a_query_is_never_repeated(self) -> None:
        with pytest.raises(UrlNotFetchable) as refused:
            peek("http://127.0.0.1:1/x.jpg?X-Amz-Signature=hunter2#hunter2", allow_private=False)

        assert str(refused.value).startswith("http://127.0.0.1:1/x.jpg: ")
        assert "hunter2" not in str(refused.value)

    def test_a_unix_socket_is_never_opened(self) -> None:
        backend = fetch._GuardedBackend("http://x/", Deadline.after(1), allow_private=True)

        with pytest.raises(UrlNotFetchable):
            backend.connect_unix_socket("/run/docker.sock")


def answers_with(monkeypatch: pytest.MonkeyPatch, addresses: Callable[[str], list[str]]) -> None:
    """Let the name media.example have these addresses."""
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "media.example":
            return real(host, port, *rest, **more)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ipaddress.ip_address(a).version], socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses(host)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


class TestFailures:
    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]

        with pytest.raises(UrlNotFetchable, match="does not accept the connection"):
            peek(f"http://127.0.0.1:{port}/x.jpg", allow_private=True)

    def test_an_unknown_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(_: str) -> list[str]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        answers_with(monkeypatch, fails)

        with pytest.raises(UrlNotFetchable, match=r"host name media\.example is unknown"):
            peek("https://media.example/x.jpg", allow_private=False)

    def test_a_name_server_that_is_too_slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        late = threading.Event()

        def wait(_: str) -> list[str]:
            late.wait(30)
            return []

        answers_with(monkeypatch, wait)

        started = time.monotonic()
        with pytest.raises(UrlNotFetchable, match=r"within 0\.2 s"):
            peek("https://media.example/x.jpg", allow_private=False, timeout_s=0.2)
        late.set()

        assert time.monotonic() - started < 5

    @pytest.mark.parametrize("part", ["nothing", "headers", "body"])
    def test_a_host_that_trickles_ends_at_the_deadline(self, part: str) -> None:
        def talk(connection: socket.socket, stop: threading.Event) -> None:
            connection.recv(65536)
            if part == "body":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n\xff\xd8\xff")
            if part == "headers":
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stop.wait(0.02):
                if part != "nothing":
                    connection.sendall(b"x")

        started = time.monotonic()
        with speaking(talk) as url, pytest.raises(UrlNotFetchable, match=r"no complete answer within 0\.4 s"):
            peek(url, allow_private=True, timeout_s=0.4)

        assert 0.3 < time.monotonic() - started < 5

    @pytest.mark.parametrize(
        "raw",
        [
            b"220 mail.example ESMTP\r\n",
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n\xff\xd8\xff",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000,
        ],
    )
    def test_an_answer_that_is_none(self, raw: bytes) -> None:
        def talk(connection: socket.socket, _: threading.Event) -> None:
            connection.recv(65536)
            connection.sendall(raw)

        with speaking(talk) as url, pytest.raises(UrlNotFetchable, match="broke off or is not HTTP"):
            peek(url, allow_private=True)


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """A certificate of its own for media.example, with its key, as one PEM file."""
        return self_signed(tmp_path / "media.pem", "media.example")

    @pytest.fixture
    def port(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        answers_with(monkeypatch, lambda _: ["127.0.0.1"])
        with served(lambda plain: context.wrap_socket(plain, server_side=True)) as server:
            yield server.server_port

    def test_a_trusted_host(self, port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        found = peek(f"https://media.example:{port}/ranged.jpg", allow_private=True)

        assert (found.status, found.head) == (206, JPEG[:HEAD_BYTES])

    def test_a_host_that_nobody_vouches_for(self, port: int) -> None:
        with pytest.raises(UrlNotFetchable, match="the certificate is not valid"):
            peek(f"https://media.example:{port}/ranged.jpg", allow_private=True)

    def test_a_certificate_of_another_host(self, port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        with pytest.raises(UrlNotFetchable, match="the certificate is not valid"):
            peek(f"https://127.0.0.1:{port}/ranged.jpg", allow_private=True)

    def test_no_tls_at_the_other_end(self, base: str) -> None:
        with pytest.raises(UrlNotFetchable, match="no TLS connection"):
            peek(f"{base.replace('http', 'https')}/ranged.jpg", allow_private=True)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::93.184.215.14", True),
        ("64:ff9b::10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("192.88.99.1", True),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def found(**changes: Any) -> Peek:
    values: dict[str, Any] = {
        "status": 206,
        "content_type": "image/jpeg",
        "content_length": 400_000,
        "accepts_ranges": True,
        "head": JPEG[:HEAD_BYTES],
    }
    return Peek(**{**values, **changes})


@pytest.mark.parametrize(
    ("answer", "use"),
    [
        (found(), Use.FEED_IMAGE),
        (found(status=200, accepts_ranges=False, content_length=None), Use.REEL_COVER),
        (found(content_type="video/mp4", head=MP4, content_length=99 * MEBIBYTE), Use.STORY_VIDEO),
        (found(content_type="video/quicktime", head=b"\x00\x00\x00\x14ftypqt  "), Use.REEL),
    ],
)
def test_a_good_answer_has_no_problem(answer: Peek, use: Use) -> None:
    assert check_url(answer, use) == ()


@pytest.mark.parametrize(
    ("answer", "use", "field", "text"),
    [
        (found(status=302), Use.FEED_IMAGE, "url", "redirect"),
        (found(status=403), Use.FEED_IMAGE, "url", "no login"),
        (found(status=404), Use.FEED_IMAGE, "url", "no file"),
        (found(status=503), Use.FEED_IMAGE, "url", "503"),
        (found(status=204, head=b""), Use.FEED_IMAGE, "url", "204"),
        (found(head=b"<!DOCTYPE html>"), Use.FEED_IMAGE, "format", "neither an image nor a video"),
        (found(head=b""), Use.FEED_IMAGE, "format", "neither"),
        (found(head=b"\x89PNG\r\n\x1a\n"), Use.STORY_IMAGE, "format", "leads to PNG"),
        (found(), Use.REEL, "format", "MP4 or MOV"),
        (found(head=MP4), Use.FEED_IMAGE, "format", "JPEG"),
        (found(content_length=9 * MEBIBYTE), Use.FEED_IMAGE, "size", "9 MB is over the limit of 8 MB"),
        (found(content_type="video/mp4", head=MP4, content_length=301 * MEBIBYTE), Use.REEL, "size", "300 MB"),
    ],
)
def test_a_bad_answer_is_an_error(answer: Peek, use: Use, field: str, text: str) -> None:
    (problem,) = check_url(answer, use)

    assert (problem.field, problem.severity) == (field, "error")
    assert text in problem.message


@pytest.mark.parametrize(
    ("answer", "use", "field"),
    [
        (found(content_type="application/octet-stream"), Use.FEED_IMAGE, "content_type"),
        (found(content_type=None), Use.FEED_IMAGE, "content_type"),
        (found(content_type="video/mp4", head=MP4, accepts_ranges=False), Use.REEL, "range"),
    ],
)
def test_a_doubtful_answer_is_a_warning(answer: Peek, use: Use, field: str) -> None:
    (problem,) = check_url(answer, use)

    assert (problem.field, problem.severity) == (field, "warning")
