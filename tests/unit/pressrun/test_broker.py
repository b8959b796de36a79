"""Hints on their way: small, on the right queue, sent at most once, never waited for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from pressrun.errors import ServerUnreachable
from pressrun.network.broker import Broker, make_celery
from pressrun.network.hints import Hint, Queue, Task


@pytest.fixture
def broker() -> Iterator[Broker]:
    sender = Broker("memory://")
    yield sender
    sender.close()


@pytest.mark.parametrize("queue", list(Queue))
def test_a_hint_is_an_address_label_on_its_queue(broker: Broker, queue: Queue) -> None:
    broker.send(Hint(Task.POST_PUBLISH, queue, id=42, claim=3))

    connection: Any = Connection("memory://")
    message = connection.SimpleQueue(queue.value).get(timeout=1)
    message.ack()
    connection.close()
    assert message.headers["task"] == "post.publish"
    assert message.payload[0] == [42, 3]
    assert message.headers["eta"] is None
    assert message.headers["expires"] is None
    assert message.headers["ignore_result"]


def test_the_transport_is_at_most_once_on_purpose() -> None:
    conf: Any = make_celery("memory://").conf

    assert conf.task_acks_late is False
    assert conf.worker_disable_prefetch is True
    assert conf.task_ignore_result is True
    assert conf.result_backend is None
    assert conf.task_publish_retry is False
    assert conf.accept_content == ["json"]
    assert {queue.name for queue in conf.task_queues} == {queue.value for queue in Queue}


def test_no_socket_waits_for_ever() -> None:
    options = make_celery("redis://localhost").conf.broker_transport_options

    assert options["socket_timeout"] <= 10
    assert options["socket_connect_timeout"] <= 3


def test_a_queue_that_nobody_declared_is_refused() -> None:
    app = make_celery("memory://")

    with pytest.raises(Exception, match="publsh"):
        app.send_task("post.publish", args=[1, 1], queue="publsh")


def test_a_broker_that_is_down_is_told_at_once_and_without_its_password() -> None:
    with hanging_up() as (port, calls):
        sender = Broker(f"redis://:hunter2@127.0.0.1:{port}/0")

        with pytest.raises(ServerUnreachable, match="the broker took no hint") as refused:
            sender.send(Hint(Task.POST_STAGE, Queue.PREPARE, id=1, claim=1))

    assert len(calls) == 2, "kombu of its own accord would try for minutes"
    assert "hunter2" not in str(refused.value)
    assert isinstance(refused.value.__cause__, OperationalError | OSError)


@contextmanager
def hanging_up() -> Iterator[tuple[int, list[str]]]:
    """A port where every call is ended as soon as it is there, and the calls."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    caller, address = listener.accept()
                    calls.append(str(address))
                    caller.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1], calls
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(60)


def test_names_are_a_contract_with_messages_under_way() -> None:
    assert {task.value for task in Task} == {
        "post.stage",
        "post.poll",
        "post.publish",
        "post.reconcile",
        "post.aftercare",
        "harvest.run",
        "backfill.run",
        "inbox.handle",
        "reply.send",
        "connection.run",
        "notice.deal",
        "delivery.send",
        "token.care",
        "subscription.run",
        "deletion.run",
        "inquiry.run",
        "follow_up.run",
        "object.move",
        "upload.send",
        "media.fix",
    }
    assert [queue.value for queue in Queue] == ["publish", "prepare", "harvest", "inbox", "media"]
