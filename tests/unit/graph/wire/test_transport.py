"""The transport: one strict deadline whatever the server does, and no guess about what has left the machine."""

from __future__ import annotations

import gzip
import itertools
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

import graph
from graph.wire.transport import Outgoing, Transport, Unanswered
from pressrun.clock import Deadline
from tests.unit.graph.server import Reply, ScriptedServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


def get(server: ScriptedServer, path: str = "/") -> Outgoing:
    return Outgoing("GET", server.url + path)


def test_parameters_form_and_headers_arrive(transport: Transport, server: ScriptedServer) -> None:
    server.replies({"a": 1}, headers={"X-App-Usage": "{}"})

    answer = transport.send(
        Outgoing("POST", server.url + "/p", params={"q": "ü&="}, form={"f": "☃ +"}, headers={"X-One": "1"}),
        Deadline.after(5),
    )

    assert (answer.status, answer.body) == (200, b'{"a": 1}')
    assert answer.headers["x-app-usage"] == "{}"
    assert (server.last.query, server.last.form) == ({"q": "ü&="}, {"f": "☃ +"})
    assert server.last.headers["x-one"] == "1"


def test_a_compressed_answer_is_unpacked(transport: Transport, server: ScriptedServer) -> None:
    server.replies(gzip.compress(b'{"a":1}'), headers={"Content-Encoding": "gzip"})

    assert transport.send(get(server), Deadline.after(5)).body == b'{"a":1}'


def test_a_damaged_compression_is_no_answer(transport: Transport, server: ScriptedServer) -> None:
    server.replies(b"not gzip at all", headers={"Content-Encoding": "gzip"})

    with pytest.raises(Unanswered):
        transport.send(get(server), Deadline.after(5))


@pytest.mark.parametrize(
    ("prefix", "trickled"),
    [(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"), (HEAD, b"x"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["headers", "body", "endless 1xx"],
)
def test_a_server_that_trickles_cannot_outlast_the_deadline(
    transport: Transport, server: ScriptedServer, prefix: bytes, trickled: bytes
) -> None:
    on_and_on = (trickled[i : i + 1] for i in itertools.cycle(range(len(trickled))))
    server.sends(itertools.chain([prefix], on_and_on), gap_s=0.02)

    assert_ends_in_time(transport, get(server))


def test_a_silent_server_cannot_outlast_the_deadline(transport: Transport, server: ScriptedServer) -> None:
    server.sends([b"", b""], gap_s=600)

    assert_ends_in_time(transport, get(server))


@pytest.fixture
def mute_port() -> Iterator[int]:
    """Accepts connections and then neither reads nor writes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_handshake_that_never_ends_cannot_outlast_the_deadline(transport: Transport, mute_port: int) -> None:
    trouble = assert_ends_in_time(transport, Outgoing("POST", f"https://127.0.0.1:{mute_port}/", form={}))

    assert trouble.never_left, "TLS was not up, so not a byte of the request can have gone out"


def test_a_server_that_does_not_read_cannot_outlast_the_deadline(transport: Transport, mute_port: int) -> None:
    upload = Outgoing("POST", f"http://127.0.0.1:{mute_port}/", content=b"x" * 30_000_000)

    # Time enough to connect and begin to send, on a busy machine too.
    trouble = assert_ends_in_time(transport, upload, deadline_s=2.0)

    assert not trouble.never_left


def assert_ends_in_time(transport: Transport, outgoing: Outgoing, deadline_s: float = 0.3) -> Unanswered:
    """It ends at all: these servers go on for ever, or for longer than a test may take."""
    deadline = Deadline.after(deadline_s)
    with pytest.raises(Unanswered, match="deadline") as caught:
        transport.send(outgoing, deadline)
    assert deadline.passed
    return caught.value


def test_a_deadline_that_has_passed_sends_nothing(transport: Transport, server: ScriptedServer) -> None:
    with pytest.raises(Unanswered) as caught:
        transport.send(Outgoing("POST", server.url, form={}), Deadline.after(-1))

    assert caught.value.never_left
    assert server.received == []


def test_a_refused_connection_never_left(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Unanswered) as caught:
        transport.send(Outgoing("POST", f"http://127.0.0.1:{port}/", form={"a": "b"}), Deadline.after(5))

    assert caught.value.never_left


def test_an_unknown_host_never_left(transport: Transport) -> None:
    with pytest.raises(Unanswered) as caught:
        transport.send(Outgoing("POST", "http://no-such-host.invalid/", form={}), Deadline.after(5))

    assert caught.value.never_left


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://[", "nothing", "http://\udcff/", "http://a\nb/"])
def test_an_address_that_is_none_is_no_crash(transport: Transport, url: str) -> None:
    with pytest.raises(Unanswered) as caught:
        transport.send(Outgoing("GET", url), Deadline.after(5))

    assert caught.value.never_left


@pytest.mark.parametrize(
    "raw", [b"", b"HT", HEAD, HEAD + b"{", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5"]
)
def test_a_torn_answer_may_have_been_acted_on(transport: Transport, server: ScriptedServer, raw: bytes) -> None:
    server.sends([raw])

    with pytest.raises(Unanswered) as caught:
        transport.send(Outgoing("POST", server.url, form={}), Deadline.after(5))

    assert not caught.value.never_left


def test_an_answer_without_end_is_cut_off(server: ScriptedServer) -> None:
    server.sends(itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x" * 4096, 1000)))

    with Transport(max_answer_bytes=100_000) as transport, pytest.raises(Unanswered, match="larger than 100000"):
        transport.send(get(server), Deadline.after(5))


def test_headers_without_end_are_cut_off(transport: Transport, server: ScriptedServer) -> None:
    server.sends(itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-A: " + b"y" * 500 + b"\r\n", 2000)))

    with pytest.raises(Unanswered):
        transport.send(get(server), Deadline.after(5))


def test_random_bytes_are_no_crash(transport: Transport, server: ScriptedServer) -> None:
    chance = random.Random(7)
    starts = (b"", b"HTTP/1.1 200 OK\r\n", HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(60):
        server.sends([chance.choice(starts) + chance.randbytes(chance.randrange(200))])
        with pytest.raises(Unanswered):
            transport.send(get(server), Deadline.after(5))


def test_a_redirect_is_not_followed(transport: Transport, server: ScriptedServer) -> None:
    server.replies(b"", status=302, headers={"Location": server.url + "/elsewhere"})

    assert transport.send(get(server), Deadline.after(5)).status == 302
    assert len(server.received) == 1


def test_cookies_are_not_carried_from_one_account_to_the_next(transport: Transport, server: ScriptedServer) -> None:
    server.replies({}, {}, headers={"Set-Cookie": "datr=1; Path=/"})

    for _ in range(2):
        transport.send(get(server), Deadline.after(5))

    assert "cookie" not in server.last.headers


def test_reads_share_a_connection_and_writes_never_use_a_kept_one(server: ScriptedServer) -> None:
    server.always({})
    with Transport() as transport:
        for method in ("GET", "GET", "POST", "POST", "GET"):
            transport.send(Outgoing(method, server.url), Deadline.after(5))

    connections = [request.connection for request in server.received]

    assert connections[0] == connections[1] == connections[4]
    assert len({connections[0], connections[2], connections[3]}) == 3


def opened_to(port: int) -> set[int]:
    """The ports of this process whose connections to that one are open."""
    return {
        one.laddr.port
        for one in psutil.Process().net_connections("tcp")
        if one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED
    }


def test_a_connection_that_was_opened_ahead_is_taken_once_by_what_changes_something(server: ScriptedServer) -> None:
    server.always({})
    port = httpx.URL(server.url).port or 0
    of_others = opened_to(port)
    with Transport() as transport:
        assert transport.open_ahead(server.url, Deadline.after(5), most=1)
        assert not transport.open_ahead(server.url, Deadline.after(5), most=1)
        [ahead] = opened_to(port) - of_others
        for method in ("GET", "POST", "POST"):
            transport.send(Outgoing(method, server.url), Deadline.after(5))

    connections = [request.connection for request in server.received]
    assert connections[1] == ahead
    assert len(set(connections)) == 3


def test_one_that_the_server_has_closed_meanwhile_is_not_taken(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert transport.open_ahead(url, Deadline.after(5), most=1)
        first, _ = listener.accept()
        first.close()

        def answer() -> None:
            second, _ = listener.accept()
            with second:
                second.recv(65536)
                second.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        with ThreadPoolExecutor(1) as threads:
            answered = threads.submit(answer)
            assert transport.send(Outgoing("POST", url), Deadline.after(5)).status == 200
            answered.result()


def test_where_nothing_listens_none_is_opened_ahead(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert not transport.open_ahead(f"http://127.0.0.1:{port}", Deadline.after(5), most=1)


def test_a_kept_connection_that_the_server_closed_is_not_used(server: ScriptedServer) -> None:
    server.replies({}, headers={"Connection": "close"})
    server.replies({"second": True})
    with Transport() as transport:
        transport.send(get(server), Deadline.after(5))

        assert transport.send(get(server), Deadline.after(5)).body == b'{"second": true}'


def test_thirty_two_threads_share_one_transport_without_deadlock(server: ScriptedServer) -> None:
    server.always({"ok": True})
    start = threading.Barrier(32)

    def work(number: int) -> int:
        start.wait()
        for turn in range(12):
            method = "GET" if (number + turn) % 3 else "POST"
            assert transport.send(Outgoing(method, server.url), Deadline.after(30)).status == 200
        return number

    with Transport() as transport, ThreadPoolExecutor(32) as threads:
        assert sorted(threads.map(work, range(32))) == list(range(32))

    assert len(server.received) == 32 * 12


def test_what_changes_something_never_shares_a_connection_with_that_of_another_thread() -> None:
    """Threads that end and begin calls at the same instant: a pool gave one's connection to the next, and closed it."""
    threads, each = 16, 100
    used, numbers = Counter[int](), itertools.count()
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            number = next(numbers)  # and not its port, which the next connection may have
            while not ended.is_set() and connection.recv(65536):
                used[number] += 1
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # it was closed
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    def work(_: int) -> int:
        return sum(transport.send(Outgoing("POST", url), Deadline.after(30)).status == 200 for _ in range(each))

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with Transport() as transport, ThreadPoolExecutor(threads) as pool:
            assert list(pool.map(work, range(threads))) == [each] * threads
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)

    assert (sum(used.values()), set(used.values())) == (threads * each, {1})


def test_threads_that_have_ended_leave_no_connections_behind() -> None:
    server = ScriptedServer()  # of its own: other tests' transports may still be connected to the shared one
    server.always({})
    port = httpx.URL(server.url).port

    def connected() -> int:
        # Not those that we have closed already and the server not yet.
        open_ones = [one for one in psutil.Process().net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED]
        return sum(one.raddr.port == port for one in open_ones)

    with Transport() as transport:
        for _ in range(10):
            thread = threading.Thread(target=transport.send, args=(get(server), Deadline.after(5)))
            thread.start()
            thread.join()

        assert connected() == 1  # of the last one, until another comes

    assert connected() == 0
    assert len({request.connection for request in server.received}) == 10
    server.close()


def test_threads_do_not_disturb_each_others_deadlines(server: ScriptedServer) -> None:
    slow = Reply(raw=[b"", b""], gap_s=20)

    def hurried() -> bool:
        with pytest.raises(Unanswered) as caught:
            transport.send(get(server), Deadline.after(0.3))
        return caught.value.never_left

    with Transport() as transport, ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            server.sends(slow.raw or [], gap_s=slow.gap_s)
        hurries = [threads.submit(hurried) for _ in range(8)]

        assert [one.result() for one in hurries] == [False] * 8


def test_a_closed_transport_sends_nothing(server: ScriptedServer) -> None:
    transport = Transport()
    transport.close()

    with pytest.raises(Unanswered, match="closed") as caught:
        transport.send(get(server), Deadline.after(5))

    assert caught.value.never_left
    assert server.received == []


def test_closing_does_not_wait_out_a_pause() -> None:
    transport = Transport()
    threading.Timer(0.05, transport.close).start()
    started = time.monotonic()

    transport.pause(30)

    assert time.monotonic() - started < 5


def test_nothing_secret_is_shown_by_what_is_sent() -> None:
    outgoing = Outgoing("POST", "https://x/", form={"access_token": "SECRET"}, headers={"Authorization": "SECRET"})

    assert "SECRET" not in repr(outgoing)


def test_no_other_module_talks_http() -> None:
    modules = [path for folder in graph.__path__ for path in Path(folder).rglob("*.py")]

    def importers(of: str) -> set[str]:
        return {path.name for path in modules if re.search(rf"^\s*(import|from) {of}\b", path.read_text(), re.M)}

    assert importers("httpx") == {"transport.py"}
    assert importers("socket") == {"sockets.py"}
    assert importers("httpcore") == {"transport.py", "connections.py", "sockets.py"}


def test_a_host_with_several_addresses_is_reached_by_one_of_them(transport: Transport, server: ScriptedServer) -> None:
    server.replies({})

    url = server.url.replace("127.0.0.1", "localhost")

    assert transport.send(Outgoing("GET", url), Deadline.after(5)).status == 200
