"""How to send a hint without importing the worker: a Celery app that has no tasks.

A message is a hint, "look at row `id` under claim `claim`"; Postgres holds everything else. So the transport is
at-most-once on purpose (early ack, no prefetch, no results, no ETA): see docs/decisions/0002.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu import Queue as KombuQueue
from kombu.exceptions import OperationalError as BrokerError

from pressrun import log
from pressrun.errors import ServerUnreachable
from pressrun.log import conceal, redact
from pressrun.network.addresses import secrets_of
from pressrun.network.hints import Hint, Queue
from pressrun.network.redis_client import celery_url, is_unverified, tls_options

_log = log.get(__name__)


def make_celery(redis_url: str) -> Celery:
    """A Celery app for this broker; the worker adds its tasks to one, the scheduler only sends through one.

    Raises UsageError when the certificates that SSL_CERT_FILE names cannot be used.
    """
    conceal(*secrets_of(redis_url))
    app = Celery("pressrun", broker=celery_url(redis_url), set_as_current=False)
    app.conf.update(**_CONFIG)
    tls = tls_options(redis_url)
    if tls is not None:  # said in full: Celery on its own would look at no certificate
        app.conf.broker_use_ssl = tls
    if is_unverified(redis_url):
        _log.warning("broker.unverified", advice="take ssl_cert_reqs=none and ssl_check_hostname=false out of its URL")
    return app


class Broker:
    """Sends hints. Safe to use from several threads."""

    def __init__(self, redis_url: str) -> None:
        self._app = make_celery(redis_url)

    def send(self, hint: Hint) -> None:
        """Put the hint on its queue. Raises ServerUnreachable when the broker does not take it in time."""
        try:
            self._app.send_task(
                hint.task.value, args=[hint.id, hint.claim], queue=hint.queue.value, ignore_result=True, retry=False
            )
        except (BrokerError, OSError) as problem:
            raise ServerUnreachable(f"the broker took no hint: {redact(str(problem))}") from problem

    def close(self) -> None:
        self._app.close()


_CONFIG: dict[str, Any] = {
    "task_acks_late": False,  # an early-acked hint that dies with its worker is repeated by the lease
    "worker_disable_prefetch": True,  # a worker pops a hint only when a thread is free for it
    "task_ignore_result": True,
    "result_backend": None,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_create_missing_queues": False,  # a typo in a queue name must fail
    "task_queues": [KombuQueue(queue.value) for queue in Queue],
    "task_default_queue": Queue.PREPARE.value,
    "task_publish_retry": False,  # the scheduler gives the claim back instead; see scheduler/dispatch.py
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_soft_shutdown_timeout": 60.0,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_channel_error_retry": True,  # a refusal is a state of the server, not an error of ours
    "broker_connection_timeout": 3.0,
    "broker_transport_options": {
        "visibility_timeout": 3600,  # without late ack nothing waits for it
        "socket_connect_timeout": 3,
        "socket_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # How long the server holds a worker's question for hints open. A hint ends it at once; a short one only makes
        # idle workers ask again and again. Shorter than `socket_timeout`.
        "polling_interval": 5,
        "max_connections": 64,
        "global_keyprefix": "pressrun:",
        # A sender must not sleep in kombu's own retries (2 s, 4 s, …): the row falls due again by itself.
        "max_retries": 1,
        "interval_start": 0,
    },
    "enable_utc": True,
    "timezone": "UTC",
}
